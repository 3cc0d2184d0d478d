"""What a kind is, as plain data: columns, health, relations and the context a cell is computed in.

Nothing here does I/O. A kind is one :class:`KindSpec`; the screens, the CLI and the filters read it and know no kind by
name.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from k9py.kube.rows import Projection, Row, TableColumn

R = TypeVar("R", bound=Row)

SortKey = Any
"""A value that orders among the other keys of its column: a number, a text, or a tuple of these."""

MISSING = float("-inf")
"""The numeric sort key of a cell without a value: sorts below all numbers and matches no comparison."""

NONE_TEXT = "<none>"
"""What kubectl prints where a field is empty."""

NO_SAMPLE = "-"
"""A metric that was not measured: never shown as zero."""


class Tone(Enum):
    """What a piece of text means; themes turn it into a colour and the screen adds a sign."""

    PLAIN = "plain"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    DIM = "dim"
    NEW = "new"
    ACCENT = "accent"


class Level(Enum):
    """How an object is doing."""

    OK = "ok"
    BUSY = "busy"
    """Changing as it should: starting, rolling out, terminating."""
    WARN = "warn"
    BAD = "bad"
    DONE = "done"
    """Finished and not expected to do anything more."""


TONE_OF = {
    Level.OK: Tone.PLAIN,
    Level.BUSY: Tone.ACCENT,
    Level.WARN: Tone.WARN,
    Level.BAD: Tone.BAD,
    Level.DONE: Tone.DIM,
}
"""The tone a whole row takes from its health."""


class Health(msgspec.Struct, frozen=True):
    """How one row is doing, in one sentence, and the action that follows from it."""

    level: Level
    sentence: str = ""
    """For a person, without a final full stop; empty when there is nothing to say."""
    action: str = ""
    """Id in the action registry; empty when nothing follows."""

    @property
    def problem(self) -> bool:
        """True when the row belongs in a list of problems."""
        return self.level is Level.BAD or self.level is Level.WARN


HEALTHY = Health(Level.OK)
FINISHED = Health(Level.DONE)


class Usage(Protocol):
    """Measured use of one pod, container or node."""

    @property
    def cpu(self) -> float:
        """Newest sample in millicores; NaN when it did not come."""

    @property
    def memory(self) -> float:
        """Newest sample in bytes; NaN when it did not come."""

    @property
    def at(self) -> float:
        """Unix time the newest sample was taken at the source."""

    @property
    def memory_growth(self) -> tuple[float, float]:
        """Bytes per second since memory was smallest, and for how many seconds; both 0 when it does not grow."""

    def cpu_trend(self, count: int) -> list[float]:
        """Return the newest samples in millicores, oldest first; NaN is a gap."""

    def memory_trend(self, count: int) -> list[float]:
        """Return the newest samples in bytes, oldest first; NaN is a gap."""


class UsageLookup(Protocol):
    """Where cells find measured use; every method answers None for what was never measured."""

    @property
    def unavailable(self) -> str:
        """Why there are no metrics, for a person; empty when there are."""

    def pod(self, namespace: str, name: str) -> Usage | None:
        """Return the sum over the pod's containers."""

    def container(self, namespace: str, pod: str, container: str) -> Usage | None:
        """Return one container's use."""

    def node(self, name: str) -> Usage | None:
        """Return one node's use."""


class RowContext(msgspec.Struct):
    """Everything a cell needs beside its row."""

    now: float
    """Unix seconds by the server's clock."""
    usage: UsageLookup | None = None
    pods_on_node: Callable[[str], int | None] | None = None
    """How many pods that are not finished run on a node; None when pods are not being watched."""
    ready_endpoints: Callable[[str, str], int | None] | None = None
    """Ready addresses behind a service (namespace, name); None when endpoint slices are not being watched."""
    ascii: bool = False
    """Use the ASCII twin of every sign."""
    warn: float = 70.0
    """Percent of a limit from which a value is a warning (settings: metrics.warn)."""
    critical: float = 90.0
    """Percent of a limit from which a value is bad (settings: metrics.critical)."""


class Measure(Enum):
    """What the sort key of a column is, which decides how a filter reads the value it is compared with."""

    TEXT = "text"
    NUMBER = "number"
    CPU = "cpu"
    """Millicores."""
    BYTES = "bytes"
    DURATION = "duration"
    """Seconds."""
    PERCENT = "percent"
    """0 to 100 and above."""
    RATIO = "ratio"
    """Text such as ``1/2``; the sort key is the quotient."""


class Column(msgspec.Struct, frozen=True):
    """One column of a kind. Cells are computed on demand and must not depend on anything but row and context."""

    id: str
    """What filters and settings call it: lower case, such as ``restarts`` or ``cpu%l``."""
    title: str
    text: Callable[[Row, RowContext], str]
    sort: Callable[[Row, RowContext], SortKey]
    align: str = "left"
    """``left`` or ``right``."""
    width: int = 4
    """Cells the column needs at least."""
    max_width: int = 0
    """Cells it may grow to by its content; 0 means no limit."""
    flex: bool = False
    """Takes the space that is left over."""
    wide: bool = False
    """Shown in wide mode only."""
    rank: int = 50
    """In a narrow pane the columns with the highest rank go first."""
    tone: Callable[[Row, RowContext], Tone] | None = None
    live: bool = False
    """True when the text changes with time or samples alone, such as an age."""
    measure: Measure = Measure.TEXT
    description: str = ""
    short: str = ""
    """Title in a pane too narrow for the long one, such as ``RST``."""
    by_place: bool = False
    """True when the sort key reads namespace and name only, so that it never changes while the object exists."""


class ColumnMaker(Generic[R]):
    """Makes columns whose functions take one subclass of Row, so that each kind's module stays checked."""

    def __init__(self, row_type: type[R]) -> None:
        self.row_type = row_type

    def __call__(
        self,
        id: str,
        title: str,
        text: Callable[[R, RowContext], str],
        *,
        sort: Callable[[R, RowContext], SortKey] | None = None,
        tone: Callable[[R, RowContext], Tone] | None = None,
        align: str = "left",
        width: int = 4,
        max_width: int = 0,
        flex: bool = False,
        wide: bool = False,
        rank: int = 50,
        live: bool = False,
        measure: Measure = Measure.TEXT,
        description: str = "",
        short: str = "",
        by_place: bool = False,
    ) -> Column:
        """Return a column; without ``sort`` it orders by its text."""
        return Column(
            id=id,
            title=title,
            text=cast("Callable[[Row, RowContext], str]", text),
            sort=cast("Callable[[Row, RowContext], SortKey]", sort or text),
            align=align,
            width=max(width, len(short or title)),
            max_width=max_width,
            flex=flex,
            wide=wide,
            rank=rank,
            tone=cast("Callable[[Row, RowContext], Tone] | None", tone),
            live=live,
            measure=measure,
            description=description,
            short=short,
            by_place=by_place,
        )


class Target(msgspec.Struct, frozen=True):
    """Where a row leads: a list narrowed to what belongs to it, or a view of the row itself."""

    resource: str = ""
    """Kind id or word that discovery resolves; empty when ``view`` is about the row itself."""
    view: str = "list"
    """``list``, ``containers``, ``rights``, ``logs`` or ``describe``."""
    namespace: str | None = None
    """The namespace to look in; empty for all; None keeps the scope as it is."""
    name: str = ""
    """Put the cursor on the object of this name."""
    label_selector: str = ""
    field_selector: str = ""
    keep: Callable[[Row], bool] | None = None
    """What the server cannot select: rows for which it is false are not shown."""
    title: str = ""
    """For the breadcrumb, such as ``pods of deployment api``."""


class Drill(msgspec.Struct, frozen=True):
    """A relation a person can follow from a row."""

    id: str
    """Such as ``pods`` or ``node``; the action registry binds keys to ``go.<id>``."""
    title: str
    target: Callable[[Row], Target | None]
    """None when this row leads nowhere, such as a service without a selector."""


def fixed(columns: tuple[Column, ...]) -> Callable[[tuple[TableColumn, ...]], tuple[Column, ...]]:
    """Return a ``KindSpec.columns`` for a kind whose columns do not depend on the server."""
    return lambda _server: columns


def unreadable(row: Row) -> Health:
    """Return the health of a row that could not be decoded."""
    return Health(Level.WARN, f"cannot be read: {row.broken}", "yaml")


def always_healthy(_row: Row, _ctx: RowContext) -> Health:
    """Return OK: for kinds that have no state of their own."""
    return HEALTHY


def nothing_more(_row: Row, _ctx: RowContext) -> str:
    """Return nothing: for kinds whose health says it all."""
    return ""


class KindSpec(msgspec.Struct, frozen=True):
    """Everything k9py knows about one kind beforehand."""

    id: str
    """``pods``, ``deployments.apps``; the same as ``ApiResource.id``."""
    projection: Callable[[], Projection]
    columns: Callable[[tuple[TableColumn, ...]], tuple[Column, ...]]
    """Called with the server's column definitions, which kinds with columns of their own ignore."""
    default_sort: tuple[str, bool] = ("name", False)
    """Column id, and whether descending."""
    health: Callable[[Row, RowContext], Health] = always_healthy
    drill: Drill | None = None
    """What Enter does; None means describe."""
    relations: tuple[Drill, ...] = ()
    """What else can be followed from a row."""
    notice: Callable[[Row, RowContext], str] = nothing_more
    """What else is to be known of the selected row, such as what it uses; empty for nothing."""
    typed: bool = True
    """False when the rows come from a server-side Table, whose cells go stale and are listed again."""
    metered: bool = False
    """True when cells read ``RowContext.usage``."""
    purpose: str = ""
    """What the kind is for, in one sentence, shown when a list is empty."""
