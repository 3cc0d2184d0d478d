"""Logs of one or many containers: followed, searched, made harmless, with gaps shown where lines are missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.events import Key, Resize
from textual.screen import Screen

from k9py.core.ages import human
from k9py.core.errors import FilterError
from k9py.core.text import safe_line
from k9py.kube.loglines import NANO, LineKind, LogLine, LogOptions, LogSource
from k9py.kube.logs import LogFeed
from k9py.kube.session import Session
from k9py.resources.action import Where
from k9py.resources.model import Tone
from k9py.ui.flash import Flash
from k9py.ui.keys import footer, passed_on
from k9py.ui.podwork import PodContainers
from k9py.ui.prompt import Completions, Prompt, Typed
from k9py.ui.saving import save_text
from k9py.ui.statusline import Bar
from k9py.ui.textview import Line, TextView, plain

if TYPE_CHECKING:
    from k9py.ui.app import K9App

WINDOWS: tuple[float | None, ...] = (None, 0.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
"""Seconds back for the keys 0 to 6: the tail, everything, 1, 5, 15, 30 minutes, an hour."""

TAG_LETTERS = 2
"""Cells of the tag that tells sources apart without colour."""

TAG_TONES = (Tone.ACCENT, Tone.OK, Tone.NEW, Tone.WARN, Tone.DIM)


LINE_TONES = {LineKind.GAP: Tone.WARN, LineKind.NOTE: Tone.ACCENT, LineKind.ERROR: Tone.BAD}


class LogScreen(Screen[None]):
    """Follows logs until left."""

    DEFAULT_CSS = """
    LogScreen { layers: base above; }
    """

    AUTO_FOCUS = "TextView"

    def __init__(self, session: Session, title: str, containers: PodContainers, *, previous: bool = False) -> None:
        super().__init__()
        self._session = session
        self._title_text = title
        self._containers = containers
        self._previous = previous
        self._since: float | None = None
        self._everything = False
        self._times = False
        self._feed: LogFeed | None = None
        self._tags: dict[LogSource, tuple[str, Tone]] = {}
        self._history: list[LogLine] = []
        self._only = containers.container
        self._seen_first: LogSource | None = None
        self.handlers: dict[str, Callable[[], Awaitable[None] | None]] = {
            "back": self.leave,
            "logs.find": self.find,
            "logs.find-next": lambda: self._next(1),
            "logs.find-previous": lambda: self._next(-1),
            "logs.wrap": self.wrap,
            "logs.full": self.full,
            "logs.copy": self.copy,
            "logs.save": self.save,
            "logs.follow": self.follow,
            "logs.times": self.times,
            "logs.earlier": self.earlier,
            "logs.all": self.all_containers,
            "logs.clear": self.clear,
            "logs.mark": self.mark,
            "focus.next": self._stay,
            "focus.previous": self._stay,
        }
        for index, window in enumerate(WINDOWS):
            self.handlers[f"logs.since-{index}"] = lambda window=window: self.window(window)  # type: ignore[misc]

    @property
    def k9(self) -> K9App:
        """The application."""
        return cast("K9App", self.app)

    @property
    def where(self) -> Where | None:
        """Logs, unless a person is typing."""
        return None if self.query_one(Prompt).mode else Where.LOGS

    @property
    def view(self) -> TextView:
        """The lines."""
        return self.query_one(TextView)

    def compose(self) -> ComposeResult:
        """Title, search line, lines, keys."""
        look, logs = self.k9.look, self.k9.settings.logs
        completions = Completions(look)
        yield Bar(look, id="log-title", raised=True)
        yield Prompt(look, completions)
        yield TextView(look, limit=logs.lines, follow=True)
        yield Flash(look)
        yield Bar(look, id="keys", raised=True)
        yield completions

    def on_mount(self) -> None:
        """Start to read."""
        self.handlers |= {**self.view.handlers("logs"), "logs.last": lambda: self.view.set_follow(True)}
        self._times = self.k9.settings.logs.timestamps
        self.view.wrap = self.k9.settings.logs.wrap
        self.k9.flushing.watch(self, self.flush)
        self._containers.on_wake = lambda: self.k9.flushing.wake(self)
        self._restart()
        self._show_keys()

    async def on_unmount(self) -> None:
        """Close every stream."""
        self.k9.flushing.forget(self)
        self._containers.close()
        if self._feed is not None:
            feed, self._feed = self._feed, None
            await feed.close()

    def on_resize(self, event: Resize) -> None:
        """Fit the keys."""
        self._show_keys()

    # ------------------------------------------------------------------ reading

    def _restart(self) -> None:
        """Read anew with the options in force."""
        previous, self._feed = self._feed, None
        if previous is not None:
            self.run_worker(previous.close(), exit_on_error=False)
        tail = None if self._everything or self._since is not None else self.k9.settings.logs.tail
        options = LogOptions(follow=not self._previous, previous=self._previous, since=self._since, tail=tail)
        self._history.clear()
        self.view.set_lines([], keep_place=False)
        self.view.follow = True
        self._feed = self._session.open_logs(options)
        self._feed.on_wake = lambda: self.k9.flushing.wake(self)
        self.k9.flushing.wake(self)

    def flush(self) -> None:
        """Take new containers and new lines."""
        feed = self._feed
        if feed is None:
            return
        sources = self._containers.sources()
        if sources:
            for source in sources:
                self._tags.setdefault(source, self._tag_for(source))
            feed.set_sources(sources)
        lines = feed.drain()
        if lines:
            self._history += lines
            limit = self.k9.settings.logs.lines
            if len(self._history) > limit:
                del self._history[: len(self._history) - limit]
            self.view.append([self._line(line) for line in lines])
        elif not self._history and self._containers.known:
            self.view.set_lines([plain(self._nothing(bool(sources)), Tone.DIM)])
        if lines and self._history and len(self._history) == len(lines):
            # The first lines replace the words that stood for them.
            self.view.set_lines([self._line(line) for line in self._history])
        self._show_title(len(sources))

    def _nothing(self, found: bool) -> str:
        if self._containers.trouble:
            return self._containers.trouble
        if not found:
            return "No pod to read from yet; k9py waits for one"
        return "Nothing written yet" if not self._previous else "Nothing is kept of a run before this one"

    def _tag_for(self, source: LogSource) -> tuple[str, Tone]:
        """Return a tag for a source: two letters and a tone, so that neither colour nor memory is needed."""
        number = len(self._tags)
        text = f"{chr(ord('A') + number // 26 % 26)}{chr(ord('a') + number % 26)}"
        return text, TAG_TONES[number % len(TAG_TONES)]

    def _line(self, line: LogLine) -> Line:
        tone = LINE_TONES.get(line.kind, Tone.PLAIN)
        spans: list[tuple[str, Tone]] = []
        if self._times and line.stamp:
            moment = datetime.fromtimestamp(line.stamp / NANO)
            spans.append((f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} ", Tone.DIM))
        if len(self._tags) > 1:
            tag, tag_tone = self._tags.get(line.source, ("--", Tone.DIM))
            spans.append((f"{tag} ", tag_tone))
        if line.kind is not LineKind.TEXT:
            rule = self.k9.look.glyphs.rule * 2
            whose = "" if len(self._tags) > 1 else f"{line.source}: "  # else its tag says it, in two cells
            spans.append((f"{rule} {whose}{safe_line(line.text)} {rule}", tone))
        else:
            spans.append((safe_line(line.text), tone))
            if line.cut:
                spans.append((f" ({line.cut:,} bytes more in this line)", Tone.WARN))
        return tuple(spans)

    def _redraw(self) -> None:
        self.view.set_lines([self._line(line) for line in self._history])

    # ------------------------------------------------------------------ bars

    def _show_title(self, sources: int) -> None:
        """Say whose logs these are at the left, and what is shown of them at the right, in few words."""
        look = self.k9.look
        left: list[tuple[str, Tone]] = [(" logs ", Tone.ACCENT), (self._title_text, Tone.PLAIN)]
        if sources > 1:
            tags = "  ".join(f"{tag} {source.pod}/{source.container}" for source, (tag, _) in self._tags.items())
            left.append((f"  {sources} containers: {tags}", Tone.DIM))
        right: list[tuple[str, Tone]] = []
        match, matches = self.view.match_place
        if matches:
            right.append((f"{match}/{matches} found  ", Tone.ACCENT))
        if self._previous:
            right.append(("previous run  ", Tone.WARN))
        if self._everything or self._since is not None:
            span = "from the start" if self._everything else f"last {human(self._since or 0.0)}"
            right.append((f"{span}  ", Tone.PLAIN))
        if self.view.dropped:
            right.append((f"{self.view.dropped:,} dropped  ", Tone.WARN))
        right.append((f"{_counted(len(self.view.lines))} ", Tone.DIM))
        if not self._previous:
            follows = (f"{look.glyphs.live} follow ", Tone.OK) if self.view.follow else ("paused ", Tone.WARN)
            right.append(follows)
        self.query_one("#log-title", Bar).show(tuple(left), tuple(right))

    def _show_keys(self) -> None:
        actions = self.k9.actions.for_screen(Where.LOGS)
        self.query_one("#keys", Bar).show(footer(actions, self.k9.look.glyphs, self.size.width))

    def on_text_view_moved(self, event: TextView.Moved) -> None:
        """The title says whether we follow."""
        self._show_title(len(self._tags))

    # ------------------------------------------------------------------ actions

    def leave(self) -> None:
        """Forget the search, else go back to the browser."""
        if self.view.match_place[1]:
            self.view.search("")
        else:
            self.dismiss()

    def _stay(self) -> None:
        """There is one pane here: Tab has nowhere to go."""
        self.view.focus()

    def find(self) -> None:
        """Open the line to search."""
        self.query_one(Prompt).open(
            "find", "", completer=lambda _: (), history=self.k9.memory.filters, done=self._find_typed
        )

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        """Search while typing."""
        prompt = self.query_one(Prompt)
        try:
            count = self.view.search(event.text)
        except FilterError as error:
            prompt.say(str(error), Tone.BAD)
        else:
            prompt.say((_counted(count) if count else "nothing matches") if event.text else "")

    def _find_typed(self, typed: Typed) -> None:
        """Keep the search and go on reading, or forget it."""
        if typed.cancelled:
            self.view.search("")
        else:
            self.k9.memory.note_filter(typed.text)
        self.view.focus()

    def _next(self, step: int) -> None:
        if not self.view.next_match(step):
            self.k9.flash_text("Nothing is searched for; / searches")

    def wrap(self) -> None:
        """Break long lines or let them run on."""
        self.view.set_wrap(not self.view.wrap)
        self._show_title(len(self._tags))

    def full(self) -> None:
        """Give the lines the whole screen, or show title and keys again."""
        for bar in self.query(Bar):
            if bar.parent is self:
                bar.display = not bar.display

    def copy(self) -> None:
        """Copy the lines kept."""
        self.k9.copy(self.view.text, _counted(len(self.view.lines)))

    def save(self) -> None:
        """Write the lines kept to a file."""
        path = save_text(self.k9.paths, f"logs-{self._title_text}", self.view.text, ".log")
        self.k9.flash_text(f"{_counted(len(self.view.lines))} written to {path}")

    def follow(self) -> None:
        """Stay at the newest line, or stand still."""
        self.view.set_follow(not self.view.follow)

    def times(self) -> None:
        """Show or hide the time of each line."""
        self._times = not self._times
        self._redraw()

    def earlier(self) -> None:
        """Show the run before the restart, or the present one again."""
        self._previous = not self._previous
        self._restart()

    def all_containers(self) -> None:
        """Show all containers, or the one this screen was opened for."""
        if not self._only and len({source.container for source in self._tags}) < 2:
            self.k9.flash_text("There is one container")
            return
        if self._containers.container:
            self._only, self._containers.container = self._containers.container, ""
        else:
            self._containers.container = self._only or next(iter(self._tags)).container
        self._tags.clear()
        self._restart()

    def clear(self) -> None:
        """Forget the lines shown so far; what comes is shown."""
        self._history.clear()
        self.view.set_lines([])

    def mark(self) -> None:
        """Draw a line here."""
        rule = self.k9.look.glyphs.rule * 20
        moment = datetime.fromtimestamp(self.k9.clock.now())
        self.view.append([plain(f"{rule} {moment:%H:%M:%S} {rule}", Tone.ACCENT)])

    def window(self, seconds: float | None) -> None:
        """Read the tail (None), everything (0), or the last so many seconds."""
        self._everything = seconds == 0.0
        self._since = seconds or None
        self._restart()

    async def on_key(self, event: Key) -> None:
        """Carry out what a key means here, unless a person is typing."""
        if passed_on(self, event):
            return
        where = self.where
        if where is None:
            prompt = self.query_one(Prompt)
            if event is not prompt.line.seen:
                prompt.take_ahead(event)
            return
        await self.k9.carrier.press(event, where)


def _counted(lines: int) -> str:
    return f"{lines:,} line" if lines == 1 else f"{lines:,} lines"
