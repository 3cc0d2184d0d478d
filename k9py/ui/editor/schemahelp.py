"""What the schema says about a place in a text: the field there, its documentation, what may stand there. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from k9py.core import fuzzy, yamldoc
from k9py.core.errors import K9Error
from k9py.core.schemas import Type
from k9py.manifests.explaining import description_of, explain, explained, type_name
from k9py.manifests.kinds import Kinds
from k9py.manifests.offers import Asked
from k9py.manifests.pointing import pick_at
from k9py.ui.editor.outline import IsText, Path, document_at, entries, outline, parent_of, path_at, path_words, rough
from k9py.ui.editor.widget import Completion

MOST = 200
"""Completions offered at most."""

_HEAD = re.compile(r"""^(apiVersion|kind):\s*["']?([^\s"'#]+)""")
_TYPED_KEY = re.compile(r"^(\s*(?:-\s+)*)([\w./$-]*)$")
_TYPED_VALUE = re.compile(r"""^\s*(?:-\s+)*["']?[\w./$-]+["']?:\s+["']?([^\s"'#]*)$""")
_TYPED_ITEM = re.compile(r"""^\s*(?:-\s+)+["']?([^\s"'#:]*)$""")
_SENTENCE = re.compile(r"(?<=[a-z)`\"'])\.(?:\s|$)")


@dataclass(frozen=True, slots=True)
class FieldHelp:
    """The field at a place."""

    path: Path
    type_text: str
    required: bool
    documentation: str

    @property
    def line(self) -> str:
        """All of it in one line."""
        needed = ", required" if self.required else ""
        first = _SENTENCE.split(" ".join(self.documentation.split()), maxsplit=1)[0]
        return f"{path_words(self.path)} ({self.type_text}{needed})" + (f": {first}" if first else "")


class SchemaHelp:
    """Answers for texts of the kinds of one cluster."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        """Replaced when better ones are known: those of the server come a moment after the recorded ones."""
        self.names: Callable[[Asked], Sequence[tuple[str, str]]] = lambda _: ()
        """Tells the names of live objects, each with a hint, as far as they are known."""

    # ------------------------------------------------------------------ what is there

    def head(self, lines: Sequence[str], line: int) -> tuple[str, str]:
        """Return apiVersion and kind of the document a line is in; empty where they are not typed yet."""
        first, end = document_at(lines, line)
        found = {match[1]: match[2] for number in range(first, end) if (match := _HEAD.match(lines[number]))}
        return found.get("apiVersion", ""), found.get("kind", "")

    def _root(self, lines: Sequence[str], line: int) -> Type | None:
        return self.kinds.type_of(*self.head(lines, line))

    def _walk(self, root: Type, path: Path) -> tuple[Type | None, Type | None]:
        """Return the type a path leads to and the struct or map that holds it; None for what is unknown."""
        holder: Type | None = None
        at = root
        for step in path:
            if isinstance(step, int):
                if at.shape != "list":
                    return None, None
                at = at.element
            elif at.shape == "struct" and step in at.fields:
                holder, at = at, at.fields[step]
            elif at.shape == "map":
                holder, at = at, at.element
            else:
                return None, None
        return holder, at

    def at(self, lines: Sequence[str], line: int, column: int, is_text: IsText) -> FieldHelp | None:
        """Return the field at a place, None where there is none the schema knows."""
        root = self._root(lines, line)
        path = path_at(lines, line, column, is_text) if root is not None else ()
        if root is None or not path:
            return None
        holder, found = self._walk(root, path)
        if found is None:
            return None
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        documentation, required = "", False
        if holder is not None and holder.shape == "struct" and isinstance(path[-1], str):
            documentation, required = description_of(holder, name), name in holder.required
        documentation = documentation or str(found.node.get("description", ""))
        words = ", ".join(map(str, found.node.get("enum") or ()))
        return FieldHelp(path, type_name(found) + (f": {words}" if words else ""), required, documentation)

    def explained(self, lines: Sequence[str], line: int, column: int, is_text: IsText) -> tuple[str, str]:
        """Return the path of the field at a place and everything the schema says of it; empty for nothing known."""
        version, kind = self.head(lines, line)
        path = path_at(lines, line, column, is_text)
        for length in range(len(path), -1, -1):
            words = ".".join([kind, *(step for step in path[:length] if isinstance(step, str))])
            try:
                return words, explained(explain(words, self.kinds, api_version=version))
            except K9Error:
                continue  # what is no field of the schema is explained by what holds it
        return "", ""

    # ------------------------------------------------------------------ what may be there

    def complete(self, text: str, line: int, column: int, is_text: IsText) -> list[Completion]:
        """Return what may stand at a place, what is required first."""
        lines = text.split("\n")
        if is_text(line):
            return []
        head = lines[line][:column]
        typed_key, typed_value = _TYPED_KEY.match(head), _TYPED_VALUE.match(head)
        if typed_value is not None:
            path = path_at(lines, line, column, is_text)
            return _replacing(_ranked(self._values(lines, line, path, is_text), typed_value[1]), typed_value[1], head)
        found: list[Completion] = []
        typed_item = _TYPED_ITEM.match(head)
        if typed_item is not None:
            path = path_at(lines, line, column, is_text)
            found += _replacing(_ranked(self._values(lines, line, path, is_text), typed_item[1]), typed_item[1], head)
        if typed_key is not None:
            where = len(typed_key[1])
            parent = parent_of(lines, line, where, is_text)
            found += _ranked(self._keys(lines, line, parent, is_text), typed_key[2])
        return found

    def asked(self, text: str, line: int, column: int, is_text: IsText) -> Asked | None:
        """Return what of the cluster a place names; None for a place that names nothing."""
        lines = text.split("\n")
        head = lines[line][:column]
        if is_text(line):
            return None
        if _TYPED_VALUE.match(head) or _TYPED_ITEM.match(head):
            found = self._asked_at(lines, line, path_at(lines, line, column, is_text), is_text)
            if found is not None:
                return found
        typed = _TYPED_KEY.match(head)
        if typed is None:
            return None
        return self._asked_at(lines, line, parent_of(lines, line, len(typed[1]), is_text), is_text, in_map=True)

    def _asked_at(
        self, lines: Sequence[str], line: int, path: Path, is_text: IsText, *, in_map: bool = False
    ) -> Asked | None:
        pick = pick_at(self.head(lines, line)[1], path)
        root = self._root(lines, line) if pick else None
        found = self._walk(root, path)[1] if root is not None else None
        if found is None or found.shape != ("map" if in_map else "scalar"):
            return None
        document = rough(lines, *document_at(lines, line), is_text)
        namespace = str(document["metadata"].get("namespace") or "")
        key = str(path[-1]) if pick.endswith(":labels") and not in_map else ""
        return Asked(pick, namespace, document, path, key)

    def _values(self, lines: Sequence[str], line: int, path: Path, is_text: IsText) -> list[Completion]:
        version, kind = self.head(lines, line)
        if path == ("kind",):
            names = dict.fromkeys(r.kind for r in self.kinds.resources if not version or r.api_version == version)
            return [Completion(name) for name in names]
        if path == ("apiVersion",):
            versions = self.kinds.versions(kind) if kind else []
            return [Completion(one) for one in versions or dict.fromkeys(r.api_version for r in self.kinds.resources)]
        root = self._root(lines, line)
        found = self._walk(root, path)[1] if root is not None else None
        if found is None or found.shape != "scalar":
            return []
        default = found.node.get("default")
        words = list(map(str, found.node.get("enum") or ()))
        if found.scalar == "boolean":
            words = ["true", "false"]
        elif not words and default not in (None, "", {}):
            words = [str(default)]
        asked = self._asked_at(lines, line, path, is_text)
        is_number = found.scalar in ("integer", "int-or-string")
        return [
            *(Completion(word, hint="default" if word == str(default) else "") for word in words),
            *(
                Completion(name if is_number else _written(name), name, hint)
                for name, hint in (self.names(asked) if asked is not None else ())
                if found.scalar != "integer" or name.isdigit()
            ),
        ]

    def _keys(self, lines: Sequence[str], line: int, parent: Path, is_text: IsText) -> list[Completion]:
        version, kind = self.head(lines, line)
        first, end = document_at(lines, line)
        root = self.kinds.type_of(version, kind)
        if root is None:
            return self._heads(lines, first, end, version, kind) if not parent else []
        holder = self._walk(root, parent)[1]
        if holder is not None and holder.shape == "map":
            asked = self._asked_at(lines, line, parent, is_text, in_map=True)
            pairs = [(*name.partition("=")[::2], hint) for name, hint in (self.names(asked) if asked else ())]
            return [Completion(f"{key}: {_written(value)}", f"{key}: {value}", hint) for key, value, hint in pairs]
        if holder is None or holder.shape != "struct":
            return []
        taken = {
            field.path[-1]
            for field in outline(lines, first, end, is_text)
            if field.path[:-1] == parent and field.line != line
        }
        names = [name for name in holder.fields if name not in taken and not (name == "status" and not parent)]
        names.sort(key=lambda name: name not in holder.required)
        return [self._key(holder, name) for name in names]

    @staticmethod
    def _key(holder: Type, name: str) -> Completion:
        inner = holder.fields[name]
        behind = " "
        if inner.shape in ("struct", "map"):
            behind = "\n  "
        elif inner.shape == "list":
            behind = "\n- "
        hint = "required" if name in holder.required else ""
        documentation = " ".join(description_of(holder, name).split())
        return Completion(f"{name}:{behind}", name, f"{type_name(inner)} {hint}".strip(), documentation)

    def _heads(self, lines: Sequence[str], first: int, end: int, version: str, kind: str) -> list[Completion]:
        """Return whole beginnings for an empty document, else what its head still lacks."""
        keys = {entry.key for number in range(first, end) for entry in entries(lines[number]) if not entry.column}
        if not version and not kind and not keys & {"metadata", "spec"}:
            return [
                Completion(
                    f"apiVersion: {one.api_version}\nkind: {one.kind}\nmetadata:\n  name: ", one.kind, one.api_version
                )
                for one in self.kinds.resources
                if "create" in one.verbs or not one.verbs
            ]
        return [Completion(f"{name}: ", name, "required") for name in ("apiVersion", "kind") if name not in keys]


def _replacing(completions: Sequence[Completion], typed: str, head: str) -> list[Completion]:
    """Return completions of a value, which may hold what no key does, such as the colon of an image.

    Behind a quote, of ``head``, no other quotes are needed.
    """
    is_quoted = head.removesuffix(typed).endswith(("'", '"'))
    return [replace(one, text=one.label if is_quoted and one.label else one.text, replaces=len(typed))
            for one in completions]  # fmt: skip


def _written(text: str) -> str:
    """Return a text as YAML has it: in quotes where it would be read as something else."""
    return yamldoc.dump(text).rstrip("\n")


def _ranked(completions: Sequence[Completion], typed: str) -> list[Completion]:
    """Return the completions that fit what is typed, in their order; beginnings before letters anywhere."""
    if not typed:
        return list(completions[:MOST])
    ranked: list[tuple[int, int, Completion]] = []
    for index, one in enumerate(completions):
        label = one.label or one.text
        if label.lower().startswith(typed.lower()):
            ranked.append((0, index, one))
        elif (match := fuzzy.match(typed, label)) is not None:
            ranked.append((1000 - int(match.score), index, one))
    ranked.sort(key=lambda entry: entry[:2])
    return [one for *_, one in ranked[:MOST]]
