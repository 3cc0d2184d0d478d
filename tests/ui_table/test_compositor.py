"""The compositor that renders only what a change touches paints what Textual's own paints."""

from __future__ import annotations

from itertools import product

from textual._compositor import Compositor
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.widgets import Static

from k9py.ui._compat import DiffApp
from k9py.ui._compositor import TightCompositor

WIDTH, HEIGHT = 40, 12


class Layers(DiffApp[None]):
    """Widgets beside, inside and over each other."""

    CSS = """
    Screen { layers: base above; }
    #side { width: 10; height: 1fr; dock: left; }
    #body { height: 1fr; overflow: hidden; }
    #tall { height: 30; border: solid white; }
    #over { layer: above; width: 12; height: 4; offset: 15 3; }
    """

    def compose(self) -> ComposeResult:
        """A column, a clipped text in a container, and a box over both."""
        yield Static("side " * 40, id="side")
        with Container(id="body"):
            yield Static("tall " * 300, id="tall")
        yield Static("over " * 20, id="over")


def painted(compositor: Compositor, crop: Region) -> list[str]:
    """Return the cells inside a region as the compositor paints them."""
    lines = compositor._render_chops(crop, lambda _: True)[crop.y : crop.bottom]
    texts = []
    for line in lines:
        row = ["?"] * WIDTH
        for x, piece in line.items():
            for offset, sign in enumerate(piece.text if piece else ""):
                row[x + offset] = sign
        texts.append("".join(row[crop.x : crop.right]))
    return texts


async def test_a_change_is_painted_as_textual_paints_it() -> None:
    app = Layers()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        tight = app.screen._compositor
        assert isinstance(tight, TightCompositor)
        whole = Compositor()
        whole.reflow(app.screen, app.size)
        for x, y, width, height in product((0, 9, 14, 26, 39), (0, 2, 7, 11), (1, 5, 40), (1, 4, 12)):
            crop = Region(x, y, width, height).intersection(Region(0, 0, WIDTH, HEIGHT))
            assert painted(tight, crop) == painted(whole, crop), crop


async def test_a_change_inside_one_widget_renders_no_other() -> None:
    app = Layers()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        compositor = app.screen._compositor
        renders = list(compositor._get_renders(Region(1, 1, 5, 1)))
        assert [region for region, _, _ in renders] == [app.query_one("#side").region]
