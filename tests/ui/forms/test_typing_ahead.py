"""Keys typed straight behind the one that opens a form: all of them are the form's, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.config.launch import UiOptions
from tests.ui.forms.driving import form, is_open
from tests.ui.harness import pod, running

NAME = "quick-brown-fox"
PODS = {"pods": [pod("api-1"), pod("worker-1")]}


@pytest.mark.parametrize("turns", [0, 2, 3])
async def test_letters_typed_straight_behind_plus_are_the_name(tmp_path: Path, turns: int) -> None:
    async with running(tmp_path, PODS, options=UiOptions(namespaces=("shop",))) as k9:
        await k9.sees("worker-1")
        k9.app.simulate_key("+")
        for number, key in enumerate(NAME):
            if turns and number % turns == 0:
                # The next letters come while those before are still on their way.
                await k9.pilot.pause(0)
            k9.app.simulate_key(key)
        await k9.until(lambda: is_open(k9) and not k9.app.keys.is_busy, "the form")
        await k9.until(lambda: form(k9).list.typed == NAME, NAME)
        assert form(k9).list.row.id == "name"  # type: ignore[union-attr]
