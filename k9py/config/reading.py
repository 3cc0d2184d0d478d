"""Strict reading of settings: located YAML becomes typed values, or the problems say where and why."""

from __future__ import annotations

import types
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from k9py.config.located import Located, Problem, nearest

_SWITCH_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
"""What an environment variable may say for a switch."""


NO_LIMITS = Meta()


def fields_of(owner: type) -> dict[str, tuple[Any, Meta]]:
    """Return the settings of a section by name, each with its resolved type and the limits of its number."""
    return {name: _limited(hint) for name, hint in get_type_hints(owner, include_extras=True).items()}


def _limited(hint: Any) -> tuple[Any, Meta]:
    if get_origin(hint) is not Annotated:
        return hint, NO_LIMITS
    kind, limits = get_args(hint)
    return kind, limits


def is_section(hint: Any) -> bool:
    """Return whether a setting of this type holds settings itself."""
    return isinstance(hint, type) and issubclass(hint, Struct)


def read_into(owner: type, located: Located, file: str, problems: list[Problem], prefix: str = "") -> dict[str, Any]:
    """Return the valid values of a mapping by field name; what is wrong is added to ``problems``.

    A section comes back as a nested mapping, so that an overlay changes only what it names.
    """
    if located.value is None or located.value == {}:
        return {}
    if not isinstance(located.value, dict):
        what = f"'{prefix[:-1]}'" if prefix else "the file"
        problems.append(Problem(file, located.line, f"{what} must be a mapping, not {located.described}"))
        return {}
    values: dict[str, Any] = {}
    known = fields_of(owner)
    for key, item in located.value.items():
        if key not in known:
            unknown = f"unknown key '{prefix}{key}'"
            problems.append(Problem(file, item.key_line, unknown, _hint(key, known, prefix)))
            continue
        hint, limits = known[key]
        if is_section(hint):
            values[key] = read_into(hint, item, file, problems, f"{prefix}{key}.")
            continue
        try:
            values[key] = convert(item, hint, limits)
        except ValueError as error:
            problems.append(Problem(file, item.key_line, f"'{prefix}{key}' {error}"))
    return values


def convert(item: Located, hint: Any, limits: Meta) -> Any:
    """Return the value as the declared type; raises ValueError with the rest of a sentence."""
    value = item.value
    origin = get_origin(hint)
    if origin is Literal:
        return _choice(item, get_args(hint))
    if origin in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        return None if value is None else convert(item, options[0], limits)
    if hint is bool:
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {item.described}")
        return value
    if hint in (int, float):
        return _number(item, hint, limits)
    if hint is str:
        return _text(item)
    if origin is tuple:
        return _words(item)
    return _mapping(item, get_args(hint)[1])


def convert_text(text: str, hint: Any, limits: Meta) -> Any:
    """Return the value an environment variable's text stands for; raises ValueError like :func:`convert`."""
    value: Any = text
    if get_origin(hint) in (Union, types.UnionType):
        if text.lower() in ("null", "none"):
            return None
        hint = get_args(hint)[0]
    if hint is bool:
        value = _SWITCH_WORDS.get(text.lower(), text)
    elif hint in (int, float):
        try:
            value = float(text) if hint is float or not text.lstrip("-").isdigit() else int(text)
        except ValueError:
            value = text
    elif get_origin(hint) is tuple:
        return tuple(text.split())
    return convert(Located(value, 0), hint, limits)


def _choice(item: Located, choices: tuple[str, ...]) -> str:
    # YAML reads 16 and 256 as numbers and a bare off as False.
    text = ("on" if item.value else "off") if isinstance(item.value, bool) else str(item.value)
    if isinstance(item.value, (dict, list)) or text not in choices:
        guess = get_close_matches(text, choices, n=1)
        hint = f"; did you mean '{guess[0]}'?" if guess else ""
        raise ValueError(f"must be one of {', '.join(choices)}, not {item.described}{hint}")
    return text


def _number(item: Located, hint: type, limits: Meta) -> int | float:
    value = item.value
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not (hint is float and isinstance(value, float)):
        raise ValueError(f"must be a {'whole ' if hint is int else ''}number, not {item.described}")
    least, most = limits.ge, limits.le
    if least is not None and most is not None and not least <= value <= most:
        raise ValueError(f"must be between {least:g} and {most:.10g}, not {value}")
    return hint(value)  # type: ignore[no-any-return]


def _text(item: Located) -> str:
    if not isinstance(item.value, str):
        raise ValueError(f"must be text, not {item.described}; put it in quotes")
    return item.value


def _words(item: Located) -> tuple[str, ...]:
    items = item.value if isinstance(item.value, list) else [item]
    if not all(isinstance(word.value, str) for word in items):
        raise ValueError(f"must be text or a list of texts, not {item.described}; put numbers in quotes")
    return tuple(word.value for word in items)


def _mapping(item: Located, value_hint: Any) -> Mapping[str, Any]:
    if item.value is None:
        return MappingProxyType({})
    if not isinstance(item.value, dict):
        raise ValueError(f"must be a mapping, not {item.described}")
    return MappingProxyType({key: convert(value, value_hint, NO_LIMITS) for key, value in item.value.items()})


def _hint(key: str, known: Mapping[str, object], prefix: str) -> str:
    """Name the nearest key, else list what there is."""
    return nearest(key, known) or f"{prefix[:-1] or 'the file'} knows {', '.join(known)}"
