"""Every touch of Textual's private parts: the last stage, which sends frames to the terminal.

Textual writes whole lines; :class:`DiffApp` writes the cells that differ from what the terminal shows, never waits for
a terminal that does not read, and repaints everything when somebody else may have written to the screen. It is used for
the Textual versions it was tested with only; ``K9PY_PLAIN_OUTPUT=1`` switches it off.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any, Final, Generic

import textual
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.dom import DOMNode
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from k9py.ui._compositor import TightCompositor
from k9py.ui._driver import Resumed, TerminalDriver
from k9py.ui.cells import Line, Pens, add_segments
from k9py.ui.departure import Departure
from k9py.ui.screenwriter import ScreenWriter
from k9py.ui.terminal import Terminal, colour_system

TESTED: Final = "8.2."
"""Textual versions whose private parts are as this module expects."""
PLAIN_SWITCH: Final = "K9PY_PLAIN_OUTPUT"
DRAIN_CHECK: Final = 0.05
"""Seconds between two looks at a terminal that does not read; only while a frame is waiting."""
LINES_KEPT: Final = 512
"""Lines remembered for strips that are painted again; some ten screens."""
SYNC_START: Final = "\x1b[?2026h"
SYNC_END: Final = "\x1b[?2026l"


def own_output(environ: Mapping[str, str]) -> bool:
    """Return whether frames are written by this module rather than by Textual."""
    return textual_version().startswith(TESTED) and not environ.get(PLAIN_SWITCH)


def textual_version() -> str:
    """Return Textual's version as its installer wrote it beside the package: asking ``importlib.metadata`` costs 30 ms.

    Where that says nothing, or two things, Textual is asked.
    """
    beside = os.listdir(Path(textual.__file__).parents[1])
    found = [name for name in beside if name.startswith("textual-") and name.endswith(".dist-info")]
    if len(found) != 1:
        return textual.__version__
    return found[0].removeprefix("textual-").removesuffix(".dist-info")


def is_stopped(message: Message) -> bool:
    """Return whether a message goes no further up."""
    return message._stop_propagation


class Frames:
    """The screen as Textual last described it, as lines of cells."""

    def __init__(self, pens: Pens) -> None:
        self.pens = pens
        self.lines: list[Line] = []
        self._whole: dict[int, tuple[Strip, int, Line]] = {}
        """Lines made of one strip over the whole width, by the strip's identity; holding it keeps that unique."""

    def take(self, update: LayoutUpdate | ChopsUpdate, width: int) -> bool:
        """Bring in an update; False when it is of a kind that cannot be followed."""
        if isinstance(update, LayoutUpdate):
            return self._take_whole(update, width)
        if len(update.chops) != len(self.lines):
            return False
        for y, spans in _by_line(update.spans).items():
            self.lines[y] = self._merged(self.lines[y], update.chops[y], spans)
        return True

    def _take_whole(self, update: LayoutUpdate, width: int) -> bool:
        if update.region.x or update.region.y:
            return False
        lines = []
        for strips in update.strips:
            whole = list(strips)
            if any(strip is None for strip in whole):
                return False
            lines.append(self._line(whole, width))
        self.lines = lines
        return True

    def _line(self, strips: list[Strip], width: int) -> Line:
        if len(strips) > 1:
            return self._build(strips, width)
        strip = strips[0]
        known = self._whole.get(id(strip))
        if known is not None and known[1] == width:
            return known[2]
        line = self._build(strips, width)
        if len(self._whole) >= LINES_KEPT:
            self._whole.clear()
        self._whole[id(strip)] = (strip, width, line)
        return line

    def _build(self, strips: list[Strip], width: int) -> Line:
        chars: list[str] = []
        used: list[Any] = []
        odd = False
        for strip in strips:
            odd = add_segments(strip._segments, self.pens, chars, used) or odd
        missing = width - len(chars)
        if missing > 0:
            chars += [" "] * missing
            used += [self.pens.default] * missing
        return Line(chars[:width], used[:width], odd)

    def _merged(self, old: Line, chops: Mapping[int, Strip | None], spans: list[tuple[int, int]]) -> Line:
        """Return a line with the painted cells put into it.

        Only the cells inside the spans count: beside them, pieces may hold the background of a container whose other
        children were not asked to paint.
        """
        painted = [(x, strip) for x, strip in chops.items() if strip is not None]
        width = len(old.chars)
        if len(painted) == 1 and painted[0][0] == 0 and painted[0][1].cell_length == width and (0, width) in spans:
            return self._line([painted[0][1]], width)
        chars, used, odd = old.chars.copy(), old.pens.copy(), False
        for x, strip in painted:
            inside = [(max(x, start), min(x + strip.cell_length, stop, width)) for start, stop in spans]
            inside = [(start, stop) for start, stop in inside if start < stop]
            if not inside:
                continue
            piece: list[str] = []
            pens: list[Any] = []
            odd = add_segments(strip._segments, self.pens, piece, pens) or odd
            for start, stop in inside:
                chars[start:stop] = piece[start - x : stop - x]
                used[start:stop] = pens[start - x : stop - x]
        return Line(chars, used, odd or old.odd)


def _by_line(spans: Iterable[tuple[int, int, int]]) -> dict[int, list[tuple[int, int]]]:
    """Return the dirty columns (first, behind the last) of every line."""
    lines: dict[int, list[tuple[int, int]]] = {}
    for y, start, stop in spans:
        lines.setdefault(y, []).append((start, stop))
    return lines


class DiffApp(App[ReturnType], Generic[ReturnType]):
    """An app whose frames are differences."""

    def __init__(self, terminal: Terminal | None = None, **options: Any) -> None:
        if not os.environ.get("NO_COLOR"):
            # An empty value means nothing by the convention; Textual takes it for a yes.
            os.environ.pop("NO_COLOR", None)
        self._own_output = own_output(os.environ)
        self.departure = Departure(self.leave)
        self.terminal_lost = self.departure.lost_terminal
        """Called by the driver, from its thread, when the terminal is gone."""
        super().__init__(**options)
        if self._own_output and self.driver_class is LinuxDriver:
            self.driver_class = TerminalDriver
        self.terminal = terminal or Terminal.detect(os.environ)
        system = colour_system(self.terminal.depth)
        self.console._color_system = system
        self._frames = Frames(Pens(system))
        self._writer = ScreenWriter(self._frames.pens, scrolls=self.terminal.scrolls)
        self._output: object = None
        """The thread that wrote the last frame; another one means the terminal was lent to somebody."""
        self._held_back = False

    def _register(self, parent: DOMNode, *widgets: Widget, **how: Any) -> list[Widget]:
        """Give every screen our compositor before anything is laid out on it."""
        if self._own_output:
            for widget in widgets:
                if isinstance(widget, Screen):
                    widget._compositor = TightCompositor()
        return super()._register(parent, *widgets, **how)

    # -- frames --------------------------------------------------------------------------------------------------

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Send a frame, or hold it back while the terminal still has one to read."""
        shown = self._running and not (self._batch_count or self._closed or self.is_headless)
        driver = self._driver
        if not shown or driver is None or driver.is_inline or not isinstance(renderable, (LayoutUpdate, ChopsUpdate)):
            if renderable is not None and not self._batch_count:
                self._writer.forget()
            super()._display(screen, renderable)
            return
        if not self._own_output:
            if self._may_write():
                super()._display(screen, renderable)
            else:
                self.post_display_hook()
            return
        try:
            if self._frames.take(renderable, self.size.width):
                self._send()
            else:
                # A partial update before any whole one: ask for the whole.
                self.call_later(screen.refresh)
        finally:
            self.post_display_hook()

    def _send(self) -> None:
        """Write what differs, unless the terminal has not read the frame before."""
        driver = self._driver
        if driver is None or not self._frames.lines or not self._may_write():
            return
        x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
        text = self._writer.frame(self._frames.lines, (y, x))
        if text:
            driver.write(f"{SYNC_START}{text}{SYNC_END}" if self._sync_available else text)
            driver.flush()

    def _may_write(self) -> bool:
        """Return whether the terminal is ours and has read everything so far; if not, the frame has to be dropped."""
        thread = getattr(self._driver, "_writer_thread", None)
        if thread is not self._output:
            self._output = thread
            self._writer.forget()
        if not isinstance(thread, Thread):
            return True
        if not thread.is_alive():
            # The terminal is lent to another program; everything is painted when it comes back.
            return False
        queue = getattr(thread, "_queue", None)
        if queue is None or queue.empty():
            return True
        if not self._held_back:
            self._held_back = True
            self.set_timer(DRAIN_CHECK, self._try_again)
        return False

    def _try_again(self) -> None:
        """Look again; however many frames were dropped meanwhile, one difference is sent."""
        self._held_back = False
        if self._running and not self._closed:
            if self._own_output:
                self._send()
            elif self._may_write():
                self.screen.refresh()

    @property
    def frame_waits(self) -> bool:
        """True while the terminal has not read what was painted before: nobody can have seen the last frame."""
        return self._held_back

    def repaint_all(self) -> None:
        """Write the whole screen again: somebody else may have written on it."""
        self._writer.forget()
        if self._own_output and self._running:
            self._send()
        else:
            self.refresh()

    def queued(self) -> tuple[object, ...]:
        """Return the messages that wait for their turn, oldest first."""
        return tuple(self._message_queue.values)

    # -- the terminal's life -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """End the application because it was told to from outside; a subclass saves its state first."""
        self.exit()

    def on_mount(self) -> None:
        """Listen to signals, and repaint whenever the terminal comes back to us."""
        if not self.is_headless:
            self.departure.install()
        self.app_resume_signal.subscribe(self, lambda _app: self.repaint_all())

    def on_unmount(self) -> None:
        """Signals are the next program's."""
        self.departure.uninstall()

    def on_app_focus(self, _event: events.AppFocus) -> None:
        """The terminal is looked at again."""
        self.repaint_all()

    def on_resumed(self, _event: Resumed) -> None:
        """Somebody else may have written on the screen."""
        self.repaint_all()

    async def on_event(self, event: events.Event) -> None:
        """A new size means that the terminal may have shifted its lines, even when it is the size it had before."""
        if isinstance(event, events.Resize):
            self._writer.forget()
            if event.size == self.size:
                self.repaint_all()
        await super().on_event(event)


__all__ = ["DiffApp", "Frames", "is_stopped", "own_output"]
