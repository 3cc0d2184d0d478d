"""Where a line stands, told by its indent alone, agrees with what YAML says of whole texts."""

from __future__ import annotations

from k9py.core import yamlspans
from k9py.ui.editor.outline import document_at, document_starts, outline, parent_of, path_at, path_words, rough
from k9py.ui.editor.tokens import Highlighter, Part

TEXT = """\
# an app
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    example.com/a.b: |
      not: a field
      - nor: this

spec:
  template:
    spec:
      containers:
      - name: api   # the first
        ports:
        - containerPort: 80
        - name: admin

          containerPort: 81
      - name: side
        args: [a, b]
      volumes:
        - name: data
          emptyDir: {}
        - - x
          - "quoted: key": 1
---
kind: Service
spec:
  ports:
  - port: 80
"""
LINES = TEXT.split("\n")


def is_text(line: int) -> bool:
    """Return whether a line of the text is inside a block scalar."""
    spans = Highlighter(lambda: LINES).spans(line)
    return bool(spans) and all(part is Part.BLOCK for _, part in spans)


def test_every_field_is_where_yaml_says() -> None:
    fields = list(outline(LINES, 0, LINES.index("---"), is_text))
    root = yamlspans.compose(TEXT)[0]
    assert len(fields) > 25
    for field in fields:
        span = yamlspans.span(root, field.path)
        assert span is not None, field
        assert span.line - 1 == field.line, field
        assert path_at(LINES, field.line, field.column + 30, is_text)[: len(field.path)] == field.path, field


def test_a_block_text_belongs_to_its_key() -> None:
    line = LINES.index("      not: a field")
    assert path_at(LINES, line, 8, is_text) == ("metadata", "annotations", "example.com/a.b")


def test_what_is_typed_goes_into_the_map_its_column_says() -> None:
    after_ports = LINES.index("        - name: admin") + 1
    assert path_words(parent_of(LINES, after_ports, 10, is_text)) == "spec.template.spec.containers[0].ports[1]"
    assert path_words(parent_of(LINES, after_ports, 8, is_text)) == "spec.template.spec.containers[0]"
    assert path_words(parent_of(LINES, after_ports, 6, is_text)) == "spec.template.spec"
    assert parent_of(LINES, after_ports, 0, is_text) == ()
    item = ["spec:", "  containers:", "  - ", "    "]
    assert parent_of(item, 2, 4, lambda _: False) == ("spec", "containers", 0)
    assert parent_of(item, 3, 4, lambda _: False) == ("spec", "containers", 0)


def test_documents_are_told_apart() -> None:
    assert document_starts(LINES) == [0, LINES.index("---") + 1]
    assert document_starts(["# note", "---", "a: 1"]) == [2]
    assert document_at(LINES, 3) == (0, LINES.index("---"))
    assert document_at(LINES, len(LINES) - 1) == (LINES.index("---") + 1, len(LINES))


def test_a_half_typed_document_is_read_as_far_as_its_lines_tell() -> None:
    text = [
        "apiVersion: v1",
        "kind: Pod",
        "metadata:",
        '  name: "web"  # mine',
        "  labels: {app: web, tier: front}",
        "spec:",
        "  containers:",
        "  - name: a",
        "    command: [sh, -c]",
        "    args:",
        "    - x: [",
        "  - name: 'b'",
        "    ports:",
        "    - containerPort: 80",
        "    - con",
        "",
    ]
    found = rough(text, 0, len(text), lambda _: False)
    assert found["metadata"] == {"name": "web", "labels": {"app": "web", "tier": "front"}}
    first, second = found["spec"]["containers"]
    assert first["name"] == "a"
    assert first["command"] == ["sh", "-c"]
    assert second["name"] == "b"
    assert second["ports"][0] == {"containerPort": "80"}
    assert rough(["metadata: x", "spec"], 0, 2, lambda _: False) == {"metadata": {}}
