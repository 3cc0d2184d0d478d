"""The two writes: current context and OIDC tokens, leaving every other byte as it was."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml

from k9py.core.errors import KubeconfigError
from k9py.kube import files
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.kubeconfig_edit import oidc_tokens, save_oidc_tokens, use_context

CONTEXTS = """contexts:  # mine
- name: one
  context: {cluster: c}
- {name: "arn:aws:eks:eu-1:12:cluster/x", context: {cluster: c}}
- {name: "odd: name # here", context: {cluster: c}}
- {name: "true", context: {cluster: c}}
clusters:
- {name: c, cluster: {server: "https://k"}}   # ünïcode
"""


def config_at(path: Path, text: str) -> Kubeconfig:
    path.write_bytes(text.encode())
    return Kubeconfig.load(path, {})


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("one", "one"),
        ("arn:aws:eks:eu-1:12:cluster/x", "arn:aws:eks:eu-1:12:cluster/x"),
        ("odd: name # here", '"odd: name # here"'),
        ("true", '"true"'),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_only_the_value_of_current_context_changes(
    tmp_path: Path, name: str, written: str, newline: str, mark: str
) -> None:
    text = f"{mark}# ✓ top\napiVersion: v1\ncurrent-context:   two   # why\n{CONTEXTS}".replace("\n", newline)
    config = config_at(tmp_path / "config", text)
    path = use_context(config, name)
    assert path.read_bytes().decode() == text.replace("two", written)
    assert Kubeconfig.load(path, {}).current_context == name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('current-context: "two"\n', 'current-context: "one"\n'),
        ("current-context: 'two'\n", "current-context: 'one'\n"),
        ("current-context:\n", "current-context: one\n"),
        ('current-context: ""\n', 'current-context: "one"\n'),
        ("current-context: |-\n  two\n", "current-context: one\n"),
        ("", "current-context: one\n"),
    ],
)
def test_every_way_of_writing_the_value_is_replaced(tmp_path: Path, before: str, after: str) -> None:
    config = config_at(tmp_path / "config", before + CONTEXTS)
    assert use_context(config, "one").read_text() == after + CONTEXTS


@pytest.mark.parametrize("before", ['{"current-context": "two", ', "{"])
def test_a_kubeconfig_in_json_stays_json(tmp_path: Path, before: str) -> None:
    rest = '"contexts": [{"name": "one", "context": {}}], "clusters": []}'
    path = use_context(config_at(tmp_path / "config", before + rest), "one")
    assert path.read_text() == '{"current-context": "one", ' + rest


def test_the_first_file_that_exists_is_written(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text(CONTEXTS)
    second.write_text("current-context: two\n")
    environ = {"KUBECONFIG": os.pathsep.join(str(path) for path in (tmp_path / "gone", first, second))}
    assert use_context(Kubeconfig.load(None, environ), "one") == first
    assert first.read_text() == "current-context: one\n" + CONTEXTS
    assert second.read_text() == "current-context: two\n"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is the oracle here")
@pytest.mark.parametrize("order", ["a:b:c", "b:a:c", "c:b:a", "a", "gone:a"])
def test_the_same_file_is_written_as_by_kubectl(tmp_path: Path, order: str) -> None:
    results = []
    for program in ("kubectl", "k9py"):
        directory = tmp_path / program
        directory.mkdir()
        texts = {"a": CONTEXTS, "b": "current-context: one\n", "c": "current-context: three\n"}
        for name, text in texts.items():
            (directory / name).write_text(text)
        paths = os.pathsep.join(str(directory / name) for name in order.split(":"))
        environ = {**os.environ, "KUBECONFIG": paths}
        if program == "kubectl":
            command = ["kubectl", "config", "use-context", "true"]
            subprocess.run(command, env=environ, check=True, capture_output=True, timeout=30)
        else:
            use_context(Kubeconfig.load(None, environ), "true")
        results.append({name: Kubeconfig.load(directory / name, {}, required=False).current_context for name in texts})
    assert results[0] == results[1]


def test_an_unknown_context_is_refused_and_nothing_written(tmp_path: Path) -> None:
    config = config_at(tmp_path / "config", "current-context: one\n" + CONTEXTS)
    with pytest.raises(KubeconfigError, match="There is no context 'uno'"):
        use_context(config, "uno")
    assert (tmp_path / "config").read_text() == "current-context: one\n" + CONTEXTS


def test_our_own_write_is_no_change_on_disk(tmp_path: Path) -> None:
    config = config_at(tmp_path / "config", "current-context: two\n" + CONTEXTS)
    use_context(config, "one")
    assert not config.changed()
    (tmp_path / "config").write_text(CONTEXTS)
    assert config.changed()


def test_mode_and_symlink_are_kept_and_no_temporary_file_stays(tmp_path: Path) -> None:
    real = tmp_path / "real"
    config_at(real, "current-context: two\n" + CONTEXTS)
    real.chmod(0o640)
    link = tmp_path / "config"
    link.symlink_to(real)
    use_context(Kubeconfig.load(link, {}), "one")
    assert link.is_symlink()
    assert real.read_text().startswith("current-context: one\n")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "real"]


def test_a_write_waits_for_kubectls_lock(tmp_path: Path) -> None:
    config = config_at(tmp_path / "config", "current-context: two\n" + CONTEXTS)
    lock = tmp_path / "config.lock"
    lock.write_text("")
    writer = threading.Thread(target=use_context, args=(config, "one"))
    writer.start()
    time.sleep(0.05)
    assert "two" in (tmp_path / "config").read_text()
    lock.unlink()
    writer.join(timeout=30)
    assert "two" not in (tmp_path / "config").read_text()
    assert not lock.exists()


def test_a_lock_left_behind_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOCK_WAIT", 0.0)
    config = config_at(tmp_path / "config", "current-context: two\n" + CONTEXTS)
    (tmp_path / "config.lock").write_text("")
    with pytest.raises(KubeconfigError, match="is locked by another program") as caught:
        use_context(config, "one")
    assert str(tmp_path / "config.lock") in caught.value.remedy


def test_a_failed_write_leaves_the_file_whole_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_at(tmp_path / "config", "current-context: two\n" + CONTEXTS)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KubeconfigError, match="cannot be written: No space left on device"):
        use_context(config, "one")
    assert (tmp_path / "config").read_text() == "current-context: two\n" + CONTEXTS
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


def test_a_file_that_cannot_be_edited_safely_is_left_alone(tmp_path: Path) -> None:
    text = f"current-context: &name two\nother: *name\n{CONTEXTS}"
    config = config_at(tmp_path / "config", text)
    with pytest.raises(KubeconfigError, match="cannot be edited safely"):
        use_context(config, "one")
    assert (tmp_path / "config").read_text() == text


# --- OIDC tokens --------------------------------------------------------------------------------------------

OIDC = """\
users:
- name: other
  user: {token: x}
- name: ann   # me
  user:
    auth-provider:
      name: oidc
      config:
        client-id: k9
        id-token: old-id      # short lived
        idp-issuer-url: https://i
        refresh-token: old-refresh
"""


def test_tokens_replace_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OIDC)
    assert save_oidc_tokens(path, "ann", id_token="new-id", refresh_token="new-refresh", replaces="old-refresh")
    assert path.read_text() == OIDC.replace("old-", "new-")
    assert oidc_tokens(path, "ann") == ("new-id", "new-refresh")
    assert oidc_tokens(path, "other") == ("", "")


def test_tokens_are_not_written_over_those_another_program_refreshed(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OIDC)
    assert not save_oidc_tokens(path, "ann", id_token="new-id", refresh_token="r", replaces="another")
    assert path.read_text() == OIDC


def test_a_token_that_was_not_there_is_added_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OIDC.replace("        id-token: old-id      # short lived\n", ""))
    save_oidc_tokens(path, "ann", id_token="new-id", refresh_token="new", replaces="old-refresh")
    config = yaml.safe_load(path.read_text())["users"][1]["user"]["auth-provider"]["config"]
    assert config == {
        "client-id": "k9", "id-token": "new-id", "idp-issuer-url": "https://i", "refresh-token": "new",
    }  # fmt: skip
