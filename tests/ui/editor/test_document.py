"""The text under the editor: whatever is done to it, undo brings back what was there."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from k9py.ui.editor import motions
from k9py.ui.editor.document import Act, Change, Document, Place
from k9py.ui.editor.layout import layout
from k9py.ui.editor.tokens import Highlighter, Part, tokenize

TEXTS = st.text(alphabet="ab :-#\n|>\"'[]{}\t日é\u0301&*1", max_size=60)
PLACES = st.tuples(st.integers(0, 12), st.integers(0, 20))


def typed(document: Document, text: str) -> None:
    """Type a text letter by letter."""
    for character in text:
        document.replace(document.selection.start, document.selection.end, character, act=Act.TYPE)


@st.composite
def deeds(draw: st.DrawFn) -> list[tuple[str, Place, Place, str]]:
    """Return random things a person does."""
    names = st.sampled_from(["replace", "type", "erase", "select", "indent", "outdent", "comment", "up", "down",
                             "duplicate", "set_text", "undo", "redo"])  # fmt: skip
    return draw(st.lists(st.tuples(names, PLACES, PLACES, TEXTS), max_size=15))


def do(document: Document, deed: tuple[str, Place, Place, str]) -> None:
    """Do one thing."""
    name, one, other, text = deed
    start, end = sorted((document.clamp(one), document.clamp(other)))
    match name:
        case "replace":
            document.replace(start, end, text)
        case "type":
            document.select(start)
            typed(document, text)
        case "erase":
            document.replace(start, end, "", act=Act.ERASE)
        case "select":
            document.select(start, end)
        case "indent":
            motions.indent(document)
        case "outdent":
            motions.outdent(document)
        case "comment":
            motions.toggle_comment(document)
        case "up" | "down":
            motions.move_lines(document, -1 if name == "up" else 1)
        case "duplicate":
            motions.duplicate(document)
        case "set_text":
            document.set_text(text)
        case "undo":
            document.undo()
        case "redo":
            document.redo()


@settings(max_examples=60, deadline=None)
@given(TEXTS, deeds())
def test_undo_returns_the_text_and_redo_what_was_done(text: str, done: list[tuple[str, Place, Place, str]]) -> None:
    document = Document(text)
    for deed in done:
        do(document, deed)
        assert document.clamp(document.caret) == document.caret
    last = document.text
    steps = 0
    while document.undo():
        steps += 1
        assert document.clamp(document.caret) == document.caret
    assert document.text == text
    for _ in range(steps):
        document.redo()
    assert document.text == last or any(deed[0] == "undo" for deed in done)


@settings(max_examples=60, deadline=None)
@given(TEXTS, deeds(), st.integers(0, 12))
def test_a_line_is_coloured_the_same_whether_read_at_once_or_as_it_changed(
    text: str, done: list[tuple[str, Place, Place, str]], looked_at: int
) -> None:
    document = Document(text)
    highlighter = Highlighter(lambda: document.lines)
    document.on_change = highlighter.changed  # type: ignore[assignment]
    for deed in done:
        highlighter.state(min(looked_at, len(document.lines) - 1))
        do(document, deed)
        fresh = Highlighter(lambda: document.lines)
        for number, line in enumerate(document.lines):
            spans = highlighter.spans(number)
            assert spans == fresh.spans(number)
            assert (spans[-1][0] if spans else 0) == len(line)


@settings(max_examples=40, deadline=None)
@given(TEXTS, deeds())
def test_lines_that_are_not_repainted_look_as_they_did(text: str, done: list[tuple[str, Place, Place, str]]) -> None:
    document = Document(text)
    highlighter = Highlighter(lambda: document.lines)
    shown: list[object] = []

    def changed(change: Change) -> None:
        below = highlighter.changed(change)
        first, old, new = change.first, change.old_count, change.new_count
        kept = shown[first + old :]
        shown[first:] = [highlighter.spans(n) for n in range(first, min(first + max(new, below), len(document.lines)))]
        shown.extend(kept[max(0, max(new, below) - new) :])

    document.on_change = changed
    shown = [highlighter.spans(number) for number in range(len(document.lines))]
    for deed in done:
        do(document, deed)
        assert shown == [highlighter.spans(number) for number in range(len(document.lines))]


def test_a_word_with_its_blank_is_one_step_and_moving_away_begins_another() -> None:
    document = Document("")
    typed(document, "one two  three")
    document.undo()
    assert document.text == "one two  "
    document.undo()
    assert document.text == "one "
    document.redo()
    typed(document, "x")
    document.select((0, 0))
    typed(document, "y")
    document.undo()
    assert document.text == "one two  x"


def test_a_held_backspace_is_one_step() -> None:
    document = Document("abcdef")
    for column in range(6, 2, -1):
        document.replace((0, column - 1), (0, column), "", act=Act.ERASE)
    assert document.text == "ab"
    document.undo()
    assert document.text == "abcdef"


def test_another_text_from_outside_is_one_step_that_keeps_the_caret() -> None:
    document = Document("a: 1\nb: 2\nc: 3")
    document.select((2, 3))
    changes: list[Change] = []
    document.on_change = changes.append
    document.set_text("a: 1\nb: 5\nbb: 6\nc: 3")
    assert document.caret == (2, 3)
    assert [(change.first, change.old_count, change.new_count) for change in changes] == [(1, 1, 2)]
    document.undo()
    assert document.text == "a: 1\nb: 2\nc: 3"


def test_a_file_of_windows_keeps_the_ends_of_its_lines() -> None:
    document = Document("a: 1\r\nb: 2\r\n")
    document.replace((0, 4), (0, 4), "\nc: 3")
    assert document.text == "a: 1\r\nc: 3\r\nb: 2\r\n"


def indents(head: str) -> int:
    """Return how many blanks Enter puts behind a text."""
    return len(motions.next_indent(head))


def test_enter_goes_where_yaml_would_go_on() -> None:
    assert indents("spec:") == 2
    assert indents("  spec:   # why") == 4
    assert indents("  name: web") == 2
    assert indents("- name: web") == 2
    assert indents("  - name:") == 6
    assert indents("  -") == 4
    assert indents("data: |") == 2
    assert indents("  # a comment:") == 2
    assert indents("image: web:1.2") == 0


def test_columns_of_wide_characters_and_marks_stand_where_the_terminal_shows_them() -> None:
    shape = layout("a日本e\u0301\tz")
    assert [shape.cell(column) for column in range(8)] == [0, 1, 3, 5, 5, 6, 10, 11]
    assert shape.column(2) == 1
    assert shape.before(5) == 3
    assert shape.behind(3) == 5
    assert layout("\x1b[31m\u202e").shown == "\u241b[31m\ufffd"


def parts(line: str) -> list[tuple[str, str]]:
    """Return the parts of a line that are not plain."""
    spans, at, found = tokenize(line, Highlighter(lambda: [line]).state(0))[0], 0, []
    for end, part in spans:
        if part is not Part.PLAIN:
            found.append((line[at:end], part.name))
        at = end
    return found


def test_parts_of_lines_are_told_apart() -> None:
    assert parts("  replicas: 3 # three") == [
        ("replicas", "KEY"),
        (":", "SIGN"),
        ("3", "NUMBER"),
        ("# three", "COMMENT"),
    ]
    assert parts("- image: ghcr.io/shop/api:1.4") == [("-", "SIGN"), ("image", "KEY"), (":", "SIGN")]
    assert parts("args: [\"a b\", 'c', true, -1.5]")[1:] == [
        (":", "SIGN"), ("[", "SIGN"), ('"a b"', "STRING"), (",", "SIGN"), ("'c'", "STRING"), (",", "SIGN"),
        ("true", "WORD"), (",", "SIGN"), ("-1.5", "NUMBER"), ("]", "SIGN"),
    ]  # fmt: skip
    assert parts("--- # doc") == [("---", "MARKER"), ("# doc", "COMMENT")]
    assert parts("base: &x") == [("base", "KEY"), (":", "SIGN"), ("&x", "ANCHOR")]
    assert parts('"a: b": c#d it\'s') == [('"a: b"', "KEY"), (":", "SIGN")]
    assert parts("url: http://a.b/c#d") == [("url", "KEY"), (":", "SIGN")]


def test_a_block_scalar_ends_where_the_indent_does() -> None:
    lines = [
        "data:",
        "  a: |-",
        "    key: 1",
        "",
        "   x # no comment",
        "  b: 2",
        "- |",
        " in",
        "- c: >",
        "   in",
        "  d: 1",
    ]
    highlighter = Highlighter(lambda: lines)
    blocks = [number for number in range(len(lines)) if lines[number] and all(
        part is Part.BLOCK for _, part in highlighter.spans(number))]  # fmt: skip
    assert blocks == [2, 4, 7, 9]
