"""The verbs that change a cluster: what they print, what they ask, how they leave."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from k9py.cli.patience import PatientTransport
from k9py.core.errors import Unreachable
from k9py.kube.wire import Response
from tests.cli.conftest import Cluster, Command

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{a: "{value}"}}
"""
PATIENCE = 60.0


@pytest.fixture
def manifest(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """Write a ConfigMap of a name of the test's own."""
    name = f"config-{zlib.crc32(request.node.name.encode()):x}"

    def write(value: str = "1") -> tuple[str, str]:
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.format(name=name, value=value), "utf-8")
        return str(path), name

    return write


def test_apply_creates_changes_and_leaves_alone(on_cluster: Command, manifest: Any, cluster: Cluster) -> None:
    path, name = manifest()
    applied = [on_cluster("apply", "-f", path, "-n", "bare", "--yes") for _ in range(2)]
    assert [(run.status, run.out) for run in applied] == [
        (0, f"configmap/{name} created\n"), (0, f"configmap/{name} unchanged\n"),
    ]  # fmt: skip
    path, _ = manifest("2")
    assert on_cluster("apply", path, "-n", "bare", "--yes").out == f"configmap/{name} configured\n"
    stored = cluster.do(lambda: cluster.store.stored("configmaps", "bare", name).copy())
    assert stored["data"] == {"a": "2"}


def test_a_dry_run_changes_nothing(on_cluster: Command, manifest: Any, cluster: Cluster) -> None:
    path, name = manifest()
    run = on_cluster("apply", "-f", path, "-n", "bare", "--dry-run")
    assert (run.status, run.out) == (0, f"configmap/{name} created (server dry run)\n")
    assert cluster.do(lambda: cluster.store.find("configmaps", "bare", name)) is None


def test_without_a_terminal_nothing_is_done_unasked(on_cluster: Command, manifest: Any, cluster: Cluster) -> None:
    path, name = manifest()
    run = on_cluster("apply", "-f", path, "-n", "bare")
    assert run.status == 1
    assert "no terminal to ask at" in run.err
    assert "--yes" in run.err
    assert cluster.do(lambda: cluster.store.find("configmaps", "bare", name)) is None


def test_diff_leaves_with_0_1_or_2(on_cluster: Command, manifest: Any, tmp_path: Path) -> None:
    path, name = manifest()
    assert on_cluster("diff", "-f", path, "-n", "bare").status == 1
    on_cluster("apply", "-f", path, "-n", "bare", "--yes")
    same = on_cluster("diff", "-f", path, "-n", "bare")
    assert (same.status, same.out) == (0, "")
    path, _ = manifest("2")
    changed = on_cluster("diff", "-f", path, "-n", "bare")
    assert changed.status == 1
    assert f"--- live/configmap/{name}\n" in changed.out
    assert "-  a: '1'\n+  a: '2'\n" in changed.out
    assert on_cluster("diff", "-f", str(tmp_path / "none.yaml")).status == 2
    assert on_cluster("diff", "--nonsense").status == 2
    (tmp_path / "bad.yaml").write_text("apiVersion: v1\nkind: Nonsense\nmetadata: {name: a}\n", "utf-8")
    assert on_cluster("diff", "-f", str(tmp_path / "bad.yaml")).status == 2


def test_bad_manifests_are_told_by_file_and_field_before_anything_is_written(
    on_cluster: Command, tmp_path: Path, cluster: Cluster
) -> None:
    path = tmp_path / "two.yaml"
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: svc-bad}\nspec: {ports: [{port: 70000}]}\n"
    path.write_text(CONFIG.format(name="beside-bad", value="1") + "---\n" + service, "utf-8")
    run = on_cluster("apply", "-f", str(path), "-n", "bare", "--yes")
    assert run.status == 1
    assert f"service/svc-bad ({path} (document 2)): spec.ports[0].port" in run.err
    assert cluster.do(lambda: cluster.store.find("configmaps", "bare", "beside-bad")) is None


def test_a_directory_is_read_with_those_below_it_only_when_asked(on_cluster: Command, tmp_path: Path) -> None:
    (tmp_path / "d" / "below").mkdir(parents=True)
    (tmp_path / "d" / "a.yaml").write_text(CONFIG.format(name="dir-a", value="1"), "utf-8")
    (tmp_path / "d" / "note.txt").write_text("no manifest", "utf-8")
    (tmp_path / "d" / "below" / "b.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dir-b"}}), "utf-8"
    )
    flat = on_cluster("apply", "-f", str(tmp_path / "d"), "-n", "bare", "--dry-run")
    deep = on_cluster("apply", "-f", str(tmp_path / "d"), "-R", "-n", "bare", "--dry-run")
    assert flat.out.count("created") == 1
    assert deep.out.count("created") == 2


def test_standard_input_is_a_manifest_too(on_cluster: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = tmp_path / "in.yaml"
    text.write_text(CONFIG.format(name="from-stdin", value="1"), "utf-8")
    with text.open(encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        run = on_cluster("apply", "-f", "-", "-n", "bare", "--dry-run")
    assert run.out == "configmap/from-stdin created (server dry run)\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("apply",), "no manifest is named"),
        (("apply", "-f", "a", "-k", "b"), "-f and -k exclude each other"),
        (("delete", "pods"), "no name is given"),
        (("delete", "pod/a", "-f", "x"), "names exclude -f"),
        (("inject", "configmap/a", "deploy/b", "--file", "k"), "--file needs --mount"),
        (("apply", "-f", "x.yaml", "--timeout", "soon"), "x.yaml is not there"),
    ],
)
def test_mistakes_on_the_command_line_are_told_at_once(k9py: Command, words: tuple[str, ...], says: str) -> None:
    run = k9py(*words)
    assert run.status == 1
    assert says in run.err


def test_a_namespace_that_contradicts_the_manifest_is_refused(on_cluster: Command, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n", "utf-8")
    run = on_cluster("apply", "-f", str(path), "-n", "bare", "--yes")
    assert run.status == 1
    assert "ConfigMap a is for namespace shop, and -n says bare" in run.err


def test_a_kustomization_needs_kubectl(on_cluster: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("K9PY_KUBECTL", raising=False)
    run = on_cluster("apply", "-k", str(tmp_path))
    assert run.status == 1
    assert "none on PATH" in run.err
    tool = tmp_path / "kubectl"
    tool.write_text(f"#!/bin/sh\necho '{json.dumps(_kustomized())}'\n", "utf-8")
    tool.chmod(0o755)
    run = on_cluster("apply", "-k", str(tmp_path), "-n", "bare", "--dry-run")
    assert run.out == "configmap/built created (server dry run)\n"


def _kustomized() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "built"}}


def test_delete_says_what_goes_and_undo_brings_it_back(on_cluster: Command, manifest: Any, cluster: Cluster) -> None:
    path, name = manifest()
    on_cluster("apply", "-f", path, "-n", "bare", "--yes")
    gone = on_cluster("delete", f"cm/{name}", "-n", "bare", "--yes")
    assert (gone.status, gone.out) == (0, f"configmap/{name} deleted\n")
    history = on_cluster("history", f"configmap/{name}", "-n", "bare")
    assert [line.split()[-1] for line in history.lines] == ["CHANGE", "created", "deleted"]
    back = on_cluster("undo", "--yes")
    assert (back.status, back.out) == (0, f"configmap/{name} created\n")
    assert "new object" in back.err
    assert cluster.do(lambda: cluster.store.stored("configmaps", "bare", name).copy())["data"] == {"a": "1"}
    again = on_cluster("undo", history.lines[2].split()[0], "--yes")
    assert again.status == 1
    assert "taken back already" in again.err


def test_deleting_what_is_not_there_is_an_error_unless_it_may_be(on_cluster: Command) -> None:
    assert on_cluster("delete", "cm", "nobody", "-n", "bare", "--yes").status == 1
    run = on_cluster("delete", "cm", "nobody", "-n", "bare", "--yes", "--ignore-not-found")
    assert (run.status, run.out, run.err) == (0, "", "")


def test_one_that_is_gone_already_keeps_no_other_from_being_deleted(
    on_cluster: Command, manifest: Any, cluster: Cluster
) -> None:
    path, name = manifest()
    on_cluster("apply", "-f", path, "-n", "bare", "--yes")
    run = on_cluster("delete", "cm", "nobody", name, "-n", "bare", "--yes")
    assert (run.status, run.out) == (1, f"configmap/{name} deleted\n")
    assert "error: configmap/nobody: not found" in run.err
    assert cluster.do(lambda: cluster.store.find("configmaps", "bare", name)) is None


def test_looking_up_a_write_whose_answer_was_lost_is_said(
    on_cluster: Command, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, name = manifest()
    send = PatientTransport.request

    async def losing(self: PatientTransport, method: str, path: str, **how: Any) -> Response:
        answer = await send(self, method, path, **how)
        if method == "PATCH" and ("dryRun", "All") not in how["query"]:
            raise Unreachable("the connection broke")
        return answer

    monkeypatch.setattr(PatientTransport, "request", losing)
    run = on_cluster("apply", "-f", path, "-n", "bare", "--yes")
    assert (run.status, run.out) == (0, f"configmap/{name} created\n")
    assert run.err.splitlines() == [
        f"# configmap/{name}: the answer was lost; looking whether it was written",
        f"# configmap/{name}: the answer was lost; looked up: it is written",
    ]


@pytest.mark.parametrize(("flag", "written"), [("--dry-run=server", False), ("--dry-run=none", True)])
def test_a_dry_run_may_be_asked_for_as_scripts_for_kubectl_do(
    on_cluster: Command, tmp_path: Path, cluster: Cluster, flag: str, written: bool
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(name=f"dry{flag.partition('=')[2]}", value="1"), "utf-8")
    run = on_cluster("apply", flag, str(path), "-n", "bare", "--yes")
    assert run.status == 0
    found = cluster.do(lambda: cluster.store.find("configmaps", "bare", f"dry{flag.partition('=')[2]}"))
    assert (found is not None) is written


def test_a_namespace_is_deleted_only_when_its_name_is_typed(on_cluster: Command, cluster: Cluster) -> None:
    run = on_cluster("delete", "namespace", "bare", "--yes")
    assert run.status == 1
    assert "--confirm bare" in run.err
    wrong = on_cluster("delete", "namespace", "bare", "--confirm", "shop")
    assert wrong.status == 1
    assert "'bare' was not typed" in wrong.err
    assert cluster.do(lambda: cluster.store.find("namespaces", "", "bare")) is not None


def test_history_is_json_for_scripts_and_shows_one_change_by_its_id(on_cluster: Command, manifest: Any) -> None:
    path, name = manifest()
    on_cluster("apply", "-f", path, "-n", "bare", "--yes")
    (entry,) = json.loads(on_cluster("history", f"cm/{name}", "-o", "json").out)
    assert (entry["name"], entry["state"], entry["after"]["data"]) == (name, "written", {"a": "1"})
    shown = on_cluster("history", entry["id"])
    assert "+  a: '1'" in shown.out


def test_inject_hands_a_configmap_to_a_workload(on_cluster: Command, cluster: Cluster) -> None:
    words = ("inject", "cm/settings", "deploy/web", "-n", "shop", "--no-wait", "--yes")
    run = on_cluster(*words, "--key", "a", "--mount", "/etc/web")
    assert (run.status, run.out) == (0, "deployment.apps/web configured\n")
    workload = cluster.do(lambda: cluster.store.stored("deployments.apps", "shop", "web").copy())
    spec = workload["spec"]["template"]["spec"]
    assert spec["containers"][0]["env"][0]["valueFrom"]["configMapKeyRef"] == {"name": "settings", "key": "a"}
    assert spec["volumes"][0]["configMap"]["name"] == "settings"
    wrong = on_cluster(*words, "--key", "none")
    assert "has no key 'none'" in wrong.err


def test_readonly_settings_refuse_every_change(on_cluster: Command, manifest: Any, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.yaml").write_text("readonly: true\n", "utf-8")
    path, _ = manifest()
    run = on_cluster("apply", "-f", path, "-n", "bare", "--yes")
    assert run.status == 1
    assert "read-only" in run.err


def test_a_protected_context_asks_for_the_name_even_with_yes(on_cluster: Command, manifest: Any, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.yaml").write_text("protected: true\n", "utf-8")
    path, name = manifest()
    refused = on_cluster("apply", "-f", path, "-n", "bare", "--yes")
    assert f"--confirm {name}" in refused.err
    assert on_cluster("apply", "-f", path, "-n", "bare", "--yes", "--confirm", name).status == 0


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 1)])
def test_on_a_terminal_the_person_is_asked_after_what_was_typed_before_is_thrown_away(
    typed: str, status: int, home: Path, cluster: Cluster, manifest: Any
) -> None:
    path, name = manifest()
    environ = os.environ | {"KUBECONFIG": str(cluster.kubeconfig)}
    controller, terminal = pty.openpty()
    os.write(controller, b"y\n")  # typed before there was a question
    process = subprocess.Popen(
        [sys.executable, "-m", "k9py", "apply", "-f", path, "-n", "bare", "--no-wait"],
        stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, env=environ, start_new_session=True,
        preexec_fn=_take_terminal, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    os.close(terminal)
    seen = b""
    limit = time.monotonic() + PATIENCE
    while b"[y/N]" not in seen and time.monotonic() < limit:
        seen += os.read(controller, 4096)
    os.write(controller, typed.encode())
    out, _ = process.communicate(timeout=PATIENCE)
    os.close(controller)
    assert process.returncode == status
    assert out.decode() == (f"configmap/{name} created\n" if status == 0 else "")


def _take_terminal() -> None:
    """Make the terminal on standard input the one /dev/tty means."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
