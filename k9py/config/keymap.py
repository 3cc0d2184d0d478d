"""The person's own keys: action id to keys, checked against the action registry before anything uses them.

A mistake costs only itself: that action keeps its default keys, and the problem names file and line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from k9py.config.loading import SettingsFile
from k9py.config.located import Problem, nearest
from k9py.resources.action import Actions, overlap
from k9py.resources.actions import ACTIONS

MODIFIERS = ("ctrl", "alt", "shift")
"""Modifiers in the order they are written; terminals cannot tell others apart."""

NAMED_KEYS = frozenset(
    {"enter", "escape", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"}
    | {"up", "down", "left", "right", "backslash", "slash", "underscore"}
    | {f"f{number}" for number in range(1, 21)}
)
"""Keys that are a word; everything else is one printable character."""

_SYNONYMS = {
    "esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
    "spacebar": "space", " ": "space", "bs": "backspace", "control": "ctrl", "meta": "alt", "option": "alt",
}  # fmt: skip

_SAME_IN_TERMINALS = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+[": "escape",
    "ctrl+h": "backspace",
    "ctrl+j": "enter",
    "ctrl+\\": "ctrl+backslash",
    "ctrl+_": "ctrl+underscore",
    "alt+/": "alt+slash",
    "slash": "/",
    "underscore": "_",
}
"""Combinations most terminals send as another key, and keys with two names."""


class Keymap(msgspec.Struct, frozen=True):
    """The actions with the person's own keys where there are any."""

    actions: Actions
    problems: tuple[Problem, ...] = ()


def normalise_key(text: str) -> str:
    """Return a key as the registry writes it: ``ctrl+d``, ``F``, ``f5``, ``?``; raises ValueError.

    ``Ctrl-D``, ``^D``, ``C-d`` and ``shift+f`` are understood too.
    """
    word = text.strip() or ("space" if text else "")
    if len(word) == 2 and word[0] == "^":
        word = f"ctrl+{word[1].lower()}"
    parts = _parts(word)
    if not parts or not parts[-1]:
        raise ValueError("no key is named")
    *modifiers, key = parts
    modifiers = [_SYNONYMS.get(part.lower(), {"c": "ctrl", "m": "alt", "s": "shift"}.get(part.lower(), part.lower()))
                 for part in modifiers]  # fmt: skip
    for modifier in modifiers:
        if modifier not in MODIFIERS:
            raise ValueError(f"no modifier '{modifier}'; there are {', '.join(MODIFIERS)}")
    if len(key) > 1:
        key = _SYNONYMS.get(key.lower(), key.lower())
        if key not in NAMED_KEYS:
            raise ValueError(f"no key '{key}'; {nearest(key, NAMED_KEYS) or 'write one character or its name'}")
    elif "shift" in modifiers and key.isalpha():
        modifiers.remove("shift")
        key = key.upper()
    elif modifiers:
        key = key.lower()
    combination = "+".join([*(word for word in MODIFIERS if word in modifiers), key])
    return _SAME_IN_TERMINALS.get(combination, combination)


def _parts(word: str) -> list[str]:
    """Split at + or -, which may themselves be the key: ``ctrl+-``, ``+``."""
    if len(word) < 2:
        return [word]
    head, last = word[:-1], word[-1]
    pieces = head.replace("-", "+").split("+")
    return [*pieces[:-1], pieces[-1] + last] if pieces[-1] else [*pieces[:-1], last]


def build_keymap(
    actions: Actions, chosen: Mapping[str, Sequence[str]], *, file: str, lines: Mapping[str, int]
) -> Keymap:
    """Return the keymap of the settings: their keys in place of the default ones, as far as they are right.

    ``lines`` gives the line of ``keys.ACTION``. A key another action has on the same screen is a clash, unless
    that one is given other keys (or none) too.
    """
    problems: list[Problem] = []
    own: dict[str, tuple[str, ...]] = {}
    known = [action.id for action in actions]
    for name, keys in chosen.items():
        line = lines.get(f"keys.{name}", 0)
        if name not in known:
            hint = nearest(name, known) or "`k9py config keys` lists them all"
            problems.append(Problem(file, line, f"no action '{name}'", hint))
            continue
        try:
            own[name] = tuple(dict.fromkeys(normalise_key(key) for key in keys))
        except ValueError as error:
            problems.append(Problem(file, line, f"'keys.{name}': {error}"))
    # Giving one action its default keys back may make another one clash, so this goes on until nothing does.
    while clash := _clash(actions, own):
        name, key, rival = clash
        message = f"'{key}' of {name} is already the key of {rival}"
        problems.append(Problem(file, lines.get(f"keys.{name}", 0), message, f"give {rival} another key too"))
        del own[name]
    return Keymap(actions.rebound(own), tuple(problems))


def _clash(actions: Actions, own: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str] | None:
    """Return an action of the person's, one of its keys, and another action that has it on the same screen."""
    for name, keys in own.items():
        action = actions.get(name)
        for rival in actions:
            if action is None or rival.id == name or not overlap(action, rival):
                continue
            for key in own.get(rival.id, rival.keys):
                if key in keys:
                    return name, key, rival.id
    return None


def check_keys(loaded: SettingsFile) -> list[Problem]:
    """Return what is wrong with the keys of a settings file, its per-context ones included."""
    layers = [loaded.base.get("keys", {}), *(values.get("keys", {}) for _, values in loaded.contexts)]
    found = [
        problem
        for layer in layers
        for problem in build_keymap(ACTIONS, layer, file=loaded.file, lines=loaded.lines).problems
    ]
    return list(dict.fromkeys(found))


def keys_as_markdown(actions: Actions = ACTIONS) -> str:
    """Return the README's table of keys, grouped as the help is."""
    rows = ["| where | keys | action | what it does |", "|---|---|---|---|"]
    for action in actions:
        keys = " ".join(f"`{key}`" for key in action.keys).replace("|", "\\|")
        rows.append(f"| {action.where.value} | {keys} | {action.id} | {action.help} |")
    return "\n".join(rows) + "\n"
