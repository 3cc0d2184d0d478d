"""All kubelets: pods bound to a node begin to live, deleted ones end."""

from __future__ import annotations

from typing import Any

from k9py.core.errors import NotFound
from k9py.sim import deletion
from k9py.sim.controllers.cluster import Cluster, Controller, key_of
from k9py.sim.workloads.behaviours import act
from k9py.sim.workloads.images import Registry
from k9py.sim.workloads.load import LoadModel
from k9py.sim.workloads.node import NodeLife
from k9py.sim.workloads.podlife import PodLife
from k9py.sim.workloads.programs import Program
from k9py.sim.workloads.wishes import NODE_STATE, wish

Object = dict[str, Any]


class Kubelets(Controller):
    """The kubelets of every node; its queue writes pod statuses."""

    name = "kubelet"

    def __init__(self, cluster: Cluster, registry: Registry, load: LoadModel, *, watching: bool = True) -> None:
        super().__init__(cluster)
        self.registry = registry
        self.load = load
        self.nodes: dict[str, NodeLife] = {}
        self.pods: dict[str, PodLife] = {}
        """Living pods by uid."""
        self._keys: dict[str, str] = {}
        if watching:
            cluster.watch("nodes", self._node_changed)
            cluster.watch("pods", self._pod_changed)
        cluster.engine.on_leap(self._leapt)

    def life_of(self, namespace: str, name: str) -> PodLife | None:
        """Return the living pod of that name, or None."""
        return self.pods.get(self._keys.get(f"{namespace}/{name}", ""))

    def reconcile(self, key: str) -> None:
        """Write the status of the pod with that uid."""
        life = self.pods.get(key)
        if life is None or life.over:
            return
        self.cluster.set_status("pods", life.pod, life.status())
        self.load.pod_changed(life)

    def lose(self, name: str) -> None:
        """Let a node die: no heartbeat, no status, its pods as they were last seen."""
        node = self.nodes[name]
        node.alive = False
        for life in [life for life in self.pods.values() if life.node == name]:
            life.halt()

    def _node_changed(self, change: str, node: Object, old: Object | None) -> None:
        name = node["metadata"]["name"]
        if change == "DELETED":
            self.nodes.pop(name, None)
        elif name not in self.nodes:
            life = NodeLife(
                self.cluster,
                node,
                self.registry,
                publish=lambda pod: self.wake(pod.uid),
                forget=self._forget,
                busy=self.load.busy,
            )
            self.nodes[name] = life
            self.engine.after(0.0, life.begin, name=f"node {name}")
        elif old is not None and wish(old, NODE_STATE) != wish(node, NODE_STATE):
            self.nodes[name].report()

    def _pod_changed(self, change: str, pod: Object, _old: Object | None) -> None:
        uid = pod["metadata"]["uid"]
        life = self.pods.get(uid)
        if change == "DELETED":
            if life:
                self._drop(life)
            return
        node = self.nodes.get(pod["spec"].get("nodeName") or "")
        if life is None:
            if node is None or not node.alive or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
                return
            life = PodLife(self.cluster, pod, node)
            self.pods[uid] = life
            self._keys[key_of(pod)] = uid
            life.begin()
        life.updated(pod)
        if pod["metadata"].get("deletionTimestamp") and not life.over:
            grace = pod["metadata"].get("deletionGracePeriodSeconds")
            life.stop(float(30 if grace is None else grace))

    def _forget(self, life: PodLife) -> None:
        """Remove a pod whose containers have all ended."""
        try:
            self.cluster.set_status("pods", life.pod, life.status())
            self.cluster.store.delete(
                "pods", life.namespace, life.name, options=deletion.Options(grace=0, uid=life.uid)
            )
        except NotFound:
            self._drop(life)

    def _drop(self, life: PodLife) -> None:
        life.halt()
        self.pods.pop(life.uid, None)
        key = f"{life.namespace}/{life.name}"
        if self._keys.get(key) == life.uid:
            del self._keys[key]
        self.load.pod_gone(life)

    def _leapt(self, gap: float) -> None:
        for life in list(self.pods.values()):
            life.skip(gap)

    def program_of(self, pod: Object, name: str) -> Program:
        """Return what a container of a pod runs."""
        groups = ("containers", "initContainers", "ephemeralContainers")
        spec = next(item for group in groups for item in pod["spec"].get(group) or () if item["name"] == name)
        return act(pod, spec, self.registry.find(spec.get("image", "")))[1]
