"""What is wrong with a manifest, in the API server's words, and the cursor the rules use to say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import msgspec

from k9py.core import naming, quantity
from k9py.core.errors import Cause, QuantityError

Path = tuple[str | int, ...]
"""Keys and list positions from the root of a document to a value."""


class Severity(Enum):
    """Whether the server would refuse it."""

    ERROR = "error"
    WARNING = "warning"
    """Accepted, but it will not do what it looks like."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    path: Path
    reason: str
    """The machine's word, as in a Status's causes: ``FieldValueInvalid``; ``Unknown`` for an unknown field."""
    text: str
    """What is wrong, without the path."""
    hint: str = ""
    """What to do about it, such as the nearest names."""
    severity: Severity = Severity.ERROR
    document: int = 0
    """Which document of the text, counted from 0."""
    line: int = 0
    """Counted from 1; 0 when the manifest was not read from a text."""
    column: int = 0
    mend: Path = ()
    """Where it is put right, when that is deeper than the place the server names; empty when it is that place."""

    @property
    def place(self) -> Path:
        """Where a person puts it right."""
        return self.mend or self.path

    @property
    def field(self) -> str:
        """The path as the server writes it."""
        return path_text(self.path)

    @property
    def is_error(self) -> bool:
        """True when the server would refuse the object."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        said = f"{self.field}: {self.text}" if self.path else self.text
        return f"{said} ({self.hint})" if self.hint else said

    def at(self, line: int, column: int, document: int) -> Problem:
        """Return the problem with its place in a text."""
        return replace(self, line=line, column=column, document=document)

    def cause(self) -> Cause:
        """Return it as a cause of a Status."""
        return Cause(self.field, self.text, self.reason)


def path_text(path: Path) -> str:
    """Return a path as the server writes it: ``spec.ports[0].port``, ``metadata.labels[example.com/a]``."""
    text = ""
    for step in path:
        if isinstance(step, int) or "." in step or "/" in step or not step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def shown(value: Any) -> str:
    """Write a value as the server's messages show it."""
    return msgspec.json.encode(value).decode()


class At:
    """A value at a path: read it without caring whether it is there or of the right type, and report on it.

    What has the wrong type was reported by the walker already, so rules see it as absent.
    """

    __slots__ = ("_problems", "path", "value")

    def __init__(self, problems: list[Problem], value: Any, path: Path = ()) -> None:
        self._problems = problems
        self.value = value
        self.path = path

    def __getitem__(self, step: str | int) -> At:
        below = None
        if isinstance(step, str):
            below = self.value.get(step) if isinstance(self.value, dict) else None
        elif isinstance(self.value, list) and step < len(self.value):
            below = self.value[step]
        return At(self._problems, below, (*self.path, step))

    def under(self, *steps: str | int) -> At:
        """Return the value some steps below."""
        found = self
        for step in steps:
            found = found[step]
        return found

    def alias(self, path: Path) -> At:
        """Return the same value, reported at another path."""
        return At(self._problems, self.value, path)

    def __bool__(self) -> bool:
        """False for what is absent, null or empty."""
        return self.value not in (None, "", [], {})

    @property
    def given(self) -> bool:
        """True when it is there and not null."""
        return self.value is not None

    @property
    def text(self) -> str:
        """The text; empty when it is none."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int | None:
        """The whole number; None when it is none."""
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @property
    def map(self) -> dict[str, Any]:
        """The map; empty when it is none."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> Iterator[At]:
        """Yield the items of a list."""
        for position in range(len(self.value) if isinstance(self.value, list) else 0):
            yield self[position]

    def entries(self) -> Iterator[tuple[str, At]]:
        """Yield the keys of a map with their values."""
        for key in self.map:
            yield key, self[key]

    # what is wrong with it

    def report(self, reason: str, text: str, hint: str = "", mend: Path = ()) -> None:
        self._problems.append(Problem(self.path, reason, text, hint, mend=mend))

    def required(self, text: str = "", hint: str = "", *, mend: Path = ()) -> None:
        """It is missing; ``mend`` is the field below it that most people would fill in."""
        self.report("FieldValueRequired", f"Required value: {text}" if text else "Required value", hint, mend)

    def invalid(self, text: str, hint: str = "") -> None:
        """It does not fit."""
        self.report("FieldValueInvalid", f"Invalid value: {shown(self.value)}: {text}", hint)

    def unsupported(self, known: Iterable[str], hint: str = "") -> None:
        """It is not one of a few."""
        listed = ", ".join(f'"{word}"' for word in sorted(known))
        self.report(
            "FieldValueNotSupported", f"Unsupported value: {shown(self.value)}: supported values: {listed}", hint
        )

    def forbidden(self, text: str) -> None:
        """It must not be given."""
        self.report("FieldValueForbidden", f"Forbidden: {text}")

    def duplicate(self) -> None:
        """It is there twice."""
        self.report("FieldValueDuplicate", f"Duplicate value: {shown(self.value)}")

    def not_found(self, hint: str = "") -> None:
        """It names something that is not there."""
        self.report("FieldValueNotFound", f"Not found: {shown(self.value)}", hint)

    def warn(self, text: str, hint: str = "") -> None:
        """The server takes it, but it will not work."""
        self._problems.append(Problem(self.path, "Warning", text, hint, Severity.WARNING))

    # whole checks; each tells whether there is something to go on with

    def needed(self, text: str = "") -> bool:
        """Report when it is absent or empty; return whether it is there."""
        if not self and self.value is not False and self.value != 0:
            self.required(text)
            return False
        return True

    def fits(self, problem: str) -> None:
        """Report what a check of :mod:`k9py.core.naming` found, if anything."""
        if problem:
            self.invalid(problem)

    def subdomain(self) -> None:
        """A name as most kinds have it."""
        if self.text:
            self.fits(naming.subdomain(self.text))

    def label(self) -> None:
        """A name without dots."""
        if self.text:
            self.fits(naming.label(self.text))

    def one_of(self, *known: str) -> bool:
        """One of a few words; absent is not reported. Return whether it is one of them."""
        if self.text and self.text not in known:
            self.unsupported(known)
        return self.text in known

    def at_least(self, least: int = 0) -> None:
        """A whole number not below ``least``."""
        number = self.number
        if number is not None and number < least:
            self.invalid(f"must be greater than or equal to {least}" if least != 1 else "must be greater than 0")

    def between(self, least: int, most: int) -> None:
        """A whole number in a range."""
        number = self.number
        if number is not None and not least <= number <= most:
            self.invalid(f"must be between {least} and {most}, inclusive")

    def between_mode(self) -> None:
        """Permission bits of a file."""
        number = self.number
        if number is not None and not 0 <= number <= 0o777:
            self.invalid("must be a number between 0 and 0777 (octal), both inclusive")

    def port(self) -> None:
        """A port's number."""
        if self.number is not None:
            self.fits(naming.port_number(self.number))

    def port_or_name(self) -> None:
        """A port's number or name."""
        if isinstance(self.value, str):
            self.fits(naming.port_name(self.value))
        else:
            self.port()

    def amount_or_percent(self) -> None:
        """A count not below zero, or a percentage."""
        if isinstance(self.value, str):
            self.fits(naming.percent(self.value))
        else:
            self.at_least(0)

    def at_most_all(self) -> None:
        """A percentage not above 100 %."""
        text = self.text
        if not naming.percent(text) and int(text[:-1]) > 100:
            self.invalid("must not be greater than 100%")

    def not_negative_quantity(self) -> None:
        """A quantity not below zero."""
        amount = self.quantity()
        if amount is not None and amount < 0:
            self.invalid("must be greater than or equal to 0")

    def quantity(self) -> Any:
        """Return the exact amount, None when it is no quantity."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float | str):
            return None
        try:
            return quantity.parse(str(self.value))
        except QuantityError:
            return None

    def labels(self) -> None:
        """A map of labels."""
        for key, value in self.entries():
            problem = naming.qualified(key)
            if problem:
                self._problems.append(Problem(value.path, "FieldValueInvalid", f'Invalid value: "{key}": {problem}'))
            if value.text:
                value.fits(naming.label_value(value.text))

    def unchanged(self, old: Any, text: str = "field is immutable") -> None:
        """A field that is fixed once the object is there."""
        if self.value != old:
            self.invalid(text)
