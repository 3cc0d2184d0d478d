"""What the server fills into objects of each kind, whoever writes them."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from k9py.sim.objects import Object, timestamp
from k9py.sim.pod_defaults import complete_pod, complete_spec
from k9py.sim.rendering import BOOKMARK_BODIES
from k9py.sim.store import Store

SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
_RBAC = "rbac.authorization.k8s.io"
Completer = Callable[[Object], None]


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    complete_spec(template.setdefault("spec", {}))


def _deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    _template(spec)


def _replica_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)
    obj.setdefault("status", {}).setdefault("replicas", 0)


def _replication_controller(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _template(spec)
    labels = spec["template"]["metadata"].get("labels") or {}
    if labels:
        spec.setdefault("selector", dict(labels))
        obj["metadata"].setdefault("labels", dict(labels))
    spec.setdefault("replicas", 1)
    obj.setdefault("status", {}).setdefault("replicas", 0)


def _stateful_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {}).setdefault("phase", "Pending")
    _template(spec)
    status = obj.setdefault("status", {})
    status.setdefault("replicas", 0)
    status.setdefault("availableReplicas", 0)


def _daemon_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    _template(spec)
    annotations = obj["metadata"]["annotations"] = dict(obj["metadata"].get("annotations") or {})
    annotations.setdefault("deprecated.daemonset.template.generation", "1")
    status = obj.setdefault("status", {})
    for field in ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"):
        status.setdefault(field, 0)


def _job_spec(spec: Object) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)
    _template(spec)


def _job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _job_spec(spec)
    given = spec["template"]["metadata"].get("labels")
    if given and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(given)
    uid = obj["metadata"].get("uid")
    if spec.get("manualSelector") or not uid or spec.get("selector"):
        return
    metadata = spec["template"]["metadata"]
    name = obj["metadata"]["name"]
    own = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    metadata["labels"] = {**(metadata.get("labels") or {}), **own, "controller-uid": uid, "job-name": name}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    if given is not None and obj["metadata"]["labels"] == given:
        obj["metadata"]["labels"] = dict(metadata["labels"])


def _cron_job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    _template(template.setdefault("spec", {}))


def _autoscaler(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        _scaling_rules(behavior, "scaleUp", 0, [("Pods", 4), ("Percent", 100)])
        _scaling_rules(behavior, "scaleDown", None, [("Percent", 100)])
    status = obj.setdefault("status", {})
    status.setdefault("currentMetrics", None)
    status.setdefault("desiredReplicas", 0)


def _scaling_rules(behavior: Object, name: str, window: int | None, policies: list[tuple[str, int]]) -> None:
    rules = behavior.setdefault(name, {})
    if window is not None:
        rules.setdefault("stabilizationWindowSeconds", window)
    rules.setdefault("selectPolicy", "Max")
    if not rules.get("policies"):
        rules["policies"] = [{"type": kind, "value": value, "periodSeconds": 15} for kind, value in policies]


def _namespace(obj: Object) -> None:
    labels = obj["metadata"]["labels"] = dict(obj["metadata"].get("labels") or {})
    labels["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    if not obj["metadata"].get("deletionTimestamp"):
        obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")
    plain = obj.pop("stringData", None)
    if plain:
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}


def _claim(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def _volume(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    if spec.get("hostPath"):
        spec["hostPath"].setdefault("type", "")
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def _storage_class(obj: Object) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def _binding(obj: Object) -> None:
    role = obj.setdefault("roleRef", {})
    if not role.get("apiGroup"):
        role["apiGroup"] = _RBAC
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", _RBAC)


def _network_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _priority_class(obj: Object) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _slice(obj: Object) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _endpoint_conditions(obj: Object) -> None:
    for endpoint in obj.get("endpoints") or ():
        endpoint.setdefault("conditions", {})


def _endpoints(obj: Object) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _limit_range(obj: Object) -> None:
    for item in (obj.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container" and item.get("max"):
            item["default"] = {**item["max"], **(item.get("default") or {})}
        if item.get("type") == "Container" and item.get("default"):
            item["defaultRequest"] = {**item["default"], **(item.get("defaultRequest") or {})}


def _custom_kind(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    names.setdefault("singular", str(names.get("kind", "")).lower())
    names.setdefault("listKind", f"{names.get('kind', '')}List")
    spec.setdefault("conversion", {"strategy": "None"})
    stored = [version["name"] for version in spec.get("versions") or () if version.get("storage")]
    obj.setdefault("status", {}).setdefault("storedVersions", stored)


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "ClientIP" and not spec.get("sessionAffinityConfig"):
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _with_status(obj: Object) -> None:
    obj.setdefault("status", {})


def _csi_driver(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault("volumeLifecycleModes", ["Persistent"])


def _webhooks(obj: Object) -> None:
    for webhook in obj.get("webhooks") or ():
        for field, value in (("failurePolicy", "Fail"), ("matchPolicy", "Equivalent"), ("timeoutSeconds", 10),
                             ("namespaceSelector", {}), ("objectSelector", {})):  # fmt: skip
            webhook.setdefault(field, value)
        if obj.get("kind", "").startswith("Mutating"):
            webhook.setdefault("reinvocationPolicy", "Never")
        for rule in webhook.get("rules") or ():
            rule.setdefault("scope", "*")


COMPLETERS: dict[str, tuple[Completer, ...]] = {
    "deployments.apps": (_deployment, _with_status),
    "replicasets.apps": (_replica_set,),
    "replicationcontrollers": (_replication_controller,),
    "statefulsets.apps": (_stateful_set,),
    "daemonsets.apps": (_daemon_set,),
    "jobs.batch": (_job, _with_status),
    "cronjobs.batch": (_cron_job, _with_status),
    "horizontalpodautoscalers.autoscaling": (_autoscaler,),
    "namespaces": (_namespace,),
    "services": (_service,),
    "nodes": (_with_status,),
    "secrets": (_secret,),
    "persistentvolumeclaims": (_claim,),
    "persistentvolumes": (_volume,),
    "storageclasses.storage.k8s.io": (_storage_class,),
    f"rolebindings.{_RBAC}": (_binding,),
    f"clusterrolebindings.{_RBAC}": (_binding,),
    "networkpolicies.networking.k8s.io": (_network_policy,),
    "priorityclasses.scheduling.k8s.io": (_priority_class,),
    "endpointslices.discovery.k8s.io": (_slice, _endpoint_conditions),
    "endpoints": (_endpoints,),
    "csidrivers.storage.k8s.io": (_csi_driver,),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": (_webhooks,),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": (_webhooks,),
    "limitranges": (_limit_range,),
    "resourcequotas": (_with_status,),
    "customresourcedefinitions.apiextensions.k8s.io": (_custom_kind,),
}


def complete(resource: str, obj: Object) -> None:
    """Fill in an object of a kind in place; what needs the store comes when it is stored."""
    for completer in COMPLETERS.get(resource, ()):
        completer(obj)


class Allocator:
    """Addresses and node ports of services, in order of first use."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def service(self, obj: Object, old: Object | None) -> None:
        """Fill in a service in place: defaults, cluster address, node ports."""
        _service(obj)
        spec = obj["spec"]
        before: dict[str, Any] = (old or {}).get("spec") or {}
        if spec["type"] != "ExternalName":
            self._addresses(spec, before)
        if spec["type"] in ("NodePort", "LoadBalancer"):
            self._node_ports(spec, before)
        elif before.get("type") in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)
            spec.pop("externalTrafficPolicy", None)
            spec.pop("allocateLoadBalancerNodePorts", None)
        obj.setdefault("status", {}).setdefault("loadBalancer", {})

    def _addresses(self, spec: Object, before: Object) -> None:
        spec.setdefault("ipFamilies", ["IPv4"])
        if not spec.get("selector") and spec.get("clusterIP") == "None" and spec["ipFamilies"] == ["IPv4"]:
            spec["ipFamilies"] = ["IPv4", "IPv6"]
            spec.setdefault("ipFamilyPolicy", "RequireDualStack")
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if not spec.get("clusterIP"):
            spec["clusterIP"] = before.get("clusterIP") or self._free_address()
        spec["clusterIPs"] = spec.get("clusterIPs") or [spec["clusterIP"]]

    def _free_address(self) -> str:
        used = {(service.get("spec") or {}).get("clusterIP") for service in self._store.list("services")}
        first = 1
        while True:
            address = str(SERVICE_NETWORK[self._store.random.randrange(first + 1, 65000)])
            if address not in used:
                return address

    def _node_ports(self, spec: Object, before: Object) -> None:
        known = {port.get("name"): port.get("nodePort") for port in before.get("ports") or ()}
        used = {
            port.get("nodePort")
            for service in self._store.list("services")
            for port in (service.get("spec") or {}).get("ports") or ()
        }
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = known.get(port.get("name")) or next(
                    number for number in self._store.random.sample(NODE_PORTS, len(NODE_PORTS)) if number not in used
                )
            used.add(port["nodePort"])


def install(store: Store) -> None:
    """Have every object completed before it is stored, whoever writes it."""
    for kind in store.kinds():
        plural = kind.id.partition(".")[0]
        empty = BOOKMARK_BODIES.get(f"{kind.api_version}/{plural}")
        if empty:
            store.prepare(kind.id, lambda obj, old, empty=empty: _fill(obj, empty))  # type: ignore[misc]
    for resource in COMPLETERS:
        store.prepare(resource, lambda obj, old, resource=resource: complete(resource, obj))  # type: ignore[misc]
    store.prepare("services", Allocator(store).service)

    def pod(obj: Object, old: Object | None) -> None:
        if old is None:
            complete_pod(obj, store.random)
        else:
            complete_spec(obj.setdefault("spec", {}))

    def claim(obj: Object, old: Object | None) -> None:
        if old is None:
            _protect(obj, "kubernetes.io/pvc-protection")
            _default_class(store, obj)

    def volume(obj: Object, old: Object | None) -> None:
        if old is None:
            _protect(obj, "kubernetes.io/pv-protection")
        if old is None or (old.get("status") or {}).get("phase") != obj["status"]["phase"]:
            obj["status"]["lastPhaseTransitionTime"] = timestamp(store.clock.now())

    store.prepare("pods", pod)
    store.prepare("persistentvolumeclaims", claim)
    store.prepare("persistentvolumes", volume)


def _fill(obj: Object, empty: Mapping[str, Any]) -> None:
    """Add what the server's typed encoder always writes, however empty."""
    for key, value in empty.items():
        if isinstance(value, dict):
            found = obj.setdefault(key, {})
            if isinstance(found, dict):
                _fill(found, value)
        else:
            obj.setdefault(key, value)


def _protect(obj: Object, finalizer: str) -> None:
    finalizers = list(obj["metadata"].get("finalizers") or ())
    if finalizer not in finalizers:
        obj["metadata"]["finalizers"] = [*finalizers, finalizer]


def _default_class(store: Store, claim: Object) -> None:
    spec = claim["spec"]
    if spec.get("storageClassName") is not None:
        return
    for candidate in store.list("storageclasses.storage.k8s.io"):
        annotations = candidate["metadata"].get("annotations") or {}
        if annotations.get("storageclass.kubernetes.io/is-default-class") == "true":
            spec["storageClassName"] = candidate["metadata"]["name"]
            return
