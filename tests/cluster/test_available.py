"""Whether a real cluster can be had is said without building or starting anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import ForeignCluster, available, build, foreign_kubeconfig, running_cluster
from .errors import ClusterError
from .waiting import wait_for


@pytest.fixture(autouse=True)
def no_cluster_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K9PY_TEST_KUBECONFIG", raising=False)
    monkeypatch.delenv("K9PY_TEST_CLUSTER", raising=False)


def test_an_empty_cache_is_a_reason_and_not_a_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    reason = available()
    assert reason is not None
    assert "K9PY_TEST_CLUSTER=1" in reason
    with pytest.raises(ClusterError, match="NO REAL CLUSTER"), running_cluster():
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_go_the_reason_names_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(build, "COMMON_GO", Path("/nowhere/go"))
    reason = available()
    assert reason is not None
    assert "install Go" in reason
    assert "K9PY_TEST_KUBECONFIG" in reason


def test_a_go_too_old_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    go = tmp_path / "bin" / "go"
    go.touch()
    (tmp_path / "VERSION").write_text("go1.19.8\n")
    monkeypatch.setattr("shutil.which", lambda name: str(go))
    reason = available()
    assert reason is not None
    assert "install Go 1.26" in reason


def test_a_named_kubeconfig_is_handed_out_and_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = tmp_path / "config"
    named.write_text(
        "current-context: here\n"
        "contexts: [{name: here, context: {cluster: lab, user: me}}]\n"
        "clusters: [{name: lab, cluster: {server: 'https://127.0.0.1:6443'}}]\n"
    )
    monkeypatch.setenv("K9PY_TEST_KUBECONFIG", str(named))
    assert available() is None
    assert foreign_kubeconfig() == named
    with running_cluster() as cluster:
        assert isinstance(cluster, ForeignCluster)
        assert cluster.server == "https://127.0.0.1:6443"
        with pytest.raises(ClusterError, match="not stopped"):
            cluster.stop_component("etcd")


def test_a_named_kubeconfig_that_is_missing_is_said_loudly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("K9PY_TEST_KUBECONFIG", str(tmp_path / "absent"))
    reason = available()
    assert reason is not None
    assert "names no file" in reason


def test_another_source_makes_another_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sources = tmp_path / "go"
    sources.mkdir()
    (sources / "go.mod").write_text("module a\n")
    monkeypatch.setattr(build, "GO_SOURCES", sources)
    before = build._content_hash()
    assert build._content_hash() == before
    (sources / "go.mod").write_text("module b\n")
    assert build._content_hash() != before


def test_waiting_gives_up_and_names_what_it_waited_for() -> None:
    with pytest.raises(ClusterError, match="the moon: not so after 0 s"):
        wait_for("the moon", lambda: None, limit_seconds=0)
