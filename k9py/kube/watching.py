"""What one list-and-watch asks for, and how the bytes of a watch become events."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from k9py.core.errors import ApiError, RubbishError
from k9py.core.refs import ApiResource
from k9py.kube.answers import error_of
from k9py.kube.rows import Projection
from k9py.kube.wire import Query

PAGE_SIZE = 500
"""Objects per page of a list: what the loop can decode in one turn, and what kubectl asks for."""
PAGE_BYTES = 5_000_000
"""A page heavier than this makes the next ones smaller, so that huge objects do not hold the loop either."""
SMALLEST_PAGE = 25
SLICE_ABOVE = 1_500_000
"""Bytes; a heavier page is decoded in slices, since at once it would hold the loop for more than some 10 ms."""
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; no object is this long (etcd takes 1.5 MB), so what is longer is not a watch."""

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
"""Annotation of the bookmark that ends the initial events of a streaming list."""


@dataclass(frozen=True)
class Source:
    """One kind in one namespace through one projection: what a reflector reads."""

    resource: ApiResource
    namespace: str
    """Empty for all namespaces and for cluster-scoped kinds."""
    projection: Projection
    label_selector: str = ""
    field_selector: str = ""

    @property
    def path(self) -> str:
        """The path lists and watches use."""
        return self.resource.gvr.path(self.namespace)

    @property
    def headers(self) -> dict[str, str]:
        """The headers lists send."""
        return {"Accept": self.projection.accept}

    @property
    def watch_headers(self) -> dict[str, str]:
        """The headers watches send; asked for a metadata list, the server would end a watch at once, in silence."""
        return {"Accept": self.projection.accept.replace("as=PartialObjectMetadataList", "as=PartialObjectMetadata")}

    @property
    def is_table(self) -> bool:
        """True when rows are cells the server printed."""
        return "as=Table" in self.projection.accept

    @property
    def sliceable(self) -> bool:
        """True when a page may be decoded object by object: not a Table, nor where a page gives objects their kind."""
        return not self.is_table and getattr(self.projection, "sliceable", True)

    @property
    def where(self) -> str:
        """The namespace for a person to read."""
        if not self.resource.namespaced:
            return "the cluster"
        return f"namespace {self.namespace}" if self.namespace else "all namespaces"

    def selectors(self) -> list[tuple[str, str]]:
        """Return the query parameters lists and watches share."""
        query = list(self.projection.query)
        if self.label_selector:
            query.append(("labelSelector", self.label_selector))
        if self.field_selector:
            query.append(("fieldSelector", self.field_selector))
        return query

    def list_query(self, *, limit: int, continue_token: str = "") -> Query:
        """Return the query of one page.

        It never has a resourceVersion: with "0" the watch cache ignores the limit and sends everything at once.
        """
        query = [*self.selectors(), ("limit", str(limit))]
        if continue_token:
            query.append(("continue", continue_token))
        return query

    def watch_query(self, *, version: str, timeout: int) -> Query:
        """Return the query of a watch; without a version it is a streaming list that goes on as a watch."""
        query = [*self.selectors(), ("watch", "true"), ("allowWatchBookmarks", "true")]
        if version:
            query.append(("resourceVersion", version))
        else:
            query += [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
        return [*query, ("timeoutSeconds", str(timeout))]


class _Event(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class _BookmarkMeta(msgspec.Struct, gc=False):
    resource_version: str = msgspec.field(name="resourceVersion", default="")
    annotations: dict[str, str] | None = None


class _Embedded(msgspec.Struct, gc=False):
    metadata: _BookmarkMeta | None = None


class _BookmarkRow(msgspec.Struct, gc=False):
    object: _Embedded | None = None


class _Bookmark(msgspec.Struct, gc=False):
    metadata: _BookmarkMeta | None = None
    rows: list[_BookmarkRow] | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A version to resume from, and whether it ends the initial events."""

    version: str
    ends_initial: bool


_EVENTS = msgspec.json.Decoder(_Event)
_BOOKMARKS = msgspec.json.Decoder(_Bookmark)


_HEADS = tuple((kind, f'{{"type":"{kind}","object":'.encode()) for kind in ("MODIFIED", "ADDED", "DELETED"))


def decode_event(line: bytes) -> tuple[str, bytes]:
    """Split a line into its type and its undecoded object; raises RubbishError when it is neither.

    The object stays undecoded because a bookmark's spec is null and fits no projection.
    """
    try:
        event = _EVENTS.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RubbishError(f"a line of the watch is not an event: {error}") from error
    return event.type, bytes(event.object)


def split_event(line: bytes) -> tuple[str, bytes]:
    """Do what :func:`decode_event` does, but for lines as API servers write them without scanning the object.

    That saves a fifth of an event's cost. What comes out of a line cut or damaged is not JSON, so its object does not
    decode; the caller then asks :func:`decode_event` what the line is.
    """
    for kind, head in _HEADS:
        if line.startswith(head) and line.endswith(b"}"):
            return kind, line[len(head) : -1]
    return decode_event(line)


def decode_bookmark(raw: bytes) -> Bookmark:
    """Read a bookmark; in a server-side Table the metadata may sit in its only row instead."""
    try:
        decoded = _BOOKMARKS.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RubbishError(f"a bookmark of the watch cannot be read: {error}") from error
    metas = [decoded.metadata]
    metas += [row.object.metadata for row in decoded.rows or () if row.object is not None]
    version, ends = "", False
    for meta in metas:
        if meta is not None:
            version = meta.resource_version or version
            ends = ends or (meta.annotations or {}).get(INITIAL_EVENTS_END) == "true"
    return Bookmark(version, ends)


class _Code(msgspec.Struct):
    code: int = 500


def error_of_event(raw: bytes) -> ApiError | RubbishError:
    """Return the error that the Status of an ERROR event stands for."""
    try:
        code = msgspec.json.decode(raw, type=_Code).code
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return RubbishError("the watch ended with an error that cannot be read")
    return error_of(code, {}, raw, server="the watch", now=0.0)


@dataclass(slots=True)
class LineSplitter:
    """Cuts chunks into lines; a line over many chunks is joined once, so 4 MB lines cost no more than short ones."""

    _parts: list[bytes] = field(default_factory=list)
    _held: int = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines this chunk completes; raises RubbishError when a line has no end.

        Lines are found one by one: ``bytes.split`` looks at every byte by itself, which costs seven times as much.
        """
        lines: list[bytes] = []
        start, end = 0, chunk.find(b"\n")
        if self._parts and end >= 0:
            self._parts.append(chunk[:end])
            lines.append(b"".join(self._parts))
            self._parts = []
            self._held = 0
            start, end = end + 1, chunk.find(b"\n", end + 1)
        while end >= 0:
            lines.append(chunk[start:end])
            start, end = end + 1, chunk.find(b"\n", end + 1)
        if start < len(chunk):
            self._hold(chunk[start:])
        return lines

    @property
    def rest(self) -> bytes:
        """What came after the last newline."""
        return b"".join(self._parts)

    def _hold(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > LONGEST_LINE:
            raise RubbishError(f"a line of the watch is longer than {LONGEST_LINE // 1024 // 1024} MB")
        self._parts.append(piece)


class _ListMeta(msgspec.Struct, gc=False):
    resource_version: str = msgspec.field(name="resourceVersion", default="")
    continue_token: str = msgspec.field(name="continue", default="")
    remaining: int | None = msgspec.field(name="remainingItemCount", default=None)


class SplitList(msgspec.Struct, gc=False):
    """A list with its objects undecoded."""

    metadata: _ListMeta
    items: list[msgspec.Raw]


_LISTS = msgspec.json.Decoder(SplitList)


def split_list(body: bytes) -> SplitList | None:
    """Return a list's objects undecoded, None for what is no such list: its projection then says what is wrong."""
    try:
        return _LISTS.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def next_page_size(*, items: int, size: int) -> int:
    """Return the limit for the page after one of ``items`` objects in ``size`` bytes."""
    if not items or not size:
        return PAGE_SIZE
    return max(SMALLEST_PAGE, min(PAGE_SIZE, items * PAGE_BYTES // size))
