"""What the server answered outside 2xx, as a member of the exception tree; and its clock."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

import msgspec

from k9py.core.errors import ApiError, Cause, RubbishError

ERROR_BODY_LIMIT = 64 * 1024
"""Bytes read of an answer that is an error; a Status is far smaller, a proxy's page may be anything."""
SHOWN_TEXT = 200
"""Characters of a foreign answer worth showing."""


class _Cause(msgspec.Struct):
    field: str | None = None
    message: str | None = None
    reason: str | None = None


class _Details(msgspec.Struct, rename="camel"):
    causes: list[_Cause] | None = None
    retry_after_seconds: float | None = None


class _Status(msgspec.Struct):
    kind: str = ""
    message: str | None = None
    reason: str | None = None
    details: _Details | None = None


_DECODER = msgspec.json.Decoder(_Status)


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, *, server: str, now: float
) -> ApiError | RubbishError:
    """Return what an answer means that is not the one asked for: outside 2xx, or 2xx instead of a WebSocket.

    ``now`` is Unix seconds, for a Retry-After that is a date.
    """
    try:
        decoded = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        decoded = _Status()
    if decoded.kind == "Status":
        return _of_status(status, decoded, headers, now)
    retry_after = retry_after_of(headers, now)
    text = body.decode("utf-8", "replace").strip()
    if 300 <= status < 400:
        return RubbishError(
            f"{server} redirects to {_target(headers)} instead of answering",
            remedy="A login page or a load balancer stands in front of the API: check server in the kubeconfig",
        )
    if _is_page(headers, text):
        title = _title(text)
        if status in (401, 429) or status >= 500:
            return ApiError.of(status, f"HTTP {status} from a proxy before the API: {title}", retry_after=retry_after)
        return _not_the_api(server, status, title)
    if status < 300:
        return RubbishError(
            f"{server} does not open a WebSocket: HTTP {status}",
            remedy="A proxy on the way may not let WebSockets through",
        )
    if status == 400 and "HTTP request to an HTTPS server" in text:
        return RubbishError(f"{server} speaks TLS only", remedy="Write https:// in the kubeconfig's server")
    message = " ".join(text.split())[:SHOWN_TEXT] or "no message"
    return ApiError.of(status, f"HTTP {status}: {message}", retry_after=retry_after)


def foreign_page(headers: Mapping[str, str], path: str, server: str, status: int) -> RubbishError | None:
    """Return an error when a 2xx answer is a web page; the API has none but those behind a service's proxy path."""
    if not headers.get("Content-Type", "").startswith("text/html") or "/proxy" in path:
        return None
    return _not_the_api(server, status, "a web page")


def _not_the_api(server: str, status: int, title: str) -> RubbishError:
    return RubbishError(
        f"{server} is not the Kubernetes API: HTTP {status} with a web page ({title})",
        remedy="A login page or a proxy answers: check server and proxy-url in the kubeconfig",
    )


def _of_status(status: int, decoded: _Status, headers: Mapping[str, str], now: float) -> ApiError:
    details = decoded.details or _Details()
    asked = retry_after_of(headers, now)
    return ApiError.of(
        status,
        decoded.message or decoded.reason or f"HTTP {status}",
        reason=decoded.reason or "",
        causes=[Cause(cause.field or "", cause.message or "", cause.reason or "") for cause in details.causes or ()],
        retry_after=asked if asked is not None else details.retry_after_seconds,
    )


def retry_after_of(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of a Retry-After header, which holds seconds or a date; None when there is none."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    date = date_of(value)
    return None if date is None else max(0.0, date - now)


@lru_cache(maxsize=4)  # every answer has a Date, and those of one second have the same
def date_of(value: str) -> float | None:
    """Return an HTTP date as Unix seconds; None when it is no date."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return None


def _is_page(headers: Mapping[str, str], text: str) -> bool:
    if headers.get("Content-Type", "").startswith("text/html"):
        return True
    return text[:200].lower().startswith(("<!doctype html", "<html"))


def _title(text: str) -> str:
    found = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
    return html.unescape(" ".join(found.group(1).split())) if found else "a web page"


def _target(headers: Mapping[str, str]) -> str:
    # The query is left out: login pages carry tokens in it.
    return headers.get("Location", "another place").partition("?")[0][:SHOWN_TEXT]


class SkewMeter:
    """How far the server's clock is ahead of ours.

    A Date has whole seconds, so each answer only says that the skew lies between two bounds. The bounds of all
    answers are intersected: what remains soon is exact to some milliseconds, and 0 as long as 0 is possible.
    """

    def __init__(self) -> None:
        self._low = float("-inf")
        self._high = float("inf")

    def note(self, date: str, sent: float, received: float) -> None:
        """Take in the Date of an answer; ``sent`` and ``received`` are our wall times around it."""
        server = date_of(date)
        if server is None:
            return
        low, high = server - received, server + 1.0 - sent
        self._low, self._high = max(self._low, low), min(self._high, high)
        if self._low > self._high:  # a clock was set, or drifted: only the newest answer counts
            self._low, self._high = low, high

    @property
    def skew(self) -> float:
        """Seconds; positive when the server's clock is ahead."""
        if self._low <= 0.0 <= self._high:
            return 0.0
        return (self._low + self._high) / 2
