"""What is edited: a live object, new objects, a file, one value; and what becomes of the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k9py.changes import edits
from k9py.changes.documents import Text, in_order, parse_texts
from k9py.changes.editing import EditView
from k9py.changes.model import Object, Wish
from k9py.core import yamldoc, yamlspans
from k9py.core.diffs import quiet
from k9py.core.errors import InputError
from k9py.core.refs import ApiResource


class Subject:
    """New objects typed or pasted as YAML, or read from a file."""

    noun = "new"
    """The first word of the title."""
    is_yaml = True
    suffix = ".yaml"
    """Ending of the file another editor is given, by which it knows what it edits."""

    def __init__(self, title: str, text: str, *, key: str = "", source: str = "") -> None:
        """``key`` names the draft, none is kept without one; ``source`` is the file the text came from."""
        self.title = title
        self.text = text
        self.key = key
        self.source = source

    @property
    def base(self) -> Object | None:
        """The object as its editing began; None for something new."""
        return None

    def wishes(self, text: str) -> list[Wish]:
        """Return what somebody wants who typed this; raises YamlError with a place, or InputError."""
        documents = parse_texts([Text(self.source or "the text", text)])
        if not documents:
            raise InputError("there is nothing in the text", remedy="Type an object, or leave with esc")
        return [edits.apply(document.body, origin=document.origin if self.source else "")
                for document in in_order(documents)]  # fmt: skip

    def whole(self, document: Any) -> Any:
        """Return a document as the cluster would get it; raises InputError for one that means nothing."""
        return document

    def place_of(self, path: tuple[str | int, ...], document: Any) -> tuple[str | int, ...]:
        """Return where in the text a field of the whole object stands."""
        return path


class LiveSubject(Subject):
    """An object of the cluster."""

    noun = "edit"

    def __init__(self, resource: ApiResource, view: EditView) -> None:
        meta = view.base.get("metadata") or {}
        namespace, name = meta.get("namespace") or "", meta.get("name") or ""
        place = f"{namespace}/{name}" if namespace else str(name)
        super().__init__(
            f"{resource.singular or resource.kind.lower()} {place}", view.text(), key=f"edit/{resource.id}/{place}"
        )
        self.resource = resource
        self.view = view
        self.namespace, self.name = str(namespace), str(name)
        self.is_gone = False
        """True once the object was deleted: what is typed then makes it anew."""

    @property
    def base(self) -> Object | None:
        """The object as its editing began."""
        return self.view.base

    def wishes(self, text: str) -> list[Wish]:
        """Return the edit of the object, and what else was typed beside it."""
        documents = parse_texts([Text("the text", text)])
        if not documents:
            raise InputError(
                "there is nothing left in the text", remedy="Undo, or delete the object with ctrl+d in the list"
            )
        found: list[Wish] = []
        has_own = False
        for document in documents:
            if self.view.is_same(document.body) and not has_own:
                has_own = True
                wish = self.view.wish(document.body)
                found.append(edits.apply(quiet(wish.document)) if self.is_gone else wish)
            elif self.view.is_same(document.body):
                raise InputError(f"{self.title} stands twice in the text", remedy="Leave one of them")
            else:
                found.append(self.view.wish(document.body) if len(documents) == 1 else edits.apply(document.body))
        return found

    def whole(self, document: Any) -> Any:
        """Return a document with what was hidden put back."""
        if isinstance(document, dict) and self.view.is_same(document):
            return self.view.read(document)
        return document

    def place_of(self, path: tuple[str | int, ...], document: Any) -> tuple[str | int, ...]:
        """Return where a field stands: values of a Secret are shown as texts."""
        if self.view.is_secret and path[:1] == ("data",) and isinstance(document, dict):
            texts = document.get("stringData")
            if isinstance(texts, dict) and len(path) > 1 and path[1] in texts:
                return ("stringData", *path[1:])
        return path


class ValueSubject(Subject):
    """One value of a document, as a text of its own."""

    noun = "value"
    is_yaml = False

    def __init__(self, title: str, text: str, take: Callable[[str], None], *, suffix: str) -> None:
        """``take`` is given the value as it is left."""
        super().__init__(title, text)
        self.suffix = suffix
        self.take = take


def places(text: str) -> list[tuple[int, Any, Any]]:
    """Return of every document of a text its first line (from 0), its value and its node; raises YamlError."""
    values = yamldoc.load_all(text)
    nodes = yamlspans.compose(text.removeprefix("\ufeff"))
    return [(node.start_mark.line, value, node) for value, node in zip(values, nodes, strict=False)]
