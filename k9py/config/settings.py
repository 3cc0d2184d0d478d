"""Every setting, with its unit, default and consequence in its docstring.

The docstrings are data: ``k9py config show``, the README's table and error messages read them. Values are
frozen; a change replaces the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Colours = Literal["auto", "truecolor", "256", "16", "none"]
Glyphs = Literal["auto", "unicode", "ascii"]
Link = Literal["auto", "local", "remote"]
Split = Literal["auto", "beside", "below", "off"]
LogLevel = Literal["debug", "info", "warning", "error"]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


class UiSettings(msgspec.Struct, frozen=True):
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
    change_mark: Annotated[float, Meta(ge=0, le=600)] = 10.0
    """Seconds a new or changed row keeps its sign; 0 shows none."""
    remember: bool = True
    """Come back to the kind, namespaces, filters, sorting and tabs last used in this context."""


class LogSettings(msgspec.Struct, frozen=True):
    """The log view and ``k9py logs``."""

    tail: Annotated[int, Meta(ge=0, le=100_000)] = 500
    """Lines asked of each container when logs open; 0 starts with what comes next."""
    lines: Annotated[int, Meta(ge=100, le=1_000_000)] = 20_000
    """Lines kept in memory; older ones are dropped and the gap is shown."""
    wrap: bool = False
    """Break long lines instead of cutting them at the edge."""
    timestamps: bool = False
    """Show the time the kubelet received each line."""


class MetricsSettings(msgspec.Struct, frozen=True):
    """CPU and memory in the tables."""

    interval: Annotated[float, Meta(ge=5, le=600)] = 15.0
    """Seconds between two samples of metrics.k8s.io; the server itself renews them every 15 s or so."""
    warn: Annotated[int, Meta(ge=1, le=1000)] = 70
    """Percent of the limit (or request) from which a value is marked as a warning."""
    critical: Annotated[int, Meta(ge=1, le=1000)] = 90
    """Percent of the limit (or request) from which a value is marked as bad."""


class KubeSettings(msgspec.Struct, frozen=True):
    """How the API server is talked to."""

    request_timeout: Annotated[float | None, Meta(ge=1, le=600)] = None
    """Seconds every request may take, watches and logs excepted; null leaves each its own limit (mostly 30)."""


class ShellSettings(msgspec.Struct, frozen=True):
    """A shell in a container."""

    command: tuple[str, ...] = ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")
    """Command and arguments run in the container; each is one word, nothing is split or expanded here."""


class LogFileSettings(msgspec.Struct, frozen=True):
    """k9py's own log file."""

    level: LogLevel = "info"
    """Least grave message written; debug names every request (never its credentials)."""
    size: Annotated[int, Meta(ge=16, le=1_048_576)] = 1024
    """KiB after which the file is rotated."""
    keep: Annotated[int, Meta(ge=0, le=100)] = 3
    """Rotated files kept beside the newest one."""


class Settings(msgspec.Struct, frozen=True):
    """Everything that can be set, for one context."""

    theme: str = "dark"
    """Name of a theme; ``k9py config themes`` lists them."""
    readonly: bool = False
    """Offer no key and no verb that changes the cluster."""
    protected: bool = False
    """Ask for a name to be typed before anything in the cluster is changed."""
    kind: str = "pods"
    """Kind opened where nothing is remembered; any name or short name of it."""
    ui: UiSettings = msgspec.field(default_factory=UiSettings)
    logs: LogSettings = msgspec.field(default_factory=LogSettings)
    metrics: MetricsSettings = msgspec.field(default_factory=MetricsSettings)
    kube: KubeSettings = msgspec.field(default_factory=KubeSettings)
    shell: ShellSettings = msgspec.field(default_factory=ShellSettings)
    log_file: LogFileSettings = msgspec.field(default_factory=LogFileSettings)
    keys: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=_nothing)
    """Action id to its keys, in place of the default ones; an empty list takes the keys away."""
    aliases: Mapping[str, str] = msgspec.field(default_factory=_nothing)
    """Word to the command it stands for in the command prompt, such as ``odd: pods all /status!=Running``."""
