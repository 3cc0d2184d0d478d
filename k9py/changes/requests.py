"""The requests of the gate: read, try, write; each in the one way that cannot hit another object than the one meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from k9py.changes.model import DELETE_DEFAULTS, FIELD_MANAGER, Deed, DeleteOptions, Object
from k9py.core.diffs import is_secret
from k9py.core.errors import ApiError, NotFound
from k9py.core.refs import ApiResource
from k9py.kube import verbs
from k9py.kube.wire import Query, Transport

SERVER_LIMIT = 25
"""Seconds the server may work on a write: fewer than we wait, so that a lookup after a timeout tells the truth."""

_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"
_JSON = "application/json"
_STRICT = (("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict"))
_WARNING = re.compile(r'^\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_WEBHOOK = re.compile(r'admission webhook "([^"]+)" does not support dry run')
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Sent:
    """What came back of a write or of a trial."""

    status: int
    body: Object | None = field(repr=False)
    """The object; None when the answer was a Status."""
    warnings: tuple[str, ...] = ()

    @property
    def created(self) -> bool:
        """True when there was no such object before."""
        return self.status == 201


@dataclass(frozen=True, slots=True)
class Order:
    """One write, ready to be sent; the same for the trial and for the real thing."""

    deed: Deed
    resource: ApiResource
    namespace: str
    name: str
    body: Object = field(repr=False)
    force: bool = False
    deletion: DeleteOptions = DELETE_DEFAULTS
    uid: str = ""
    """Precondition; empty for none."""

    @property
    def _subresource(self) -> str:
        return "scale" if self.deed is Deed.SCALE else ""

    @property
    def path(self) -> str:
        """The URL path."""
        namespace = self.namespace if self.resource.namespaced else ""
        name = "" if self.deed is Deed.CREATE else self.name
        return self.resource.gvr.path(namespace, name, self._subresource)


async def read(transport: Transport, resource: ApiResource, namespace: str, name: str) -> Object | None:
    """Return the live object, None when there is none."""
    try:
        return await verbs.get(transport, resource, namespace, name)
    except NotFound as error:
        if "the server could not find the requested resource" in str(error):
            raise  # the kind itself is not there
        return None


async def send(transport: Transport, order: Order, *, dry_run: bool) -> Sent:
    """Send a write, or let the server only try it."""
    method, content, body, query = _request(order)
    query += [("dryRun", "All")] if dry_run else [("timeout", f"{SERVER_LIMIT}s")]
    if dry_run and order.deed is Deed.DELETE:
        # A DELETE with a body is read from the body alone: a trial asked for in the query would delete.
        body["dryRun"] = ["All"]
    headers = {"Content-Type": content, "Accept": _JSON}
    answer = await transport.request(method, order.path, query=query, headers=headers, body=_ENCODER.encode(body))
    decoded = verbs.decode_object(answer.body, f"{order.resource.kind} {order.name}")
    is_status = decoded.get("kind") == "Status" and decoded.get("apiVersion") == "v1"
    return Sent(answer.status, None if is_status else decoded, _warnings(answer.headers))


def _request(order: Order) -> tuple[str, str, Any, list[tuple[str, str]]]:
    strict: Query = _STRICT
    if order.deed is Deed.APPLY:
        return "PATCH", _APPLY, order.body, [*strict, ("force", "true")] if order.force else [*strict]
    if order.deed is Deed.CREATE:
        return "POST", _JSON, order.body, [*strict]
    if order.deed is Deed.UPDATE:
        return "PUT", _JSON, order.body, [*strict]
    if order.deed is Deed.SCALE:
        return "PATCH", _MERGE, order.body, [("fieldManager", FIELD_MANAGER)]
    options: Object = {
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": order.deletion.propagation
    }  # fmt: skip
    if order.uid:
        options["preconditions"] = {"uid": order.uid}
    if order.deletion.grace is not None:
        options["gracePeriodSeconds"] = order.deletion.grace
    return "DELETE", _JSON, options, []


def _warnings(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the texts of the Warning headers (RFC 7234, as the API server writes them)."""
    every = getattr(headers, "getall", None)
    values = every("Warning", []) if every is not None else [headers[name] for name in ("Warning",) if name in headers]
    found = [match[1].replace('\\"', '"') for match in map(_WARNING.match, values) if match]
    return tuple(dict.fromkeys(found))


def refusing_webhook(error: ApiError) -> str:
    """Return the admission webhook that cannot be tried, empty when the refusal has another reason."""
    match = _WEBHOOK.search(str(error))
    return match[1] if match else ""


def scrubbed(text: str, *documents: Object | None) -> str:
    """Return a message without the values of the Secrets it is about; servers quote what they refuse."""
    for document in documents:
        if document is None or not is_secret(document):
            continue
        for part in ("data", "stringData"):
            values = document.get(part)
            for value in values.values() if isinstance(values, Mapping) else ():
                shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
                if shown:
                    text = text.replace(shown, "***")
    return text
