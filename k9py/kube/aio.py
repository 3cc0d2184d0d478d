"""The only door to ``kubernetes``: its asyncio ApiClient carries our requests, raw.

Importing this module loads neither kubernetes (0.4 s) nor aiohttp (0.2 s); :func:`preload` does, in a thread, so
that a user interface paints first.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from k9py.core.clock import Clock
from k9py.kube.target import Target

if TYPE_CHECKING:
    import aiohttp

    from k9py.kube.transport import AioTransport


PACKAGES = ("kubernetes", "kubernetes.aio", "kubernetes.aio.client")
TESTED_VERSION = "37."
"""Versions whose submodules are known to stand alone."""


class TerminalLoan(Protocol):
    """Lends the terminal to an interactive exec plugin: entered, the screen is suspended; left, it is back.

    It may be entered many times, one after the other.
    """

    async def __aenter__(self) -> object:
        """Suspend the screen."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        """Give the screen back."""


async def preload() -> None:
    """Import what a connection needs, in a thread; connecting waits for it anyway."""
    await asyncio.to_thread(_load)


async def connect(target: Target, *, clock: Clock, prompt: TerminalLoan | None = None) -> AioTransport:
    """Return a transport for the target. Nothing is sent: the first request meets the network and the plugins.

    ``prompt`` lends the terminal to a plugin that has to ask something; without one such a plugin fails with a remedy.
    """
    await preload()
    from k9py.kube.transport import AioTransport

    return AioTransport(target, clock=clock, prompt=prompt)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How the ApiClient sends: where, through which proxy, as whom in TLS."""

    server: str
    session: Callable[[], aiohttp.ClientSession]
    """Called once, on the loop, before the first request."""
    proxy: str | None
    server_name: str | None


def api_client(options: ClientOptions) -> Any:
    """Return ``kubernetes.aio``'s ApiClient, sending raw bytes over our own session."""
    return _client_class()(options)


def _load() -> None:
    _client_class()
    import k9py.kube.transport  # noqa: F401


def _stand_in_for_packages() -> None:
    """Keep three packages from importing everything they have: 300 modules and 0.4 CPU s that nothing here uses.

    Their ``__init__`` pull in the synchronous client, its configuration and every model. An empty module with the
    same path lets the few submodules we use be imported alone. Only for versions this was tried with, and only where
    nobody imported the package before.
    """
    if "kubernetes" in sys.modules or not version("kubernetes").startswith(TESTED_VERSION):
        return
    parent: ModuleType | None = None
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            return
        package = module_from_spec(ModuleSpec(name, None, is_package=True))
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = package
        if parent is not None:
            setattr(parent, name.rpartition(".")[2], package)
        parent = package


@functools.cache
def _client_class() -> Callable[[ClientOptions], Any]:
    """Build the subclasses when kubernetes is first needed; at module level they would import it."""
    _stand_in_for_packages()
    from kubernetes.aio.client.api_client import ApiClient
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.client.rest import RESTClientObject, RESTResponse

    class RawRest(RESTClientObject):  # type: ignore[misc]  # the library is not typed
        """Sends the body as it is and follows no redirect.

        The library's own would encode JSON bodies again, turn a JSON patch that is not a list into a strategic
        one, and carry credentials to wherever a login page redirects.
        """

        def __init__(self, configuration: Configuration, make_session: Callable[[], aiohttp.ClientSession]) -> None:
            self.configuration = configuration
            self.make_session = make_session
            self.pool_manager: aiohttp.ClientSession | None = None
            self.retry_client = None

        def session(self) -> aiohttp.ClientSession:
            if self.pool_manager is None:
                self.pool_manager = self.make_session()
            return self.pool_manager

        async def request(
            self,
            method: str,
            url: str,
            headers: Any = None,
            body: bytes | None = None,
            post_params: object = None,
            _request_timeout: Any = None,
        ) -> RESTResponse:
            del post_params  # forms are not part of the API
            response = await self.session().request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=_request_timeout,
                proxy=self.configuration.proxy,
                server_hostname=self.configuration.tls_server_name,
                allow_redirects=False,
                raise_for_status=False,
            )
            return RESTResponse(response)

    class RawClient(ApiClient):  # type: ignore[misc]
        """The ApiClient with that way of sending, and its session for WebSockets."""

        def __init__(self, options: ClientOptions) -> None:
            # Neither parent is initialised: each would build a TLS context of 25 ms that nothing uses.
            configuration = Configuration(host=options.server, proxy=options.proxy, tls_server_name=options.server_name)
            self.configuration = configuration
            self.default_headers: dict[str, str] = {}
            self.rest_client = RawRest(configuration, options.session)

        @property
        def session(self) -> aiohttp.ClientSession:
            """The aiohttp session of the requests."""
            return self.rest_client.session()

    return RawClient
