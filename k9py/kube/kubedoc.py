"""A kubeconfig file as blocks that know their lines, so that an error can name file and line."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from k9py.core.errors import KubeconfigError

_TRUE = frozenset({"true", "yes", "on", "y"})
_FALSE = frozenset({"false", "no", "off", "n", ""})


@dataclass(slots=True)
class Block:
    """One mapping of the file: typed getters that name file and line when the value is of another type."""

    path: str
    line: int
    """Counted from 1."""
    values: dict[str, yaml.Node] = field(default_factory=dict, repr=False)
    lines: dict[str, int] = field(default_factory=dict, repr=False)

    def error(self, message: str, key: str = "", *, remedy: str = "") -> KubeconfigError:
        """Return an error that begins with the place of that key, or of the block."""
        return KubeconfigError(f"{self.path}:{self.lines.get(key, self.line)}: {message}", remedy=remedy)

    def text(self, key: str) -> str:
        """Return a scalar as text; empty when missing or null."""
        node = self.values.get(key)
        if node is None or _is_null(node):
            return ""
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(f"{key} must be text", key)
        return str(node.value)

    def flag(self, key: str) -> bool:
        """Return a boolean; False when missing."""
        value = self.text(key).lower()
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise self.error(f"{key} must be true or false", key)

    def data(self, key: str) -> bytes:
        """Return what a base64 value stands for; empty when missing."""
        try:
            return base64.b64decode("".join(self.text(key).split()), validate=True)
        except (binascii.Error, ValueError):
            # Not chained: the cause would quote the value, which may be a private key.
            raise self.error(f"{key} is not base64", key) from None

    def block(self, key: str) -> Block:
        """Return a mapping; an empty one when missing."""
        node = self.values.get(key)
        if node is None or _is_null(node):
            return Block(self.path, self.lines.get(key, self.line))
        return _block(node, self.path, f"{key} must be a mapping")

    def blocks(self, key: str) -> list[Block]:
        """Return a list of mappings; empty when missing."""
        return [_block(node, self.path, f"an item of {key} must be a mapping") for node in self._items(key)]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of scalars as texts; empty when missing."""
        nodes = list(self._items(key))
        if not all(isinstance(node, yaml.ScalarNode) for node in nodes):
            raise self.error(f"{key} must be a list of texts", key)
        return tuple(str(node.value) for node in nodes)

    def plain(self, key: str) -> Any:
        """Return the value as plain Python data, for what is passed on without being understood here."""
        node = self.values.get(key)
        return None if node is None else _plain(node)

    def _items(self, key: str) -> Iterator[yaml.Node]:
        node = self.values.get(key)
        if node is None or _is_null(node):
            return
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(f"{key} must be a list", key)
        yield from node.value


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _plain(node: yaml.Node) -> Any:
    """Build plain data by the types PyYAML resolved; only scalars, lists and string-keyed mappings."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return str(node.value).lower() in _TRUE
    if kind in ("int", "float"):
        try:
            return int(node.value) if kind == "int" else float(node.value)
        except ValueError:
            return str(node.value)
    return str(node.value)


def _block(node: yaml.Node, path: str, complaint: str) -> Block:
    block = Block(path, node.start_mark.line + 1)
    if not isinstance(node, yaml.MappingNode):
        raise block.error(complaint)
    inherited: list[yaml.Node] = []
    for key, value in node.value:
        name = str(key.value)
        if key.tag == "tag:yaml.org,2002:merge":
            inherited += value.value if isinstance(value, yaml.SequenceNode) else [value]
            continue
        block.lines.setdefault(name, key.start_mark.line + 1)
        if name in block.values:
            line = key.start_mark.line + 1
            raise KubeconfigError(f"{path}:{line}: {name} is already given at line {block.lines[name]}")
        block.values[name] = value
    for source in inherited:
        parent = _block(source, path, "<< must name a mapping")
        for name, value in parent.values.items():
            block.values.setdefault(name, value)
            block.lines.setdefault(name, parent.lines[name])
    return block


def parse(text: str, path: str) -> Block:
    """Return the first document of a kubeconfig file; an empty file is an empty block.

    Raises KubeconfigError with file and line; the message never quotes the text, which may hold secrets.
    """
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_node() if loader.check_node() else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise KubeconfigError(f"{path}:{line}: not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise KubeconfigError(f"{path}:1: not YAML: {type(error).__name__}") from None
    finally:
        loader.dispose()
    if node is None or _is_null(node):
        return Block(path, 1)
    block = _block(node, path, "not a kubeconfig: it holds no mapping")
    kind = block.text("kind")
    if kind not in ("", "Config"):
        raise block.error(f"not a kubeconfig: its kind is {kind}", "kind")
    return block
