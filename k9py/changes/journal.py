"""Every change written down before it is made: what, before, after; and what became of it.

One file per context name, a JSON object per line, readable by its owner only. A change takes two lines: the intent,
written before anything is sent, and the end. The intent says which cluster it is for, since two may be called by one
name. The values of Secrets never get here; they stay in the memory of the run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from k9py.changes.model import Deed, Object, PlannedChange
from k9py.core.diffs import Diff, is_secret, masked, quiet
from k9py.core.errors import JournalError
from k9py.core.refs import ObjectRef

SIZE_LIMIT = 32 * 1024 * 1024
"""Bytes after which the file is set aside as ``….1``: tens of thousands of changes; the one before it is dropped."""


class _Line(msgspec.Struct, omit_defaults=True):
    id: str
    state: str
    """``intent``, or how it ended: ``written``, ``failed``, ``uncertain``."""
    at: float
    series: str = ""
    deed: str = ""
    context: str = ""
    server: str = ""
    user: str = ""
    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    undoes: str = ""
    origin: str = ""
    secret: bool = False
    before: Object | None = None
    after: Object | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change as the journal has it."""

    id: str
    series: str
    """What was confirmed together."""
    at: float
    """Unix seconds."""
    deed: Deed
    state: str
    """``intent`` when the program ended before it knew, else ``written``, ``failed`` or ``uncertain``."""
    context: str
    user: str
    ref: ObjectRef
    """With the uid of the object, as far as it was known."""
    before: Object | None = field(default=None, repr=False)
    """Without noise; None when it was made by this change. The values of a Secret are masked."""
    after: Object | None = field(default=None, repr=False)
    """None when it was deleted by this change."""
    secret: bool = False
    undoes: str = ""
    undone_by: str = ""
    """Id of the entry that took this one back; empty while it stands."""
    origin: str = ""
    text: str = ""
    """What went wrong."""

    @property
    def diff(self) -> Diff:
        """What it changed."""
        return Diff(self.before, self.after)

    @property
    def effect(self) -> str:
        """``created``, ``configured``, ``deleted``."""
        if self.before is None:
            return "created"
        return "deleted" if self.after is None else "configured"


@dataclass(frozen=True, slots=True)
class SecretStates:
    """Both states of a Secret, kept in memory only."""

    before: Object | None = field(repr=False)
    after: Object | None = field(repr=False)


class Journal:
    """The journal of one cluster. Secret values are remembered by the instance, for the run of the program."""

    def __init__(self, path: Path, *, now: Callable[[], float], new_id: Callable[[], str], server: str = "") -> None:
        """``now`` is Unix seconds; ``new_id`` gives short ids that do not repeat.

        ``server`` is the identity of the cluster: changes of another one in the same file are left alone.
        """
        self.path = path
        self._server = server
        self._now = now
        self._new_id = new_id
        self._secrets: dict[str, SecretStates] = {}
        self._encoder = msgspec.json.Encoder()

    def new_series(self) -> str:
        """Return an id for changes confirmed together."""
        return self._new_id()

    # writing

    def intend(self, change: PlannedChange, *, series: str, context: str, user: str) -> str:
        """Write down what is about to be sent and return the entry's id; raises JournalError when that fails."""
        entry_id = self._new_id()
        secret = change.secret or is_secret(change.live)
        before = quiet(change.live) if change.live is not None else None
        after = quiet(change.dry_run.result) if change.dry_run.result is not None else None
        if change.wish.deed is Deed.DELETE:
            after = None
        if secret:
            self._secrets[entry_id] = SecretStates(before, after)
            # Which values differ is kept, so that the history shows what was changed; the values are not.
            before, after = (
                before and masked(before, after, word="before"), after and masked(after, before, word="after"),
            )  # fmt: skip
        self._append(
            _Line(
                id=entry_id, state="intent", at=self._now(), series=series, deed=change.wish.deed.value,
                context=context, server=self._server, user=user,
                api_version=change.ref.api_version, kind=change.ref.kind,
                namespace=change.ref.namespace, name=change.ref.name, uid=change.ref.uid, undoes=change.wish.undoes,
                origin=change.wish.origin, secret=secret, before=before, after=after,
            )
        )  # fmt: skip
        return entry_id

    def conclude(self, entry_id: str, state: str, *, result: Object | None = None, text: str = "") -> None:
        """Write down how it ended; ``result`` is the object as the server returned it. Raises JournalError."""
        metadata: dict[str, Any] = (result or {}).get("metadata") or {}
        self._append(
            _Line(
                id=entry_id, state=state, at=self._now(), uid=metadata.get("uid") or "",
                name=metadata.get("name") or "", text=text,
            )
        )  # fmt: skip

    def _append(self, line: _Line) -> None:
        body = self._encoder.encode(line) + b"\n"
        try:
            descriptor = self._open()
            try:
                # One write of a file opened for appending: lines of two programs do not mix. It is not synced to the
                # disk: it survives the program, and a write of 10 ms per change would only guard against power cuts.
                if os.write(descriptor, body) != len(body):
                    raise OSError(28, "the disk is full")
            finally:
                os.close(descriptor)
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written: {error.strerror}",
                remedy="Nothing is changed without it; make room, or make the directory writable",
            ) from error

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, flags, 0o600)
        if os.fstat(descriptor).st_size > SIZE_LIMIT:
            descriptor = self._rotate(descriptor, flags)
        return descriptor

    def _rotate(self, descriptor: int, flags: int) -> int:
        """Set a full file aside, unless another program just did."""
        with contextlib.closing(os.fdopen(descriptor, "ab")) as full:
            fcntl.flock(full, fcntl.LOCK_EX)
            if os.stat(self.path).st_ino == os.fstat(full.fileno()).st_ino:
                os.replace(self.path, self._older)
        return os.open(self.path, flags, 0o600)

    @property
    def _older(self) -> Path:
        return self.path.with_name(self.path.name + ".1")

    # reading

    def entries(self) -> list[JournalEntry]:
        """Return every change of this cluster, oldest first; a line that cannot be read is left out.

        Those of earlier versions say no cluster and count as ours. Raises JournalError.
        """
        entries: dict[str, JournalEntry] = {}
        for line in self._decoded():
            if line.state == "intent" and self._is_ours(line):
                entries[line.id] = _entry(line)
            elif line.id in entries:
                entries[line.id] = _ended(entries[line.id], line)
        undone = {entry.undoes: entry.id for entry in entries.values() if entry.undoes and entry.state == "written"}
        standing: dict[str, bool] = {}
        for entry in reversed(entries.values()):
            # What takes something back comes later: it is known by now whether it stands itself.
            standing[entry.id] = not standing.get(undone.get(entry.id, ""), False)
        return [
            entry if standing[entry.id] else replace(entry, undone_by=undone[entry.id]) for entry in entries.values()
        ]

    def elsewhere(self) -> Mapping[str, int]:
        """Return how many changes are of other clusters that were called by the same name. Raises JournalError."""
        return Counter(line.server for line in self._decoded() if line.state == "intent" and not self._is_ours(line))

    def _is_ours(self, line: _Line) -> bool:
        return not line.server or not self._server or line.server == self._server

    def _decoded(self) -> Iterator[_Line]:
        decoder = msgspec.json.Decoder(_Line)
        for raw in self._lines():
            try:
                line = decoder.decode(raw)
            except msgspec.DecodeError:
                continue  # cut off by a full disk or a power cut; the lines after it are whole
            yield line

    def _lines(self) -> Iterable[bytes]:
        for path in (self._older, self.path):
            try:
                yield from path.read_bytes().splitlines()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise JournalError(f"the journal {path} cannot be read: {error.strerror}") from error

    def find(self, entry_id: str) -> JournalEntry:
        """Return the entry with this id, or the only one whose id begins so; raises JournalError."""
        found = [entry for entry in self.entries() if entry.id.startswith(entry_id)]
        exact = [entry for entry in found if entry.id == entry_id]
        if exact or len(found) == 1:
            return (exact or found)[0]
        raise JournalError(
            f"{'several changes have' if found else 'no change has'} the id {entry_id!r}",
            remedy="k9py history lists them",
        )

    def series(self, series: str) -> list[JournalEntry]:
        """Return what was confirmed together, oldest first."""
        return [entry for entry in self.entries() if entry.series == series]

    def about(self, kind: str, namespace: str, name: str) -> list[JournalEntry]:
        """Return the changes of one object, oldest first, whatever uid it had."""
        wanted = (kind, namespace, name)
        return [one for one in self.entries() if (one.ref.kind, one.ref.namespace, one.ref.name) == wanted]

    def secret_states(self, entry_id: str) -> SecretStates | None:
        """Return both states of a Secret changed in this run, None for one of an earlier run."""
        return self._secrets.get(entry_id)


def _entry(line: _Line) -> JournalEntry:
    return JournalEntry(
        id=line.id,
        series=line.series,
        at=line.at,
        deed=Deed(line.deed),
        state=line.state,
        context=line.context,
        user=line.user,
        ref=ObjectRef(line.kind, line.namespace, line.name, line.api_version, line.uid),
        before=line.before,
        after=line.after,
        secret=line.secret,
        undoes=line.undoes,
        origin=line.origin,
    )


def _ended(entry: JournalEntry, line: _Line) -> JournalEntry:
    ref = structs.replace(entry.ref, uid=line.uid or entry.ref.uid, name=line.name or entry.ref.name)
    return replace(entry, state=line.state, text=line.text, ref=ref)
