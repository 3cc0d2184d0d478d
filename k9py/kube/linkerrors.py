"""aiohttp's errors as members of the exception tree, one line each with the next step."""

from __future__ import annotations

import contextlib
import errno
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from k9py.core.errors import K9Error, LinkError, RubbishError, Stalled, Unreachable
from k9py.kube import answers, tls
from k9py.kube.proxy import is_loopback, shown

NETWORK_REMEDY = "Check the network, the VPN and the server in the kubeconfig"


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests go, as messages name it."""

    server: str
    proxy: str = ""
    """Its URL, perhaps with a password: only shown through :func:`shown`."""
    tls_name: str = ""
    """The name that has to be certified, where it is not the server's host."""

    @property
    def place(self) -> str:
        """Host and port, and the proxy on the way."""
        netloc = urlsplit(self.server).netloc.rpartition("@")[2]
        return f"{netloc} (through {shown(self.proxy)})" if self.proxy else netloc

    @property
    def certified_name(self) -> str:
        """The name the server's certificate must carry."""
        return self.tls_name or urlsplit(self.server).hostname or ""


async def error_of_response(response: aiohttp.ClientResponse, route: Route, now: float) -> K9Error:
    """Read what an answer outside 2xx says; ``now`` is Unix seconds."""
    body = b""
    with translated(route, None):
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > answers.ERROR_BODY_LIMIT:
                break
    return answers.error_of(response.status, response.headers, body, server=route.place, now=now)


@contextlib.contextmanager
def translated(route: Route, limit: float | None, *, reading: bool = False) -> Iterator[None]:
    """Turn what aiohttp raises in the block into our tree.

    ``limit`` is the time limit in seconds for the message; ``reading`` when it is one of silence in a stream.
    """
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, ssl.SSLError, OSError) as error:
        raise explain(error, route, limit, reading=reading) from error
    except RuntimeError as error:
        # What aiohttp raises where a session or connection was closed under a task that still used it.
        if "closed" not in str(error):
            raise
        raise Unreachable(f"{route.place}: the connection was closed") from error


class BrokenWrite(aiohttp.ClientError):
    """A connection that broke under a write; the cause is what broke it. aiohttp repeats nothing that raises this."""


def explain(error: Exception, route: Route, limit: float | None, *, reading: bool = False) -> K9Error:
    """Return the error of our tree that says what happened on the way to the server."""
    if isinstance(error, BrokenWrite) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    explained = _explained(error, route, limit, reading=reading)
    if isinstance(explained, LinkError) and isinstance(error, _BEFORE_SENDING):
        explained.sent = False
    return explained


_BEFORE_SENDING = (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError)
"""What aiohttp raises while there is no connection yet."""


def _explained(error: Exception, route: Route, limit: float | None, *, reading: bool) -> K9Error:
    place = route.place
    certificate = getattr(error, "certificate_error", None)
    found = certificate if isinstance(certificate, ssl.SSLError) else _ssl_error(error)
    if found is not None:
        return tls.explain(found, place, route.certified_name)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused_by_proxy(error, route)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Unreachable(
            f"The proxy {shown(route.proxy)} cannot be reached: {_os_reason(error.os_error)}",
            remedy="Check proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY",
        )
    if isinstance(error, TimeoutError):
        if reading:
            return Stalled(f"{place}: nothing came for {limit or 0:g} s", remedy=NETWORK_REMEDY)
        return Stalled(f"{place}: no answer{f' within {limit:g} s' if limit else ''}", remedy=NETWORK_REMEDY)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        host = urlsplit(route.server).hostname
        return Unreachable(f"{place}: the name {host} does not resolve", remedy=NETWORK_REMEDY)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unreachable(f"{place}: {_os_reason(error.os_error)}", remedy=_connect_remedy(route))
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return RubbishError(
            f"{place}: what answers does not open a WebSocket ({error.message})",
            remedy="A proxy on the way may not let WebSockets through",
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return RubbishError(f"{place}: what answers does not speak HTTP", remedy=NETWORK_REMEDY)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Unreachable(f"{place}: the answer was cut off")
    if isinstance(error, aiohttp.InvalidURL):
        return RubbishError(f"{place}: not a URL", remedy="Correct server in the kubeconfig")
    return _broken(error, place)


def _broken(error: Exception, place: str) -> LinkError:
    reason = _os_reason(error) if isinstance(error, OSError) and error.errno else "the connection broke"
    return Unreachable(f"{place}: {reason}")


def _refused_by_proxy(error: aiohttp.ClientHttpProxyError, route: Route) -> Unreachable:
    wants_login = error.status == 407
    return Unreachable(
        f"The proxy {shown(route.proxy)} refuses to connect: HTTP {error.status} {error.message}",
        remedy="Put user and password into proxy-url: http://USER:PASSWORD@HOST:PORT"
        if wants_login
        else "Ask who runs the proxy, or list the server in NO_PROXY",
    )


def _ssl_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error behind another one: with TLS 1.3 a refused client certificate breaks the first read."""
    for _ in range(5):
        inner = getattr(error, "os_error", None)
        if isinstance(inner, ssl.SSLError):  # aiohttp's own is an SSLError too, without its fields
            return inner
        if error is None or isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _os_reason(error: OSError) -> str:
    known = {
        errno.ECONNREFUSED: "connection refused",
        errno.ECONNRESET: "connection reset",
        errno.EPIPE: "connection reset",
        errno.EHOSTUNREACH: "no route to the host",
        errno.ENETUNREACH: "the network is unreachable",
        errno.ETIMEDOUT: "no answer",
    }
    return known.get(error.errno or 0) or error.strerror or "the connection broke"


def _connect_remedy(route: Route) -> str:
    if is_loopback(urlsplit(route.server).hostname or ""):
        return "Is the cluster, or the tunnel to it, running?"
    return NETWORK_REMEDY
