"""Serving metrics.k8s.io and the kubelets' summary over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from k9py.core.errors import ApiError
from k9py.core.quantity import whole
from k9py.sim import statuses
from k9py.sim.answers import answer
from k9py.sim.matching import labels_match, parse_labels
from k9py.sim.metrics import RESOLUTION
from k9py.sim.objects import timestamp
from k9py.sim.requests import Call
from k9py.sim.workloads.podlife import PodLife

if TYPE_CHECKING:
    from k9py.sim.simulation import Simulation

Object = dict[str, Any]
GROUP, VERSION = "metrics.k8s.io", "v1beta1"
API_VERSION = f"{GROUP}/{VERSION}"
SERVICE = "v1beta1.metrics.k8s.io"


def serve_metrics(simulation: Simulation) -> None:
    """Announce metrics.k8s.io and answer it, and the summary of each kubelet."""
    handler = MetricsApi(simulation)
    server = simulation.server
    server.catalog.set_version(GROUP, VERSION, _resources())
    server.extensions.prefix(f"/apis/{API_VERSION}/nodes", handler.nodes)
    server.extensions.prefix(f"/apis/{API_VERSION}/pods", handler.pods)
    server.extensions.prefix(f"/apis/{API_VERSION}/namespaces", handler.pods)
    server.extensions.subresource("nodes", "proxy", handler.proxy)


def _resources() -> list[Object]:
    kinds = (("nodes", "NodeMetrics", "Cluster"), ("pods", "PodMetrics", "Namespaced"))
    return [
        {
            "resource": plural,
            "responseKind": {"group": GROUP, "version": VERSION, "kind": kind},
            "scope": scope,
            "singularResource": "",
            "verbs": ["get", "list"],
        }
        for plural, kind, scope in kinds
    ]


class MetricsApi:
    """The handlers."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._meter = simulation.meter

    async def nodes(self, call: Call) -> web.StreamResponse:
        """Answer a get or a list of NodeMetrics."""
        store = self._simulation.store
        if call.name:
            node = store.peek("nodes", "", call.name)
            if node is None:
                raise statuses.not_found("node", call.name)
            body = self._node(node)
            if body is None:
                raise statuses.not_found("nodes.metrics.k8s.io", call.name)
            return await answer(call, msgspec.json.encode(body))
        wanted = parse_labels(call.query.get("labelSelector", ""))
        nodes = [node for node in store.list("nodes") if labels_match(wanted, node["metadata"].get("labels"))]
        return await self._list(call, "NodeMetricsList", filter(None, map(self._node, nodes)))

    async def pods(self, call: Call) -> web.StreamResponse:
        """Answer a get or a list of PodMetrics."""
        if not self._simulation.world.living:
            return await self._still(call)
        lives = self._simulation.kubelets.pods.values()
        if call.name:
            life = self._simulation.kubelets.life_of(call.namespace, call.name)
            if life is None or not any(item.running for item in life.main):
                raise statuses.not_found("pods", call.name)  # The metrics server knows running pods only.
            body = self._pod(life)
            if body is None:
                raise statuses.not_found("pods.metrics.k8s.io", f"{call.namespace}/{call.name}")
            return await answer(call, msgspec.json.encode(body))
        wanted = parse_labels(call.query.get("labelSelector", ""))
        chosen = [
            life
            for life in lives
            if (not call.namespace or life.namespace == call.namespace)
            and labels_match(wanted, life.pod["metadata"].get("labels"))
        ]
        chosen.sort(key=lambda life: (life.namespace, life.name))
        return await self._list(call, "PodMetricsList", filter(None, map(self._pod, chosen)))

    async def _still(self, call: Call) -> web.StreamResponse:
        """Answer for a world whose pods do not live."""
        items = []
        for stored in self._simulation.store.collection("pods").select(call.namespace):
            if call.name and stored.name != call.name:
                continue
            found = self._meter.still(stored.namespace, stored.name, ["app", "proxy"])
            meta = {"name": stored.name, "namespace": stored.namespace}
            containers = [{"name": name, "usage": usage(*use)} for name, use in found.items()]
            body = self._body("PodMetrics", meta, {"metadata": {"labels": stored.labels}})
            items.append(body | {"containers": containers})
        if not call.name:
            return await self._list(call, "PodMetricsList", items)
        if not items:
            raise statuses.not_found("pods.metrics.k8s.io", f"{call.namespace}/{call.name}")
        return await answer(call, msgspec.json.encode(items[0]))

    async def _list(self, call: Call, kind: str, items: Iterable[Object]) -> web.StreamResponse:
        body = {"kind": kind, "apiVersion": API_VERSION, "metadata": {}, "items": list(items)}
        return await answer(call, msgspec.json.encode(body))

    def _pod(self, life: PodLife) -> Object | None:
        found = self._meter.pod(life.uid)
        if found is None:
            return None
        meta = {"name": life.name, "namespace": life.namespace}
        containers = [{"name": name, "usage": usage(*use)} for name, use in found.items()]
        return self._body("PodMetrics", meta, life.pod) | {"containers": containers}

    def _node(self, node: Object) -> Object | None:
        name = node["metadata"]["name"]
        used = self._meter.node(name)
        if not self._simulation.world.living:
            used = self._meter.still("", name, [name])[name]
        if used is None:
            return None
        return self._body("NodeMetrics", {"name": name}, node) | {"usage": usage(*used)}

    def _body(self, kind: str, meta: Object, source: Object) -> Object:
        stamp = timestamp(self._meter.last.when)
        meta = meta | {"creationTimestamp": timestamp(self._simulation.engine.now)}
        if source["metadata"].get("labels"):
            meta["labels"] = source["metadata"]["labels"]
        return {
            "kind": kind,
            "apiVersion": API_VERSION,
            "metadata": meta,
            "timestamp": stamp,
            "window": f"{RESOLUTION:.3f}s".replace(".000s", ".012s"),
        }

    # the kubelet's own figures

    async def proxy(self, call: Call) -> web.StreamResponse:
        """Answer /api/v1/nodes/NAME/proxy/stats/summary."""
        path = call.rest.rstrip("/")
        if path == "/stats/summary":
            return await answer(call, msgspec.json.encode(self.summary(call.name)))
        if path in ("/healthz", ""):
            return await answer(call, b"ok", content_type="text/plain; charset=utf-8")
        raise statuses.no_such_path()

    def summary(self, name: str) -> Object:
        """Return a kubelet's /stats/summary; raises NotFound or 503 for a dead node."""
        simulation = self._simulation
        node = simulation.kubelets.nodes.get(name)
        if node is None:
            raise statuses.not_found("nodes", name)
        if not node.alive:
            text = f"error trying to reach service: dial tcp {node.ip}:10250: connect: no route to host"
            raise ApiError.of(503, text, reason="ServiceUnavailable")
        now = simulation.engine.now
        used = self._meter.node(name) or (0.0, 0.0)
        pods = [self._pod_summary(life, now) for life in simulation.kubelets.pods.values() if life.node == name]
        view = simulation.store.get("nodes", "", name)
        capacity = (view.get("status") or {}).get("capacity") or {}
        total = float(whole(capacity.get("memory", "0")))
        body: Object = {"nodeName": name, "startTime": view["metadata"]["creationTimestamp"]}
        body |= _figures(now, *used)
        body["memory"]["availableBytes"] = int(max(0.0, total - used[1]))
        body["fs"] = _disk(now, 100 << 30, 41 << 30)
        body["network"] = {"time": timestamp(now), "name": "eth0", "rxBytes": int(now * 900) % (1 << 44)}
        return {"node": body, "pods": pods}

    def _pod_summary(self, life: PodLife, now: float) -> Object:
        containers = []
        cores = size = 0.0
        for item in life.containers:
            if item.running:
                use = self._meter.pod(life.uid) or {}
                cpu, memory = use.get(item.name, (0.0, 0.0))
                cores, size = cores + cpu, size + memory
                entry: Object = {"name": item.name, "startTime": timestamp(item.started_at)}
                entry |= _figures(now, cpu, memory)
                limit = item.host_memory_limit
                if limit:
                    entry["memory"]["availableBytes"] = int(max(0.0, limit - memory))
                entry["rootfs"] = _disk(now, 100 << 30, 24 << 10)
                entry["logs"] = _disk(now, 100 << 30, 96 << 10)
                containers.append(entry)
        rate = self._simulation.load.service(life.uid).rate
        spent = self._simulation.load.spent.get(life.uid, 0.0)
        received = int((now - life.start_time) * 180 + spent * 60_000 + rate)
        return {
            "podRef": {"name": life.name, "namespace": life.namespace, "uid": life.uid},
            "startTime": timestamp(life.start_time),
            "containers": containers,
            **_figures(now, cores, size),
            "network": {
                "time": timestamp(now),
                "name": "eth0",
                "rxBytes": received,
                "rxErrors": 0,
                "txBytes": received * 3,
                "txErrors": 0,
            },
            "ephemeral-storage": _disk(now, 100 << 30, 120 << 10),
        }


def usage(cores: float, size: float) -> dict[str, str]:
    """Write cores and bytes as the metrics server does: nanocores and Ki."""
    return {"cpu": f"{round(cores * 1e9)}n" if cores else "0", "memory": f"{round(size / 1024)}Ki"}


def _figures(now: float, cores: float, size: float) -> Object:
    return {
        "cpu": {"time": timestamp(now), "usageNanoCores": round(cores * 1e9)},
        "memory": {
            "time": timestamp(now),
            "usageBytes": round(size * 1.08),
            "workingSetBytes": round(size),
            "rssBytes": round(size * 0.9),
        },
    }


def _disk(now: float, capacity: int, used: int) -> Object:
    return {
        "time": timestamp(now),
        "availableBytes": capacity - used,
        "capacityBytes": capacity,
        "usedBytes": used,
    }
