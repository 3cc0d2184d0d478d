"""SOCKS5 proxies, through the optional ``aiohttp-socks``."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from typing import Any

import aiohttp

from k9py.core.errors import KubeconfigError
from k9py.kube.proxy import SOCKS_REMEDY, shown


def socks_connector(url: str, options: dict[str, Any]) -> aiohttp.TCPConnector:
    """Return a connector through the proxy; the proxy resolves the server's name.

    Raises KubeconfigError when the extra is not installed.
    """
    try:
        aiohttp_socks = importlib.import_module("aiohttp_socks")
        python_socks = importlib.import_module("python_socks")
        asyncio_proxy = importlib.import_module("python_socks.async_.asyncio").Proxy
    except ImportError:
        raise KubeconfigError(
            f"The proxy {shown(url)} speaks SOCKS, and aiohttp-socks is not installed", remedy=SOCKS_REMEDY
        ) from None

    failures = (python_socks.ProxyError, python_socks.ProxyConnectionError, python_socks.ProxyTimeoutError)

    class NamedConnector(aiohttp_socks.ProxyConnector):  # type: ignore[misc,name-defined]
        """Does TLS itself, over the proxy's socket: aiohttp-socks alone ignores the TLS server name."""

        async def _wrap_create_connection(
            self,
            *args: Any,
            addr_infos: list[Any],
            req: Any,
            timeout: aiohttp.ClientTimeout,
            client_error: type[Exception] = aiohttp.ClientConnectorError,
            **kwargs: Any,
        ) -> Any:
            host, port = addr_infos[0][4][:2]
            proxy = asyncio_proxy.from_url(_plain(url), rdns=True)
            try:
                sock = await proxy.connect(host, port, timeout=timeout.sock_connect)
            except (OSError, *failures) as error:
                reason = error if isinstance(error, OSError) else OSError(0, str(error))
                raise aiohttp.ClientProxyConnectionError(req.connection_key, reason) from error
            try:
                async with asyncio.timeout(timeout.sock_connect):
                    return await self._loop.create_connection(*args, **kwargs, sock=sock)
            except ssl.CertificateError as error:
                raise aiohttp.ClientConnectorCertificateError(req.connection_key, error) from error
            except ssl.SSLError as error:
                raise aiohttp.ClientConnectorSSLError(req.connection_key, error) from error
            except BaseException:
                sock.close()
                raise

    connector: aiohttp.TCPConnector = NamedConnector.from_url(_plain(url), **options)
    return connector


def _plain(url: str) -> str:
    return url.replace("socks5h://", "socks5://", 1)
