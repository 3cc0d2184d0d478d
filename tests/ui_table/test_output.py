"""The output stage: its frames and Textual's leave the same screen, and cost what differs."""

from __future__ import annotations

import random
from typing import Any

import pytest
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from k9py.core.clock import ManualClock
from k9py.ui._compat import DiffApp, Frames
from k9py.ui.cells import Pens
from k9py.ui.screenwriter import ScreenWriter
from k9py.ui.table import RowTable
from tests.ui_table.emulator import Emulator
from tests.ui_table.sample import NOW, Pod, columns, pod

ODD_NAMES = [
    "api",
    "数据库-主",
    "café",
    "e\u0301te",
    "\U0001f469\u200d\U0001f467 family",
    "\u26a0\ufe0f warn",
    "x\u200by",
    "\x1b[31mred",
    "✖✖",
]
AGREED_NAMES = ["api", "数据库-主", "café", "e\u0301te", "日本"]
"""Names whose width the emulator and Rich agree on, for a widget that cleans nothing."""


class Question(ModalScreen[None]):
    """A dialog over half the screen."""

    CSS = "Question { align: center middle; } Question Static { width: 30; height: 5; background: red; }"

    def compose(self) -> ComposeResult:
        yield Static("Really?\n数据 [b]not markup[/b]", markup=False)


class BothWays(DiffApp[None]):
    """Sends every frame to one terminal as Textual writes it, and to another as the difference."""

    CSS = "#side { width: 24; } Input { height: 1; border: none; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, size: tuple[int, int], *, scrolls: bool, side: bool) -> None:
        super().__init__()
        self.console._color_system = ColorSystem.TRUECOLOR
        self.side = side
        self.scrolls = scrolls
        self.frames_seen = 0
        self.start(size)
        self.table = RowTable(columns(), clock=ManualClock(NOW))
        self.table.context.now = NOW

    def start(self, size: tuple[int, int]) -> None:
        """Put new terminals of this size in front of the app."""
        self.plain, self.own = Emulator(*size), Emulator(*size)
        self.own_frames = Frames(Pens(ColorSystem.TRUECOLOR))
        self.own_writer = ScreenWriter(self.own_frames.pens, scrolls=self.scrolls)

    def compose(self) -> ComposeResult:
        yield Static("title 数", id="title")
        yield Input()
        with Horizontal():
            yield self.table
            if self.side:
                yield Static("", id="side", markup=False)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        followed = isinstance(renderable, LayoutUpdate | ChopsUpdate) and not self._batch_count
        # Between a resize and its layout a frame may still have the old size.
        if followed and self.size == self.plain.size:
            self._write_both(renderable, self.size.width)
        self.post_display_hook()

    def _write_both(self, update: LayoutUpdate | ChopsUpdate, width: int) -> None:
        x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
        if not self.own_frames.take(update, width):
            self.call_later(self.screen.refresh)
            return
        self.plain.feed(update.render_segments(self.console) + f"\x1b[{y + 1};{x + 1}H")
        self.own.feed(self.own_writer.frame(self.own_frames.lines, (y, x)))
        self.frames_seen += 1


def random_pod(chance: random.Random, number: int) -> Pod:
    """Return a pod with a random state, sometimes with a name that is hard to draw."""
    name = f"{chance.choice(ODD_NAMES)}-{number:03d}" if chance.random() < 0.3 else f"api-{number:03d}"
    status = chance.choice(["Running", "Running", "Pending", "OOMKilled", "CrashLoopBackOff"])
    return pod(
        name,
        status=status,
        restarts=chance.randrange(12),
        cpu=chance.randrange(500),
        deleting=chance.random() < 0.1,
        broken="expected `int`, got `str`" if chance.random() < 0.05 else "",
    )


async def wander(app: BothWays, pilot: Any, chance: random.Random, steps: int) -> None:
    """Do random things, and after each compare both terminals."""
    names = {f"key-{i}": random_pod(chance, i) for i in range(80)}
    app.table.reset(names.values())
    app.table.set_sort("name")
    keys = ["down", "up", "pagedown", "pageup", "home", "end", "space", "left", "right", "j", "j", "j", "k"]
    for _ in range(steps):
        what = chance.randrange(12)
        if what < 6:
            await pilot.press(*chance.choices(keys, k=chance.randrange(1, 4)))
        elif what < 9:
            changed = [random_pod(chance, chance.randrange(80)) for _ in range(chance.randrange(1, 8))]
            gone = [row.key for row in chance.sample(app.table.rows, min(2, app.table.row_count))]
            app.table.apply({row.key: row for row in changed}, gone)
        elif what == 9:
            app.table.set_sort(chance.choice(["name", "status", "restarts", "cpu"]), descending=chance.random() < 0.5)
        elif what == 10:
            if isinstance(app.screen, Question):
                app.pop_screen()
            else:
                app.push_screen(Question())
        elif app.side:
            text = "\n".join(f"{chance.choice(AGREED_NAMES)} {chance.randrange(9)}" for _ in range(20))
            app.screen_stack[0].query_one("#side", Static).update(text)
        else:
            app.theme = chance.choice(["textual-dark", "nord", "textual-light"])
        await pilot.pause()
        assert app.own.picture() == app.plain.picture()
        assert app.own.cursor == app.plain.cursor


@pytest.mark.parametrize("side", [False, True], ids=["whole-width", "beside-a-pane"])
@pytest.mark.parametrize("scrolls", [False, True], ids=["rewriting", "scroll-region"])
@pytest.mark.parametrize("seed", range(3))
async def test_both_writers_leave_the_same_screen_whatever_happens(seed: int, scrolls: bool, side: bool) -> None:
    app = BothWays((70, 18), scrolls=scrolls, side=side)
    async with app.run_test(size=(70, 18)) as pilot:
        await wander(app, pilot, random.Random(seed), 40)
        assert app.frames_seen > 20
        assert app.own.received < app.plain.received


async def test_a_resize_is_painted_whole() -> None:
    chance = random.Random(7)
    app = BothWays((70, 18), scrolls=True, side=True)
    async with app.run_test(size=(70, 18)) as pilot:
        await wander(app, pilot, chance, 5)
        app.start((50, 12))
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        await wander(app, pilot, chance, 10)
        assert app.own.picture() == app.plain.picture()
