"""Show where the settings are, check them, or print what holds."""

from __future__ import annotations

import argparse
import os

from k9py.config.documentation import as_yaml
from k9py.config.keymap import build_keymap, check_keys
from k9py.config.loading import check_settings, load_settings
from k9py.config.paths import Paths
from k9py.config.themes import check_choices, check_themes, shipped_themes
from k9py.resources.actions import ACTIONS

WORDS = ("path", "check", "show", "themes", "keys")

EXAMPLES = """
k9py config path
k9py config check
k9py config show --context prod-eu
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("what", choices=WORDS, metavar="|".join(WORDS))
    parser.add_argument("--context", metavar="NAME", default="", help="show what holds in this context")


def run(options: argparse.Namespace) -> int:
    """Carry out one of the five."""
    paths = Paths.of(os.environ)
    if options.what == "path":
        return _path(paths)
    if options.what == "check":
        return _check(paths)
    if options.what == "themes":
        return _themes(paths)
    if options.what == "keys":
        return _keys(paths, options.context)
    print(as_yaml(load_settings(paths, os.environ).settings(options.context)), end="")
    return 0


def _path(paths: Paths) -> int:
    entries = (
        ("settings", paths.settings_file),
        ("your themes", paths.user_themes),
        ("shipped themes", shipped_themes()),
        ("cache", paths.cache),
        ("state", paths.state),
        ("log", paths.log_file),
    )
    for name, path in entries:
        print(f"{name:<16}{path}{'' if path.exists() else '  (not there yet)'}")
    return 0


def _check(paths: Paths) -> int:
    """Print every mistake in settings, keys and themes; 1 when there is one."""
    loaded, problems = check_settings(paths, os.environ)
    themes, theme_problems = check_themes(paths.user_themes)
    problems += [*theme_problems, *check_choices(loaded.themes, loaded.file, paths.user_themes)]
    problems += check_keys(loaded)
    for problem in problems:
        print(problem)
    if not problems:
        state = "no mistakes" if paths.settings_file.exists() else "not there yet, every default holds"
        print(f"{paths.settings_file}: {state}; {len(themes)} themes")
    return 1 if problems else 0


def _themes(paths: Paths) -> int:
    themes, problems = check_themes(paths.user_themes)
    for theme in themes.values():
        print(f"{theme.name:<22}{theme.appearance:<8}contrast {theme.contrast:g}:1   {theme.title}")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _keys(paths: Paths, context: str) -> int:
    """Print every action with its keys, the person's own ones included."""
    loaded = load_settings(paths, os.environ)
    keymap = build_keymap(ACTIONS, loaded.settings(context).keys, file=loaded.file, lines=loaded.lines)
    for action in keymap.actions:
        print(f"{action.id:<22}{action.where.value:<12}{' '.join(action.keys):<20}{action.help}")
    for problem in keymap.problems:
        print(problem)
    return 1 if keymap.problems else 0
