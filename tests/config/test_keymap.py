"""A person's own keys: understood as people write them, refused with a line when they clash."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from k9py.config.keymap import Keymap, build_keymap, check_keys, keys_as_markdown, normalise_key
from k9py.config.loading import check_settings
from k9py.config.paths import Paths
from k9py.resources.action import Action, Actions, Where
from k9py.resources.actions import ACTIONS

SMALL = Actions(
    [
        Action("logs", ("l",), Where.TABLE, "logs", "Follow the logs", kinds=frozenset({"pods"})),
        Action("describe", ("d",), Where.TABLE, "describe", "Explain the object"),
        Action("label", ("L",), Where.TABLE, "label", "Label the node", kinds=frozenset({"nodes"})),
        Action("find", ("/",), Where.LOGS, "find", "Search in the text"),
        Action("help", ("?",), Where.GLOBAL, "help", "List the keys"),
    ]
)


def keymap(**chosen: Sequence[str]) -> Keymap:
    lines = {f"keys.{name}": number for number, name in enumerate(chosen, start=1)}
    return build_keymap(SMALL, chosen, file="config.yaml", lines=lines)


def keys(built: Keymap, action: str) -> tuple[str, ...]:
    found = built.actions.get(action)
    assert found is not None
    return found.keys


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("l", "l"),
        ("L", "L"),
        ("shift+l", "L"),
        ("Ctrl-D", "ctrl+d"),
        ("^D", "ctrl+d"),
        ("C-d", "ctrl+d"),
        ("ctrl+D", "ctrl+d"),
        ("M-x", "alt+x"),
        ("Shift+Ctrl+F5", "ctrl+shift+f5"),
        ("esc", "escape"),
        ("PgDn", "pagedown"),
        (" ", "space"),
        ("+", "+"),
        ("ctrl++", "ctrl++"),
        ("-", "-"),
        ("ctrl+-", "ctrl+-"),
        ("ctrl+i", "tab"),
        ("ctrl+m", "enter"),
        ("ctrl+\\", "ctrl+backslash"),
    ],
)
def test_keys_are_understood_as_people_write_them(written: str, key: str) -> None:
    assert normalise_key(written) == key


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no key is named"),
        ("hyper+x", "no modifier 'hyper'"),
        ("entr", "did you mean 'enter'"),
        ("ctrl+xy", "no key 'xy'"),
    ],
)
def test_what_is_no_key_is_refused_with_a_reason(written: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        normalise_key(written)


def test_every_key_of_the_registry_is_written_as_the_keymap_writes_it() -> None:
    odd = [(action.id, key) for action in ACTIONS for key in action.keys if normalise_key(key) != key]
    assert odd == []


def test_own_keys_replace_the_default_ones_and_an_empty_list_takes_them_away() -> None:
    built = keymap(logs=["g", "ctrl-g"], describe=[])
    assert built.problems == ()
    assert keys(built, "logs") == ("g", "ctrl+g")
    assert keys(built, "describe") == ()
    assert keys(built, "help") == ("?",)


def test_an_unknown_action_is_told_with_its_line_and_the_nearest_one() -> None:
    built = keymap(descibe=["x"])
    assert [str(problem) for problem in built.problems] == [
        "config.yaml:1: no action 'descibe'; did you mean 'describe'?"
    ]


def test_a_key_taken_on_the_same_screen_is_a_clash_and_the_default_stays() -> None:
    built = keymap(logs=["d"])
    assert [str(problem) for problem in built.problems] == [
        "config.yaml:1: 'd' of logs is already the key of describe; give describe another key too"
    ]
    assert keys(built, "logs") == ("l",)


def test_a_global_key_clashes_everywhere() -> None:
    assert len(keymap(find=["?"]).problems) == 1


def test_keys_may_be_swapped_and_shared_by_screens_that_never_meet() -> None:
    swapped = keymap(logs=["d"], describe=["l"])
    assert swapped.problems == ()
    assert (keys(swapped, "logs"), keys(swapped, "describe")) == (("d",), ("l",))
    assert keymap(find=["d"]).problems == ()
    assert keymap(label=["l"]).problems == ()


def test_a_clash_that_undoing_another_one_brings_back_is_found_too() -> None:
    built = keymap(describe=["?"], logs=["d"])
    assert len(built.problems) == 2
    assert (keys(built, "describe"), keys(built, "logs")) == (("d",), ("l",))


def test_keys_of_single_contexts_are_checked_too(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("contexts:\n  prod:\n    keys:\n      lgs: x\n", "utf-8")
    loaded, problems = check_settings(Paths(tmp_path, tmp_path, tmp_path), {})
    assert problems == []
    (problem,) = check_keys(loaded)
    assert str(problem) == f"{tmp_path}/config.yaml:4: no action 'lgs'; did you mean 'logs'?"


def test_the_table_of_keys_holds_every_action_and_breaks_no_cell() -> None:
    table = keys_as_markdown().splitlines()
    assert len(table) == 2 + len(list(ACTIONS))
    assert all(len(line.replace("\\|", "").split("|")) == 6 for line in table)
