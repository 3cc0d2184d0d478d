"""What somebody is typing, kept on disk until it is written or thrown away: 0600, whole or not at all.

The values of Secrets are left out, whatever state the text is in: what cannot be told to be no Secret counts as one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from k9py.changes.model import Object
from k9py.core.diffs import LAST_APPLIED, is_secret, quiet
from k9py.core.files import file_name, write_private

_LOG = logging.getLogger(__name__)

KEPT_DAYS = 30.0
"""Days after which a draft nobody came back to is forgotten."""

LEFT_OUT = "••••••"
"""Stands for a value of a Secret; the editor takes it for "as it was" where there was one."""

_DOCUMENT = re.compile(r"(?m)^---(?:[ \t].*)?$")
_KIND = re.compile(r"""(?m)^[ \t]*(?:-[ \t]+)*["']?kind["']?[ \t]*:[ \t]*["']?([A-Za-z]*)""")
_VALUES = re.compile(r"""^(\s*(?:-\s+)*)["']?(data|stringData|""" + re.escape(LAST_APPLIED) + r""")["']?\s*:(.*)$""")
_ENTRY = re.compile(r"""^(\s*)(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#:'"{\[][^:]*?))\s*:(\s.*)?$""")


class Draft(msgspec.Struct, omit_defaults=True):
    """One text somebody was typing."""

    key: str
    """What it is about: ``edit/deployments.apps/shop/api``, ``form/web``."""
    context: str
    title: str
    text: str
    saved_at: float
    """Unix seconds."""
    line: int = 0
    column: int = 0
    base: Object | None = None
    """The object as its editing began, without the values of a Secret; None for something new."""
    left_out: bool = False
    """True when values of a Secret were left out."""
    extra: dict[str, Any] = {}
    """What else is needed to open it again: a kind, the values of a form."""
    pid: int = 0
    server: str = ""
    """Identity of the cluster it was typed for; empty in drafts of earlier versions."""


class Drafts:
    """The drafts of one state directory."""

    def __init__(
        self,
        directory: Path,
        *,
        now: Callable[[], float],
        pid: int,
        server: str = "",
        is_running: Callable[[int], bool] | None = None,
    ) -> None:
        """``is_running`` says whether a process lives: the drafts of another k9py at work are its own.

        ``server`` is the identity of the cluster: two may be called by one context name.
        """
        self._directory = directory
        self._server = server
        self._now = now
        self._pid = pid
        self._is_running = is_running or _is_running

    def _path(self, context: str, key: str, pid: int) -> Path:
        return self._directory / f"{file_name(f'{context} {key} {self._server}')}.{pid}.json"

    def save(self, draft: Draft) -> None:
        """Keep a draft, values of Secrets left out; raises OSError when the directory cannot be written."""
        text, left_out = without_secrets(draft.text)
        kept = msgspec.structs.replace(
            draft,
            text=text,
            left_out=left_out or draft.left_out,
            base=_without_values(draft.base),
            saved_at=self._now(),
            pid=self._pid,
            server=self._server,
        )
        write_private(self._path(draft.context, draft.key, self._pid), msgspec.json.encode(kept))

    def adopt(self, draft: Draft) -> Draft:
        """Go on here with a draft of another cluster of that name: from now on it is one of this cluster."""
        if not self.is_elsewhere(draft):
            return draft
        ours = msgspec.structs.replace(draft, server=self._server, pid=self._pid)
        write_private(self._path(ours.context, ours.key, self._pid), msgspec.json.encode(ours))
        self.discard(draft.context, draft.key, server=draft.server)
        return ours

    def discard(self, context: str, key: str, *, server: str | None = None) -> None:
        """Forget what was kept of one text for this cluster (or for ``server``), by us or by a program that ended."""
        wanted = self._server if server is None else server
        for path, draft in self._read_all():
            if (draft.context, draft.key) != (context, key) or self._is_anothers(draft):
                continue
            if draft.server == wanted or (server is None and not self.is_elsewhere(draft)):
                _remove(path)

    def drop(self, draft: Draft) -> None:
        """Forget a draft that was found: nobody wants it."""
        self.discard(draft.context, draft.key, server=draft.server if self.is_elsewhere(draft) else None)

    def is_elsewhere(self, draft: Draft) -> bool:
        """Return whether a draft was typed for another cluster that was called by the same name."""
        return bool(draft.server and self._server) and draft.server != self._server

    def find(self, context: str, key: str) -> Draft | None:
        """Return the newest draft of one text that no running program is at work on, of this cluster if any."""
        found = [draft for draft in self.left(context) if draft.key == key]
        return found[0] if found else None

    def left(self, context: str) -> list[Draft]:
        """Return what earlier runs left behind in a context: of this cluster first, each newest first.

        What was typed for another cluster of that name comes behind: its address may only have changed. What is too
        old is forgotten.
        """
        newest: dict[tuple[str, str], Draft] = {}
        for path, draft in self._read_all():
            if self._now() - draft.saved_at > KEPT_DAYS * 86400:
                _remove(path)
            elif draft.context == context and not self._is_anothers(draft):
                place = draft.key, draft.server if self.is_elsewhere(draft) else ""
                known = newest.get(place)
                if known is None or known.saved_at < draft.saved_at:
                    newest[place] = draft
        return sorted(newest.values(), key=lambda draft: (self.is_elsewhere(draft), -draft.saved_at))

    def _is_anothers(self, draft: Draft) -> bool:
        return draft.pid != self._pid and self._is_running(draft.pid)

    def _read_all(self) -> Iterator[tuple[Path, Draft]]:
        try:
            paths = sorted(self._directory.glob("*.json"))
        except OSError as error:
            _LOG.warning("drafts cannot be read: %s", error)
            return
        for path in paths:
            try:
                yield path, msgspec.json.decode(path.read_bytes(), type=Draft)
            except FileNotFoundError:
                continue  # removed by another run in this moment
            except (OSError, msgspec.DecodeError) as error:
                _LOG.warning("%s is no draft: %s", path, error)


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # somebody else removed it
        path.unlink()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _without_values(base: Object | None) -> Object | None:
    """Return an object as it may be kept: quiet, with its uid and version, a Secret without its values."""
    if base is None:
        return None
    kept = quiet(base)
    whole = base.get("metadata") or {}
    pins = {key: whole[key] for key in ("uid", "resourceVersion") if key in whole}
    kept["metadata"] = {**(kept.get("metadata") or {}), **pins}
    if is_secret(base):
        kept = {key: value for key, value in kept.items() if key not in ("data", "stringData")}
    return kept


# secrets


def without_secrets(text: str) -> tuple[str, bool]:
    """Return a text with the values of its Secrets left out, and whether there were any.

    Works on half-typed YAML: by lines, never by reading it.
    """
    parts: list[str] = []
    left_out = False
    at = 0
    for match in [*_DOCUMENT.finditer(text), None]:
        end = match.start() if match is not None else len(text)
        document, changed = _document_without(text[at:end])
        parts.append(document)
        left_out = left_out or changed
        if match is not None:
            parts.append(match[0])
            at = match.end()
    return "".join(parts), left_out


def _document_without(text: str) -> tuple[str, bool]:
    if not _may_be_secret(text):
        return text, False
    if text.lstrip()[:1] in ("{", "["):
        return "\n# a Secret written as JSON is not kept\n", True
    lines, changed = text.split("\n"), False
    kept: list[str] = []
    number = 0
    while number < len(lines):
        match = _VALUES.match(lines[number])
        if match is None:
            kept.append(lines[number])
            number += 1
            continue
        head, name, rest = match.groups()
        end = _end_of_block(lines, number, len(head))
        values, hidden = _values_without(lines[number + 1 : end], rest, name)
        kept.append(lines[number][: match.start(3)] + values[0])
        kept += values[1:]
        changed = changed or hidden
        number = end
    return "\n".join(kept), changed


def _may_be_secret(text: str) -> bool:
    """Return whether a document is a Secret, or may become one: its kind is not there yet, or not whole."""
    kinds = [match[1].lower() for match in _KIND.finditer(text)]
    if "stringData" in text or any("secret".startswith(kind) or kind.startswith("secret") for kind in kinds):
        return True
    return not kinds


def _end_of_block(lines: list[str], first: int, indent: int) -> int:
    """Return the line behind a block: the next one with something on it that is not deeper."""
    number = first + 1
    while number < len(lines):
        line = lines[number]
        blanks = len(line) - len(line.lstrip())
        if line.strip() and blanks <= indent and not (blanks == indent and line.lstrip().startswith(("}", "]"))):
            break
        number += 1
    while number > first + 1 and not lines[number - 1].strip():
        number -= 1
    return number


def _values_without(lines: list[str], rest: str, name: str) -> tuple[list[str], bool]:
    """Return a block of values with its keys only."""
    behind = rest.strip()
    if behind and not behind.startswith("#"):
        # On the same line: flow style, an anchor, the text of an annotation.
        return [f" {LEFT_OUT}" if name == LAST_APPLIED else " {}"], True
    kept, hidden, column = [""], False, -1
    for line in lines:
        match = _ENTRY.match(line)
        blanks = len(line) - len(line.lstrip())
        if match is not None and (column < 0 or blanks == column):
            column = blanks
            kept.append(f"{line[: match.start(5)] if match[5] else line.rstrip()} {LEFT_OUT}")
            hidden = True
        elif line.strip() and not line.lstrip().startswith("#"):
            hidden = True
    return kept, hidden
