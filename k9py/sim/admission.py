"""What happens to an object between its body and the store: checks, defaults, quota, policies of deletion."""

from __future__ import annotations

from k9py.sim import deletion
from k9py.sim.objects import Object, meta
from k9py.sim.requests import Call
from k9py.sim.schemas import Type
from k9py.sim.statuses import bad_request

STATUS_ON_CREATE = frozenset({"nodes", "namespaces"})
"""Kinds that keep the status they are created with."""


def intake(call: Call, obj: Object, duplicates: list[str], type_: Type, *, patching: bool = False) -> None:
    """Check kind, version, name and namespace of a body in place; raises 400."""
    served = call.kind()
    kind, version = obj.get("kind"), obj.get("apiVersion")
    if not kind:
        raise bad_request("Object 'Kind' is missing in the body")
    if version != served.resource.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({served.resource.api_version})"
        )
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
    """Complete and check an object about to be stored."""


def may_delete(call: Call, name: str) -> None:
    """Raise when an object must not be deleted."""


def deletion_options(call: Call, options: deletion.Options) -> deletion.Options:
    """Return the options with the kind's default propagation."""
    return options
