"""The building blocks of validation: names, labels, ranges, enums, each with the server's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from k9py.core.errors import Cause

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{LABEL}(\.{LABEL})*")
_LABEL = re.compile(LABEL)
_LABEL_1035 = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation "
    "is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
QUALIFIED_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"


class Causes(list[Cause]):
    """The causes found so far, with a method per kind of finding."""

    def required(self, path: str, text: str = "") -> None:
        """A value is missing."""
        self.append(Cause(path, f"Required value: {text}" if text else "Required value", "FieldValueRequired"))

    def invalid(self, path: str, value: Any, text: str) -> None:
        """A value does not fit."""
        self.append(Cause(path, f"Invalid value: {shown(value)}: {text}", "FieldValueInvalid"))

    def unsupported(self, path: str, value: Any, known: Iterable[str]) -> None:
        """A value is not one of a few."""
        listed = ", ".join(f'"{word}"' for word in sorted(known))
        text = f"Unsupported value: {shown(value)}: supported values: {listed}"
        self.append(Cause(path, text, "FieldValueNotSupported"))

    def forbidden(self, path: str, text: str) -> None:
        """A value must not be given, or not changed."""
        self.append(Cause(path, f"Forbidden: {text}", "FieldValueForbidden"))

    def duplicate(self, path: str, value: Any) -> None:
        """A value is there twice."""
        self.append(Cause(path, f"Duplicate value: {shown(value)}", "FieldValueDuplicate"))

    def not_found(self, path: str, value: Any) -> None:
        """A value names something that is not there."""
        self.append(Cause(path, f"Not found: {shown(value)}", "FieldValueNotFound"))

    def too_long(self, path: str, limit: int) -> None:
        """A value has too many bytes."""
        self.append(Cause(path, f"Too long: may not be more than {limit} bytes", "FieldValueTooLong"))

    # whole checks

    def subdomain(self, path: str, value: str) -> None:
        """A name as most kinds have it."""
        if len(value) > 253:
            self.invalid(path, value, "must be no more than 253 characters")
        elif not _SUBDOMAIN.fullmatch(value):
            self.invalid(path, value, SUBDOMAIN_TEXT)

    def label(self, path: str, value: str) -> None:
        """A name without dots."""
        if len(value) > 63:
            self.invalid(path, value, "must be no more than 63 characters")
        elif not _LABEL.fullmatch(value):
            self.invalid(path, value, LABEL_TEXT)

    def label_1035(self, path: str, value: str) -> None:
        """A name as services have it."""
        if len(value) > 63:
            self.invalid(path, value, "must be no more than 63 characters")
        elif not _LABEL_1035.fullmatch(value):
            self.invalid(path, value, LABEL_1035_TEXT)

    def labels(self, path: str, labels: Mapping[str, str]) -> None:
        """A map of labels."""
        for key, value in labels.items():
            self.qualified(path, key)
            if len(value) > 63:
                self.invalid(path, value, "must be no more than 63 bytes")
            if not _VALUE.fullmatch(value):
                self.invalid(path, value, VALUE_TEXT)

    def qualified(self, path: str, key: str) -> None:
        """A label or annotation key: an optional prefix and a name."""
        prefix, slash, name = key.rpartition("/")
        if slash and not prefix:
            self.invalid(path, key, "prefix part must be non-empty")
        elif prefix and not _SUBDOMAIN.fullmatch(prefix):
            self.invalid(path, key, f"prefix part {SUBDOMAIN_TEXT}")
        if not name:
            self.invalid(path, key, "name part must be non-empty")
        elif len(name) > 63:
            self.invalid(path, key, "name part must be no more than 63 bytes")
        if name and not _QUALIFIED.fullmatch(name):
            self.invalid(path, key, QUALIFIED_TEXT)

    def not_negative(self, path: str, value: Any) -> None:
        """A count."""
        if isinstance(value, int) and value < 0:
            self.invalid(path, value, NOT_NEGATIVE)

    def port(self, path: str, value: Any) -> None:
        """A port number."""
        if not isinstance(value, int) or not 0 < value < 65536:
            self.invalid(path, value, "must be between 1 and 65535, inclusive")

    def unchanged(self, path: str, old: Any, new: Any) -> None:
        """A field that is fixed once the object is there."""
        if old != new:
            self.invalid(path, new, IMMUTABLE)


def shown(value: Any) -> str:
    """Write a value as causes show it."""
    return msgspec.json.encode(value).decode()
