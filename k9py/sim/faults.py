"""Faults on demand: what goes wrong between a client and a server, switched on and off at run time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from k9py.core.errors import ApiError, UsageError
from k9py.sim import statuses
from k9py.sim.answers import headers_of
from k9py.sim.history import Stored

if TYPE_CHECKING:
    from k9py.sim.requests import Call

RUBBISH = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
"""What a proxy in the way answers."""
_MALFORMED = b'"spec":{"containers":17,"nodeName":[],"replicas":"three","ports":true}'


@dataclass(slots=True)
class Faults:
    """Which faults are on. Everything is off at first; assign to switch, at any time."""

    delay: float = 0.0
    """Seconds before every answer."""
    watch_cut: float = 0.0
    """Seconds after which every watch is closed; 0 never."""
    unauthorized: bool = False
    """Every request is answered 401."""
    forbidden: set[str] = field(default_factory=set)
    """Resource ids answered 403."""
    throttled: float | None = None
    """Seconds of Retry-After with which every request is answered 429."""
    watch_gone: float = 0.0
    """Seconds after which every watch gets an ERROR 410; 0 never."""
    plain_410: bool = False
    """A watch from a version too old is answered with HTTP 410 instead of an ERROR event."""
    tokens_expire: bool = False
    """Every continue token is answered 410."""
    rubbish: bool = False
    """Every request is answered with a page that is not the API."""
    malformed: set[str] = field(default_factory=set)
    """Resource ids whose pages hold one object that does not fit its schema."""
    padding: dict[str, int] = field(default_factory=dict)
    """Bytes added to each object of a resource's lists."""
    turned: asyncio.Event = field(default_factory=asyncio.Event, compare=False)
    """Set at the next switch, and then replaced: what waits under the faults of now looks at them again."""
    _stalled: asyncio.Event | None = None

    def stall(self) -> None:
        """Answer nothing any more: requests wait, open watches fall silent."""
        self._stalled = self._stalled or asyncio.Event()

    def resume(self) -> None:
        """End a stall; what waited goes on."""
        if self._stalled is not None:
            self._stalled.set()
            self._stalled = None

    def clear(self) -> None:
        """Switch everything off."""
        self.resume()
        for name, value in vars_of(Faults()).items():
            setattr(self, name, value)
        self._turn()

    def switch(self, text: str) -> None:
        """Switch one fault on by the words of ``--fault``; raises UsageError.

        ``cut=5``, ``stall``, ``delay=0.3``, ``401``, ``403=secrets``, ``429=3``, ``410=20``, ``token-410``,
        ``rubbish``, ``malformed=pods``, ``huge=pods:100000``, ``none``.
        """
        name, _, value = text.partition("=")
        try:
            self._switch(name, value)
        except ValueError as error:
            raise UsageError(f"fault {text!r}: {error}", remedy=f"Write it like {_EXAMPLES.get(name, name)}") from error
        self._turn()

    def _turn(self) -> None:
        turned, self.turned = self.turned, asyncio.Event()
        turned.set()

    def _switch(self, name: str, value: str) -> None:
        if name == "cut":
            self.watch_cut = float(value)
        elif name == "delay":
            self.delay = float(value)
        elif name == "410":
            self.watch_gone = float(value)
        elif name == "429":
            self.throttled = float(value or 1)
        elif name == "403":
            self.forbidden.update(value.split(","))
        elif name == "malformed":
            self.malformed.update(value.split(","))
        elif name == "huge":
            resource, _, size = value.partition(":")
            self.padding[resource] = int(size)
        elif name in _PLAIN:
            _PLAIN[name](self)
        else:
            known = ", ".join(sorted({*_EXAMPLES.values(), *_PLAIN}))
            raise UsageError(f"unknown fault {name!r}", remedy=f"One of {known}")

    # what the server asks

    async def before(self, call: Call) -> web.StreamResponse | None:
        """Hold a request, or answer it in the server's place."""
        if self.delay:
            await call.clock.sleep(self.delay)
        if self._stalled is not None:
            await self._stalled.wait()
        if self.rubbish:
            return web.Response(body=RUBBISH, content_type="text/html", status=200, headers=headers_of(call))
        if self.throttled is not None:
            message = "the server has received too many requests and has asked us to try again later"
            raise ApiError.of(429, message, reason="TooManyRequests", retry_after=self.throttled)
        if self.unauthorized:
            raise ApiError.of(401, "Unauthorized", reason="Unauthorized")
        if call.served is not None and call.served.id in self.forbidden:
            call.user = call.server.access.authenticate(call.request)
            raise refusal_of(call)
        return None

    async def in_watch(self) -> None:
        """Hold a watch's lines while the server is stalled."""
        if self._stalled is not None:
            await self._stalled.wait()

    def spoil(self, resource: str, objects: list[Stored]) -> list[Stored]:
        """Return a page as the faults make it."""
        if resource in self.malformed and objects:
            objects = [_malformed(objects[0]), *objects[1:]]
        size = self.padding.get(resource, 0)
        return [_padded(stored, size) for stored in objects] if size else objects


def vars_of(faults: Faults) -> dict[str, object]:
    """Return every switch and its position."""
    return {name: getattr(faults, name) for name in Faults.__slots__ if not name.startswith("_") and name != "turned"}


def refusal_of(call: Call) -> ApiError:
    """Return the 403 of access rules for a request."""
    target = call.target
    if not target.is_resource:
        message = f'forbidden: User "{call.user.name}" cannot {call.verb} path "{call.request.path}"'
        return ApiError.of(403, message, reason="Forbidden", details={})
    resource = f"{target.resource}/{target.subresource}" if target.subresource else target.resource
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    why = f'User "{call.user.name}" cannot {call.verb} resource "{resource}" in API group "{target.group}" {where}'
    doubt = call.server.access.doubt(call.user, target.namespace)
    if doubt:
        why = f"{why}: {doubt}"
    plural = f"{target.resource}.{target.group}" if target.group else target.resource
    return statuses.forbidden(plural, target.name, why)


def _malformed(stored: Stored) -> Stored:
    head, found, _ = stored.raw.partition(b',"spec":')
    return stored.under(stored.version, head + b"," + _MALFORMED + b"}") if found else stored


def _padded(stored: Stored, size: int) -> Stored:
    filler = json.dumps("x" * size).encode()
    return stored.under(stored.version, stored.raw[:-1] + b',"padding":' + filler + b"}")


_PLAIN = {
    "stall": Faults.stall,
    "401": lambda faults: setattr(faults, "unauthorized", True),
    "token-410": lambda faults: setattr(faults, "tokens_expire", True),
    "rubbish": lambda faults: setattr(faults, "rubbish", True),
    "none": Faults.clear,
}
_EXAMPLES = {
    "cut": "cut=5",
    "delay": "delay=0.3",
    "410": "410=20",
    "429": "429=3",
    "403": "403=secrets",
    "malformed": "malformed=pods",
    "huge": "huge=pods:100000",
}
