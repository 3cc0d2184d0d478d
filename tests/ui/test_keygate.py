"""The gate of keys by itself: the order in which they are looked at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from textual.events import Key

from k9py.ui.keygate import KeyGate


def key(name: str, at: float) -> Key:
    made = Key(name, name)
    made.time = at
    return made


async def test_keys_taken_back_in_one_turn_are_looked_at_in_the_order_they_were_typed() -> None:
    app: Any = SimpleNamespace(screen_stack=[], set_timer=lambda *_: None)
    gate = KeyGate(cast(Any, app))
    assert gate.admit(key("a", 1))
    for late in (key("c", 3), key("d", 4)):
        assert not gate.admit(late)
    for again in (key("a", 1), key("b", 2)):
        assert gate.retake(again)
    assert [held.key for held in gate.waiting] == ["a", "b", "c", "d"]


async def test_a_key_whose_turn_is_over_is_not_taken_back() -> None:
    app: Any = SimpleNamespace(screen_stack=[], set_timer=lambda *_: None)
    assert not KeyGate(cast(Any, app)).retake(key("a", 1))
