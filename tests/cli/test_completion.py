"""Completion: the right words at the right place, from files; names of objects from the server, or none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from k9py.cli.completing import complete
from k9py.cli.completion import FILES
from k9py.config.paths import Paths
from k9py.config.state import ContextState, remember
from tests.cli.conftest import Cluster, Command


def offered(*words: str) -> list[str]:
    return [candidate.partition("\t")[0] for candidate in complete(words)]


@pytest.fixture
def known(on_cluster: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A cluster whose kinds were seen once; nothing may be asked of it any more."""
    on_cluster("get", "ns")
    cluster.do(lambda: cluster.server.faults.switch("401"))
    return on_cluster


def test_the_first_word_may_be_a_verb_or_a_kind(known: Command) -> None:
    assert {"get", "doctor", "pods", "deployments"} <= set(offered(""))
    assert offered("doc") == ["doctor"]
    assert "__complete" not in offered("")


def test_kinds_come_from_the_last_time_they_were_seen(known: Command, cluster: Cluster) -> None:
    before = cluster.server.requests
    assert {"deployments", "daemonsets"} <= set(offered("get", "d"))
    assert "pods" in offered("--context", "simulated", "describe", "po")
    assert cluster.server.requests == before


def test_names_come_from_the_server_as_they_are_now(on_cluster: Command) -> None:
    assert offered("get", "pods", "-n", "shop", "web") == ["web-1", "web-2"]
    assert offered("get", "pods", "web-1", "-n", "shop", "") == ["db-1", "web-2"]
    assert offered("describe", "-n", "shop", "po/db") == ["po/db-1"]
    assert offered("get", "po", "-A", "db") == ["db-1"]
    assert {"web-1", "deployments/"} <= set(offered("logs", "-n", "shop", ""))
    assert offered("logs", "-n", "shop", "web-1", "") == []
    assert offered("top", "nodes", "") == ["node-1"]
    assert "bare" in offered("get", "pods", "-n", "ba")
    assert offered("get", "frobs", "") == offered("get", "pods,svc", "") == []


def test_a_server_that_refuses_or_does_not_answer_has_no_names(known: Command) -> None:
    assert offered("get", "pods", "") == []
    assert offered("get", "pods", "--kubeconfig", "/nowhere", "") == []


def test_contexts_and_namespaces_come_from_files(known: Command) -> None:
    remember(Paths.of({"K9PY_STATE_DIR": str(state_dir())}), ContextState(context="simulated", favourites=("shop",)))
    assert "simulated" in offered("get", "pods", "--context", "")
    assert "shop" in offered("pods", "-n", "sh")
    assert offered("pods", "-n", "default,sh") == ["default,shop"]
    assert "simulated" in offered("contexts", "use", "")


def state_dir() -> Path:
    import os

    return Path(os.environ["K9PY_STATE_DIR"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["config", "p"], ["path"]),
        (["top", ""], ["pods", "nodes"]),
        (["completion", "z"], ["zsh"]),
        (["contexts", ""], ["use"]),
        (["get", "pods", "-o", "j"], ["json"]),
        (["get", "pods", "-o", "cust"], ["custom-columns="]),
        (["--theme", "sol"], ["solar"]),
        (["--theme=sol"], ["solar"]),
        (["top", "pods", "--sort-by", "m"], ["memory"]),
        (["get", "--kubeconfig", ""], [FILES]),
        (["get", "pods", "--show-l"], ["--show-labels"]),
        (["logs", "--prev"], ["--previous"]),
        (["demo", "sca"], ["scaling"]),
        (["config", "path", ""], []),
    ],
)
def test_words_and_values_of_flags(home: Path, words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_words_broken_at_the_equals_sign_are_understood_as_bash_gives_them(home: Path) -> None:
    assert offered("--theme", "=") == offered("--theme", "")
    assert offered("--theme", "=", "sol") == ["solar"]


def test_without_any_file_there_is_silence_and_no_error(k9py: Command) -> None:
    run = k9py("__complete", "get", "po")
    assert (run.status, run.out, run.err) == (0, "", "")
    assert k9py("__complete").status == 0


def test_candidates_carry_an_explanation_after_a_tab(home: Path) -> None:
    assert "doctor\twhat works with this cluster and terminal" in complete(["doc"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_the_shell_accepts(k9py: Command, shell: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(k9py("completion", shell).out, "utf-8")
    assert "k9py __complete" in script.read_text("utf-8")
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([shell, "-n", str(script)], capture_output=True, check=False, timeout=60).returncode == 0


def test_bash_offers_the_words(home: Path, k9py: Command, tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    (tmp_path / "script").write_text(k9py("completion", "bash").out, "utf-8")
    (tmp_path / "k9py").write_text("#!/bin/sh\nprintf 'doctor\\twhat works\\n'\nprintf '%s\\n' \"$*\" >&2\n", "utf-8")
    (tmp_path / "k9py").chmod(0o755)
    probe = (
        f"PATH={tmp_path}:$PATH; source {tmp_path}/script; COMP_WORDS=(k9py --context prod do); COMP_CWORD=3; "
        "_k9py_complete; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["doctor"]
