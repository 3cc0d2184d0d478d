"""k9py's own log file: rotated, private, and without secrets."""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
from io import TextIOWrapper
from pathlib import Path

from k9py.config.paths import Paths
from k9py.config.settings import LogFileSettings
from k9py.core.files import make_private

HIDDEN = "<hidden>"
"""What stands where a secret was."""

_SECRETS = (
    # Authorization headers and bearer tokens wherever they are quoted.
    re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}"),
    # JSON web tokens: service account tokens, OIDC id tokens.
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    # key: value and key=value, quoted or not, as kubeconfigs and environments write them.
    re.compile(
        r"(?i)(?<![\w-])(?:[\w-]*(?:token|password|passwd|secret|api[_-]?key|client-key-data))"
        r"(?P<join>[\"']?\s*[:=]\s*)(?P<quote>[\"']?)(?!\s)(?:(?<=[\"'])[^\"']+|[^\s\"',;&})]+)"
    ),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.S),
    # user:password@ in URLs.
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)


def redact(text: str) -> str:
    """Return the text with everything that looks like a credential replaced by :data:`HIDDEN`."""
    for pattern in _SECRETS:
        text = pattern.sub(_hide, text)
    return text


def _hide(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if groups.get("join"):
        name = match.group(0)[: match.start("join") - match.start(0)]
        return f"{name}{groups['join']}{groups['quote']}{HIDDEN}"
    return HIDDEN


class RedactingFormatter(logging.Formatter):
    """Formats a record, traceback included, and hides secrets in the whole of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text without secrets, in one line where it is one."""
        return redact(super().format(record))


class PrivateRotatingHandler(logging.handlers.RotatingFileHandler):
    """A rotating handler whose files only their owner can read."""

    def _open(self) -> TextIOWrapper:
        make_private(Path(self.baseFilename).parent)
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(handle, "ab"), encoding="utf-8", errors="backslashreplace")


def open_log(paths: Paths, settings: LogFileSettings) -> logging.Handler:
    """Send the log of everything in this process to the log file and return the handler; an earlier one is closed.

    Raises OSError when the state directory cannot be written.
    """
    handler = PrivateRotatingHandler(
        paths.log_file, maxBytes=settings.size * 1024, backupCount=settings.keep, delay=False
    )
    handler.setFormatter(
        RedactingFormatter("%(asctime)s.%(msecs)03d %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    )
    root = logging.getLogger()
    for earlier in [earlier for earlier in root.handlers if isinstance(earlier, PrivateRotatingHandler)]:
        root.removeHandler(earlier)
        earlier.close()
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    # Their debug messages carry whole headers and bodies.
    for name in ("asyncio", "aiohttp", "kubernetes", "urllib3"):
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))
    return handler


def log_is_open() -> bool:
    """Return whether the log of this process goes to a log file."""
    return any(isinstance(handler, PrivateRotatingHandler) for handler in logging.getLogger().handlers)
