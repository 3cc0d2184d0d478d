"""Where k9py keeps its files: settings, caches and state, by the XDG rules of the platform."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from k9py.core.files import file_name

CONFIG_DIR = "K9PY_CONFIG_DIR"
"""Environment variable: the directory with ``config.yaml`` and ``themes/`` of the user."""
CACHE_DIR = "K9PY_CACHE_DIR"
"""Environment variable: the directory of caches; safe to delete at any time."""
STATE_DIR = "K9PY_STATE_DIR"
"""Environment variable: the directory of what is remembered, and of the log file."""


class Paths(msgspec.Struct, frozen=True):
    """The three directories; none of them is created by looking."""

    config: Path
    cache: Path
    state: Path

    @staticmethod
    def of(environ: Mapping[str, str]) -> Paths:
        """Return the directories the environment names, else the platform's own."""

        def directory(variable: str, kind: str) -> Path:
            if environ.get(variable):
                return Path(environ[variable]).expanduser()
            # Deferred: costs 15 ms and is not needed where the environment names the directories.
            import platformdirs

            return Path(getattr(platformdirs, f"user_{kind}_dir")("k9py", appauthor=False))

        return Paths(
            config=directory(CONFIG_DIR, "config"),
            cache=directory(CACHE_DIR, "cache"),
            state=directory(STATE_DIR, "state"),
        )

    @property
    def settings_file(self) -> Path:
        """The one settings file."""
        return self.config / "config.yaml"

    @property
    def user_themes(self) -> Path:
        """Themes of the user; one with the name of a shipped theme replaces it."""
        return self.config / "themes"

    @property
    def log_file(self) -> Path:
        """The newest log file; older ones have a number behind it."""
        return self.state / "k9py.log"

    @property
    def history_file(self) -> Path:
        """The command prompt's history."""
        return self.state / "history"

    def journal_file(self, context: str) -> Path:
        """Return the file in which every change made in one context is written down."""
        return self.state / "journal" / f"{file_name(context)}.jsonl"

    @property
    def drafts(self) -> Path:
        """The directory of what was typed and not written yet."""
        return self.state / "drafts"

    def context_file(self, context: str) -> Path:
        """Return the file of what is remembered for one context."""
        return self.state / "contexts" / f"{file_name(context)}.json"
