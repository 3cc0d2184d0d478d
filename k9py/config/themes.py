"""Themes as data: which colour each meaning has, in true colour, 256 and 16 colours.

A theme is one YAML file in ``themes/``; its name is the file's. Colours carry meaning only, so the roles are
meanings. A user's theme may leave roles out: those come from the shipped theme named by ``base``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from k9py.config.colours import ANSI16, nearest16, nearest256
from k9py.config.located import Located, Problem, nearest, read_located, sentence
from k9py.core.errors import SettingsError

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "background": "behind everything",
        "surface": "behind title, prompt and footer lines",
        "text": "plain text",
        "dim": "what is secondary: labels, finished things, data that is old",
        "rule": "thin rules between panes; never text",
        "accent": "keys, the focused title; one per theme",
        "ok": "healthy",
        "warn": "needs attention soon",
        "bad": "broken, refused or dangerous",
        "new": "just appeared or changed",
        "mark": "marked rows and matches of a search",
        "cursor": "behind the row under the cursor",
        "cursor_text": "text of the row under the cursor",
    }
)
"""Every role with what it means."""

STYLES = ("bold", "dim", "italic", "underline", "reverse")
"""What ``style`` may list."""

DEFAULT_BASE = "dark"
"""The shipped theme that stands in for whatever cannot be read."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_PROPERTIES = ("colour", "ansi256", "ansi16", "style")


class Role(msgspec.Struct, frozen=True):
    """How one meaning is drawn, at each depth of colour."""

    colour: str
    """``#rrggbb``, or ``default`` for the terminal's own."""
    ansi256: int | None
    """Index 16-255 of the 256-colour palette; None for the terminal's own."""
    ansi16: str
    """One of :data:`ANSI16`."""
    styles: frozenset[str] = frozenset()
    """Members of :data:`STYLES`; drawn at every depth, NO_COLOR included."""


class Theme(msgspec.Struct, frozen=True):
    """One theme, with every role filled."""

    name: str
    title: str
    appearance: Literal["dark", "light"]
    contrast: float
    """WCAG 2 contrast ratio every text role keeps to background and surface."""
    roles: Mapping[str, Role]
    file: str

    @property
    def monochrome(self) -> bool:
        """True when no role names a colour of its own."""
        return all(role.colour == "default" for role in self.roles.values())


def shipped_themes() -> Path:
    """Return the directory of the shipped themes: a checkout's, else the one inside the package."""
    package = Path(__file__).resolve().parent.parent
    beside = package.parent / "themes"
    in_checkout = (package.parent / "pyproject.toml").is_file() and beside.is_dir()
    return beside if in_checkout else package / "themes"


def theme_files(user_directory: Path | None = None) -> dict[str, Path]:
    """Return the file of every theme by name; one of the user's replaces a shipped one of that name."""
    files: dict[str, Path] = {}
    for directory in (shipped_themes(), user_directory):
        for path in sorted(directory.glob("*.yaml")) if directory is not None else ():
            files[path.stem] = path
    return files


def load_theme(name: str, user_directory: Path | None = None) -> Theme:
    """Read one theme; raises SettingsError with the nearest name, or with file and line of what is wrong."""
    files = theme_files(user_directory)
    if name not in files:
        listed = f"There are {', '.join(sorted(files))}."
        raise SettingsError(f"no theme '{name}'", remedy=sentence(nearest(name, files)) or listed)
    problems: list[Problem] = []
    theme = read_theme(files[name], problems)
    if theme is None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SettingsError(f"{problems[0]}{more}", remedy="k9py config check lists every mistake.")
    return theme


def check_themes(user_directory: Path | None = None) -> tuple[dict[str, Theme], list[Problem]]:
    """Read every theme; a bad file costs only itself."""
    problems: list[Problem] = []
    read = (read_theme(path, problems) for path in theme_files(user_directory).values())
    return {theme.name: theme for theme in read if theme is not None}, problems


def check_choices(
    chosen: Iterable[tuple[str, int]], file: str, user_directory: Path | None = None
) -> Iterator[Problem]:
    """Yield a problem for every theme a settings file asks for (name, line) that does not exist."""
    files = theme_files(user_directory)
    for name, line in chosen:
        if name not in files:
            remedy = nearest(name, files) or f"there are {', '.join(sorted(files))}"
            yield Problem(file, line, f"no theme '{name}'", remedy)


def read_theme(path: Path, problems: list[Problem]) -> Theme | None:
    """Return the theme of one file; None, with the reasons in ``problems``, when it cannot be used."""
    file, before = str(path), len(problems)
    try:
        located = read_located(path.read_text("utf-8"), file)
    except SettingsError as error:
        problems.append(Problem("", 0, str(error)))
        return None
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(file, 0, f"cannot be read: {error}"))
        return None
    head = _head(located, file, problems)
    roles = _roles(located, file, _base_roles(str(head["base"]), path, located, problems), problems)
    if len(problems) > before:
        return None
    return Theme(
        name=path.stem,
        title=str(head["title"] or path.stem),
        appearance="light" if head["appearance"] == "light" else "dark",
        contrast=float(head["contrast"]),
        roles=MappingProxyType(roles),
        file=file,
    )


def _base_roles(name: str, path: Path, located: Located, problems: list[Problem]) -> Mapping[str, Role]:
    """Return the roles of the shipped theme a file builds on; none when it stands alone."""
    base = shipped_themes() / f"{name}.yaml"
    if not name or base == path:
        return {}
    if not base.is_file():
        line = located.value["base"].line
        shipped = theme_files()
        remedy = nearest(name, shipped) or f"shipped are {', '.join(shipped)}"
        problems.append(Problem(str(path), line, f"'base' names no shipped theme: '{name}'", remedy))
        return {}
    theme = read_theme(base, problems)
    return theme.roles if theme else {}


def _head(located: Located, file: str, problems: list[Problem]) -> dict[str, str | float]:
    """Return title, appearance, contrast and base, with their defaults where absent."""
    head: dict[str, str | float] = {"title": "", "appearance": "dark", "contrast": 4.5, "base": ""}
    if not isinstance(located.value, dict):
        problems.append(Problem(file, located.line, f"a theme must be a mapping, not {located.described}"))
        return head
    for key, item in located.value.items():
        if key == "roles":
            continue
        if key not in head:
            hint = nearest(key, [*head, "roles"])
            problems.append(Problem(file, item.key_line, f"unknown key '{key}'", hint))
        elif key == "contrast" and not isinstance(item.value, (int, float)):
            problems.append(Problem(file, item.line, f"'contrast' must be a number, not {item.described}"))
        elif key == "appearance" and item.value not in ("dark", "light"):
            message = f"'appearance' must be dark or light, not {item.described}"
            problems.append(Problem(file, item.line, message))
        else:
            head[key] = item.value
    return head


def _roles(located: Located, file: str, base: Mapping[str, Role], problems: list[Problem]) -> dict[str, Role]:
    """Return the roles of a theme, those of its base where it names none."""
    roles = dict(base)
    entries = located.value.get("roles") if isinstance(located.value, dict) else None
    if entries is None or not isinstance(entries.value, dict):
        problems.append(Problem(file, located.line, "'roles' must be a mapping of role to colours"))
        return roles
    for name, item in entries.value.items():
        if name not in ROLES:
            hint = nearest(name, ROLES) or f"the roles are {', '.join(ROLES)}"
            problems.append(Problem(file, item.key_line, f"unknown role '{name}'", hint))
            continue
        role = _role(name, item, file, problems)
        if role is not None:
            roles[name] = role
    missing = [name for name in ROLES if name not in roles and name not in entries.value]
    if missing:
        remedy = f"add them, or 'base: {DEFAULT_BASE}' to take them from there"
        problems.append(Problem(file, entries.key_line, f"no {', '.join(missing)}", remedy))
    return roles


def _role(name: str, item: Located, file: str, problems: list[Problem]) -> Role | None:
    """Return one role; a bare ``#rrggbb`` names only the true colour and has its fallbacks computed."""
    parts = item.value if isinstance(item.value, dict) else {"colour": item}
    before = len(problems)

    def fault(part: Located, message: str, remedy: str = "") -> None:
        problems.append(Problem(file, part.line, f"'{name}': {message}", remedy))

    for key, part in parts.items():
        if key not in _PROPERTIES:
            fault(part, f"unknown key '{key}'", nearest(key, _PROPERTIES))
    values = {key: parts[key].value if key in parts else None for key in _PROPERTIES}
    colour, index, ansi, styles = (values[key] for key in _PROPERTIES)
    if not isinstance(colour, str) or not (colour == "default" or _HEX.fullmatch(colour)):
        where = parts.get("colour", item)
        fault(where, f"colour must be '#rrggbb' in quotes, or default, not {where.described}")
    if index not in (None, "default") and not (type(index) is int and 16 <= index <= 255):
        fault(parts["ansi256"], f"ansi256 must be 16 to 255 or default, not {parts['ansi256'].described}")
    if ansi is not None and ansi not in ANSI16:
        fault(parts["ansi16"], f"ansi16 cannot be {parts['ansi16'].described}", nearest(str(ansi), ANSI16))
    words = str(styles or "").split()
    for word in words:
        if word not in STYLES:
            fault(parts["style"], f"unknown style '{word}'", f"styles are {', '.join(STYLES)}")
    if len(problems) > before:
        return None
    return Role(
        colour=str(colour).lower(),
        ansi256=index if isinstance(index, int) else nearest256(str(colour) if index is None else "default"),
        ansi16=ansi or nearest16(str(colour)),
        styles=frozenset(words),
    )
