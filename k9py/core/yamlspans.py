"""Where the values of a YAML text stand: from a path to lines and columns, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from k9py.core.errors import YamlError
from k9py.core.yamldoc import KLoader, translated

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text; lines and columns count from 1, offsets in characters from 0, the end is outside."""

    start: int
    end: int
    line: int
    column: int
    last_line: int
    """The last line with anything of the value on it."""


def compose(text: str) -> list[Node]:
    """Return the root node of every document that holds something; raises YamlError."""
    loader = KLoader(text)
    try:
        nodes: list[Node] = []
        while loader.check_node():
            node = loader.get_node()
            if node is not None and not _is_empty(node):
                nodes.append(node)
    except yaml.YAMLError as error:
        raise translated(error, text) from error
    except RecursionError as error:
        raise YamlError("the document is nested too deeply") from error
    finally:
        loader.dispose()
    return nodes


@dataclass(frozen=True, slots=True)
class Repeat:
    """A key that stands twice in one map."""

    root: int
    """Which document it is in, counted from 0."""
    path: Path
    line: int
    column: int
    first_line: int
    """Where the key stands first."""


def take_repeats(roots: Sequence[Node]) -> list[Repeat]:
    """Take every key out that its map has already, so that the rest can be read; return what was taken out."""
    found: list[Repeat] = []

    def look(root: int, node: Node, path: Path) -> None:
        if isinstance(node, MappingNode):
            first: dict[str, int] = {}
            kept = []
            for key, value in node.value:
                if isinstance(key, ScalarNode) and key.value in first and not key.tag.endswith(":merge"):
                    mark = key.start_mark
                    inside = (*path, key.value)
                    found.append(Repeat(root, inside, mark.line + 1, mark.column + 1, first[key.value]))
                    continue
                if isinstance(key, ScalarNode):
                    first[key.value] = key.start_mark.line + 1
                kept.append((key, value))
            node.value = kept
        for step, _, value in _children(node):
            look(root, value, (*path, step))

    for at, root in enumerate(roots):
        look(at, root, ())
    return found


def values_of(roots: Iterable[Node]) -> list[Any]:
    """Return what documents say; raises YamlError."""
    loader = KLoader("")
    try:
        return [loader.construct_document(root) for root in roots]
    except yaml.YAMLError as error:
        raise translated(error, "") from error
    finally:
        loader.dispose()


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value == "" and node.style is None


def find(root: Node, path: Path) -> tuple[Node | None, Node | None]:
    """Return the key node and the value node at a path; a list item has no key; (None, None) when there is none."""
    key: Node | None = None
    node: Node = root
    for step in path:
        key = None
        if isinstance(node, MappingNode):
            for key_node, value_node in node.value:
                if key_node.value == str(step):
                    key, node = key_node, value_node
                    break
            else:
                return None, None
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            return None, None
    return key, node


def span(root: Node, path: Path) -> Span | None:
    """Return where a field stands, its key included; None when it is not there."""
    key, node = find(root, path)
    if node is None:
        return None
    start = (key or node).start_mark
    last = node.end_mark.line if node.end_mark.column else max(node.end_mark.line - 1, start.line)
    return Span(start.index, node.end_mark.index, start.line + 1, start.column + 1, last + 1)


def nearest(root: Node, path: Path) -> Span:
    """Return where a field stands, or the closest thing above it that is there."""
    for length in range(len(path), -1, -1):
        found = span(root, path[:length])
        if found is not None:
            return found
    raise AssertionError("the root is always there")


def path_at(root: Node, line: int, column: int) -> Path:
    """Return the path of the innermost field whose key or value is at a place (counted from 1)."""
    path: list[str | int] = []
    node = root
    while True:
        below = _child_at(node, line - 1, column - 1)
        if below is None:
            return tuple(path)
        step, node = below
        path.append(step)


def _child_at(node: Node, line: int, column: int) -> tuple[str | int, Node] | None:
    best: tuple[str | int, Node] | None = None
    best_line = -1
    for step, start, value in _children(node):
        # Left of the first key of a line, that key is meant, not what ended on the line above.
        if (start.line, start.column) <= (line, column) or (start.line == line and best_line < line):
            best, best_line = (step, value), start.line
    return best


def _children(node: Node) -> Iterator[tuple[str | int, yaml.Mark, Node]]:
    if isinstance(node, MappingNode):
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode):
                yield key_node.value, key_node.start_mark, value_node
    elif isinstance(node, SequenceNode):
        for position, item in enumerate(node.value):
            yield position, item.start_mark, item
