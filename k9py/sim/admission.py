"""What happens to an object between its body and the store: checks, defaults, quota, policies of deletion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k9py.core.errors import ApiError
from k9py.core.schemas import ANY, Type
from k9py.sim import customs, defaults, deletion, fieldsets, pod_defaults, statuses, validation
from k9py.sim.conformance import Conformance
from k9py.sim.conversion import convert
from k9py.sim.objects import Object, meta
from k9py.sim.requests import Call
from k9py.sim.statuses import bad_request

_CHANGING_PODS = frozenset({"ephemeralcontainers", "resize"})
"""Subresources through which fixed fields of a pod change."""
_IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
"""Namespaces nobody may delete."""
STATUS_ON_CREATE = frozenset({"nodes", "namespaces"})
"""Kinds that keep the status they are created with."""


def intake(call: Call, obj: Object, duplicates: list[str], type_: Type) -> None:
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
        _admit_custom(call, obj, old, served.custom)
        return
    kept = convert(obj, to=served.stored.api_version, kind=served.resource.kind)
    if served.id == "namespaces":
        labels = kept["metadata"].get("labels") or {}
        kept["metadata"]["labels"] = {**labels, "kubernetes.io/metadata.name": kept["metadata"].get("name", "")}
    else:
        defaults.complete(served.id, kept)
    if served.id == "pods" and old is None:
        _look_up_account(call, kept)
    if served.id == "pods":
        pod_defaults.complete_pod_spec(kept.setdefault("spec", {}))
    if subresource != "status":
        type_ = call.server.openapi.type_of(served.stored.api_version, served.resource.kind) or ANY
        before = None if subresource in _CHANGING_PODS else old
        causes = validation.check(served.id, kept, before, type_)
        if served.id == "pods" and old is None and kept["spec"].get("ephemeralContainers"):
            causes.forbidden("spec.ephemeralContainers", "cannot be set on create")
        if served.id == deletion.CUSTOM_KINDS:
            causes.extend(customs.check_definition(kept))
        if causes:
            name = kept["metadata"].get("name") or kept["metadata"].get("generateName") or ""
            raise statuses.invalid(call.target.group, served.resource.kind, name, causes)
    back = convert(kept, to=served.resource.api_version, kind=served.resource.kind)
    if back is not obj:
        obj.clear()
        obj.update(back)


def _admit_custom(call: Call, obj: Object, old: Object | None, version: Mapping[str, Any]) -> None:
    served = call.kind()
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    customs.conform(obj, schema, "", [], fill=True)
    causes = validation.check(served.id, obj, old, ANY)
    customs.check(causes, {key: value for key, value in obj.items() if key != "metadata"}, schema, "")
    if causes:
        name = obj["metadata"].get("name") or obj["metadata"].get("generateName") or ""
        raise statuses.invalid(call.target.group, served.resource.kind, name, causes)


def _look_up_account(call: Call, pod: Object) -> None:
    """Refuse a pod whose service account is not there; the default one comes with controllers, which not all have."""
    spec = pod.get("spec") or {}
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    namespace = pod["metadata"].get("namespace", "")
    if account != "default" and call.store.find("serviceaccounts", namespace, account) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise statuses.forbidden("pods", pod["metadata"].get("name", ""), why)


def check_applied(call: Call, config: Object, type_: Type) -> None:
    """Raise what server-side apply answers to a configuration of another kind or without a place in the schema."""
    resource = call.kind().resource
    given = config.get("apiVersion") or "", config.get("kind") or ""
    if given != (resource.api_version, resource.kind):
        version = given[0] if "/" in given[0] else f"/{given[0]}"
        raise bad_request(f"invalid object type: {version}, Kind={given[1]}")
    metadata = config.get("metadata") or {}
    where = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    subject = f"({where}; {config.get('apiVersion')}, Kind={config.get('kind')})"
    problem = _first_problem(config, type_, "")
    if problem:
        raise ApiError.of(500, f"failed to create typed patch object {subject}: {problem}")


def _first_problem(value: Any, type_: Type, path: str) -> str:
    if type_.shape == "struct" and isinstance(value, dict):
        for name, inner in value.items():
            where = f"{path}.{name}"
            if name not in type_.fields:
                if type_.preserves_unknown:
                    continue
                return f"{where}: field not declared in schema"
            problem = _first_problem(inner, type_.fields[name], where) if inner is not None else ""
            if problem:
                return problem
    elif type_.shape == "list" and isinstance(value, list):
        for item in value:
            element = fieldsets.item_element(type_, item) if type_.list_type == "map" else ""
            problem = _first_problem(item, type_.element, path + (fieldsets.text((element,)) if element else ""))
            if problem:
                return problem
    elif type_.shape == "scalar" and type_.scalar == "integer" and isinstance(value, str):
        return f"{path}: expected numeric (int or float), got string"
    elif type_.shape == "map" and isinstance(value, dict):
        for name, inner in value.items():
            problem = _first_problem(inner, type_.element, f"{path}.{name}")
            if problem:
                return problem
    elif type_.shape == "scalar" and type_.scalar == "string" and isinstance(value, int | float):
        return f"{path}: expected string, got &value.valueUnstructured{{Value:{_go_value(value)}}}"
    return ""


def _go_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _conform(call: Call, obj: Object, duplicates: list[str], type_: Type) -> None:
    """Drop unknown fields, refusing or warning as the request asks."""
    mode = call.query.get("fieldValidation") or "Warn"
    if mode not in ("Ignore", "Warn", "Strict"):
        raise bad_request(f'invalid fieldValidation value "{mode}"')
    custom = call.kind().custom
    if custom is not None:
        unknown: list[str] = []
        schema = (custom.get("schema") or {}).get("openAPIV3Schema") or {}
        customs.conform(obj, schema, "", unknown, fill=False)
        if mode == "Strict" and (unknown or duplicates):
            listed = ", ".join([*unknown, *duplicates])
            raise bad_request(f"{call.kind().resource.kind} in version \"{call.target.version}\" cannot be handled "
                              f"as a {call.kind().resource.kind}: strict decoding error: {listed}")  # fmt: skip
        if mode == "Warn":
            call.warnings += [*unknown, *duplicates]
        return
    if type_.shape != "struct":
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
    if call.kind().id == "namespaces" and name in _IMMORTAL:
        raise statuses.forbidden("namespaces", name, "this namespace may not be deleted")


def deletion_options(call: Call, options: deletion.Options) -> deletion.Options:
    """Return the options with the kind's default propagation."""
    return options
