"""What a form wrote is followed: what stops it is told with what the cluster said about it."""

from __future__ import annotations

from pathlib import Path

from k9py.ui.changing.board import BoardScreen
from tests.ui.changing.test_board import living, step
from tests.ui.forms.driving import fill, open_new, write


async def test_an_image_that_cannot_be_pulled_stops_the_board_of_a_form_at_its_images(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        await open_new(k9, "deployment web")
        await fill(k9, "image", "registry.example/missing:1")
        await write(k9)
        await k9.until(lambda: isinstance(k9.app.screen, BoardScreen), "a board")
        await k9.sees("What to do")
        assert "✖" in step(k9, "images")
        await k9.sees("registry.example/missing:1 was not found")
