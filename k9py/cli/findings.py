"""What ``k9py doctor`` found: one line each, with a remedy where something is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How a check ended; the value is its sign on a terminal, which says it without colour."""

    OK = "ok"
    NOTE = "--"
    """Works, but less than it could, or is only good to know."""
    WARN = "!!"
    BAD = "XX"
    """k9py cannot do its work because of it; makes the exit status 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result."""

    outcome: Outcome
    subject: str
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Outcome.OK, subject, text)


def note(subject: str, text: str, remedy: str = "") -> Finding:
    """Return something good to know."""
    return Finding(Outcome.NOTE, subject, text, remedy)


def warn(subject: str, text: str, remedy: str) -> Finding:
    """Return something that will get in the way."""
    return Finding(Outcome.WARN, subject, text, remedy)


def bad(subject: str, text: str, remedy: str) -> Finding:
    """Return something that keeps k9py from working."""
    return Finding(Outcome.BAD, subject, text, remedy)
