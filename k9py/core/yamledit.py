"""Change values of a YAML text and leave everything else of it alone: comments, order, quotes, blank lines.

The text is compared with the wanted value, and only the spans that differ are replaced. What cannot be changed in place
(anchors used twice, odd layouts) is written anew, as little of it as will do; the result is always read back and
compared before it is returned.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

import msgspec
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from k9py.core import yamldoc, yamlspans
from k9py.core.errors import YamlError

IDENTITIES = ("name", "key", "port", "containerPort", "type", "ip", "mountPath")
"""Fields that tell the items of a list apart, the first one present counts."""


class _Unfit(Exception):
    """This layout cannot be edited in place."""


def rewrite(text: str, wanted: Any, *, document: int = 0) -> str:
    """Return the text with one of its documents holding ``wanted``.

    Raises YamlError when the text cannot be read. A document number past the last one appends a document.
    """
    values = yamldoc.load_all(text)
    if document >= len(values):
        if not text.strip():
            return yamldoc.dump(wanted)
        kept = text if text.endswith("\n") else f"{text}\n"
        return f"{kept}---\n{yamldoc.dump(wanted)}" if values else f"{kept}{yamldoc.dump(wanted)}"
    if same(values[document], wanted):
        return text
    root = yamlspans.compose(text)[document]
    for way in (_fine, _coarse):
        try:
            result = way(text, root, values[document], wanted)
        except _Unfit:
            continue
        if _holds(result, values, document, wanted):
            return result
    start = root.start_mark.index
    line_start = text.rfind("\n", 0, start) + 1
    begun_behind_a_mark = text[line_start:start].strip()
    begin, lead = (line_start, "---\n") if begun_behind_a_mark else (start, "")
    written = text[:begin] + lead + yamldoc.dump(wanted).rstrip("\n")
    for end in (_true_end(text, root), start + len(text[start : root.end_mark.index].rstrip())):
        if _holds(written + text[end:], values, document, wanted):
            return written + text[end:]
    raise YamlError("this document cannot be changed in place", remedy="Edit it as text")


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON; ``true`` is not 1, and the order of keys does not count."""
    return msgspec.json.encode(one, order="deterministic") == msgspec.json.encode(other, order="deterministic")


def _holds(text: str, values: list[Any], document: int, wanted: Any) -> bool:
    try:
        found = yamldoc.load_all(text)
    except YamlError:
        return False
    return same(found, [*values[:document], wanted, *values[document + 1 :]])


def _fine(text: str, root: Node, old: Any, wanted: Any) -> str:
    editor = _Editor(text)
    if not editor.below(root, old, wanted):
        raise _Unfit
    return editor.apply()


def _coarse(text: str, root: Node, old: Any, wanted: Any) -> str:
    """Write every differing key of the root anew."""
    if not isinstance(root, MappingNode) or root.flow_style or not isinstance(wanted, dict) or not wanted:
        raise _Unfit
    editor = _Editor(text)
    editor.coarse = True
    editor.mapping(root, old, wanted)
    return editor.apply()


class _Editor:
    """Collects replacements of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.coarse = False
        self.edits: list[tuple[int, int, str]] = []

    def apply(self) -> str:
        """Return the text with every replacement made; they must not overlap."""
        result, limit = self.text, len(self.text)
        order = sorted(range(len(self.edits)), key=lambda index: (self.edits[index][0], index), reverse=True)
        for start, end, new in (self.edits[index] for index in order):
            if end > limit:
                raise _Unfit
            result, limit = result[:start] + new + result[end:], start
        return result

    def below(self, node: Node, old: Any, new: Any) -> bool:
        """Change what differs inside a collection; return False when the value itself has to be replaced."""
        if self.coarse or getattr(node, "flow_style", None):
            return False
        if isinstance(node, MappingNode) and isinstance(new, dict) and new and isinstance(old, dict):
            if not old.keys() & new.keys():
                return False  # nothing of it stays: the value alone is written anew, not what is around it
            self.mapping(node, old, new)
            return True
        if isinstance(node, SequenceNode) and isinstance(new, list) and new and isinstance(old, list):
            self.sequence(node, old, new)
            return True
        return False

    # maps

    def mapping(self, node: MappingNode, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Change, add and remove keys."""
        pairs = {_key(key): (key, value) for key, value in node.value}
        if set(pairs) != set(old) or not pairs:
            raise _Unfit  # merge keys
        column = node.value[0][0].start_mark.column
        kept = [name for name in pairs if name in new]
        if not kept:
            raise _Unfit
        for name in kept:
            if not same(old[name], new[name]):
                key, value = pairs[name]
                if not self.below(value, old[name], new[name]):
                    self._replace_pair(key, value, new[name])
        self._remove_pairs(node, kept)
        before: str | None = None
        for name, value in new.items():
            if name in pairs:
                before = name
            else:
                self._add_pair({name: value}, column, pairs, before, kept[0])

    def _replace_pair(self, key: Node, value: Node, new: Any) -> None:
        start = self.text.index(":", key.end_mark.index) + 1
        if self.text[key.end_mark.index : start - 1].strip():
            raise _Unfit
        written = yamldoc.dump({"k": new}).rstrip("\n").removeprefix("k:")
        line_end = self._line_end(start)
        comment = self.text[start:line_end].strip()
        if comment.startswith("#") and value.start_mark.index > line_end:
            # A comment behind the key is about the key, whatever stands below it.
            if written.startswith("\n"):
                start = line_end
            elif "\n" not in written:
                written = f"{written}  {comment}"
        self._put(start, max(start, _true_end(self.text, value)), written, key.start_mark.column)

    def _put(self, start: int, end: int, written: str, indent: int) -> None:
        """Replace a value; a comment behind it stays on its line."""
        first, newline, rest = written.partition("\n")
        if newline:
            line_end = self._line_end(end)
            comment = self.text[end:line_end].strip()
            if comment:
                first, end = f"{first}  {comment}", line_end
        self.edits.append((start, end, _indented(first + newline + rest, indent)))

    def _remove_pairs(self, node: MappingNode, kept: list[str]) -> None:
        pairs = [(_key(key), key, value) for key, value in node.value]
        position = 0
        if self._is_inline(pairs[0][1]) and pairs[0][0] not in kept:
            position = next(index for index, pair in enumerate(pairs) if pair[0] in kept)
            self.edits.append((pairs[0][1].start_mark.index, pairs[position][1].start_mark.index, ""))
        for name, key, value in pairs[position:]:
            if name not in kept:
                end = max(_true_end(self.text, value), key.end_mark.index + 1)
                self.edits.append((self._line_start(key), self._past_line(end), ""))

    def _add_pair(
        self, pair: dict[str, Any], column: int, pairs: dict[str, tuple[Node, Node]], before: str | None, first: str
    ) -> None:
        written = yamldoc.dump(pair).rstrip("\n")
        if before is None:
            at = pairs[first][0].start_mark.index
            self.edits.append((at, at, _indented(written + "\n", column) + " " * column))
            return
        key, value = pairs[before]
        at = self._line_end(max(_true_end(self.text, value), key.end_mark.index + 1))
        self.edits.append((at, at, "\n" + " " * column + _indented(written, column)))

    # lists

    def sequence(self, node: SequenceNode, old: list[Any], new: list[Any]) -> None:
        """Change, add and remove items."""
        column = node.start_mark.column
        marks = [_identity(item) for item in old], [_identity(item) for item in new]
        for tag, a, a_end, b, b_end in SequenceMatcher(None, *marks, autojunk=False).get_opcodes():
            shared = min(a_end - a, b_end - b) if tag in ("equal", "replace") else 0
            for offset in range(shared):
                self._change_item(node.value[a + offset], old[a + offset], new[b + offset], column)
            for item in node.value[a + shared : a_end]:
                self.edits.append((self._item_line(item, column), self._past_line(_true_end(self.text, item)), ""))
            for value in new[b + shared : b_end]:
                self._add_item(node, value, a_end, column)

    def _change_item(self, item: Node, old: Any, new: Any, column: int) -> None:
        if same(old, new) or self.below(item, old, new):
            return
        written = yamldoc.dump([new]).rstrip("\n").removeprefix("-")
        end = max(_true_end(self.text, item), item.start_mark.index)
        self._put(self._dash(item, column) + 1, end, written, column)

    def _add_item(self, node: SequenceNode, value: Any, position: int, column: int) -> None:
        written = yamldoc.dump([value]).rstrip("\n")
        if position == 0:
            at = self._dash(node.value[0], column)
            self.edits.append((at, at, _indented(written + "\n", column) + " " * column))
            return
        at = self._line_end(
            max(_true_end(self.text, node.value[position - 1]), node.value[position - 1].start_mark.index)
        )
        self.edits.append((at, at, "\n" + " " * column + _indented(written, column)))

    def _dash(self, item: Node, column: int) -> int:
        at = self.text.rfind("-", 0, item.start_mark.index)
        if at < 0 or at - (self.text.rfind("\n", 0, at) + 1) != column:
            raise _Unfit
        return at

    def _item_line(self, item: Node, column: int) -> int:
        dash = self._dash(item, column)
        start = self.text.rfind("\n", 0, dash) + 1
        if self.text[start:dash].strip():
            raise _Unfit
        return start

    # lines

    def _is_inline(self, key: Node) -> bool:
        start = self.text.rfind("\n", 0, key.start_mark.index) + 1
        return bool(self.text[start : key.start_mark.index].strip())

    def _line_start(self, key: Node) -> int:
        if self._is_inline(key):
            raise _Unfit
        return self.text.rfind("\n", 0, key.start_mark.index) + 1

    def _line_end(self, index: int) -> int:
        found = self.text.find("\n", index)
        end = len(self.text) if found < 0 else found
        return end - 1 if self.text[end - 1 : end] == "\r" else end

    def _past_line(self, index: int) -> int:
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise _Unfit
    return str(node.value)


def _identity(item: Any) -> str:
    if isinstance(item, dict):
        for name in IDENTITIES:
            if name in item:
                return f"{name}={item[name]}"
        return "map"
    return msgspec.json.encode(item).decode()


def _indented(text: str, column: int) -> str:
    """Indent every line but the first; empty lines stay empty."""
    return "\n".join(
        line if number == 0 or not line else " " * column + line for number, line in enumerate(text.split("\n"))
    )


def _true_end(text: str, node: Node) -> int:
    """Return where a value ends, without the blank lines and comments PyYAML counts to a block."""
    if not getattr(node, "flow_style", None) and isinstance(node, MappingNode | SequenceNode) and node.value:
        last = node.value[-1]
        if isinstance(last, tuple):
            return max(_true_end(text, last[1]), int(last[0].end_mark.index) + 1)
        return _true_end(text, last)
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return start + len(text[start:end].rstrip("\r\n"))
    return end
