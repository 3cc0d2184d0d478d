"""What happens to an object between its body and the store: checks, defaults, quota, policies of deletion."""

from __future__ import annotations

from k9py.sim import defaults, deletion, pod_defaults, statuses, validation
from k9py.sim.conformance import Conformance
from k9py.sim.conversion import convert
from k9py.sim.objects import Object, meta
from k9py.sim.requests import Call
from k9py.sim.schemas import ANY, Type
from k9py.sim.statuses import bad_request

STATUS_ON_CREATE = frozenset({"nodes", "namespaces"})
"""Kinds that keep the status they are created with."""


def intake(call: Call, obj: Object, duplicates: list[str], type_: Type, *, patching: bool = False) -> None:
    """Check kind, version, name and namespace of a body in place; raises 400."""
    served = call.kind()
    kind = obj.setdefault("kind", served.resource.kind) or served.resource.kind
    version = obj.setdefault("apiVersion", served.resource.api_version)
    group, _, short = str(version).rpartition("/")
    if call.server.catalog.by_kind(group, short, kind) is None:
        raise bad_request(
            f'{kind} in version "{short}" cannot be handled as a {served.resource.kind}: no kind "{kind}" is '
            f'registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        )
    if version != served.resource.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({served.resource.api_version})"
        )
    _conform(call, obj, duplicates, type_)
    metadata = meta(obj)
    namespace = metadata.get("namespace")
    if served.resource.namespaced:
        if namespace and namespace != call.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = call.namespace
    if call.name and metadata.get("name", call.name) != call.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({call.name})"
        )


def admit(call: Call, obj: Object, old: Object | None, subresource: str) -> None:
    """Complete and check an object about to be stored; raises Invalid with every cause."""
    served = call.kind()
    if served.custom is not None:
        return
    kept = convert(obj, to=served.stored.api_version, kind=served.resource.kind)
    if served.id != "namespaces":
        defaults.complete(served.id, kept)
    if served.id == "pods":
        pod_defaults.complete_spec(kept.setdefault("spec", {}))
    if subresource != "status":
        type_ = call.server.openapi.type_of(served.stored.api_version, served.resource.kind) or ANY
        causes = validation.check(served.id, kept, old, type_)
        if causes:
            name = kept["metadata"].get("name") or kept["metadata"].get("generateName") or ""
            raise statuses.invalid(call.target.group, served.resource.kind, name, causes)
    back = convert(kept, to=served.resource.api_version, kind=served.resource.kind)
    if back is not obj:
        obj.clear()
        obj.update(back)


def _conform(call: Call, obj: Object, duplicates: list[str], type_: Type) -> None:
    """Drop unknown fields, refusing or warning as the request asks."""
    mode = call.query.get("fieldValidation") or "Warn"
    if mode not in ("Ignore", "Warn", "Strict"):
        raise bad_request(f'invalid fieldValidation value "{mode}"')
    if type_.shape != "struct" or call.kind().custom is not None:
        return
    version = call.target.version
    conformance = Conformance(call.kind().resource.kind, version)
    conformance.conform(obj, type_)
    if mode == "Strict":
        conformance.refuse_unknown(duplicates)
    elif mode == "Warn":
        call.warnings += [*conformance.unknown, *duplicates]


def may_delete(call: Call, name: str) -> None:
    """Raise when an object must not be deleted."""


def deletion_options(call: Call, options: deletion.Options) -> deletion.Options:
    """Return the options with the kind's default propagation."""
    return options
