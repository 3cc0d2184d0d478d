"""Every setting, with its unit, default and consequence in its docstring.

The docstrings are data: ``k9py config show``, the README's table and error messages read them. Values are
frozen; a change replaces the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Colours = Literal["auto", "truecolor", "256", "16", "none"]
Glyphs = Literal["auto", "unicode", "ascii"]
Link = Literal["auto", "local", "remote"]
Split = Literal["auto", "beside", "below", "off"]
LogLevel = Literal["debug", "info", "warning", "error"]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


def bounded(default: float | None, *, least: float, most: float) -> Any:
    """Declare a number with the limits the reader holds it to; typed by its use, as ``field`` is."""
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How the terminal interface looks and behaves."""

    glyphs: Glyphs = "auto"
    """Signs drawn: unicode, ascii, or auto, which is ascii for LC_ALL=C and TERM=linux."""
    colours: Colours = "auto"
    """Colours the terminal gets; auto asks TERM, COLORTERM and NO_COLOR."""
    link: Link = "auto"
    """How far the terminal is: repainted every 300 ms when remote (auto: SSH, mosh), 100 ms when local."""
    mouse: bool = False
    """Take the mouse; off leaves selecting and copying to the terminal."""
    split: Split = "auto"
    """Where the detail pane opens; auto is beside on wide terminals, below on tall ones."""
    change_mark: float = bounded(10.0, least=0, most=600)
    """Seconds a new or changed row keeps its sign; 0 shows none."""
    remember: bool = True
    """Come back to the kind, namespaces, filters, sorting and tabs last used in this context."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The log view and ``k9py logs``."""

    tail: int = bounded(500, least=0, most=100_000)
    """Lines asked of each container when logs open; 0 starts with what comes next."""
    lines: int = bounded(20_000, least=100, most=1_000_000)
    """Lines kept in memory; older ones are dropped and the gap is shown."""
    wrap: bool = False
    """Break long lines instead of cutting them at the edge."""
    timestamps: bool = False
    """Show the time the kubelet received each line."""


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """CPU and memory in the tables."""

    interval: float = bounded(15.0, least=5, most=600)
    """Seconds between two samples of metrics.k8s.io; the server itself renews them every 15 s or so."""
    warn: int = bounded(70, least=1, most=1000)
    """Percent of the limit (or request) from which a value is marked as a warning."""
    critical: int = bounded(90, least=1, most=1000)
    """Percent of the limit (or request) from which a value is marked as bad."""


@dataclass(frozen=True, slots=True)
class KubeSettings:
    """How the API server is talked to."""

    request_timeout: float | None = bounded(None, least=1, most=600)
    """Seconds every request may take, watches and logs excepted; null leaves each its own limit (mostly 30)."""


@dataclass(frozen=True, slots=True)
class ShellSettings:
    """A shell in a container."""

    command: tuple[str, ...] = ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")
    """Command and arguments run in the container; each is one word, nothing is split or expanded here."""


@dataclass(frozen=True, slots=True)
class LogFileSettings:
    """k9py's own log file."""

    level: LogLevel = "info"
    """Least grave message written; debug names every request (never its credentials)."""
    size: int = bounded(1024, least=16, most=1_048_576)
    """KiB after which the file is rotated."""
    keep: int = bounded(3, least=0, most=100)
    """Rotated files kept beside the newest one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, for one context."""

    theme: str = "dark"
    """Name of a theme; ``k9py config themes`` lists them."""
    readonly: bool = False
    """Offer no key and no verb that changes the cluster."""
    protected: bool = False
    """Ask for a name to be typed before anything in the cluster is changed."""
    kind: str = "pods"
    """Kind opened where nothing is remembered; any name or short name of it."""
    ui: UiSettings = field(default_factory=UiSettings)
    logs: LogSettings = field(default_factory=LogSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    kube: KubeSettings = field(default_factory=KubeSettings)
    shell: ShellSettings = field(default_factory=ShellSettings)
    log_file: LogFileSettings = field(default_factory=LogFileSettings)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    """Action id to its keys, in place of the default ones; an empty list takes the keys away."""
    aliases: Mapping[str, str] = field(default_factory=_nothing)
    """Word to the command it stands for in the command prompt, such as ``bad: pods status!=Running``."""
