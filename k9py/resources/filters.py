"""The filter language of tables: terms with spaces between them, all of which have to hold.

========================  ===============================================================
``api``                   the text anywhere in the row, in either case; ``"two words"``
``/^api-.*prod$/``        a regular expression; ``re:^api`` is the same
``~aprd``                 the letters in this order in the name
``status=Running``        a column equal to one of the values; ``status=Crash*,Err*``
``cpu>200m``              a column compared; ``restarts>=3 age<1h mem%>80``
``app=web``               a label, where no column has that name; ``-l 'tier in (a,b)'``
``spec.nodeName=n1``      a field; ``-f status.phase!=Running``
``!term``                 the rows for which a term does not hold
========================  ===============================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from k9py.core import selectors
from k9py.core.errors import FilterError, SelectorError
from k9py.kube.rows import Row
from k9py.resources.filterterms import Haystack, Term, compared, contains, fielded, labelled, pattern, similar
from k9py.resources.model import Column, Measure, RowContext

_ALIASES = {
    "ns": "namespace", "mem%": "mem%l", "cpu%": "cpu%l", "rst": "restarts", "restart": "restarts", "memory": "mem",
    "memory%": "mem%l",
}  # fmt: skip

_FIELD_ROOTS = ("metadata.", "spec.", "status.", "involvedObject.", "regarding.")
_COMPARISON = re.compile(r"(?P<name>[A-Za-z][\w./%~-]*)(?P<sign>!=|>=|<=|==|=|>|<)(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that has been understood."""

    text: str
    terms: tuple[Term, ...]
    words: tuple[str, ...] = ()
    """Plain texts it looks for, to be highlighted."""
    label_selector: str = ""
    """What a server could select by labels; the terms select it too."""
    field_selector: str = ""
    """What only a server can select, since rows do not carry the field; the terms do not select it."""
    live: bool = False
    """True when the answer for a row changes with time or samples alone."""

    def matches(self, row: Row, ctx: RowContext) -> bool:
        """Return whether the row is shown; a row that could not be decoded always is."""
        if row.broken:
            return True
        return all(term(row, ctx) for term in self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms or self.field_selector)


@dataclass(slots=True)
class _Building:
    columns: dict[str, Column]
    haystack: Haystack
    terms: list[Term] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    live: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    position: int
    kind: str
    """``word``, ``quoted``, ``pattern``, ``option`` (its value follows)."""
    negated: bool = False


def parse_filter(text: str, columns: Iterable[Column]) -> Filter:
    """Return what a text means for a table with these columns; raises FilterError with the position.

    Text is sought in the columns that are always there and do not change by themselves, so that a row does not come and
    go with its age. Comparisons may name any column.
    """
    every = tuple(columns)
    steady = tuple(column for column in every if not column.wide and (not column.live or column.id == "restarts"))
    building = _Building({column.id: column for column in every}, Haystack(steady))
    tokens = _tokens(text)
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "option":
            index += 1
            if index == len(tokens):
                what = (
                    "a label selector such as app=web" if token.text == "-l" else "a field such as status.phase=Running"
                )
                raise FilterError(f"{token.text} needs {what}", position=token.position)
            _take_option(building, token, tokens[index])
        else:
            _take(building, token)
        index += 1
    return Filter(
        text=text,
        terms=tuple(building.terms),
        words=tuple(building.words),
        label_selector=",".join(building.labels),
        field_selector=",".join(building.fields),
        live=building.live,
    )


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token, position = _token(text, position)
        tokens.append(token)
    return tokens


def _token(text: str, start: int) -> tuple[_Token, int]:
    position = start
    negated = text[position] == "!" and position + 1 < len(text) and not text[position + 1].isspace()
    if negated:
        position += 1
    first = text[position]
    if first in "\"'":
        end = text.find(first, position + 1)
        end = len(text) if end < 0 else end
        return _Token(text[position + 1 : end], start, "quoted", negated), end + 1
    if first == "/":
        end = _pattern_end(text, position + 1)
        return _Token(text[position + 1 : end], position + 1, "pattern", negated), end + 1
    end = position
    quote = ""
    while end < len(text) and (quote or not text[end].isspace()):
        if quote:
            quote = "" if text[end] == quote else quote
        elif text[end] in "\"'" and end > position and text[end - 1] in "=<>":
            quote = text[end]
        end += 1
    word = text[position:end]
    if word in ("-l", "-f"):
        return _Token(word, start, "option", negated), end
    if word.startswith("re:"):
        return _Token(word[3:], position + 3, "pattern", negated), end
    return _Token(word, position, "word", negated), end


def _pattern_end(text: str, start: int) -> int:
    """Return where the closing slash is: before a space or the end; without one the pattern runs to the end."""
    position = start
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == "/" and (position + 1 == len(text) or text[position + 1].isspace()):
            return position
        position += 1
    return len(text)


def _take_option(building: _Building, option: _Token, value: _Token) -> None:
    if option.text == "-l":
        _add_labels(building, value.text, position=value.position, negated=option.negated or value.negated)
    else:
        _add_fields(building, value.text, position=value.position, negated=option.negated or value.negated)


def _take(building: _Building, token: _Token) -> None:
    if token.kind == "pattern":
        if token.text:
            _add(building, pattern(token.text, building.haystack, position=token.position), negated=token.negated)
        return
    if token.kind == "word":
        if token.text.startswith("~"):
            _add(building, similar(token.text[1:]), negated=token.negated)
            return
        comparison = _COMPARISON.fullmatch(token.text)
        if comparison is not None:
            _take_comparison(building, token, comparison)
            return
    if token.text and token.text != "!":
        _add(building, contains(token.text, building.haystack), negated=token.negated)
        if not token.negated:
            building.words.append(token.text)


def _take_comparison(building: _Building, token: _Token, comparison: re.Match[str]) -> None:
    name, sign, value = comparison["name"], comparison["sign"].replace("==", "="), comparison["value"]
    value = value.strip("\"'")
    column = _column(name, building.columns)
    position = token.position + comparison.start("value")
    if column is not None:
        if not value:
            raise FilterError(f"{name}{sign} needs a value", position=position, remedy=_hint(column))
        _add(building, compared(column, sign, value, position=position), negated=token.negated)
        building.live = building.live or column.live
    elif sign not in ("=", "!="):
        raise _no_column(name, building.columns, token.position)
    elif name.startswith(_FIELD_ROOTS):
        _add_fields(building, token.text, position=token.position, negated=token.negated)
    else:
        _add_labels(building, token.text, position=token.position, negated=token.negated)


def _hint(column: Column) -> str:
    return "Several values stand with commas, * for anything" if column.measure is Measure.TEXT else ""


def _column(name: str, columns: dict[str, Column]) -> Column | None:
    lowered = name.lower()
    return columns.get(lowered) or columns.get(_ALIASES.get(lowered, ""))


def _no_column(name: str, columns: dict[str, Column], position: int) -> FilterError:
    near: Sequence[str] = get_close_matches(name.lower(), columns, n=3) or sorted(columns)
    return FilterError(f"there is no column {name}", position=position, remedy=f"There is {', '.join(near)}")


def _add(building: _Building, term: Term, *, negated: bool) -> None:
    building.terms.append((lambda row, ctx: not term(row, ctx)) if negated else term)


def _add_labels(building: _Building, text: str, *, position: int, negated: bool) -> None:
    try:
        selector = selectors.parse(text)
    except SelectorError as error:
        raise FilterError(str(error), position=position, remedy=error.remedy) from error
    _add(building, labelled(selector), negated=negated)
    if not negated:
        building.labels.append(str(selector))


def _add_fields(building: _Building, text: str, *, position: int, negated: bool) -> None:
    try:
        selector = selectors.parse_fields(text)
    except SelectorError as error:
        raise FilterError(str(error), position=position, remedy=error.remedy) from error
    for requirement in selector.requirements:
        if negated:
            requirement = selectors.FieldRequirement(requirement.path, requirement.value, not requirement.negated)
        term = fielded(requirement)
        if term is None:
            building.fields.append(str(requirement))
        else:
            building.terms.append(term)
