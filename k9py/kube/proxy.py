"""Which proxy leads to a server: ``proxy-url`` of the kubeconfig, else the environment as kubectl reads it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from k9py.core.errors import KubeconfigError

SOCKS = frozenset({"socks5", "socks5h"})
"""Both let the proxy resolve the name, as kubectl does."""
SOCKS_REMEDY = "Install it beside k9py: pip install 'k9py[socks]'"


def is_loopback(host: str) -> bool:
    """Return True for a host that is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(server: str, proxy_url: str, environ: Mapping[str, str]) -> str:
    """Return the URL of the proxy to use, empty for none. Raises KubeconfigError for one that cannot be used.

    ``proxy-url`` always counts; HTTPS_PROXY and HTTP_PROXY do not for loopback and for what NO_PROXY lists
    (https://pkg.go.dev/golang.org/x/net/http/httpproxy).
    """
    if proxy_url:
        return _checked(proxy_url, "proxy-url")
    parts = urlsplit(server)
    name = "HTTPS_PROXY" if parts.scheme == "https" else "HTTP_PROXY"
    said = environ.get(name) or environ.get(name.lower()) or ""
    if not said or is_loopback(parts.hostname or ""):
        return ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    excluded = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if any(_matches(pattern.strip().lower(), parts.hostname or "", port) for pattern in excluded.split(",")):
        return ""
    return _checked(said if "://" in said else f"http://{said}", name)


def _checked(url: str, origin: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", *SOCKS} or not parts.hostname:
        # The URL itself is not shown: it may hold a password.
        raise KubeconfigError(
            f"{origin} is not a proxy k9py can use",
            remedy="Write http://, https:// or socks5:// with a host and a port",
        )
    return url


def _matches(pattern: str, host: str, port: int) -> bool:
    """Tell whether one entry of NO_PROXY covers the host: ``*``, a network, an address, a domain; each with a port."""
    if not pattern:
        return False
    if pattern == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        pass
    name, separator, wanted = pattern.rpartition(":")
    if separator and wanted.isdigit() and not name.endswith(":"):
        if int(wanted) != port:
            return False
        pattern = name.strip("[]")
    if pattern.startswith("*."):
        pattern = pattern[1:]
    if pattern.startswith("."):
        return host.endswith(pattern)
    return host == pattern or host.endswith(f".{pattern}")


def shown(url: str) -> str:
    """Return a proxy's URL as it may be shown: without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
