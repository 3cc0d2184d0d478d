"""Manifests from files in the terminal interface: which paths there are, what they hold, what they would change."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from k9py.changes import edits
from k9py.changes.documents import SUFFIXES, Document, Text, in_order, kustomized, parse_texts, read_texts
from k9py.changes.model import Report, Trouble
from k9py.core.errors import UsageError, YamlError
from k9py.resources.model import Tone
from k9py.ui.editor.subjects import Subject
from k9py.ui.editor.troubles import place_of_trouble
from k9py.ui.prompt import Candidate

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.ui.app import K9App

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
OFFERED = 50
"""Paths offered for what is typed so far."""

_MANIFEST = re.compile(r"(?m)^[ \t-]*[\"']?(apiVersion|kind)[\"']?[ \t]*:")


def looks_like_manifest(text: str) -> bool:
    """Return whether a pasted text is YAML or JSON of Kubernetes objects rather than words to filter by."""
    return {"apiVersion", "kind"} <= {match[1] for match in _MANIFEST.finditer(text)}


def path_candidates(line: str) -> list[Candidate]:
    """Return the directories and manifests a path typed behind a command may become."""
    before, typed = re.match(r"^(\S+\s+(?:-R\s+)?)(.*)$", line).groups()  # type: ignore[union-attr]
    head, _, part = typed.rpartition("/")
    directory = Path(os.path.expanduser(f"{head}/")) if head or typed.startswith("/") else Path()
    if typed == "~":
        return [Candidate("~/", f"{before}~/", "home")]
    try:
        found = sorted(directory.iterdir(), key=lambda path: (not path.is_dir(), path.name))
    except OSError:
        return []
    candidates: list[Candidate] = []
    for path in found:
        is_directory = path.is_dir()
        if not path.name.startswith(part) or (path.name.startswith(".") and not part):
            continue
        if is_directory or path.suffix in SUFFIXES or path.name in KUSTOMIZATIONS:
            start = f"{head}/" if head or typed.startswith("/") else ""
            name = f"{start}{path.name}{'/' if is_directory else ''}"
            hint = "kustomization" if is_directory and is_kustomization(path) else "directory" if is_directory else ""
            candidates.append(Candidate(name, f"{before}{name}", hint))
    return candidates[:OFFERED]


def is_kustomization(directory: Path) -> bool:
    """Return whether a directory is built by kustomize."""
    return any((directory / name).is_file() for name in KUSTOMIZATIONS)


def read_path(word: str, environ: Mapping[str, str], *, recursive: bool = False) -> list[Text]:
    """Return the texts behind a path: a file, the manifests of a directory, a kustomization as it is built."""
    path = Path(os.path.expanduser(word))
    if path.name in KUSTOMIZATIONS and path.is_file():
        path = path.parent
    if path.is_dir() and is_kustomization(path):
        return [kustomized(str(path), environ)]
    return read_texts([str(path)], recursive=recursive)


async def apply_path(app: K9App, session: Session, word: str) -> None:
    """Show what the manifests behind a path would create and change, and write all or some of them."""
    recursive = word.startswith("-R ")
    word = word.removeprefix("-R ").strip()
    if not word:
        raise UsageError("which file?", remedy="Write :apply PATH: a file, a directory or a kustomization")
    texts = await asyncio.to_thread(read_path, word, os.environ, recursive=recursive)
    documents: list[Document] = []
    for text in texts:
        try:
            documents += parse_texts([text])
        except YamlError as error:
            open_file(app, session, text, (max(0, error.line - 1), max(0, error.column - 1)))
            app.call_later(app.flash_text, error.with_remedy(), Tone.BAD)
            return
    if not documents:
        raise UsageError(f"{word} holds no object")
    if session is app.session:
        _review(app, session, word, texts, documents)


def _review(app: K9App, session: Session, word: str, texts: list[Text], documents: list[Document]) -> None:
    wishes = [edits.apply(one.body, origin=one.origin) for one in in_order(documents)]

    def done(report: Report | None) -> None:
        if report is None:
            app.flash_text(f"Nothing of {word} was written")

    def show(trouble: Trouble) -> None:
        text = texts[0] if len(texts) == 1 else _joined(word, texts)
        place = place_of_trouble(Subject(text.source, text.text), text.text, trouble)
        open_file(app, session, text, place)
        app.call_later(app.flash_text, str(trouble), Tone.BAD)

    app.rooms.desk.review(wishes, title=word, done=done, show=show)


def _joined(word: str, texts: list[Text]) -> Text:
    """Return the files of a directory as one text, each under its name."""
    return Text(word, "---\n".join(f"# {text.source}\n{text.text.rstrip()}\n" for text in texts))


def open_file(app: K9App, session: Session, text: Text, place: tuple[int, int] = (0, 0)) -> None:
    """Open the editor on the text of a file; writing goes to the cluster, the file stays as it is."""
    path = os.path.abspath(text.source)
    app.rooms.editing.offer(Subject(path, text.text, key=f"file/{path}", source=path), session, place)
