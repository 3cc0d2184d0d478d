"""The settings file, its per-context overrides, and the environment on top: one frozen :class:`Settings`.

Later wins: defaults, the file, each ``contexts`` entry that matches (in file order), the environment. The
command line is laid over that by the verb. A file with a mistake is refused whole: half of it could leave
out ``readonly``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from msgspec.structs import replace

from k9py.config.located import Located, Problem, read_located
from k9py.config.paths import Paths
from k9py.config.reading import convert_text, fields_of, is_section, read_into
from k9py.config.settings import Settings
from k9py.core.errors import SettingsError

ENVIRONMENT_PREFIX = "K9PY_"
"""``K9PY_THEME`` sets theme, ``K9PY_UI_GLYPHS`` sets ui.glyphs, and so on for every plain setting."""


class SettingsFile(msgspec.Struct, frozen=True):
    """What the settings file and the environment say, ready to give the settings of any context."""

    file: str
    base: Mapping[str, Any] = msgspec.field(default_factory=dict)
    contexts: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Shell pattern of context names and the overrides for those that match."""
    environment: Mapping[str, Any] = msgspec.field(default_factory=dict)
    lines: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Line of each entry under ``keys`` and ``aliases``, as ``keys.ACTION``: these are judged elsewhere."""
    themes: tuple[tuple[str, int], ...] = ()
    """Every theme the file asks for, with its line."""

    def settings(self, context: str = "") -> Settings:
        """Return the settings for one context; with none, those that hold everywhere."""
        layers = [self.base]
        layers += [values for pattern, values in self.contexts if context and fnmatchcase(context, pattern)]
        result = Settings()
        for layer in (*layers, self.environment):
            result = overlay(result, layer)
        return result


def overlay(settings: Any, values: Mapping[str, Any]) -> Any:
    """Return the settings with the values laid over it, section by section; mappings are merged."""
    changed: dict[str, Any] = {}
    for name, value in values.items():
        current = getattr(settings, name)
        if isinstance(current, msgspec.Struct):
            changed[name] = overlay(current, value)
        elif isinstance(current, Mapping):
            changed[name] = {**current, **value}
        else:
            changed[name] = value
    return replace(settings, **changed)


def load_settings(paths: Paths, environ: Mapping[str, str]) -> SettingsFile:
    """Read the settings file (none is fine) and the environment.

    Raises SettingsError with file, line and nearest key of the first mistake and the count of the others.
    """
    loaded, problems = check_settings(paths, environ)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SettingsError(f"{problems[0]}{more}", remedy="k9py config check lists every mistake.")
    return loaded


def check_settings(paths: Paths, environ: Mapping[str, str]) -> tuple[SettingsFile, list[Problem]]:
    """Read as :func:`load_settings` does, but return every problem; SettingsError if it is not YAML."""
    file = str(paths.settings_file)
    problems: list[Problem] = []
    located = _document(paths, file)
    base, contexts, lines = _split(located, file, problems)
    environment = _from_environment(environ, problems)
    themes = tuple(_themes_of(located))
    return SettingsFile(file, base, contexts, environment, lines, themes), problems


def _document(paths: Paths, file: str) -> Located:
    try:
        text = paths.settings_file.read_text("utf-8")
    except FileNotFoundError:
        return Located({}, 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"{file} cannot be read: {reason}") from error
    return read_located(text, file)


def _split(
    located: Located, file: str, problems: list[Problem]
) -> tuple[Mapping[str, Any], tuple[tuple[str, Mapping[str, Any]], ...], Mapping[str, int]]:
    """Separate ``contexts`` from the rest, and note the lines of keys and aliases."""
    if not isinstance(located.value, dict):
        return read_into(Settings, located, file, problems), (), {}
    rest = {key: item for key, item in located.value.items() if key != "contexts"}
    base = read_into(Settings, Located(rest, located.line), file, problems)
    overrides: list[tuple[str, Mapping[str, Any]]] = []
    lines = dict(_lines_of(Located(rest, 0)))
    entries = located.value.get("contexts")
    if entries is not None and not isinstance(entries.value, (dict, type(None))):
        problem = Problem(file, entries.key_line, f"'contexts' must be a mapping, not {entries.described}")
        problems.append(problem)
    elif entries is not None:
        for pattern, item in (entries.value or {}).items():
            overrides.append((pattern, read_into(Settings, item, file, problems, f"contexts.{pattern}.")))
            for name, line in _lines_of(item):
                lines.setdefault(name, line)
    return base, tuple(overrides), lines


def _lines_of(located: Located) -> Iterator[tuple[str, int]]:
    for section in ("keys", "aliases"):
        entries = located.value.get(section) if isinstance(located.value, dict) else None
        if entries is not None and isinstance(entries.value, dict):
            for name, item in entries.value.items():
                yield f"{section}.{name}", item.key_line


def _themes_of(located: Located) -> Iterator[tuple[str, int]]:
    if not isinstance(located.value, dict):
        return
    contexts = located.value.get("contexts")
    overrides = contexts.value.values() if contexts is not None and isinstance(contexts.value, dict) else ()
    for place in (located, *overrides):
        theme = place.value.get("theme") if isinstance(place.value, dict) else None
        if theme is not None and isinstance(theme.value, str):
            yield theme.value, theme.line


def plain_settings(owner: type = Settings, prefix: str = "") -> Iterator[tuple[str, Any, msgspec.Meta]]:
    """Yield dotted name, type and limits of every setting that holds one value."""
    for name, (hint, limits) in fields_of(owner).items():
        if is_section(hint):
            yield from plain_settings(hint, f"{prefix}{name}.")
        elif name not in ("keys", "aliases"):
            yield prefix + name, hint, limits


def variable_of(name: str) -> str:
    """Return the environment variable that overrides a setting, such as ``K9PY_UI_GLYPHS``."""
    return ENVIRONMENT_PREFIX + name.replace(".", "_").upper()


def _from_environment(environ: Mapping[str, str], problems: list[Problem]) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    if not any(name.startswith(ENVIRONMENT_PREFIX) for name in environ):
        return values  # 1 ms of the first frame: types resolved for nothing
    for name, hint, limits in plain_settings():
        variable = variable_of(name)
        text = environ.get(variable, "")
        if not text:
            continue
        section, _, leaf = name.rpartition(".")
        try:
            value = convert_text(text, hint, limits)
        except ValueError as error:
            problems.append(Problem(f"environment variable {variable}", 0, str(error)))
            continue
        (values.setdefault(section, {}) if section else values)[leaf] = value
    return values
