"""Where other parts plug in: handlers of subresources (logs, exec) and of whole paths (metrics)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from k9py.sim.requests import Call

Handler = Callable[[Call], Awaitable[web.StreamResponse]]
"""Answers a request; an ApiError it raises becomes the Status answer."""


class Extensions:
    """Handlers by resource and subresource, and by path."""

    def __init__(self) -> None:
        self._subresources: dict[tuple[str, str], Handler] = {}
        self._prefixes: list[tuple[str, Handler]] = []

    def subresource(self, resource: str, name: str, handler: Handler) -> None:
        """Serve ``pods``/``log``, every verb of it, by this handler; the object is not looked up first."""
        self._subresources[(resource, name)] = handler

    def prefix(self, path: str, handler: Handler) -> None:
        """Serve a path and everything below it; access rules were asked already."""
        self._prefixes.append((path.rstrip("/"), handler))
        self._prefixes.sort(key=lambda entry: -len(entry[0]))

    def find_subresource(self, resource: str, name: str) -> Handler | None:
        """Return the handler of a subresource, or None."""
        return self._subresources.get((resource, name))

    def find_prefix(self, path: str) -> Handler | None:
        """Return the handler with the longest matching prefix, or None."""
        for prefix, handler in self._prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                return handler
        return None
