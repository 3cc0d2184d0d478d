"""What the command line asks of the user interface: one frozen value, free of heavy imports."""

from __future__ import annotations

from dataclasses import dataclass

from k9py.core.refs import Scope


@dataclass(frozen=True, slots=True)
class UiOptions:
    """The wishes of one start; empty text and None: settings or the remembered state decide."""

    kind: str = ""
    """Kind word, short name or id to open, as typed (``po``, ``certificates.cert-manager.io``)."""
    words: tuple[str, ...] = ()
    """Whatever followed the kind: run as if typed in the command prompt behind it (``:pods /api``)."""
    selector: str = ""
    """Label selector of the first pane, as kubectl's ``-l``."""
    field_selector: str = ""
    """Field selector of the first pane."""
    context: str = ""
    """Context of the kubeconfig; empty means its current one."""
    cluster: str = ""
    """Cluster entry that replaces the context's own."""
    user: str = ""
    """User entry that replaces the context's own."""
    kubeconfig: str = ""
    """One kubeconfig file instead of KUBECONFIG and ``~/.kube/config``."""
    server: str = ""
    """API server URL that replaces the cluster's own."""
    namespaces: tuple[str, ...] = ()
    """Namespaces to show; several mean several watches merged in one pane."""
    all_namespaces: bool = False
    """Show every namespace; with this on ``namespaces`` is empty."""
    as_user: str = ""
    """User to impersonate."""
    as_groups: tuple[str, ...] = ()
    """Groups to impersonate."""
    as_uid: str = ""
    """Uid to impersonate."""
    readonly: bool | None = None
    """True hides every key that writes; None leaves it to the settings of the context."""
    theme: str = ""
    """Name of a theme; empty means the settings' one."""
    ascii: bool | None = None
    """True draws with ASCII signs only; None decides by locale and TERM."""
    insecure: bool = False
    """Skip the verification of the server's certificate."""
    request_timeout: float | None = None
    """Seconds one request may take; None means the settings' value."""
    fresh: bool = False
    """True ignores what was remembered from the last session in this context."""

    @property
    def scope(self) -> Scope | None:
        """The scope asked for on the command line, None when nothing was said."""
        if self.all_namespaces:
            return Scope()
        return Scope(self.namespaces) if self.namespaces else None
