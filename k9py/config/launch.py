"""What the command line asks of the user interface: one frozen value, free of heavy imports."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from k9py.config.settings import Settings
from k9py.core.refs import Scope
from k9py.kube.overrides import Overrides


class UiOptions(msgspec.Struct, frozen=True):
    """The wishes of one start; empty text and None: settings or the remembered state decide."""

    kind: str = ""
    """Kind word, short name or id to open, as typed (``po``, ``certificates.cert-manager.io``)."""
    words: tuple[str, ...] = ()
    """Whatever followed the kind: run as if typed in the command prompt behind it (``:pods /api``)."""
    selector: str = ""
    """Label selector of the first pane, as kubectl's ``-l``."""
    field_selector: str = ""
    """Field selector of the first pane."""
    kubeconfig: str = ""
    """One kubeconfig file instead of KUBECONFIG and ``~/.kube/config``."""
    connection: Overrides = msgspec.field(default_factory=Overrides)
    """Context, impersonation and whatever else replaces an entry of the kubeconfig; ``Kubeconfig.target``
    takes it as it is."""
    namespaces: tuple[str, ...] = ()
    """Namespaces to show; several mean several watches merged in one pane."""
    all_namespaces: bool = False
    """Show every namespace; with this on ``namespaces`` is empty."""
    readonly: bool | None = None
    """True hides every key that writes; None leaves it to the settings of the context."""
    theme: str = ""
    """Name of a theme; empty means the settings' one."""
    ascii: bool | None = None
    """True draws with ASCII signs only; None decides by settings, locale and TERM."""
    fresh: bool = False
    """True ignores what was remembered from the last session in this context."""

    @property
    def context(self) -> str:
        """Context of the kubeconfig; empty means its current one."""
        return self.connection.context

    @property
    def scope(self) -> Scope | None:
        """The scope asked for on the command line, None when nothing was said."""
        if self.all_namespaces:
            return Scope()
        return Scope(self.namespaces) if self.namespaces else None


def within_settings(overrides: Overrides, settings: Settings) -> Overrides:
    """Return what the command line says of a connection, with the settings where it says nothing."""
    if overrides.request_timeout is not None:
        return overrides
    return replace(overrides, request_timeout=settings.kube.request_timeout)
