"""Pods as bytes, made once: 8.8 KB each, as a busy cluster has them."""

from __future__ import annotations

import json
import random
from functools import cached_property

TEAMS = 40
NODES = 250
FIRST_VERSION = 100_000
STARTED = "2026-01-05T10:00:00Z"


def name_of(number: int) -> str:
    """Return a pod's name; they sort by number."""
    return f"checkout-{number:05d}-{(number * 2654435761) % 2**32:08x}"


def namespace_of(number: int) -> str:
    """Return a pod's namespace; 250 neighbours share one, so that the order by key is the order by number."""
    return f"team-{number // 250:03d}-prod"


class Pods:
    """Encoded pods by number, and what is made of them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._template = json.dumps(_template(), separators=(",", ":")).encode()
        self.version = FIRST_VERSION + count
        self._chance = random.Random(3)

    @cached_property
    def encoded(self) -> list[bytes]:
        """Every pod as JSON."""
        return [self.encode(number, version=FIRST_VERSION + number) for number in range(self.count)]

    def encode(self, number: int, *, version: int, restarts: int = 0) -> bytes:
        """Return one pod as JSON."""
        return (
            self._template.replace(b"@NAME@", name_of(number).encode())
            .replace(b"@NAMESPACE@", namespace_of(number).encode())
            .replace(b"@UID@", f"{number:08x}-0000-4000-8000-000000000000".encode())
            .replace(b"@NODE@", f"node-{number % NODES:04d}".encode())
            .replace(b"@IP@", f"10.{number // 65536}.{number // 256 % 256}.{number % 256}".encode())
            .replace(b'"@VERSION@"', f'"{version}"'.encode())
            .replace(b'"@RESTARTS@"', str(restarts).encode())
        )

    def page(self, start: int, limit: int) -> bytes:
        """Return a page of a PodList."""
        end = min(self.count, start + limit) if limit else self.count
        meta = self._meta(end)
        items = b",".join(self.encoded[start:end])
        return b'{"kind":"PodList","apiVersion":"v1","metadata":' + meta + b',"items":[' + items + b"]}\n"

    def table_page(self, start: int, limit: int) -> bytes:
        """Return a page of a server-side Table, as kubectl asks for it."""
        end = min(self.count, start + limit) if limit else self.count
        rows = b",".join(self._table_row(number) for number in range(start, end))
        columns = json.dumps(_COLUMNS).encode() if not start else b"[]"
        return (
            b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":' + self._meta(end)
            + b',"columnDefinitions":' + columns + b',"rows":[' + rows + b"]}\n"
        )  # fmt: skip

    def initial_events(self, start: int, end: int) -> bytes:
        """Return pods as the first events of a watch that begins with a list."""
        return b"".join(b'{"type":"ADDED","object":' + pod + b"}\n" for pod in self.encoded[start:end])

    def end_of_initial_events(self) -> bytes:
        """Return the bookmark that ends them."""
        return self._bookmark({"k8s.io/initial-events-end": "true"})

    def change(self, visible_share: float, visible: int) -> bytes:
        """Return a watch event: a pod restarted once more."""
        chance = self._chance
        number = chance.randrange(visible if chance.random() < visible_share else self.count)
        self.version += 1
        pod = self.encode(number, version=self.version, restarts=chance.randrange(100))
        return b'{"type":"MODIFIED","object":' + pod + b"}\n"

    def _meta(self, end: int) -> bytes:
        meta: dict[str, object] = {"resourceVersion": str(FIRST_VERSION + self.count)}
        if end < self.count:
            meta |= {"continue": f"from-{end}", "remainingItemCount": self.count - end}
        return json.dumps(meta).encode()

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        meta = {"resourceVersion": str(self.version), "creationTimestamp": None, "annotations": annotations}
        pod = {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": {"containers": None}, "status": {}}
        return json.dumps({"type": "BOOKMARK", "object": pod}).encode() + b"\n"

    def _table_row(self, number: int) -> bytes:
        cells = json.dumps([name_of(number), "2/2", "Running", "0", "40d", f"10.0.0.{number % 250}",
                            f"node-{number % NODES:04d}", "<none>", "<none>"]).encode()  # fmt: skip
        pod = json.loads(self.encoded[number])
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": pod["metadata"]}
        return b'{"cells":' + cells + b',"object":' + json.dumps(partial, separators=(",", ":")).encode() + b"}"


_COLUMNS = [
    {"name": name, "type": "string", "format": "name" if name == "Name" else "", "priority": priority,
     "description": ""}
    for name, priority in (("Name", 0), ("Ready", 0), ("Status", 0), ("Restarts", 0), ("Age", 0), ("IP", 1),
                           ("Node", 1), ("Nominated Node", 1), ("Readiness Gates", 1))
]  # fmt: skip


def _template() -> dict[str, object]:
    labels = {"app": "checkout", "tier": "backend", "pod-template-hash": "7d9c6b5f4", "team": "@NAMESPACE@"}
    notes = {f"example.com/note-{index}": "x" * 180 for index in range(6)}
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "@NAME@",
            "generateName": "checkout-",
            "namespace": "@NAMESPACE@",
            "uid": "@UID@",
            "resourceVersion": "@VERSION@",
            "creationTimestamp": STARTED,
            "labels": labels,
            "annotations": notes,
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "checkout-7d9c6b5f4", "uid": "rs-@NAMESPACE@",
                 "controller": True, "blockOwnerDeletion": True}
            ],
            "managedFields": [_managed("kube-controller-manager", 14), _managed("kubelet", 22)],
        },
        "spec": {
            "containers": [_container("app"), _container("sidecar")],
            "volumes": [{"name": f"volume-{index}", "emptyDir": {}} for index in range(4)],
            "nodeName": "@NODE@",
            "restartPolicy": "Always",
            "serviceAccountName": "default",
            "schedulerName": "default-scheduler",
            "tolerations": [
                {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300}
                for key in ("not-ready", "unreachable")
            ],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": STARTED}
                for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "hostIP": "192.168.0.1",
            "podIP": "@IP@",
            "podIPs": [{"ip": "@IP@"}],
            "startTime": STARTED,
            "containerStatuses": [_status("app", "@RESTARTS@"), _status("sidecar", 0)],
            "qosClass": "Burstable",
        },
    }  # fmt: skip


def _managed(manager: str, fields: int) -> dict[str, object]:
    tree: dict[str, object] = {f"f:field-number-{index:02d}": {".": {}, "f:inner-field": {}} for index in range(fields)}
    return {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": STARTED, "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": tree}}  # fmt: skip


def _container(name: str) -> dict[str, object]:
    return {
        "name": name,
        "image": f"registry.example.com/shop/{name}:1.4.2",
        "env": [{"name": f"SETTING_{index}", "value": "value-of-it"} for index in range(12)],
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1},
        "volumeMounts": [{"name": f"volume-{index}", "mountPath": f"/data/{index}"} for index in range(4)],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _status(name: str, restarts: object) -> dict[str, object]:
    return {
        "name": name,
        "state": {"running": {"startedAt": STARTED}},
        "lastState": {},
        "ready": True,
        "restartCount": restarts,
        "started": True,
        "image": f"registry.example.com/shop/{name}:1.4.2",
        "imageID": f"registry.example.com/shop/{name}@sha256:{'0' * 64}",
        "containerID": f"containerd://{'1' * 64}",
    }
