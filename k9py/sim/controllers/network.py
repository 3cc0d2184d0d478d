"""Services: load balancers, Endpoints and EndpointSlices."""

from __future__ import annotations

from typing import Any

from k9py.sim.controllers.cluster import Cluster, Controller, key_of, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import is_going, is_ready
from k9py.sim.objects import name_suffix, timestamp

Object = dict[str, Any]
SERVICES, SLICES = "services", "endpointslices.discovery.k8s.io"
BALANCING = 6.0
"""Seconds until a load balancer has an address."""
TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
ZONE = "topology.kubernetes.io/zone"
SLICE_SIZE = 100
"""Endpoints in one slice."""


class Network(Controller):
    """Lists the pods behind each Service and gives load balancers their addresses."""

    name = "endpoints"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._balancers = 0
        self.watch_own(SERVICES)
        cluster.watch("pods", self._pod_changed)

    # who is behind a service

    def _pod_changed(self, change: str, pod: Object, old: Object | None) -> None:
        if change == "MODIFIED" and old is not None and _facts(pod) == _facts(old):
            return
        labels = pod["metadata"].get("labels") or {}
        before = ((old or {}).get("metadata") or {}).get("labels") or {}
        for service in self.cluster.list(SERVICES, pod["metadata"]["namespace"]):
            selector = service["spec"].get("selector")
            if selector and (selector.items() <= labels.items() or selector.items() <= before.items()):
                self.wake(key_of(service))

    def reconcile(self, key: str) -> None:
        """Write the endpoints of one Service."""
        namespace, name = split_key(key)
        service = self.cluster.get(SERVICES, namespace, name)
        slices = [
            item
            for item in self.cluster.list(SLICES, namespace)
            if (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
        ]
        if service is None:
            for item in slices:
                self.cluster.delete(SLICES, item)
            endpoints = self.cluster.get("endpoints", namespace, name)
            if endpoints is not None:
                self.cluster.delete("endpoints", endpoints)
            return
        self._balance(service)
        selector = service["spec"].get("selector")
        if not selector:
            return
        pods = [
            pod
            for pod in self.cluster.list("pods", namespace)
            if selector.items() <= (pod["metadata"].get("labels") or {}).items()
            and (pod.get("status") or {}).get("podIP")
            and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        ]
        self._write_slices(service, pods, slices)
        self._write_endpoints(service, pods)

    def _balance(self, service: Object) -> None:
        """Give a LoadBalancer its address after a while."""
        if service["spec"].get("type") != "LoadBalancer":
            return
        if ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
            return
        if (service["metadata"].get("annotations") or {}).get("service.k9py.dev/load-balancer") == "none":
            return
        key = key_of(service)
        self.engine.after(BALANCING, lambda: self._balanced(key), name=f"load balancer {key}")

    def _balanced(self, key: str) -> None:
        service = self.cluster.get(SERVICES, *split_key(key))
        if service is None or ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
            return
        self._balancers += 1
        address = {"ip": f"172.18.255.{self._balancers % 254}", "ipMode": "VIP"}
        self.cluster.set_status(SERVICES, service, {"loadBalancer": {"ingress": [address]}})
        text = "Ensured load balancer"
        self.cluster.events.note(service, "EnsuredLoadBalancer", text, Source("service-controller"))

    def _ports(self, service: Object, pod: Object | None) -> list[Object]:
        ports = []
        for port in service["spec"].get("ports") or ():
            target = port.get("targetPort") or port["port"]
            if isinstance(target, str) and not target.isdigit():
                target = next(
                    (
                        item["containerPort"]
                        for container in (pod or {}).get("spec", {}).get("containers") or ()
                        for item in container.get("ports") or ()
                        if item.get("name") == target
                    ),
                    None,
                )
                if target is None:
                    continue
            protocol = port.get("protocol") or "TCP"
            ports.append({"name": port.get("name") or "", "port": int(target), "protocol": protocol})
        return ports

    def _write_slices(self, service: Object, pods: list[Object], slices: list[Object]) -> None:
        entries = [_endpoint(pod) | self._zone(pod) for pod in pods]
        ports = self._ports(service, pods[0] if pods else None)
        pages = [entries[start : start + SLICE_SIZE] for start in range(0, len(entries), SLICE_SIZE)] or [[]]
        meta = service["metadata"]
        for number, page in enumerate(pages):
            body = {"addressType": "IPv4", "endpoints": page, "ports": ports}
            if number < len(slices):
                self._rewrite(slices[number], body)
                continue
            owner = {
                "apiVersion": "v1",
                "kind": "Service",
                "name": meta["name"],
                "uid": meta["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
            labels = {
                **(meta.get("labels") or {}),
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": meta["name"],
            }
            name = f"{meta['name']}-{name_suffix(self.cluster.store.random)}"
            self.cluster.create(
                SLICES,
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "generateName": f"{meta['name']}-",
                        "name": name,
                        "namespace": meta["namespace"],
                        "labels": labels,
                        "annotations": {TRIGGER: timestamp(self.cluster.now)},
                        "ownerReferences": [owner],
                    },
                    **body,
                },
            )
        for extra in slices[len(pages) :]:
            self.cluster.delete(SLICES, extra)

    def _rewrite(self, item: Object, body: Object) -> None:
        """Write a slice anew where the pods behind it have changed."""
        if all(item.get(field) == value for field, value in body.items()):
            return

        def change(fresh: Object) -> None:
            fresh.update(body)
            self._stamp(fresh)

        self.cluster.edit(SLICES, item, change)

    def _stamp(self, obj: Object) -> None:
        """Note when the pods behind a Service last changed."""
        annotations = obj["metadata"].get("annotations") or {}
        obj["metadata"]["annotations"] = {**annotations, TRIGGER: timestamp(self.cluster.now)}

    def _zone(self, pod: Object) -> Object:
        node = self.cluster.get("nodes", "", pod["spec"].get("nodeName") or "")
        zone = ((node or {}).get("metadata", {}).get("labels") or {}).get(ZONE)
        return {"zone": zone} if zone else {}

    def _write_endpoints(self, service: Object, pods: list[Object]) -> None:
        ready: list[Object] = []
        waiting: list[Object] = []
        for pod in pods:
            (ready if is_ready(pod) and not is_going(pod) else waiting).append(_address(pod))
        subset: Object = {}
        if ready:
            subset["addresses"] = ready
        if waiting:
            subset["notReadyAddresses"] = waiting
        found_ports = self._ports(service, pods[0] if pods else None)
        ports = [{part: value for part, value in port.items() if value} for port in found_ports]
        subsets = [subset | {"ports": ports}] if subset else []
        meta = service["metadata"]
        found = self.cluster.get("endpoints", meta["namespace"], meta["name"])
        if found is None:
            labels = {**(meta.get("labels") or {}), "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
            fields = {"name": meta["name"], "namespace": meta["namespace"], "labels": labels}
            fields["annotations"] = {TRIGGER: timestamp(self.cluster.now)}
            body: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": fields}
            self.cluster.create("endpoints", body | ({"subsets": subsets} if subsets else {}))
            return

        if (found.get("subsets") or []) == subsets:
            return

        def change(fresh: Object) -> None:
            self._stamp(fresh)
            fresh.pop("subsets", None)
            if subsets:
                fresh["subsets"] = subsets

        self.cluster.edit("endpoints", found, change)


def _facts(pod: Object) -> tuple[object, ...]:
    status = pod.get("status") or {}
    return (
        pod["metadata"].get("labels"),
        status.get("podIP"),
        status.get("phase"),
        is_ready(pod),
        is_going(pod),
        pod["spec"].get("nodeName"),
    )


def _reference(pod: Object) -> Object:
    meta = pod["metadata"]
    return {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}


def _endpoint(pod: Object) -> Object:
    ready, going = is_ready(pod), is_going(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not going, "serving": ready, "terminating": going},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": _reference(pod),
    }


def _address(pod: Object) -> Object:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": _reference(pod)}
