"""Flags that several verbs share, and the values they become."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

from k9py.core.errors import UsageError

if TYPE_CHECKING:
    from k9py.core.refs import Scope
    from k9py.kube.overrides import Overrides

CONNECTION_FLAGS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("--context",), "NAME", "context of the kubeconfig"),
    (("--kubeconfig",), "FILE", "this kubeconfig instead of $KUBECONFIG or ~/.kube/config"),
    (("--cluster",), "NAME", "cluster entry of the kubeconfig"),
    (("--user",), "NAME", "user entry of the kubeconfig"),
    (("-s", "--server"), "URL", "address of the API server"),
    (("--token",), "TOKEN", "bearer token"),
    (("--as",), "USER", "impersonate this user"),
    (("--as-uid",), "UID", "impersonate this uid"),
    (("--certificate-authority",), "FILE", "CA certificates that sign the server's"),
    (("--client-certificate",), "FILE", "client certificate"),
    (("--client-key",), "FILE", "key of the client certificate"),
    (("--tls-server-name",), "NAME", "name the server's certificate is checked against"),
    (("--proxy-url",), "URL", "proxy to reach the API server through"),
    (("--request-timeout",), "TIME", "limit of one request, such as 10s; 0 for none"),
)
"""Flags with one value that choose the cluster and who we are there: words, placeholder, help."""

GLOBAL_VALUE_FLAGS = frozenset(
    {word for words, _, _ in CONNECTION_FLAGS for word in words}
    | {"--as-group", "-n", "--namespace", "--theme", "-l", "--selector", "--field-selector", "-o", "--output"}
)
"""Flags that take the next word as their value and may stand before the verb."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are :class:`UsageError` with the nearest flag, not an exit."""

    def __init__(self, prog: str, usage: str | None, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog or None,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    @property
    def declared(self) -> Sequence[argparse.Action]:
        """Every word and flag added so far."""
        return self._actions

    def error(self, message: str) -> NoReturn:
        """Raise UsageError in place of argparse's own exit."""
        raise UsageError(message, remedy=f"See {self.prog} --help")

    def parse_strictly(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse; flags and words may be mixed. Raises UsageError naming the nearest known flag."""
        options, rest = self.parse_known_intermixed_args(argv)
        for word in rest:
            if word.startswith("-"):
                known = [flag for action in self.declared for flag in action.option_strings]
                guess = get_close_matches(word.split("=")[0], known, n=1)
                hint = f"Did you mean {guess[0]}?" if guess else f"See {self.prog} --help"
                raise UsageError(f"unknown flag {word.split('=')[0]}", remedy=hint)
            raise UsageError(f"one word too many: {word!r}", remedy=f"See {self.prog} --help")
        return options


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose a cluster and an identity."""
    group = parser.add_argument_group("which cluster, as whom")
    for words, placeholder, text in CONNECTION_FLAGS:
        group.add_argument(*words, metavar=placeholder, default="", help=text)
    group.add_argument(
        "--as-group", metavar="GROUP", action="append", default=[], help="impersonate this group; may be repeated"
    )
    group.add_argument("--insecure-skip-tls-verify", action="store_true", help="do not verify the server's certificate")


def add_scope(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose namespaces."""
    group = parser.add_argument_group("which namespaces")
    group.add_argument(
        "-n", "--namespace", metavar="NS", action="append", default=[],
        help="namespace; several with commas or by repeating the flag",
    )  # fmt: skip
    group.add_argument("-A", "--all-namespaces", action="store_true", help="every namespace")


def add_selectors(parser: argparse.ArgumentParser) -> None:
    """Add the label and field selectors."""
    parser.add_argument("-l", "--selector", metavar="SEL", default="", help="label selector, such as app=web,tier!=db")
    parser.add_argument(
        "--field-selector", metavar="SEL", default="", help="field selector, such as status.phase=Running"
    )


def scope_of(options: argparse.Namespace) -> Scope | None:
    """Return the namespaces asked for; None when nothing was said. Raises UsageError for -n beside -A."""
    from k9py.core.refs import Scope  # deferred with the overrides: msgspec, which no --help needs

    names = tuple(dict.fromkeys(name for part in options.namespace for name in part.split(",") if name))
    if options.all_namespaces:
        if names:
            raise UsageError("-n and -A exclude each other", remedy="Leave one of them out")
        return Scope()
    return Scope(names) if names else None


def overrides_of(options: argparse.Namespace) -> Overrides:
    """Return what the flags say about connection and identity. Raises UsageError for a bad time limit."""
    from k9py.kube.overrides import Overrides, parse_request_timeout

    scope = scope_of(options) if "namespace" in options else None
    limit = options.request_timeout
    return Overrides(
        context=options.context,
        cluster=options.cluster,
        user=options.user,
        namespace=scope.single if scope else "",
        server=options.server,
        tls_server_name=options.tls_server_name,
        # Absent means "as the kubeconfig says", so False is never handed on.
        insecure_skip_tls_verify=options.insecure_skip_tls_verify or None,
        certificate_authority=options.certificate_authority,
        client_certificate=options.client_certificate,
        client_key=options.client_key,
        proxy_url=options.proxy_url,
        token=options.token,
        as_user=getattr(options, "as"),
        as_groups=tuple(options.as_group),
        as_uid=options.as_uid,
        request_timeout=parse_request_timeout(limit) if limit else None,
    )
