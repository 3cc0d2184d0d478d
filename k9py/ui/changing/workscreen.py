"""What the screens of a change have in common: title, list, text, keys, and that nothing leaves them by chance."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.events import Key, Resize
from textual.screen import Screen

from k9py.resources.action import Action, Where
from k9py.resources.model import Tone
from k9py.ui.changing.changelist import ItemList
from k9py.ui.flash import Flash
from k9py.ui.keys import footer, passed_on
from k9py.ui.statusline import Bar, Rule, Spans, width_of
from k9py.ui.textview import TextView

if TYPE_CHECKING:
    from k9py.ui.app import K9App

Handler = Callable[[], Awaitable[None] | None]

LIST_SHARE = 3
"""The list takes at most one line in so many."""
AROUND = 5
"""Lines that are neither list nor text."""
ESCAPE: Spans = ((" esc", Tone.ACCENT), (" back ", Tone.PLAIN))


class WorkScreen(Screen[None]):
    """Title, steps, list, text, keys. A subclass fills ``handlers`` and says what each part shows."""

    DEFAULT_CSS = """
    WorkScreen ItemList { display: none; }
    WorkScreen #work-rule { display: none; }
    """
    AUTO_FOCUS = "TextView"

    part: Where
    """Where its keys work."""
    stays = True
    """Keys that lead elsewhere are refused: they would leave something unfinished."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: dict[str, Handler] = {}

    @property
    def k9(self) -> K9App:
        """The application."""
        return cast("K9App", self.app)

    @property
    def where(self) -> Where | None:
        """The part that has the focus."""
        return self.part

    @property
    def text(self) -> TextView:
        """The text."""
        return self.query_one("#work-text", TextView)

    @property
    def list(self) -> ItemList:
        """The list; hidden where there is one thing only."""
        return self.query_one(ItemList)

    def compose(self) -> ComposeResult:
        """Title, steps, list, text, keys."""
        look = self.k9.look
        yield Bar(look, id="work-title", raised=True)
        yield Bar(look, id="work-steps")
        yield ItemList(look)
        yield Rule(look, id="work-rule")
        yield TextView(look, id="work-text")
        yield Flash(look)
        yield Bar(look, id="keys", raised=True)

    def on_mount(self) -> None:
        """Show everything."""
        name = self.part.value
        self.handlers |= {
            f"{name}.up": lambda: self._step(-1),
            f"{name}.down": lambda: self._step(1),
            f"{name}.page-up": lambda: self.text.page(-1),
            f"{name}.page-down": lambda: self.text.page(1),
            f"{name}.line-up": lambda: self.text.move(-1),
            f"{name}.line-down": lambda: self.text.move(1),
            f"{name}.first": lambda: self.text.home(),
            f"{name}.last": lambda: self.text.end(),
            "back": self.go_back,
        }
        self.text.set_wrap(True)
        self.draw()

    def on_resize(self, event: Resize) -> None:
        """Fit the new size."""
        self.draw()

    def on_item_list_moved(self, event: ItemList.Moved) -> None:
        """Another line is looked at: its text begins at the top."""
        event.stop()
        self.text.home()
        self.draw()

    def _step(self, by: int) -> None:
        if self.list.display:
            self.list.step(by)
        else:
            self.text.move(by)

    def show_list(self, *, shown: bool) -> None:
        """Show the list, as high as it is long and the screen has room for."""
        self.list.display = shown
        self.query_one("#work-rule").display = shown
        if shown:
            room = max(2, (self.app.size.height - AROUND) // LIST_SHARE)
            height = min(room, max(1, len(self.list.items)))
            self.list.styles.height = height
            self.query_one("#work-rule", Rule).say(self.list.out_of_sight(height))

    def show_keys(self) -> None:
        """Show what can be done now."""
        actions = self.k9.offering.available(self.part, footer_only=True)
        room = self.app.size.width - width_of(ESCAPE)
        self.query_one("#keys", Bar).show(footer(actions, self.k9.look.glyphs, room), ESCAPE)

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now; empty when it does."""
        return ""

    def draw(self) -> None:
        """Bring everything up to date."""
        raise NotImplementedError

    def go_back(self) -> None:
        """Leave."""
        self.dismiss()

    def cancel_work(self) -> None:
        """Ctrl-C."""
        self.go_back()

    async def on_key(self, event: Key) -> None:
        """Carry out what a key means here."""
        if passed_on(self, event):
            return
        await self.k9.carrier.press(event, self.part)
