"""The layers hold: statically by import contracts, and at run time by what an import really loads."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "textual",
    "rich",
    "aiohttp",
    "kubernetes",
    "yaml",
    "asyncio",
    "msgspec",
    "pydantic",
    "requests",
    "tree_sitter",
)


def loaded_by(statement: str) -> set[str]:
    """Return which of the heavy packages a fresh interpreter has loaded after a statement."""
    probe = f"import sys, json; {statement}; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    answer = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True, timeout=50
    )
    return set(json.loads(answer.stdout.splitlines()[-1]))


def test_the_import_contracts_are_kept() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    if not tool.exists() and shutil.which("lint-imports") is None:
        pytest.skip("import-linter is not installed: it comes with the extra 'dev'")
    command = [str(tool) if tool.exists() else "lint-imports", "--no-cache"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=50)
    assert answer.returncode == 0, answer.stdout


def test_kubernetes_has_one_door() -> None:
    doors = set()
    for path in (ROOT / "k9py").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            if any(name.split(".")[0] == "kubernetes" for name in names):
                doors.add(str(path.relative_to(ROOT)))
    assert doors == {"k9py/kube/aio.py"}


@pytest.mark.parametrize(
    "statement",
    [
        "import contextlib, k9py.cli.main as m; contextlib.redirect_stdout(sys.stderr).__enter__(); "
        "status = m.main(['--help']); contextlib.redirect_stdout(sys.__stdout__).__enter__()",
        "import k9py.cli.verbs",
    ],
)
def test_what_starts_every_run_loads_nothing_heavy(statement: str) -> None:
    assert loaded_by(statement) == set()


@pytest.mark.parametrize(
    "verb", ["get", "describe", "logs", "top", "demo", "completion", "contexts", "config", "apply", "undo"]
)
def test_the_help_of_a_verb_loads_no_network_and_no_screen(verb: str) -> None:
    statement = (
        "import contextlib, k9py.cli.main as m; contextlib.redirect_stdout(sys.stderr).__enter__(); "
        f"assert m.main(['{verb}', '--help']) == 0; contextlib.redirect_stdout(sys.__stdout__).__enter__()"
    )
    assert loaded_by(statement) & {"textual", "rich", "aiohttp", "kubernetes"} == set()


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("k9py.core.errors", {"asyncio", "yaml", "msgspec"}),
        ("k9py.kube.kubeconfig", {"kubernetes", "aiohttp", "textual", "rich"}),
        ("k9py.kube.aio", {"kubernetes", "aiohttp"}),
        ("k9py.resources.registry", {"kubernetes", "aiohttp", "textual", "rich", "asyncio"}),
        ("k9py.config.launch", {"kubernetes", "aiohttp", "textual", "rich", "yaml", "asyncio"}),
        ("k9py.config.keymap", {"kubernetes", "aiohttp", "textual", "rich"}),
        ("k9py.config.themes", {"kubernetes", "aiohttp", "textual", "rich", "yaml"}),
        ("k9py.kube.session", {"kubernetes", "aiohttp", "textual", "rich"}),
        ("k9py.ui.starting", {"kubernetes", "aiohttp", "pydantic", "requests", "yaml", "tree_sitter"}),
        ("k9py.changes.gate", {"kubernetes", "aiohttp", "textual", "rich"}),
    ],
)
def test_a_library_can_be_imported_without_what_it_does_not_need(module: str, never: set[str]) -> None:
    assert loaded_by(f"import {module}") & never == set()


def test_the_probe_sees_what_is_loaded() -> None:
    assert "yaml" in loaded_by("import yaml")
