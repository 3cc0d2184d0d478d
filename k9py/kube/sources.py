"""Which source of grants serves a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k9py.core.clock import Clock
from k9py.kube.credentials import FixedSource, GrantSource, TokenFileSource
from k9py.kube.execplugin import ExecSource
from k9py.kube.oidc import OidcSource
from k9py.kube.target import Target

if TYPE_CHECKING:
    from k9py.kube.aio import TerminalLoan


def source_of(target: Target, clock: Clock, prompt: TerminalLoan | None) -> GrantSource:
    """Return the source for this login, by kubectl's precedence: token file, token, password, plugin."""
    login = target.login
    if login.token_file:
        return TokenFileSource(login.token_file, clock)
    if login.exec and not (login.token or login.username):
        return ExecSource(login.exec, target, prompt)
    if login.oidc and not (login.token or login.username):
        return OidcSource(login.oidc, target, clock)
    return FixedSource(login)
