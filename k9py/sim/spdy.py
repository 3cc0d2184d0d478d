"""The framing of SPDY/3.1, as far as kubectl's port-forward tunnels it through a WebSocket.

Streams, data, pings and nothing else: no flow control (no client of port-forward uses it) and no pushes. Source: the
SPDY protocol's draft 3.1.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 1
"""The flag of the last frame of one direction of a stream."""
_CONTROL = 0x8000
_VERSION = 3
_WORDS = """options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age
allow authorization cache-control connection content-base content-encoding content-language content-length
content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since
if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate
proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning
www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin"""
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(
    struct.pack(">I", len(word)) + word.replace("_", " ").encode() for word in _WORDS.split()
) + _REST.encode("ascii")
"""What header blocks are compressed with."""


class SpdyError(ValueError):
    """Bytes that are no SPDY."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that came in; ``type`` 0 is data."""

    type: int
    stream: int
    """The stream, or the number of a ping."""
    fin: bool = False
    data: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Framing:
    """One connection's frames: bytes in, frames out, and the other way."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete; raises SpdyError."""
        self._pending += data
        while len(self._pending) >= 8:
            first, sizes = struct.unpack_from(">II", self._pending)
            size = sizes & 0xFFFFFF
            if len(self._pending) < 8 + size:
                return
            body = bytes(self._pending[8 : 8 + size])
            del self._pending[: 8 + size]
            fin = bool((sizes >> 24) & FIN)
            if first >> 31 == 0:
                yield Frame(0, first, fin, body)
            elif (first >> 16) & 0x7FFF != _VERSION:
                raise SpdyError("only version 3 is spoken")
            else:
                yield self._control(first & 0xFFFF, fin, body)

    def _control(self, kind: int, fin: bool, body: bytes) -> Frame:
        if len(body) < 4:
            raise SpdyError(f"a control frame of type {kind} is too short")
        stream = int.from_bytes(body[:4]) & 0x7FFFFFFF
        if kind != SYN_STREAM:
            return Frame(kind, stream, fin)
        try:
            return Frame(kind, stream, fin, headers=_read_headers(self._inflate.decompress(body[10:])))
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise SpdyError(f"headers: {error}") from error

    def reply(self, stream: int) -> bytes:
        """Return the frame that accepts a stream."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _frame(SYN_REPLY, struct.pack(">I", stream) + block)


def data(stream: int, content: bytes = b"", *, fin: bool = False) -> bytes:
    """Return a data frame."""
    return struct.pack(">II", stream, (FIN if fin else 0) << 24 | len(content)) + content


def pong(number: int) -> bytes:
    """Return the answer to a ping."""
    return _frame(PING, struct.pack(">I", number))


def _frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHI", _CONTROL | _VERSION, kind, len(body)) + body


def _read_headers(block: bytes) -> dict[str, str]:
    (count,) = struct.unpack_from(">I", block)
    at, found = 4, {}
    for _ in range(count):
        parts = []
        for _ in range(2):
            (size,) = struct.unpack_from(">I", block, at)
            parts.append(block[at + 4 : at + 4 + size].decode())
            at += 4 + size
        found[parts[0].lower()] = parts[1]
    return found
