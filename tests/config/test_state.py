"""What is remembered between runs: private files, replaced whole, never a reason not to start."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from k9py.config.paths import Paths
from k9py.config.state import (
    FAVOURITES,
    HISTORY_LENGTH,
    ContextState,
    SortOrder,
    Tab,
    append_history,
    read_history,
    recall,
    remember,
)
from k9py.core.files import write_private


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "config", tmp_path / "cache", tmp_path / "state")


FULL = ContextState(
    context="arn:aws:eks:eu-1:1:cluster/shop",
    kind="deployments.apps",
    namespaces=("shop", "web"),
    filters={"pods": "!api"},
    sorts={"pods": SortOrder("restarts", descending=True)},
    tabs=(Tab("pods", ("shop",), "x"), Tab("nodes")),
    active_tab=1,
    favourites=("shop",),
)


def test_what_was_remembered_comes_back_for_its_context_only(paths: Paths) -> None:
    remember(paths, FULL)
    assert recall(paths, FULL.context).state == FULL
    other = recall(paths, "another")
    assert (other.state, other.message) == (ContextState(context="another"), "")


def test_files_and_their_directory_are_readable_by_their_owner_only(paths: Paths) -> None:
    remember(paths, FULL)
    append_history(paths, ["pods"])
    for path in (paths.context_file(FULL.context), paths.history_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.state.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"", b"{", b'{"filters": 5}', b"\xff\xff"])
def test_a_damaged_file_is_set_aside_with_a_message(paths: Paths, damage: bytes) -> None:
    remember(paths, FULL)
    path = paths.context_file(FULL.context)
    path.write_bytes(damage)
    recalled = recall(paths, FULL.context)
    aside = path.with_name(path.name + ".broken")
    assert recalled.state == ContextState(context=FULL.context)
    assert str(aside) in recalled.message
    assert aside.read_bytes() == damage
    assert recall(paths, FULL.context).message == ""


def test_fields_of_a_newer_version_do_no_harm(paths: Paths) -> None:
    body = msgspec.json.encode({"context": "c", "kind": "pods", "invented_later": [1]})
    write_private(paths.context_file("c"), body)
    assert recall(paths, "c").state.kind == "pods"


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(paths, FULL)

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        remember(paths, msgspec.structs.replace(FULL, kind="pods"))
    monkeypatch.undo()
    assert recall(paths, FULL.context).state == FULL
    assert len(list(paths.context_file(FULL.context).parent.iterdir())) == 1


def test_history_keeps_each_command_once_at_its_newest_place(paths: Paths) -> None:
    assert read_history(paths) == []
    append_history(paths, ["pods", "deploy  -n shop", "pods"])
    assert append_history(paths, ["nodes", "deploy -n shop", "  "]) == ["pods", "nodes", "deploy -n shop"]
    assert read_history(paths) == ["pods", "nodes", "deploy -n shop"]


def test_two_programs_keep_each_others_history(paths: Paths) -> None:
    append_history(paths, ["first program"])
    append_history(paths, ["second program"])
    assert read_history(paths) == ["first program", "second program"]


def test_history_forgets_the_oldest(paths: Paths) -> None:
    append_history(paths, [f"command {number}" for number in range(HISTORY_LENGTH + 5)])
    history = read_history(paths)
    assert (len(history), history[0]) == (HISTORY_LENGTH, "command 5")


def test_a_command_with_line_ends_stays_one_command(paths: Paths) -> None:
    assert append_history(paths, ["pods\n/x\n"]) == ["pods /x"]


def test_favourite_namespaces_are_the_newest_ones() -> None:
    state = ContextState(favourites=tuple(f"n{number}" for number in range(FAVOURITES)))
    assert state.with_favourites(["n3", "fresh"]).favourites == (
        "n3",
        "fresh",
        "n0",
        "n1",
        "n2",
        "n4",
        "n5",
        "n6",
        "n7",
    )
