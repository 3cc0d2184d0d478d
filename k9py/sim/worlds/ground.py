"""What every cluster stands on: nodes, system namespaces and their workloads."""

from __future__ import annotations

import zlib
from typing import Any

from k9py.sim.worlds.builders import (
    VERSION,
    config_map,
    container,
    meta,
    namespace,
    pod_spec,
    probe,
    resources,
    service,
    workload,
)

Object = dict[str, Any]
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
COREFILE = """\
.:53 {
    errors
    health
    ready
    forward . /etc/resolv.conf
    cache 30
}
"""
EVERYWHERE = [{"operator": "Exists"}]


def node(
    name: str,
    number: int,
    *,
    cpu: str = "4",
    memory: str = "16393292Ki",
    zone: str = "eu-north-1a",
    control_plane: bool = False,
    labels: Object | None = None,
    taints: list[Object] | None = None,
) -> Object:
    """Return a Node that its kubelet will report as ready."""
    marks = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "m6i.large" if control_plane else "m6i.xlarge",
        "topology.kubernetes.io/region": zone[:-1],
        "topology.kubernetes.io/zone": zone,
    }
    if control_plane:
        marks[CONTROL_PLANE] = ""
        taints = [{"key": CONTROL_PLANE, "effect": "NoSchedule"}, *(taints or [])]
    cidr = f"10.244.{number}.0/24"
    spec: Object = {
        "podCIDR": cidr,
        "podCIDRs": [cidr],
        "providerID": f"sim:///{zone}/i-{zlib.crc32(name.encode()):08x}",
    }
    if taints:
        spec["taints"] = taints
    room = {"cpu": cpu, "ephemeral-storage": "101430960Ki", "hugepages-2Mi": "0", "memory": memory, "pods": "110"}
    kibi = int(memory.removesuffix("Ki")) - 102400
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta("", name, labels=marks | (labels or {})),
        "spec": spec,
        "status": {
            "capacity": room,
            "allocatable": room | {"cpu": f"{int(cpu) * 1000 - 80}m", "memory": f"{kibi}Ki"},
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{number // 250}.{10 + number % 240}"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": f"{zlib.crc32(name.encode()):08x}-5b1e-4c5d-9a51-6d2c0c1f7e11",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.43+deb13-amd64",
                "kubeProxyVersion": VERSION,
                "kubeletVersion": VERSION,
                "machineID": f"{zlib.crc32(name.encode()) * 2654435761 % 2**128:032x}",
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 13 (trixie)",
                "systemUUID": f"{zlib.crc32(name.encode()):08x}-77aa-4e0b-8d19-0242ac110002",
            },
        },
    }


def storage_class(name: str, *, default: bool = False, mode: str = "WaitForFirstConsumer") -> Object:
    """Return a StorageClass that provisions."""
    marks = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": meta("", name, annotations=marks),
        "provisioner": "rancher.io/local-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": mode,
    }


def _static(name: str, node_name: str, image: str, cpu: str, memory: str = "") -> Object:
    """Return the mirror of a static pod of the control plane."""
    body = container(name, image, resources=resources(cpu, memory))
    marks = {"kubernetes.io/config.source": "file", "kubernetes.io/config.hash": f"{zlib.crc32(name.encode()):032x}"}
    labels = {"component": name, "tier": "control-plane"}
    about = meta("kube-system", f"{name}-{node_name}", annotations=marks, labels=labels)
    fields = {
        "nodeName": node_name,
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": pod_spec(body, **fields)}


def system(control_plane: str) -> list[Object]:
    """Return kube-system's workloads, in the order a cluster gets them."""
    registry = "registry.k8s.io"
    dns = container(
        "coredns",
        f"{registry}/coredns/coredns:v1.12.4",
        resources=resources("100m", "70Mi", "", "170Mi"),
        ports=[
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        livenessProbe=probe("/health", 8080, delay=60, failures=5),
        readinessProbe=probe("/ready", 8181),
    )
    meter = container(
        "metrics-server",
        f"{registry}/metrics-server/metrics-server:v0.8.0",
        port=10250,
        resources=resources("100m", "200Mi"),
        readinessProbe=probe("/readyz", 10250, delay=20),
    )
    proxy = container("kube-proxy", f"{registry}/kube-proxy:{VERSION}")
    small = resources("100m", "50Mi", "100m", "50Mi")
    network = container("kindnet-cni", "docker.io/kindest/kindnetd:v20250512", resources=small)
    return [
        config_map("kube-system", "kube-proxy", **{"config.conf": "mode: iptables\n"}),
        config_map("kube-system", "coredns", Corefile=COREFILE),
        _static("etcd", control_plane, f"{registry}/etcd:3.6.5-0", "100m", "100Mi"),
        _static("kube-apiserver", control_plane, f"{registry}/kube-apiserver:{VERSION}", "250m"),
        _static("kube-controller-manager", control_plane, f"{registry}/kube-controller-manager:{VERSION}", "200m"),
        _static("kube-scheduler", control_plane, f"{registry}/kube-scheduler:{VERSION}", "100m"),
        workload(
            "DaemonSet", "kube-system", "kube-proxy", pod_spec(proxy, tolerations=EVERYWHERE, hostNetwork=True,
            priorityClassName="system-node-critical"), labels={"k8s-app": "kube-proxy"},
        ),
        workload(
            "DaemonSet", "kube-system", "kindnet", pod_spec(network, tolerations=EVERYWHERE, hostNetwork=True),
            labels={"k8s-app": "kindnet"},
        ),
        workload(
            "Deployment", "kube-system", "coredns",
            pod_spec(dns, priorityClassName="system-cluster-critical"), replicas=2, labels={"k8s-app": "kube-dns"},
        ),
        service("kube-system", "kube-dns", 53, "dns", app="coredns", clusterIP="10.96.0.10"),
        workload("Deployment", "kube-system", "metrics-server", pod_spec(meter), labels={"k8s-app": "metrics-server"}),
        service("kube-system", "metrics-server", 443, 10250),
        storage_class("standard", default=True),
        namespace("local-path-storage"),
        workload(
            "Deployment", "local-path-storage", "local-path-provisioner",
            pod_spec(container("local-path-provisioner", "docker.io/kindest/local-path-provisioner:v0.0.30")),
        ),
    ]  # fmt: skip


def nodes(count: int, *, zones: int = 3) -> list[Object]:
    """Return a control-plane node and ``count`` workers, spread over zones."""
    found = [node("cp-1", 0, cpu="2", memory="8141736Ki", control_plane=True)]
    for number in range(1, count + 1):
        found.append(node(f"node-{number}", number, zone=f"eu-north-1{'abc'[(number - 1) % zones]}"))
    return found
