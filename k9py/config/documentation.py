"""Settings as a person reads them: their docstrings, defaults and values as commented YAML and as a table."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct

from k9py.config import settings as declarations
from k9py.config.loading import variable_of
from k9py.config.reading import fields_of
from k9py.config.settings import Settings


@dataclass(frozen=True, slots=True)
class SettingDoc:
    """One setting: where it stands, what it is by default and what it does."""

    name: str
    default: Any
    choices: tuple[str, ...]
    text: str
    variable: str


@cache
def _docstrings() -> dict[str, dict[str, str]]:
    """Return class to attribute to docstring, read from the source: Python keeps none at run time."""
    result: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(declarations)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        texts = result.setdefault(node.name, {"": _line(ast.get_docstring(node))})
        for before, after in zip(node.body, node.body[1:], strict=False):
            if not (isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)):
                continue
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                texts[before.target.id] = _line(after.value.value)
    return result


def describe_settings(owner: Any = None, prefix: str = "") -> Iterator[SettingDoc]:
    """Yield every setting in the order of its declaration."""
    owner = Settings() if owner is None else owner
    texts = _docstrings()[type(owner).__name__]
    for leaf, (hint, _) in fields_of(type(owner)).items():
        name, default = prefix + leaf, getattr(owner, leaf)
        if isinstance(default, Struct):
            yield from describe_settings(default, f"{name}.")
            continue
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        many = leaf in ("keys", "aliases")
        yield SettingDoc(name, default, choices, texts[leaf], "" if many else variable_of(name))


def section_text(section: str) -> str:
    """Return the sentence about a section of the settings."""
    kind = fields_of(Settings)[section][0]
    return _docstrings()[kind.__name__][""]


def as_yaml(settings: Settings) -> str:
    """Return the settings as YAML with each docstring as a comment; reading it back changes nothing."""
    lines: list[str] = []
    section = ""
    for doc in describe_settings(settings):
        head, _, leaf = doc.name.rpartition(".")
        if head != section:
            lines += ["", f"# {section_text(head)}", f"{head}:"] if head else [""]
            section = head
        indent = "  " if head else ""
        lines.append(f"{indent}# {doc.text}")
        if doc.choices:
            lines.append(f"{indent}# One of {', '.join(doc.choices)}.")
        lines.append(f"{indent}{leaf}: {_scalar(doc.default)}")
    return "\n".join(lines).strip() + "\n"


def as_markdown() -> str:
    """Return the README's table of settings."""
    rows = ["| setting | default | what it does |", "|---|---|---|"]
    for doc in describe_settings():
        text = doc.text.replace("|", "\\|")
        rows.append(f"| `{doc.name}` | `{_scalar(doc.default)}` | {text} |")
    return "\n".join(rows) + "\n"


def _scalar(value: Any) -> str:
    """Write a value as YAML in flow style; JSON is a part of YAML."""
    if isinstance(value, str) and value.replace("-", "").isalpha() and value not in ("on", "off", "none"):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(dict(value) if isinstance(value, Mapping) else value)


def _line(docstring: object) -> str:
    """Return a docstring as one line, with code marked as Markdown does."""
    return " ".join(str(docstring).split()).replace("``", "`")
