"""Claims and volumes: binding, and making volumes for classes that provision."""

from __future__ import annotations

from typing import Any

from k9py.core.quantity import parse
from k9py.sim.controllers.cluster import Cluster, Controller, key_of, split_key
from k9py.sim.controllers.events import Source

Object = dict[str, Any]
SOURCE = Source("persistentvolume-controller")
CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
"""Says that nobody had named the other half before; the controller takes back what it named itself."""
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
PROVISIONING = 2.5
"""Seconds the provisioner takes to make a volume."""
RETRY = 15.0
"""Seconds between looks at a claim that cannot be bound."""


class Volumes(Controller):
    """The persistent volume binder and one provisioner for every class."""

    name = "persistentvolume"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._making: set[str] = set()
        self.watch_own(CLAIMS)
        cluster.watch(VOLUMES, self._volume_changed)
        cluster.watch(CLASSES, lambda _change, _obj, _old: self._wake_pending())

    def _wake_pending(self) -> None:
        for claim in self.cluster.list(CLAIMS):
            if (claim.get("status") or {}).get("phase") != "Bound":
                self.wake(key_of(claim))

    def _volume_changed(self, change: str, volume: Object, _old: Object | None) -> None:
        if change == "DELETED":
            ref = volume["spec"].get("claimRef")
            if ref:
                self.wake(f"{ref['namespace']}/{ref['name']}")
            return
        phase = (volume.get("status") or {}).get("phase") or "Pending"
        # A volume whose claim is forgotten by taking its claimRef out is for anybody again.
        if phase == "Pending" or (phase == "Released" and not volume["spec"].get("claimRef")):
            self.cluster.edit(VOLUMES, volume, lambda fresh: fresh.__setitem__("status", {"phase": "Available"}))
        self._wake_pending()

    def reconcile(self, key: str) -> None:
        """Bind one claim, or say why not; a claim that is gone frees its volume."""
        claim = self.cluster.get(CLAIMS, *split_key(key))
        if claim is None:
            self._release(key)
            return
        phase = (claim.get("status") or {}).get("phase")
        if phase == "Bound":
            if self.cluster.get(VOLUMES, "", claim["spec"].get("volumeName", "")) is None:
                self.cluster.set_status(CLAIMS, claim, {**claim["status"], "phase": "Lost"})
            return
        if phase is None:
            self.cluster.set_status(CLAIMS, claim, {"phase": "Pending"})
        volume = self._find_volume(claim)
        if volume is not None:
            self._bind(claim, volume)
            return
        self._provision(key, claim)

    def _find_volume(self, claim: Object) -> Object | None:
        """Return the smallest volume that fits."""
        wanted = parse(str(claim["spec"]["resources"]["requests"]["storage"]))
        fitting = []
        for volume in self.cluster.list(VOLUMES):
            spec = volume["spec"]
            ref = spec.get("claimRef")
            if ref and (ref.get("namespace"), ref.get("name")) != (
                claim["metadata"]["namespace"],
                claim["metadata"]["name"],
            ):
                continue
            if (volume.get("status") or {}).get("phase") not in ("Available", None, "Pending"):
                continue
            named = claim["spec"].get("volumeName")
            if named and named != volume["metadata"]["name"]:
                continue
            same_class = (spec.get("storageClassName") or "") == (claim["spec"].get("storageClassName") or "")
            modes = set(claim["spec"].get("accessModes") or ()) <= set(spec.get("accessModes") or ())
            size = parse(str(spec["capacity"]["storage"]))
            if same_class and modes and size >= wanted:
                fitting.append((size, volume["metadata"]["name"], volume))
        return min(fitting, key=lambda item: item[:2])[2] if fitting else None

    def _provision(self, key: str, claim: Object) -> None:
        name = claim["spec"].get("storageClassName") or ""
        storage = self.cluster.get(CLASSES, "", name) if name else None
        if storage is None:
            if name:
                text = f'storageclass.storage.k8s.io "{name}" not found'
                self.cluster.events.warn(claim, "ProvisioningFailed", text, SOURCE)
            else:
                text = "no persistent volumes available for this claim and no storage class is set"
                self.cluster.events.note(claim, "FailedBinding", text, SOURCE)
            self.engine.enqueue_after(self.queue, key, RETRY)
            return
        annotations = claim["metadata"].get("annotations") or {}
        waits = storage.get("volumeBindingMode") == "WaitForFirstConsumer"
        if waits and SELECTED_NODE not in annotations:
            text = "waiting for first consumer to be created before binding"
            self.cluster.events.note(claim, "WaitForFirstConsumer", text, SOURCE)
            self.engine.enqueue_after(self.queue, key, RETRY)
            return
        if key in self._making:
            return
        self._making.add(key)
        provisioner = storage["provisioner"]
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by "
            "the system administrator. If volume creation is delayed, please verify that the provisioner is "
            "running and correctly registered."
        )
        self.cluster.events.note(claim, "ExternalProvisioning", text, SOURCE)
        self.cluster.edit(CLAIMS, claim, lambda fresh: _annotate(fresh, PROVISIONER, provisioner))
        source = Source(f"{provisioner}_provisioner")
        text = f'External provisioner is provisioning volume for claim "{key}"'
        self.cluster.events.note(claim, "Provisioning", text, source)
        self.engine.after(PROVISIONING, lambda: self._made(key, storage, source), name=f"provision {key}")

    def _made(self, key: str, storage: Object, source: Source) -> None:
        self._making.discard(key)
        claim = self.cluster.get(CLAIMS, *split_key(key))
        if claim is None or claim["metadata"].get("deletionTimestamp"):
            return
        name = f"pvc-{claim['metadata']['uid']}"
        node = (claim["metadata"].get("annotations") or {}).get(SELECTED_NODE)
        spec: Object = {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": claim["spec"]["accessModes"],
            "persistentVolumeReclaimPolicy": storage.get("reclaimPolicy") or "Delete",
            "storageClassName": storage["metadata"]["name"],
            "volumeMode": claim["spec"].get("volumeMode") or "Filesystem",
            "claimRef": _ref(claim),
            "hostPath": {"path": f"/var/local-path-provisioner/{name}", "type": "DirectoryOrCreate"},
        }
        if node:
            expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
            spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
        annotations = {"pv.kubernetes.io/provisioned-by": storage["provisioner"]}
        volume = self.cluster.create(
            VOLUMES,
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {
                    "name": name,
                    "annotations": annotations,
                    "finalizers": ["kubernetes.io/pv-protection"],
                },
                "spec": spec,
                "status": {"phase": "Available"},
            },
        )
        text = f"Successfully provisioned volume {name}"
        self.cluster.events.note(claim, "ProvisioningSucceeded", text, source)
        self._bind(claim, volume)

    def _bind(self, claim: Object, volume: Object) -> None:
        name = volume["metadata"]["name"]

        def bind_volume(fresh: Object) -> None:
            if not fresh["spec"].get("claimRef"):
                _annotate(fresh, BOUND_BY_CONTROLLER, "yes")
            fresh["spec"]["claimRef"] = _ref(claim)
            fresh["status"] = {"phase": "Bound"}

        def bind_claim(fresh: Object) -> None:
            _annotate(fresh, BIND_COMPLETED, "yes")
            if fresh["spec"].get("volumeName") != name:
                _annotate(fresh, BOUND_BY_CONTROLLER, "yes")
            fresh["spec"]["volumeName"] = name
            fresh["status"] = {
                "phase": "Bound",
                "accessModes": volume["spec"]["accessModes"],
                "capacity": volume["spec"]["capacity"],
            }

        self.cluster.edit(VOLUMES, volume, bind_volume)
        self.cluster.edit(CLAIMS, claim, bind_claim)

    def _release(self, key: str) -> None:
        namespace, name = split_key(key)
        for volume in self.cluster.list(VOLUMES):
            ref = volume["spec"].get("claimRef") or {}
            if (ref.get("namespace"), ref.get("name")) != (namespace, name):
                continue
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                self.cluster.edit(VOLUMES, volume, lambda fresh: fresh["metadata"].pop("finalizers", None))
                self.cluster.delete(VOLUMES, volume)
            else:
                self.cluster.edit(VOLUMES, volume, lambda fresh: fresh.__setitem__("status", {"phase": "Released"}))


def _annotate(obj: Object, name: str, text: str) -> None:
    obj["metadata"]["annotations"] = {**(obj["metadata"].get("annotations") or {}), name: text}


def _ref(claim: Object) -> Object:
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": meta["name"],
        "namespace": meta["namespace"],
        "uid": meta["uid"],
        "resourceVersion": meta["resourceVersion"],
    }
