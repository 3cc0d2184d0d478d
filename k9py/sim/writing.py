"""Writes over HTTP: create, update, patch, apply, delete. Each is one atomic step on the loop."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from k9py.core.errors import ApiError, Cause
from k9py.core.schemas import ANY, Type
from k9py.sim import admission, bodies, fieldsets, lastapplied, managed, patching, statuses
from k9py.sim.answers import answer
from k9py.sim.conversion import convert
from k9py.sim.deletion import Options
from k9py.sim.fieldsets import Paths
from k9py.sim.history import Stored
from k9py.sim.negotiation import negotiate
from k9py.sim.objects import Object, timestamp
from k9py.sim.reading import renderer, select_page
from k9py.sim.requests import Call
from k9py.sim.statuses import bad_request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
RETURNS_DELETED = frozenset(
    {
        "pods",
        "services",
        "persistentvolumes",
        "persistentvolumeclaims",
        "serviceaccounts",
        "resourcequotas",
        "podtemplates",
        "volumeattachments.storage.k8s.io",
        "storageclasses.storage.k8s.io",
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
    }
)
"""Kinds whose DELETE answers with the object even when it is gone at once."""
_STATUS: Paths = frozenset([("f:status",)])
_ALL_BUT_STATUS: Paths = frozenset([("f:spec",), ("f:metadata",)])


# the shared steps


def type_of(call: Call) -> Type:
    """Return the type of the request's kind; one without a schema when there is no document."""
    served = call.kind()
    return call.server.openapi.type_of(served.resource.api_version, served.resource.kind) or ANY


def manager_of(call: Call, operation: str, subresource: str = "") -> managed.Manager:
    """Return who writes: the fieldManager parameter, else the first word of the user agent."""
    name = call.query.get("fieldManager", "")
    if len(name) > 128:
        cause = Cause("fieldManager", f'Invalid value: "{name}": may not be longer than 128', "FieldValueInvalid")
        raise statuses.invalid("meta.k8s.io", "PatchOptions", "", [cause])
    if not name:
        name = call.request.headers.get("User-Agent", "unknown").split("/")[0][:128]
    return managed.Manager(name, operation, call.kind().resource.api_version, subresource)


def current(call: Call, name: str = "") -> tuple[Stored, Object]:
    """Return the stored object and a private copy of it in the version of the request; raises NotFound."""
    served = call.kind()
    stored = call.store.stored(served.id, call.namespace, name or call.name)
    return stored, convert(stored.copy(), to=served.resource.api_version, kind=served.resource.kind)


def commit(call: Call, obj: Object, old: Object | None, *, dry_run: bool) -> Object:
    """Store an object of the request's version; return it in that version."""
    served = call.kind()
    kept = convert(obj, to=served.stored.api_version, kind=served.resource.kind)
    if old is None:
        stored = call.store.create(served.id, kept, dry_run=dry_run)
    else:
        stored = call.store.replace(served.id, kept, dry_run=dry_run)
    return convert(
        {"kind": served.resource.kind, "apiVersion": served.stored.api_version, **stored},
        to=served.resource.api_version,
        kind=served.resource.kind,
    )


async def written(call: Call, obj: Object, *, status: int = 200) -> web.StreamResponse:
    """Answer with the object of a write in the form that was asked for."""
    form = negotiate(call.request.headers.get("Accept", ""))
    return await answer(call, renderer(call, form).of_object(obj), status=status, content_type=form.content_type)


def store_update(call: Call, old: Object, new: Object, *, subresource: str = "", dry_run: bool) -> Object:
    """Admit, record ownership and store; everything an update and the patches share."""
    resets = _STATUS if not subresource and call.kind().has_status else frozenset()
    if subresource == "status":
        resets = _ALL_BUT_STATUS
    admission.admit(call, new, old, subresource)
    manager = manager_of(call, "Update", subresource)
    now = timestamp(call.clock.now())
    managed.updated(type_of(call), old, new, manager, now=now, resets=resets)
    return commit(call, new, old, dry_run=dry_run)


def keep_unwritten(call: Call, old: Object, new: Object, subresource: str) -> None:
    """Put back in place what this endpoint does not write: status here, everything else on ``/status``."""
    if not subresource:
        if call.kind().has_status:
            _copy_field(old, new, "status")
        return
    metadata = dict(old["metadata"])
    for field in ("managedFields", "resourceVersion"):
        if field in new["metadata"]:
            metadata[field] = new["metadata"][field]
    written = new.get("status")
    for field in [key for key in new if key not in old]:
        del new[field]
    new.update(old)
    new["metadata"] = metadata
    if written is None:
        new.pop("status", None)
    else:
        new["status"] = written


def _copy_field(source: Object, target: Object, field: str) -> None:
    if field in source:
        target[field] = source[field]
    else:
        target.pop(field, None)


# create


async def create(call: Call) -> web.StreamResponse:
    """Answer a POST on a collection."""
    form = negotiate(call.request.headers.get("Accept", ""))  # Refused before anything is stored.
    obj, duplicates = await bodies.read_object(call)
    dry_run = bodies.is_dry_run(call)
    admission.intake(call, obj, duplicates, type_of(call))
    return await answer(
        call,
        renderer(call, form).of_object(store_new(call, obj, dry_run=dry_run)),
        status=201,
        content_type=form.content_type,
    )


def store_new(call: Call, obj: Object, *, dry_run: bool) -> Object:
    """Admit, record ownership and store a new object."""
    if call.kind().has_status and call.kind().id not in admission.STATUS_ON_CREATE:
        obj.pop("status", None)
    admission.admit(call, obj, None, "")
    manager = manager_of(call, "Update")
    resets = _STATUS if call.kind().has_status else frozenset[fieldsets.Path]()
    managed.updated(type_of(call), None, obj, manager, now=timestamp(call.clock.now()), resets=resets)
    return commit(call, obj, None, dry_run=dry_run)


# update


async def update(call: Call) -> web.StreamResponse:
    """Answer a PUT on an object, or on its status."""
    obj, duplicates = await bodies.read_object(call)
    dry_run = bodies.is_dry_run(call)
    admission.intake(call, obj, duplicates, type_of(call))
    _, old = current(call)
    if not obj["metadata"].get("resourceVersion") and call.kind().custom is not None:
        cause = Cause(
            "metadata.resourceVersion", "Invalid value: 0: must be specified for an update", "FieldValueInvalid"
        )
        raise statuses.invalid(call.target.group, call.target.resource, call.name, [cause])
    _check_version(call, obj, old)
    keep_unwritten(call, old, obj, call.subresource)
    return await written(call, store_update(call, old, obj, subresource=call.subresource, dry_run=dry_run))


def _check_version(call: Call, new: Object, old: Object) -> None:
    metadata, before = new["metadata"], old["metadata"]
    resource = call.kind().id
    uid = metadata.get("uid")
    if uid and uid != before["uid"] and call.verb == "update":
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['uid']}"
        raise statuses.conflict(resource, call.name, why)
    version = metadata.get("resourceVersion")
    if version and version != before["resourceVersion"]:
        raise statuses.modified(resource, call.name)


# patch


async def patch(call: Call) -> web.StreamResponse:
    """Answer a PATCH of any of the four types, on an object or on its status."""
    kind = bodies.media_type(call)
    raw = await bodies.read_bytes(call)
    dry_run = bodies.is_dry_run(call)
    if kind == APPLY_PATCH:
        return await _apply(call, raw, dry_run=dry_run)
    if call.flag("force"):
        cause = Cause("force", "Forbidden: may not be specified for non-apply patch", "FieldValueForbidden")
        raise statuses.invalid("meta.k8s.io", "PatchOptions", "", [cause])
    if kind not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH) or (
        kind == STRATEGIC_PATCH and call.kind().custom is not None
    ):
        raise _unknown_patch(call)
    _, old = current(call)
    new = patched(call, old, raw, kind)
    if new["metadata"].get("name") != old["metadata"]["name"]:
        name = new["metadata"].get("name", "")
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    _check_version(call, new, old)
    keep_unwritten(call, old, new, call.subresource)
    return await written(call, store_update(call, old, new, subresource=call.subresource, dry_run=dry_run))


def patched(call: Call, old: Object, raw: bytes, kind: str) -> Object:
    """Return an object with a patch laid over it, checked as an intake is."""
    try:
        document: Any = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        words = bodies.go_words(raw, error)
        raise bad_request(words if kind == STRATEGIC_PATCH else f"error decoding patch: {words}") from error
    if kind == JSON_PATCH:
        new = patching.json_patch(old, document)
    elif kind == MERGE_PATCH:
        new = patching.merge_patch(old, document)
    else:
        new = patching.strategic_patch(old, document, type_of(call))
    if not isinstance(new.get("metadata"), dict):
        new["metadata"] = {}
    new["metadata"] = dict(new["metadata"])
    duplicates = bodies.decode(raw)[1] if isinstance(document, dict) else []
    shown = _go_map(document) if kind == STRATEGIC_PATCH else msgspec.json.encode(new).decode()
    try:
        admission.intake(call, new, duplicates, type_of(call))
    except ApiError as error:
        _, found, text = str(error).partition(" cannot be handled as a ")
        if not found:
            raise
        text = text.partition(": ")[2]
        cause = Cause("patch", f"Invalid value: {msgspec.json.encode(shown).decode()}: {text}", "FieldValueInvalid")
        raise statuses.invalid("", "", "", [cause]) from error
    return new


def _go_map(value: Any) -> str:
    """Write a value as Go prints its maps, which is how the server shows a strategic patch it refuses."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go_map(inner)}" for key, inner in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go_map, value)) + "]"
    return "<nil>" if value is None else str(value)


def _unknown_patch(call: Call) -> ApiError:
    types = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]
    if call.kind().custom is None:
        types.insert(2, STRATEGIC_PATCH)
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(types)}"
    if call.kind().custom is None:
        message = "415: Unsupported Media Type"
    return ApiError.of(415, message, reason="UnsupportedMediaType", details={})


async def _apply(call: Call, raw: bytes, *, dry_run: bool) -> web.StreamResponse:
    if not call.query.get("fieldManager"):
        cause = Cause("fieldManager", "Required value: is required for apply patch", "FieldValueRequired")
        raise statuses.invalid("meta.k8s.io", "PatchOptions", "", [cause])
    config = bodies.decode_yaml(raw)
    admission.check_applied(call, config, type_of(call))
    admission.intake(call, config, [], type_of(call))
    served = call.kind()
    metadata = config["metadata"]
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    found = call.store.find(served.id, call.namespace, call.name)
    old = current(call)[1] if found is not None else None
    if old is not None:
        _check_version(call, config, old)
    elif metadata.get("uid"):
        raise statuses.conflict(served.id, call.name, "uid mismatch: the provided object specified uid "
                                f"{metadata['uid']}, and no existing object was found")  # fmt: skip
    resets = _STATUS if served.has_status and not call.subresource else frozenset[fieldsets.Path]()
    if call.subresource == "status":
        resets = _ALL_BUT_STATUS
    manager = call.query["fieldManager"]
    new = managed.apply(
        type_of(call),
        old,
        config,
        manager_of(call, "Apply", call.subresource),
        now=timestamp(call.clock.now()),
        force=call.flag("force"),
        resets=resets,
        forgiven=lastapplied.forgiven(type_of(call), old, manager) if old is not None else frozenset(),
    )
    lastapplied.keep_up(old, config, new, manager)
    admission.admit(call, new, old, call.subresource)
    if old is not None and _same_but_times(old, new):
        return await written(call, old)
    return await written(call, commit(call, new, old, dry_run=dry_run), status=200 if old else 201)


def _same_but_times(old: Object, new: Object) -> bool:
    """Say whether an apply changed nothing but when managers last wrote: then nothing is stored."""

    def bare(obj: Object) -> Object:
        metadata = {**obj["metadata"]}
        entries = metadata.get("managedFields") or []
        metadata["managedFields"] = [{k: v for k, v in entry.items() if k != "time"} for entry in entries]
        return {**obj, "metadata": metadata}

    return bare(old) == bare(new)


# delete


async def delete(call: Call) -> web.StreamResponse:
    """Answer a DELETE of one object."""
    options, dry_run = await bodies.delete_options(call)
    served = call.kind()
    call.store.stored(served.id, call.namespace, call.name)
    admission.may_delete(call, call.name)
    obj, gone = call.store.delete(
        served.id, call.namespace, call.name, options=admission.deletion_options(call, options), dry_run=dry_run
    )
    if not gone or served.id in RETURNS_DELETED:
        as_served = convert(obj, to=served.resource.api_version, kind=served.resource.kind)
        return await written(call, as_served)
    details = {"name": call.name, "group": call.target.group, "kind": call.target.resource}
    details["uid"] = obj["metadata"]["uid"]
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
    return await answer(call, msgspec.json.encode(body))


async def delete_collection(call: Call) -> web.StreamResponse:
    """Answer a DELETE of a collection: everything the selectors choose."""
    options, dry_run = await bodies.delete_options(call)
    served = call.kind()
    objects, meta = select_page(call)
    each = Options(admission.deletion_options(call, options).propagation, options.grace)
    for stored in objects:
        call.store.delete(served.id, stored.namespace, stored.name, options=each, dry_run=dry_run)
    form = negotiate(call.request.headers.get("Accept", ""))
    meta = {"resourceVersion": str(call.store.version)}
    return await answer(call, renderer(call, form).many(objects, meta), content_type=form.content_type)
