"""GET of one object and of a list, with paging and the meaning of resource versions."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from itertools import islice
from typing import Any

import msgspec
from aiohttp import web

from k9py.core.errors import ApiError, Cause, Gone
from k9py.sim import statuses
from k9py.sim.answers import answer
from k9py.sim.history import Collection, Stored
from k9py.sim.matching import Matcher, matcher
from k9py.sim.negotiation import Negotiated, negotiate
from k9py.sim.rendering import Renderer
from k9py.sim.requests import Call

_TOO_LARGE = "Too large resource version: {}, current: {}"
_EXPIRED_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of "
    "the results. Continuing with the provided token results in an inconsistent list - objects that were "
    "created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


class _Token(msgspec.Struct):
    """A continue token: the version the list is of (-1: inconsistent from here on) and the next key."""

    v: str
    rv: int
    start: str


async def get(call: Call) -> web.StreamResponse:
    """Answer with one object."""
    served = call.kind()
    _check_version(call, call.query.get("resourceVersion", ""))
    stored = call.store.stored(served.id, call.namespace, call.name)
    form = negotiate(call.request.headers.get("Accept", ""))
    return await answer(call, renderer(call, form).one(stored), content_type=form.content_type)


async def list_objects(call: Call) -> web.StreamResponse:
    """Answer with a list, or a page of one."""
    served = call.kind()
    form = negotiate(call.request.headers.get("Accept", ""))
    if "sendInitialEvents" in call.query:
        raise _options_error("sendInitialEvents", "Forbidden", "sendInitialEvents is forbidden for list")
    objects, meta = select_page(call)
    body = renderer(call, form).many(call.server.faults.spoil(served.id, objects), meta)
    return await answer(call, body, content_type=form.content_type)


def renderer(call: Call, form: Negotiated) -> Renderer:
    """Return what writes this request's kind in the form that was asked for."""
    served = call.kind()
    columns = call.server.tables.columns(served)
    include = call.query.get("includeObject", "")
    if include not in ("", "None", "Metadata", "Object"):
        raise statuses.bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{include}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return Renderer(served, form, columns, include=include, now=call.clock.now())


def request_matcher(call: Call) -> Matcher | None:
    """Return the predicate of the request's selectors; raises ApiError 400 when one cannot be read."""
    served = call.kind()
    own = tuple(field["jsonPath"].removeprefix(".") for field in (served.custom or {}).get("selectableFields") or ())
    return matcher(call.query.get("labelSelector", ""), call.query.get("fieldSelector", ""), served.id, custom=own)


def select_page(call: Call) -> tuple[list[Stored], dict[str, Any]]:
    """Return the objects of a list request and the metadata of the answer."""
    query = call.query
    collection = call.store.collection(call.kind().id)
    matches = request_matcher(call)
    version_text = query.get("resourceVersion", "")
    limit = call.number("limit") or 0
    if query.get("limit") and call.number("limit") is None:
        raise statuses.bad_request(f'strconv.ParseInt: parsing "{query["limit"]}": invalid syntax')
    if query.get("continue"):
        if version_text not in ("", "0"):
            raise statuses.bad_request("specifying resource version is not allowed when using continue")
        version, start, snapshot = _resume(call, collection)
    else:
        _check_match(query.get("resourceVersionMatch", ""), version_text)
        _check_version(call, version_text)
        exact = version_text if query.get("resourceVersionMatch") == "Exact" else ""
        if version_text == "0":
            limit = 0  # The watch cache ignores the limit and sends everything.
        version = int(exact) if exact else call.store.version
        snapshot = _past(collection, version) if exact else (collection.keys, collection.objects)
        start = ""
    return _cut(call, snapshot, start=start, version=version, limit=limit, matches=matches)


def _past(collection: Collection, version: int) -> tuple[list[str], dict[str, Stored]]:
    try:
        return collection.as_of(version)
    except Gone as error:
        raise statuses.gone("The resourceVersion for the provided list is too old.") from error


def _cut(
    call: Call,
    snapshot: tuple[list[str], dict[str, Stored]],
    *,
    start: str,
    version: int,
    limit: int,
    matches: Matcher | None,
) -> tuple[list[Stored], dict[str, Any]]:
    keys, objects = snapshot
    first, last = 0, len(keys)
    if call.namespace:
        first, last = bisect_left(keys, f"{call.namespace}/"), bisect_left(keys, f"{call.namespace}0")
    if start:
        first = max(first, bisect_left(keys, start))
    page: list[Stored] = []
    position = first
    for key in islice(keys, first, last):
        if limit and len(page) == limit:
            break
        position += 1
        stored = objects[key]
        if matches is None or matches(stored):
            page.append(stored)
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    if call.kind().custom is not None and "as=" not in call.request.headers.get("Accept", ""):
        meta["continue"] = ""
    if position < last:
        meta["continue"] = _token(version, keys[position])
        if matches is None:
            meta["remainingItemCount"] = last - position
    return page, meta


def _token(version: int, start: str) -> str:
    raw = msgspec.json.encode(_Token("meta.k8s.io/v1", version, start))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _resume(call: Call, collection: Collection) -> tuple[int, str, tuple[list[str], dict[str, Stored]]]:
    text = call.query["continue"]
    raw = b""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = msgspec.json.decode(raw, type=_Token)
    except (binascii.Error, msgspec.DecodeError) as error:
        why = f"invalid character '{chr(raw[0])}' looking for beginning of value" if raw else str(error)
        raise statuses.bad_request(f"invalid continue token: continue key is not valid: {why}") from error
    current = (collection.keys, collection.objects)
    if token.rv < 0:
        return call.store.version, token.start, current
    if call.server.faults.tokens_expire:
        raise _expired(token)
    try:
        return token.rv, token.start, collection.as_of(token.rv)
    except Gone as error:
        raise _expired(token) from error


def _expired(token: _Token) -> ApiError:
    return statuses.ExpiredPage(_EXPIRED_TOKEN, rest=_token(-1, token.start))


def _check_match(match: str, version: str) -> None:
    if not match:
        return
    if not version:
        raise _options_error(
            "resourceVersionMatch", "Forbidden", "resourceVersionMatch is forbidden unless resourceVersion is provided"
        )
    if match not in ("Exact", "NotOlderThan"):
        raise _options_error(
            "resourceVersionMatch",
            "Unsupported value",
            f'"{match}": supported values: "Exact", "NotOlderThan", ""',
        )
    if match == "Exact" and version == "0":
        raise _options_error(
            "resourceVersionMatch",
            "Forbidden",
            'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        )


def _options_error(field: str, kind: str, text: str) -> ApiError:
    reason = {"Forbidden": "FieldValueForbidden", "Unsupported value": "FieldValueNotSupported"}[kind]
    return statuses.invalid("meta.k8s.io", "ListOptions", "", [Cause(field, f"{kind}: {text}", reason)])


def _check_version(call: Call, text: str) -> None:
    """Raise for a version that is not a number (400) or lies in the future (504)."""
    if not text:
        return
    if not text.isdigit():
        why = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise statuses.bad_request(f"invalid resource version: resourceVersion: {why}")
    if int(text) > call.store.version:
        cause = Cause("", "Too large resource version", "ResourceVersionTooLarge")
        raise ApiError.of(
            504,
            "Timeout: " + _TOO_LARGE.format(text, call.store.version),
            reason="Timeout",
            causes=[cause],
            retry_after=1,
        )
