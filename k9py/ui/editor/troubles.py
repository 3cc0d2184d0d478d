"""Where in a text the field stands that a trouble is about. Pure."""

from __future__ import annotations

import re

from k9py.changes.model import Trouble
from k9py.core import yamlspans
from k9py.core.errors import YamlError
from k9py.manifests.problems import Problem
from k9py.ui.editor.document import Place
from k9py.ui.editor.subjects import Subject, places

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[]+)")


def steps_of(field: str) -> tuple[str | int, ...]:
    """Return the steps of a path as the server writes it: ``spec.ports[0].port``, ``metadata.labels[a/b]``."""
    steps: list[str | int] = []
    for match in _STEP.finditer(field):
        bracketed, name = match.groups()
        if bracketed is None:
            steps.append(name)
        else:
            steps.append(int(bracketed) if bracketed.isdigit() else bracketed.strip('"'))
    return tuple(steps)


def place_of_trouble(subject: Subject, text: str, trouble: Trouble) -> Place:
    """Return the place a trouble is about; the beginning of the text when it names none."""
    path = trouble.problem.path if isinstance(trouble.problem, Problem) else steps_of(trouble.field)
    return place_of_path(subject, text, path)


def place_of_path(subject: Subject, text: str, path: tuple[str | int, ...]) -> Place:
    """Return the place of a field, or of the closest thing above it that is there."""
    try:
        documents = places(text)
    except YamlError as error:
        return max(0, error.line - 1), max(0, error.column - 1)
    best, depth = (0, 0), -1
    for _, value, node in documents:
        where = subject.place_of(path, value)
        reached = next((n for n in range(len(where), -1, -1) if yamlspans.span(node, where[:n]) is not None), 0)
        if reached > depth:
            span = yamlspans.nearest(node, where)
            best, depth = (span.line - 1, span.column - 1), reached
    return best
