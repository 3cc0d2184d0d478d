"""CustomResourceDefinitions at work: kinds that appear and vanish, their schemas, defaults, pruning and checks."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from k9py.core.errors import Cause
from k9py.sim.deletion import CLEANUP_FINALIZER, CUSTOM_KINDS
from k9py.sim.discovery import Catalog
from k9py.sim.history import Change, StoredKind
from k9py.sim.objects import Object, timestamp
from k9py.sim.openapi import METADATA, OpenApi
from k9py.sim.rules import Causes
from k9py.sim.rules import shown as shown_value
from k9py.sim.store import Store

_VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]


class CustomKinds:
    """Serves what the definitions in the store describe."""

    def __init__(self, store: Store, catalog: Catalog, openapi: OpenApi) -> None:
        self._store = store
        self._catalog = catalog
        self._openapi = openapi
        self._published: dict[str, set[str]] = {}
        for stored in store.collection(CUSTOM_KINDS).select():
            self._install(stored.view())
        store.subscribe(self._changed, CUSTOM_KINDS)

    def _changed(self, change: Change) -> None:
        definition = change.current.view()
        if change.type == "DELETED":
            self._publish(definition["spec"]["group"])
            self._store.unregister(change.current.name)
            return
        if definition["metadata"].get("deletionTimestamp"):
            self._empty(change.current.name)
            return
        before = change.previous.view() if change.previous else {}
        if before.get("spec") != definition.get("spec"):
            self._install(definition)

    def _install(self, definition: Object) -> None:
        spec = definition["spec"]
        name = definition["metadata"]["name"]
        version = next(item["name"] for item in spec["versions"] if item.get("storage"))
        kind = StoredKind(name, f"{spec['group']}/{version}", spec["names"]["kind"], spec["scope"] == "Namespaced")
        self._store.register(kind)
        self._publish(spec["group"])
        now = timestamp(self._store.clock.now())

        def establish(found: Object) -> None:
            found["status"] = {**(found.get("status") or {}), **_established(definition, now)}

        self._store.modify(CUSTOM_KINDS, "", name, establish)

    def _empty(self, name: str) -> None:
        """Delete every object of a definition that is going, then let it go."""
        for stored in list(self._store.collection(name).select()):
            self._store.delete(name, stored.namespace, stored.name)

        def release(found: Object) -> None:
            kept = found["metadata"].get("finalizers") or ()
            found["metadata"]["finalizers"] = [item for item in kept if item != CLEANUP_FINALIZER]

        self._store.modify(CUSTOM_KINDS, "", name, release)

    def _publish(self, group: str) -> None:
        """Serve a group as all its definitions together say."""
        by_version: dict[str, list[dict[str, Any]]] = {}
        entries: dict[str, dict[str, Mapping[str, Any]]] = {}
        documents: dict[str, dict[str, Any]] = {}
        for definition in self._store.list(CUSTOM_KINDS):
            spec = definition["spec"]
            if spec["group"] != group:
                continue
            for version in spec["versions"]:
                if not version.get("served"):
                    continue
                name = version["name"]
                by_version.setdefault(name, []).append(_discovered(spec, version))
                entries.setdefault(name, {})[spec["names"]["plural"]] = version
                documents.setdefault(name, _document(self._openapi.metadata_schemas()))
                _describe(documents[name], spec, version)
        for name in self._published.get(group, set()) - set(by_version):
            self._catalog.set_version(group, name, [])
            self._openapi.remove(f"apis/{group}/{name}")
        for name, resources in by_version.items():
            self._catalog.set_version(group, name, resources, entries[name])
            self._openapi.add(f"apis/{group}/{name}", documents[name])
        if by_version:
            self._catalog.order_versions(group, sorted(by_version, key=_priority))
        self._published[group] = set(by_version)


def _priority(version: str) -> tuple[int, int, int]:
    """Order versions as the server prefers them: v2, v1, v1beta1, v1alpha1."""
    found = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if found is None:
        return 3, 0, 0
    stage = {None: 0, "beta": 1, "alpha": 2}[found.group(2)]
    return stage, -int(found.group(1)), -int(found.group(3) or 0)


def _established(definition: Object, now: str) -> Object:
    spec = definition["spec"]
    if (definition.get("status") or {}).get("conditions"):
        return {"acceptedNames": spec["names"]}
    conditions = [
        {
            "type": "NamesAccepted",
            "status": "True",
            "lastTransitionTime": now,
            "reason": "NoConflicts",
            "message": "no conflicts found",
        },
        {
            "type": "Established",
            "status": "True",
            "lastTransitionTime": now,
            "reason": "InitialNamesAccepted",
            "message": "the initial names have been accepted",
        },
    ]
    stored = [item["name"] for item in spec["versions"] if item.get("storage")]
    return {"conditions": conditions, "acceptedNames": spec["names"], "storedVersions": stored}


def _discovered(spec: Mapping[str, Any], version: Mapping[str, Any]) -> dict[str, Any]:
    names = spec["names"]
    kind = {"group": spec["group"], "version": version["name"], "kind": names["kind"]}
    row: dict[str, Any] = {
        "resource": names["plural"],
        "responseKind": kind,
        "scope": spec["scope"] if spec["scope"] == "Namespaced" else "Cluster",
        "singularResource": names.get("singular") or names["kind"].lower(),
        "verbs": _VERBS,
    }
    for field in ("shortNames", "categories"):
        if names.get(field):
            row[field] = names[field]
    given = version.get("subresources") or {}
    subresources = []
    if "status" in given:
        subresources.append({"subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"]})
    if "scale" in given:
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        subresources.append({"subresource": "scale", "responseKind": scale, "verbs": ["get", "patch", "update"]})
    if subresources:
        row["subresources"] = subresources
    return row


def _document(schemas: Mapping[str, Any]) -> dict[str, Any]:
    info = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}
    return {"openapi": "3.0.0", "info": info, "paths": {}, "components": {"schemas": dict(schemas)}}


def _describe(document: dict[str, Any], spec: Mapping[str, Any], version: Mapping[str, Any]) -> None:
    """Add a kind to its group version's OpenAPI document: its schema, and paths clients look it up by."""
    group, name, names = spec["group"], version["name"], spec["names"]
    schema = dict((version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object"})
    properties = dict(schema.get("properties") or {})
    properties |= _EVERY
    gvk = {"group": group, "version": name, "kind": names["kind"]}
    schema["properties"] = properties
    schema["x-kubernetes-group-version-kind"] = [gvk]
    key = ".".join([*reversed(group.split(".")), name, names["kind"]])
    document["components"]["schemas"][key] = schema
    base = f"/apis/{group}/{name}"
    where = f"{base}/namespaces/{{namespace}}" if spec["scope"] == "Namespaced" else base
    body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{key}"}}}
    parameters = [
        {"name": field, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for field in ("dryRun", "fieldManager", "fieldValidation")
    ]
    answers = {"200": {"description": "OK", "content": body}}
    for path, verbs in (
        (f"{where}/{names['plural']}", {"get": "list", "post": "post"}),
        (f"{where}/{names['plural']}/{{name}}", {"get": "get", "put": "put", "patch": "patch", "delete": "delete"}),
    ):
        document["paths"][path] = {
            verb: {
                "responses": answers,
                "parameters": parameters,
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": gvk,
            }
            for verb, action in verbs.items()
        }


_GUIDE = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
_EVERY: dict[str, Any] = {
    "apiVersion": {
        "type": "string",
        "description": "APIVersion defines the versioned schema of this representation of an object. Servers should "
        "convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: "
        f"{_GUIDE}#resources",
    },
    "kind": {
        "type": "string",
        "description": "Kind is a string value representing the REST resource this object represents. Servers may "
        "infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
        f"{_GUIDE}#types-kinds",
    },
    "metadata": {
        "allOf": [{"$ref": f"#/components/schemas/{METADATA}"}],
        "default": {},
        "description": f"Standard object's metadata. More info: {_GUIDE}#metadata",
    },
}
"""What every custom kind has besides the properties of its own."""


# objects of custom kinds


def conform(value: Any, schema: Mapping[str, Any], path: str, unknown: list[str], *, fill: bool) -> Any:
    """Prune unknown fields, noting them; when asked, fill in defaults; return the value."""
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        open_ = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-embedded-resource")
        for name in list(value):
            where = f"{path}.{name}" if path else name
            if name in properties:
                inner = properties[name]
                if value[name] is None and not inner.get("nullable"):
                    del value[name]
                    continue
                value[name] = conform(value[name], inner, where, unknown, fill=fill)
            elif isinstance(extra, Mapping):
                value[name] = conform(value[name], extra, where, unknown, fill=fill)
            elif not (open_ or extra or where.startswith("metadata") or where in ("apiVersion", "kind")):
                unknown.append(f'unknown field "{where}"')
                del value[name]
        for name, inner in properties.items():
            if fill and name not in value and "default" in inner:
                value[name] = conform(copy.deepcopy(inner["default"]), inner, f"{path}.{name}", [], fill=True)
    elif isinstance(value, list):
        items = schema.get("items") or {}
        return [conform(item, items, f"{path}[{at}]", unknown, fill=fill) for at, item in enumerate(value)]
    return value


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def check(causes: Causes, value: Any, schema: Mapping[str, Any], path: str) -> None:
    """Find what a custom resource's schema does not allow."""
    if value is None and schema.get("nullable"):
        return
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        kind = None
    fits = _TYPES.get(str(kind))
    if fits and (not isinstance(value, fits) or (isinstance(value, bool) and kind != "boolean")):
        shown = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else _json_type(value)
        text = f'Invalid value: "{shown}": {path} in body must be of type {kind}: "{shown}"'
        causes.append(Cause(path, text, "FieldValueTypeInvalid"))
    if schema.get("enum") and value not in schema["enum"]:
        listed = ", ".join(f'"{item}"' for item in schema["enum"])
        text = f"Unsupported value: {shown_value(value)}: supported values: {listed}"
        causes.append(Cause(path, text, "FieldValueNotSupported"))
    if fits and not isinstance(value, fits):
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_number(causes, value, schema, path)
    elif isinstance(value, str):
        _check_text(causes, value, schema, path)
    elif isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            text = f"Too many: {len(value)}: must have at most {schema['maxItems']} items"
            causes.append(Cause(path, text, "FieldValueTooMany"))
        if len(value) < schema.get("minItems", 0):
            causes.invalid(path, len(value), f"{path} in body should have at least {schema['minItems']} items")
        for at, item in enumerate(value):
            check(causes, item, schema.get("items") or {}, f"{path}[{at}]")
    elif isinstance(value, dict):
        for name in schema.get("required") or ():
            if name not in value:
                causes.required(f"{path}.{name}" if path else name)
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, inner in sorted(value.items()):
            below = properties.get(name) or (extra if isinstance(extra, Mapping) else None)
            if below is not None:
                check(causes, inner, below, f"{path}.{name}" if path else name)


def _check_number(causes: Causes, value: float, schema: Mapping[str, Any], path: str) -> None:
    if "minimum" in schema and value < schema["minimum"]:
        causes.invalid(path, value, f"{path} in body should be greater than or equal to {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        causes.invalid(path, value, f"{path} in body should be less than or equal to {schema['maximum']}")


def _check_text(causes: Causes, value: str, schema: Mapping[str, Any], path: str) -> None:
    if len(value) > schema.get("maxLength", len(value)):
        causes.too_long(path, schema["maxLength"])
    elif len(value) < schema.get("minLength", 0):
        causes.invalid(path, value, f"{path} in body should be at least {schema['minLength']} chars long")
    elif schema.get("pattern") and not re.search(schema["pattern"], value):
        causes.invalid(path, value, f"{path} in body should match '{schema['pattern']}'")


def _json_type(value: Any) -> str:
    return {bool: "boolean", int: "integer", float: "number", str: "string"}.get(type(value), "null")


def _check_keys(causes: Causes, schema: Mapping[str, Any], path: str) -> None:
    """Keys of lists that are maps must always be there: required, or with a default."""
    items = schema.get("items") or {}
    for key in schema.get("x-kubernetes-list-map-keys") or ():
        inner = (items.get("properties") or {}).get(key) or {}
        if key not in (items.get("required") or ()) and "default" not in inner:
            text = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            causes.required(f"{path}.items.properties[{key}].default", text)
    for name, inner in (schema.get("properties") or {}).items():
        _check_keys(causes, inner, f"{path}.properties[{name}]")
    if items:
        _check_keys(causes, items, f"{path}.items")


def check_definition(obj: Object) -> Causes:
    """Return what makes a CustomResourceDefinition invalid."""
    causes = Causes()
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    wanted = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if obj["metadata"].get("name") != wanted:
        causes.invalid("metadata.name", obj["metadata"].get("name", ""), 'must be spec.names.plural+"."+spec.group')
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        causes.invalid("spec.versions", versions, "must have exactly one version marked as storage version")
    for at, version in enumerate(versions):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            causes.required(f"spec.versions[{at}].schema.openAPIV3Schema", "schemas are required")
    if len(versions) == 1:
        schema = (versions[0].get("schema") or {}).get("openAPIV3Schema") or {}
        _check_keys(causes, schema, "spec.validation.openAPIV3Schema")
    if not spec.get("scope"):
        causes.required("spec.scope")
    elif spec["scope"] not in ("Cluster", "Namespaced"):
        causes.unsupported("spec.scope", spec["scope"], ("Cluster", "Namespaced"))
    return causes
