"""The collector while a program starts."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from k9py.core import collector


@pytest.fixture(autouse=True)
def _collecting_again() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


def test_what_was_made_while_nothing_was_collected_is_never_walked_again() -> None:
    collector.pause()
    made = [[] for _ in range(1000)]  # type: list[list[object]]
    assert collector.is_paused()
    before = gc.get_freeze_count()
    collector.resume()
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(made)


def test_going_on_where_nobody_paused_freezes_nothing() -> None:
    gc.enable()
    before = gc.get_freeze_count()
    collector.resume()
    assert gc.get_freeze_count() == before
