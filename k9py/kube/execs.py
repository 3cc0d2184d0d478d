"""A command in a container: the remotecommand protocol over a WebSocket, versions 5 and 4.

Each message starts with a channel byte: 0 standard input, 1 standard output, 2 standard error, 3 the final Status,
4 the terminal's size; version 5 adds 255, which closes the channel named by the next byte.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from k9py.core.errors import RubbishError, Unreachable
from k9py.core.refs import Gvr
from k9py.kube.wire import Transport, WebSocket

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
"""Offered in this order; servers before 1.30 know only the second."""
LARGEST_INPUT = 32 * 1024
"""Bytes of standard input per message, so that a paste does not make one message of many megabytes."""

_NOISE = "Internal error occurred: "
"""Put before the reason by every component a message passes through."""
_SIZE = 4
_CLOSE = 255
_PODS = Gvr("", "v1", "pods")


class Channel(IntEnum):
    """Which stream a piece of output belongs to."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    STATUS = 3


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command ended."""

    code: int | None
    """Exit status; None when the command could not be run or its end was not told."""
    message: str = ""
    """Why, when it failed."""


class ExecSession:
    """One running command; use as ``async with``, or call :meth:`close`."""

    def __init__(self, socket: WebSocket, holder: AsyncExitStack) -> None:
        self._socket = socket
        self._holder = holder
        self.result: ExecResult | None = None
        """Set once the command ended."""

    @property
    def protocol(self) -> str:
        """The protocol the server chose."""
        return self._socket.protocol

    async def write(self, data: bytes) -> None:
        """Send standard input."""
        for start in range(0, len(data), LARGEST_INPUT):
            await self._socket.send(bytes([Channel.STDIN]) + data[start : start + LARGEST_INPUT])

    async def close_input(self) -> bool:
        """Tell the command that its input ends; False where the server's protocol cannot say that."""
        if not self.protocol.startswith("v5."):
            return False
        await self._socket.send(bytes([_CLOSE, Channel.STDIN]))
        return True

    async def resize(self, *, columns: int, rows: int) -> None:
        """Tell the command's terminal its size."""
        size = json.dumps({"Width": columns, "Height": rows}, separators=(",", ":"))
        await self._socket.send(bytes([_SIZE]) + size.encode())

    async def read(self) -> tuple[Channel, bytes] | None:
        """Return the next piece of output, None once the command ended and :attr:`result` is set.

        Raises LinkError when the connection broke before the end was told.
        """
        while self.result is None:
            message = await self._socket.receive()
            if message is None:
                raise Unreachable(
                    "the connection was closed before the command's end was told",
                    remedy="The command may still run; open it again to see",
                )
            channel, data = message[:1], message[1:]
            if channel == bytes([Channel.STATUS]):
                if data:
                    self.result = result_of(data)
            elif data and channel in (b"\x01", b"\x02"):
                # Empty messages open each channel; a close message (255) announces the end told by the Status.
                return Channel(channel[0]), data
        return None

    async def close(self) -> None:
        """Close the connection; the server then ends the command's terminal."""
        await self._holder.aclose()

    async def __aenter__(self) -> ExecSession:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def open_exec(
    transport: Transport,
    namespace: str,
    pod: str,
    command: Sequence[str],
    *,
    container: str = "",
    stdin: bool = True,
    tty: bool = True,
) -> ExecSession:
    """Start a command. With a terminal both outputs come as one, as the kubelet joins them."""
    query = [("command", word) for word in command]
    query += [("container", container)] if container else []
    query += [("stdin", str(stdin).lower()), ("stdout", "true"), ("stderr", str(not tty).lower())]
    query.append(("tty", str(tty).lower()))
    holder = AsyncExitStack()
    path = _PODS.path(namespace, pod, "exec")
    socket = await holder.enter_async_context(transport.websocket(path, query=query, protocols=PROTOCOLS))
    if socket.protocol not in PROTOCOLS:
        await holder.aclose()
        raise RubbishError(
            f"the server chose no protocol we know for exec: {socket.protocol or 'none'}",
            remedy="A proxy between here and the server may not pass WebSockets on",
        )
    return ExecSession(socket, holder)


def result_of(body: bytes) -> ExecResult:
    """Return what the final Status says: the exit status is a cause named ExitCode."""
    try:
        status: Any = json.loads(body)
    except ValueError:
        return ExecResult(None, body.decode("utf-8", "replace").strip())
    if not isinstance(status, dict):
        return ExecResult(None, "the command's end cannot be read")
    if status.get("status") == "Success":
        return ExecResult(0)
    message = str(status.get("message") or status.get("reason") or "")
    while message.startswith(_NOISE):
        message = message.removeprefix(_NOISE)
    for cause in (status.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            try:
                return ExecResult(int(cause.get("message")), message)
            except (TypeError, ValueError):
                break
    return ExecResult(None, message)
