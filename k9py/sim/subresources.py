"""What is behind the slash: status, scale, eviction, binding, ephemeral containers, resize, finalize, token."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from k9py.core.errors import ApiError, Cause
from k9py.core.jsonpath import JsonPath
from k9py.sim import bodies, deletion, matching, patching, reading, statuses, writing
from k9py.sim.answers import answer
from k9py.sim.binding import bind
from k9py.sim.extensions import Handler
from k9py.sim.negotiation import negotiate
from k9py.sim.objects import Object, timestamp
from k9py.sim.printers.texts import labels_text, selector_text
from k9py.sim.rendering import Renderer
from k9py.sim.requests import Call, User
from k9py.sim.rules import Causes
from k9py.sim.table import scale_columns

_BUDGET_REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."
_STREAMS = frozenset({"log", "exec", "attach", "portforward", "proxy"})
"""Subresources that only extensions serve."""
TOKEN_SECONDS = 3600


async def handle(call: Call) -> web.StreamResponse:
    """Answer a request on a subresource; 404 for one the kind has not, 405 for a verb it has not."""
    found = call.kind().subresources.get(call.subresource)
    if found is None:
        raise statuses.no_such_path()
    if call.verb not in found.verbs:
        raise statuses.not_allowed()
    own = _HANDLERS.get((call.kind().id, call.subresource)) or _HANDLERS.get(("*", call.subresource))
    if own is not None:
        return await own(call)
    if call.subresource in _STREAMS:
        raise statuses.no_such_path()
    if call.verb == "get":
        return await reading.get(call)
    return await (writing.update(call) if call.verb == "update" else writing.patch(call))


# scale


def _scale_paths(call: Call) -> tuple[str, str, str]:
    custom = call.kind().custom
    if custom is None:
        return ".spec.replicas", ".status.replicas", ""
    scale = (custom.get("subresources") or {}).get("scale") or {}
    return scale["specReplicasPath"], scale["statusReplicasPath"], scale.get("labelSelectorPath", "")


def scale_of(call: Call, obj: Object) -> Object:
    """Return an object's Scale."""
    spec_path, status_path, selector_path = _scale_paths(call)
    wanted = next(iter(JsonPath(spec_path).find(obj)), 0)
    status: Object = {"replicas": next(iter(JsonPath(status_path).find(obj)), 0)}
    if selector_path:
        text = next(iter(JsonPath(selector_path).find(obj)), "")
    else:
        text = _selector_text((obj.get("spec") or {}).get("selector"))
    if text:
        status["selector"] = text
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status,
    }


def _selector_text(selector: Object | None) -> str:
    if not selector:
        return ""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return selector_text(selector, empty="")
    return labels_text(selector)


async def _scale(call: Call) -> web.StreamResponse:
    _, old = writing.current(call)
    before = scale_of(call, old)
    if call.verb == "get":
        form = negotiate(call.request.headers.get("Accept", ""))
        if form.form == "Table":
            table = Renderer(call.kind(), form, scale_columns(), include="", now=call.clock.now())
            return await answer(call, table.of_object(before), content_type=form.content_type)
        return await answer(call, msgspec.json.encode(before))
    dry_run = bodies.is_dry_run(call)
    if call.verb == "update":
        after, _ = await bodies.read_object(call)
    else:
        after = await _patched_plainly(call, before)
    replicas = (after.get("spec") or {}).get("replicas") or 0
    causes = Causes()
    causes.not_negative("spec.replicas", replicas)
    if causes:
        raise statuses.invalid("autoscaling", "Scale", call.name, causes)
    version = (after.get("metadata") or {}).get("resourceVersion")
    if version and version != old["metadata"]["resourceVersion"]:
        raise statuses.modified(call.kind().id, call.name)
    new = patching.json_patch(old, [])
    new["metadata"] = dict(new["metadata"])
    _set_path(new, _scale_paths(call)[0], replicas)
    stored = writing.store_update(call, old, new, subresource="scale", dry_run=dry_run)
    return await answer(call, msgspec.json.encode(scale_of(call, stored)))


def _set_path(obj: Object, path: str, value: Any) -> None:
    *parents, last = path.strip(".").split(".")
    for part in parents:
        obj = obj.setdefault(part, {})
    obj[last] = value


async def _patched_plainly(call: Call, before: Object) -> Object:
    """Lay a patch of a small object without merge keys over it."""
    raw = await bodies.read_bytes(call)
    document: Any = msgspec.json.decode(raw)
    if bodies.media_type(call) == writing.JSON_PATCH:
        return patching.json_patch(before, document)
    return patching.merge_patch(before, document)


# pods


async def _evict(call: Call) -> web.StreamResponse:
    eviction, _ = await bodies.read_object(call)
    dry_run = bodies.is_dry_run(call)
    pod = call.store.stored("pods", call.namespace, call.name).view()
    options = eviction.get("deleteOptions") or {}
    conditions = options.get("preconditions") or {}
    given = deletion.Options(
        grace=options.get("gracePeriodSeconds"),
        uid=conditions.get("uid") or "",
        version=conditions.get("resourceVersion") or "",
    )
    if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed", "Pending"):
        _spend_budget(call, pod, dry_run=dry_run)
    call.store.delete("pods", call.namespace, call.name, options=given, dry_run=dry_run)
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return await answer(call, msgspec.json.encode(body), status=201)


def _spend_budget(call: Call, pod: Object, *, dry_run: bool) -> None:
    """Take one disruption from the budget that covers a pod; raises 429 when there is none left."""
    labels = pod["metadata"].get("labels") or {}
    budgets = [
        budget
        for budget in call.store.list("poddisruptionbudgets.policy", call.namespace)
        if (selector := (budget.get("spec") or {}).get("selector")) is not None
        and matching.labels_match(matching.selector_of(selector), labels)
    ]
    if not budgets:
        return
    if len(budgets) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError.of(500, message, reason="InternalError")
    name, status = budgets[0]["metadata"]["name"], budgets[0].get("status") or {}
    if (status.get("disruptionsAllowed") or 0) <= 0:
        healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        text = f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
        raise ApiError.of(429, _BUDGET_REFUSAL, reason="TooManyRequests", causes=[Cause("", text, "DisruptionBudget")])
    if not dry_run:
        disrupted = {**(status.get("disruptedPods") or {}), pod["metadata"]["name"]: timestamp(call.clock.now())}
        left = {"disruptionsAllowed": status["disruptionsAllowed"] - 1, "disruptedPods": disrupted}
        call.store.patch_status("poddisruptionbudgets.policy", call.namespace, name, left)


async def _bind(call: Call) -> web.StreamResponse:
    binding, _ = await bodies.read_object(call)
    pod = call.store.get("pods", call.namespace, call.name)
    node = str((binding.get("target") or {}).get("name") or "")
    current = pod["spec"].get("nodeName")
    if current:
        why = f"pod {call.name} is already assigned to node {current!r}".replace("'", '"')
        raise statuses.conflict("pods/binding", call.name, why)
    bind(pod, node, call.store.peek("nodes", "", node))
    now = timestamp(call.clock.now())
    conditions = [c for c in (pod.get("status") or {}).get("conditions") or () if c["type"] != "PodScheduled"]
    pod.setdefault("status", {})["conditions"] = [
        *conditions,
        {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now},
    ]
    if not bodies.is_dry_run(call):
        call.store.replace("pods", pod)
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return await answer(call, msgspec.json.encode(body), status=201)


async def _partial_pod(call: Call) -> web.StreamResponse:
    """Answer ``ephemeralcontainers`` and ``resize``: a pod of which only those fields may change."""
    if call.verb == "get":
        return await reading.get(call)
    _, old = writing.current(call)
    if call.verb == "update":
        asked, _ = await bodies.read_object(call)
    else:
        raw = await bodies.read_bytes(call)
        asked = writing.patched(call, old, raw, bodies.media_type(call))
    dry_run = bodies.is_dry_run(call)
    new = patching.json_patch(old, [])
    spec, wanted = new["spec"], asked.get("spec") or {}
    if call.subresource == "ephemeralcontainers":
        given = wanted.get("ephemeralContainers") or []
        kept = {item.get("name") for item in given}
        for item in spec.get("ephemeralContainers") or ():
            if item["name"] not in kept:
                path = "spec.ephemeralContainers"
                text = f"existing ephemeral containers {item['name']!r} may not be removed".replace("'", '"')
                cause = Cause(path, f"Forbidden: {text}\n", "FieldValueForbidden")
                raise statuses.invalid("", "Pod", call.name, [cause])
        spec["ephemeralContainers"] = given
    else:
        resources = {item["name"]: item.get("resources") or {} for item in wanted.get("containers") or ()}
        for container in spec["containers"]:
            container["resources"] = resources.get(container["name"], container.get("resources") or {})
    stored = writing.store_update(call, old, new, subresource=call.subresource, dry_run=dry_run)
    return await writing.written(call, stored)


# others


async def _finalize(call: Call) -> web.StreamResponse:
    """Answer ``namespaces/finalize``: the finalizers of the spec."""
    asked, _ = await bodies.read_object(call)
    namespace = call.store.get("namespaces", "", call.name)
    namespace.setdefault("spec", {})["finalizers"] = (asked.get("spec") or {}).get("finalizers") or []
    return await writing.written(call, call.store.replace("namespaces", namespace))


async def _token(call: Call) -> web.StreamResponse:
    """Answer ``serviceaccounts/token`` with a token this server accepts."""
    request, _ = await bodies.read_object(call)
    account = call.store.stored("serviceaccounts", call.namespace, call.name)
    spec = dict(request.get("spec") or {})
    seconds = spec.setdefault("expirationSeconds", TOKEN_SECONDS)
    spec.setdefault("audiences", ["https://kubernetes.default.svc.cluster.local"])
    spec.setdefault("boundObjectRef", None)
    token = f"simulated-{call.store.random.getrandbits(128):032x}"
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{call.namespace}")
    name = f"system:serviceaccount:{call.namespace}:{call.name}"
    call.server.access.tokens[token] = User(name, groups, account.uid)
    now = call.clock.now()
    body = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": call.name, "namespace": call.namespace, "creationTimestamp": timestamp(now)},
        "spec": spec,
        "status": {"token": token, "expirationTimestamp": timestamp(now + seconds)},
    }
    return await answer(call, msgspec.json.encode(body), status=201)


_HANDLERS: dict[tuple[str, str], Handler] = {
    ("*", "scale"): _scale,
    ("pods", "eviction"): _evict,
    ("pods", "binding"): _bind,
    ("pods", "ephemeralcontainers"): _partial_pod,
    ("pods", "resize"): _partial_pod,
    ("namespaces", "finalize"): _finalize,
    ("serviceaccounts", "token"): _token,
}
