"""Objects explained in words, as ``kubectl describe`` does, with what follows from their state on top. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from k9py.kube.happenings import Happening
from k9py.kube.rows import Row
from k9py.resources import told
from k9py.resources.describe import generic, networks, nodes, policies, storing, workloads
from k9py.resources.describe.common import happened, selector_line
from k9py.resources.describe.page import Line, Page, Span, at, fields, laid_out, plain_text, shown
from k9py.resources.describe.workloads import Related
from k9py.resources.model import TONE_OF, Health, Level, RowContext
from k9py.resources.registry import known
from k9py.resources.structs import plural

Describer = Callable[[Page, dict[str, Any], Related, float], None]

_DESCRIBERS: dict[str, Describer] = {
    "pods": workloads.pod,
    "deployments.apps": workloads.deployment,
    "replicasets.apps": workloads.replica_set,
    "replicationcontrollers": workloads.replica_set,
    "statefulsets.apps": workloads.stateful_set,
    "daemonsets.apps": workloads.daemon_set,
    "jobs.batch": workloads.job,
    "cronjobs.batch": workloads.cron_job,
    "nodes": nodes.node,
    "services": networks.service,
    "ingresses.networking.k8s.io": networks.ingress,
    "networkpolicies.networking.k8s.io": networks.network_policy,
    "configmaps": storing.config_map,
    "secrets": storing.secret,
    "persistentvolumeclaims": storing.claim,
    "persistentvolumes": storing.volume,
    "horizontalpodautoscalers.autoscaling": policies.autoscaler,
    "poddisruptionbudgets.policy": policies.budget,
    "resourcequotas": policies.quota,
    "limitranges": policies.limit_range,
    "namespaces": policies.namespace,
    "serviceaccounts": policies.service_account,
    "roles.rbac.authorization.k8s.io": policies.role,
    "clusterroles.rbac.authorization.k8s.io": policies.role,
    "rolebindings.rbac.authorization.k8s.io": policies.binding,
    "clusterrolebindings.rbac.authorization.k8s.io": policies.binding,
    "events": policies.event,
    "events.events.k8s.io": policies.event,
}

PODS_BELOW = frozenset({
    "deployments.apps", "replicasets.apps", "replicationcontrollers", "statefulsets.apps", "daemonsets.apps",
})  # fmt: skip
"""Kinds that are told with what their pods say."""
TROUBLES = 3
"""Troubles of pods that are told: with more, the list of the pods says it better."""

_WITHOUT_EVENTS = frozenset(
    {"events", "events.events.k8s.io", "roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
     "rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Objects a description reads besides its own: list them and pass them by their kind id."""

    resource: str
    """Kind id."""
    namespace: str = ""
    """Empty for all namespaces."""
    label_selector: str = ""
    field_selector: str = ""


def wanted(kind_id: str, obj: dict[str, Any]) -> tuple[Wanted, ...]:
    """Return what to list before describing this object; a description also works without."""
    namespace, name = at(obj, "metadata", "namespace") or "", at(obj, "metadata", "name") or ""
    if kind_id == "nodes":
        return (Wanted("pods", field_selector=f"spec.nodeName={name}"),)
    if kind_id == "namespaces":
        return (Wanted("resourcequotas", name), Wanted("limitranges", name))
    if kind_id == "services":
        label = f"kubernetes.io/service-name={name}"
        return (Wanted("endpointslices.discovery.k8s.io", namespace, label_selector=label),)
    if kind_id == "persistentvolumeclaims":
        return (Wanted("pods", namespace),)
    if kind_id == "pods":
        row = row_of(kind_id, obj)
        return (Wanted("persistentvolumeclaims", namespace),) if row is not None and told.asks_claims(row) else ()
    if kind_id == "cronjobs.batch":
        return (Wanted("jobs.batch", namespace),)
    selector = selector_line(fields(obj, "spec", "selector"))
    if selector.startswith("<"):
        return ()
    if kind_id == "deployments.apps":
        return tuple(Wanted(kind, namespace, label_selector=selector) for kind in ("replicasets.apps", "pods"))
    if kind_id in PODS_BELOW:
        return (Wanted("pods", namespace, label_selector=selector),)
    return ()


def health_of(kind_id: str, obj: dict[str, Any], now: float) -> Health | None:
    """Return the health of a whole object by the rules of its kind, None for kinds shown as the server prints them."""
    spec, row = known(kind_id), row_of(kind_id, obj)
    return spec.health(row, RowContext(now=now)) if spec is not None and row is not None else None


def row_of(kind_id: str, obj: dict[str, Any]) -> Row | None:
    """Return the row a whole object has in its list, None for kinds shown as the server prints them."""
    spec = known(kind_id)
    return spec.projection().item(msgspec.json.encode(obj)) if spec is not None and spec.typed else None


def ill_pods(pods: Iterable[dict[str, Any]], now: float) -> list[tuple[Health, list[dict[str, Any]]]]:
    """Return what is wrong with pods, the worst first, each with the pods that say just that."""
    said: dict[tuple[Level, str], list[dict[str, Any]]] = {}
    for pod in pods:
        health = health_of("pods", pod, now)
        if health is not None and health.problem:
            said.setdefault((health.level, health.sentence), []).append(pod)
    worst = sorted(said.items(), key=lambda one: (one[0][0] is not Level.BAD, -len(one[1])))
    return [(Health(level, sentence, "open"), ill) for (level, sentence), ill in worst]


def pod_troubles(pods: Iterable[dict[str, Any]], now: float) -> list[Health]:
    """Return what is wrong with pods, the worst first; pods that say the same are told once, with their number."""
    return [
        Health(health.level, f"{_named(ill)}: {health.sentence}", health.action) for health, ill in ill_pods(pods, now)
    ]


def _named(pods: Sequence[dict[str, Any]]) -> str:
    return shown(at(pods[0], "metadata", "name")) if len(pods) == 1 else plural(len(pods), "pod")


def describe(
    kind_id: str,
    obj: dict[str, Any],
    events: Sequence[Happening] | None,
    related: Mapping[str, list[dict[str, Any]]],
    now: float,
) -> list[Line]:
    """Return the description of an object.

    ``events`` are its events, oldest first, None when they are not to be shown; ``related`` holds what :func:`wanted`
    asks for by kind id, and may lack any of it.
    """
    page = Page()
    health, row = health_of(kind_id, obj, now), row_of(kind_id, obj)
    if health is not None and health.sentence:
        more = told.events_add(row, events or ()) if row is not None else ""
        page.text(f"→ {health.sentence}{more}", tone=TONE_OF[health.level])
        if kind_id == "pods" and row is not None:
            for claim in told.unbound(row, related.get("persistentvolumeclaims", ())):
                ill = health_of("persistentvolumeclaims", claim, now)
                if ill is not None:
                    page.text(f"→ claim {at(claim, 'metadata', 'name')}: {ill.sentence}", tone=TONE_OF[ill.level])
        if kind_id in PODS_BELOW:
            for trouble in pod_troubles(related.get("pods", ()), now)[:TROUBLES]:
                page.text(f"→ {trouble.sentence}", tone=TONE_OF[trouble.level])
        page.blank()
    _DESCRIBERS.get(kind_id, generic.anything)(page, obj, dict(related), now)
    if events is not None and kind_id not in _WITHOUT_EVENTS:
        page.blank()
        happened(page, events, now)
    return page.lines


__all__ = [
    "Line",
    "Span",
    "Wanted",
    "describe",
    "health_of",
    "ill_pods",
    "laid_out",
    "plain_text",
    "pod_troubles",
    "row_of",
    "wanted",
]
