"""Questions about access, answered but never stored: who am I, may I, what may I."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from k9py.core.errors import ApiError, Cause
from k9py.sim import bodies, statuses
from k9py.sim.access import MASTERS, Attributes
from k9py.sim.answers import answer
from k9py.sim.extensions import Handler
from k9py.sim.objects import timestamp
from k9py.sim.requests import Call, Target, User

_AUTHORIZATION = "authorization.k8s.io"
_AUTHENTICATION = "authentication.k8s.io"


def _asked(spec: Mapping[str, Any]) -> Attributes:
    resource = spec.get("resourceAttributes")
    if resource is None:
        path = spec.get("nonResourceAttributes") or {}
        return Attributes(path.get("verb", ""), Target(), path.get("path", ""))
    target = Target(
        group=resource.get("group", ""),
        version=resource.get("version", ""),
        namespace=resource.get("namespace", ""),
        resource=resource.get("resource", ""),
        name=resource.get("name", ""),
        subresource=resource.get("subresource", ""),
    )
    return Attributes(resource.get("verb", ""), target)


async def _review(call: Call, user: User | None) -> web.StreamResponse:
    body, _ = await bodies.read_object(call)
    spec = body.get("spec") or {}
    if (spec.get("resourceAttributes") is None) == (spec.get("nonResourceAttributes") is None):
        kind = call.kind().resource.kind
        text = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = Cause("spec.resourceAttributes", text, "FieldValueInvalid")
        raise statuses.invalid(_AUTHORIZATION, kind, "", [cause])
    if user is None:
        groups = tuple(spec.get("groups") or ())
        user = User(spec.get("user", ""), groups)
    allowed, reason = call.server.access.decide(user, _asked(spec))
    status = {"allowed": allowed, **({"reason": reason} if reason else {})}
    return await _answered(call, spec, status)


async def _answered(call: Call, spec: Mapping[str, Any], status: Mapping[str, Any]) -> web.StreamResponse:
    resource = call.kind().resource
    body = {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {},
        "spec": spec,
        "status": status,
    }
    return await answer(call, msgspec.json.encode(body), status=201)


async def _self_access(call: Call) -> web.StreamResponse:
    return await _review(call, call.user)


async def _subject_access(call: Call) -> web.StreamResponse:
    return await _review(call, None)


async def _self_rules(call: Call) -> web.StreamResponse:
    body, _ = await bodies.read_object(call)
    namespace = (body.get("spec") or {}).get("namespace") or ""
    if not namespace:
        raise statuses.bad_request("no namespace on request")
    rules = list(call.server.access.rules(call.user, namespace))
    if MASTERS in call.user.groups:
        rules.insert(0, {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
        rules.insert(1, {"verbs": ["*"], "nonResourceURLs": ["*"]})
    resource = [dict(rule) for rule in rules if not rule.get("nonResourceURLs")]
    other = [dict(rule) for rule in rules if rule.get("nonResourceURLs")]
    status: dict[str, Any] = {"resourceRules": resource, "nonResourceRules": other, "incomplete": False}
    if call.server.access.rules_incomplete:
        status["resourceRules"] = []
        status["incomplete"] = True
        status["evaluationError"] = "webhook authorizer does not support user rule resolution"
    return await _answered(call, {}, status)


async def _self(call: Call) -> web.StreamResponse:
    user = call.user
    info = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    body = {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": timestamp(call.clock.now())},
        "status": {"userInfo": {key: value for key, value in info.items() if value}},
    }
    return await answer(call, msgspec.json.encode(body), status=201)


async def _token(call: Call) -> web.StreamResponse:
    body, _ = await bodies.read_object(call)
    spec = body.get("spec") or {}
    user = call.server.access.tokens.get(spec.get("token", ""))
    status: dict[str, Any] = {"user": {}}
    if user is not None:
        status = {"authenticated": True, "user": {"username": user.name, "groups": list(user.groups)}}
    return await _answered(call, spec, status)


async def _bind(call: Call) -> web.StreamResponse:
    raise ApiError.of(405, "bindings are made on pods/binding", reason="MethodNotAllowed")


REVIEWS: dict[str, Handler] = {
    f"selfsubjectaccessreviews.{_AUTHORIZATION}": _self_access,
    f"subjectaccessreviews.{_AUTHORIZATION}": _subject_access,
    f"localsubjectaccessreviews.{_AUTHORIZATION}": _subject_access,
    f"selfsubjectrulesreviews.{_AUTHORIZATION}": _self_rules,
    f"selfsubjectreviews.{_AUTHENTICATION}": _self,
    f"tokenreviews.{_AUTHENTICATION}": _token,
    "bindings": _bind,
}
"""Resources that are only ever created."""
