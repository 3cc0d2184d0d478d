"""The command line of every component of the control plane.

Everything listens on loopback with TLS; timings that a person would wait minutes for (autoscaling) are cut
to seconds, because tests wait for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .build import Binaries
from .layout import LOOPBACK, NODE_NAMES, Layout
from .stages import write_stages

FOLDER = Path(__file__).parent
SERVICE_NETWORK = "10.96.0.0/16"
POD_NETWORK = "10.244.0.0/16"

HPA_SYNC = "2s"
HPA_DOWNSCALE_STABILISATION = "10s"
HPA_CPU_INITIALISATION = "1s"
HPA_INITIAL_READINESS = "1s"
CLIENT_RATE = ("--kube-api-qps=300", "--kube-api-burst=600")
"""Requests per second: the defaults of 20 and 50 protect a shared API server and cost a test of 600 pods a minute."""

COMPACTION = "20s"
"""Between two times that old versions are forgotten, instead of 5 minutes: tests wait for a 410."""

METRICS_RESOLUTION = "10s"
"""metrics-server refuses less."""

START_ORDER = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "kubelet",
    "metrics-server",
)


def command(name: str, layout: Layout, binaries: Binaries) -> list[str]:
    """Return the arguments that start the component `name` of this cluster."""
    return [str(binaries.control), name, *_ARGUMENTS[name](layout)]


def _etcd(layout: Layout) -> list[str]:
    client = f"https://{LOOPBACK}:{layout.ports.etcd}"
    peer = f"https://{LOOPBACK}:{layout.ports.etcd_peer}"
    return [
        "--name=test",
        f"--data-dir={layout.root / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=test={peer}",
        f"--trusted-ca-file={layout.certificate('ca')}",
        f"--cert-file={layout.certificate('etcd')}",
        f"--key-file={layout.key('etcd')}",
        "--client-cert-auth",
        f"--peer-trusted-ca-file={layout.certificate('ca')}",
        f"--peer-cert-file={layout.certificate('etcd')}",
        f"--peer-key-file={layout.key('etcd')}",
        "--peer-client-cert-auth",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _apiserver(layout: Layout) -> list[str]:
    return [
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={layout.ports.apiserver}",
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={layout.certificate('apiserver')}",
        f"--tls-private-key-file={layout.key('apiserver')}",
        f"--client-ca-file={layout.certificate('ca')}",
        f"--etcd-servers=https://{LOOPBACK}:{layout.ports.etcd}",
        f"--etcd-cafile={layout.certificate('ca')}",
        f"--etcd-certfile={layout.certificate('etcd')}",
        f"--etcd-keyfile={layout.key('etcd')}",
        f"--etcd-compaction-interval={COMPACTION}",
        f"--kubelet-certificate-authority={layout.certificate('ca')}",
        f"--kubelet-client-certificate={layout.certificate('apiserver-kubelet-client')}",
        f"--kubelet-client-key={layout.key('apiserver-kubelet-client')}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--egress-selector-config-file={_egress_selector(layout)}",
        f"--requestheader-client-ca-file={layout.certificate('front-proxy-ca')}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={layout.certificate('front-proxy-client')}",
        f"--proxy-client-key-file={layout.key('front-proxy-client')}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={layout.certificates / 'service-account.pub'}",
        f"--service-account-signing-key-file={layout.certificates / 'service-account.key'}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--authorization-mode=Node,RBAC",
        "--anonymous-auth=true",
        "--allow-privileged=true",
        "--profiling=false",
        f"--audit-policy-file={FOLDER / 'manifests' / 'audit-policy.yaml'}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=50",
        "--audit-log-maxbackup=2",
        "--shutdown-delay-duration=0s",
        "--v=1",
    ]


def _egress_selector(layout: Layout) -> Path:
    """Write how the API server reaches nodes, pods and extension servers: through the kubelet component."""
    tls = {
        "caBundle": str(layout.certificate("ca")),
        "clientCert": str(layout.certificate("apiserver-kubelet-client")),
        "clientKey": str(layout.key("apiserver-kubelet-client")),
    }
    transport = {"tcp": {"url": f"https://{LOOPBACK}:{layout.ports.egress}", "tlsConfig": tls}}
    selection = {"name": "cluster", "connection": {"proxyProtocol": "HTTPConnect", "transport": transport}}
    config = {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [selection],
    }
    path = layout.root / "egress-selector.json"
    path.write_text(json.dumps(config))
    return path


def _controller_manager(layout: Layout) -> list[str]:
    kubeconfig = layout.kubeconfig("controller-manager")
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports.controller_manager}",
        f"--tls-cert-file={layout.certificate('apiserver')}",
        f"--tls-private-key-file={layout.key('apiserver')}",
        "--leader-elect=false",
        *CLIENT_RATE,
        "--concurrent-namespace-syncs=50",
        "--use-service-account-credentials=true",
        f"--root-ca-file={layout.certificate('ca')}",
        f"--service-account-private-key-file={layout.certificates / 'service-account.key'}",
        f"--cluster-signing-cert-file={layout.certificate('ca')}",
        f"--cluster-signing-key-file={layout.key('ca')}",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={POD_NETWORK}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        f"--horizontal-pod-autoscaler-sync-period={HPA_SYNC}",
        f"--horizontal-pod-autoscaler-downscale-stabilization={HPA_DOWNSCALE_STABILISATION}",
        f"--horizontal-pod-autoscaler-cpu-initialization-period={HPA_CPU_INITIALISATION}",
        f"--horizontal-pod-autoscaler-initial-readiness-delay={HPA_INITIAL_READINESS}",
        "--profiling=false",
    ]


def _scheduler(layout: Layout) -> list[str]:
    kubeconfig = layout.kubeconfig("scheduler")
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports.scheduler}",
        f"--tls-cert-file={layout.certificate('apiserver')}",
        f"--tls-private-key-file={layout.key('apiserver')}",
        "--leader-elect=false",
        *CLIENT_RATE,
        "--profiling=false",
    ]


def _kwok(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.kubeconfig('nodes')}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        f"--cidr={POD_NETWORK}",
        f"--config={write_stages(layout.root / 'stages.yaml')}",
    ]


def _kubelet(layout: Layout) -> list[str]:
    nodes = [f"{name}={LOOPBACK}:{port}" for name, port in zip(NODE_NAMES, layout.ports.kubelet, strict=True)]
    return [
        f"--kubeconfig={layout.kubeconfig('nodes')}",
        f"--client-ca={layout.certificate('ca')}",
        f"--tls-cert={layout.certificate('kubelet')}",
        f"--tls-key={layout.key('kubelet')}",
        f"--egress={LOOPBACK}:{layout.ports.egress}",
        f"--scratch={layout.root / 'pods'}",
        *(f"--node={node}" for node in nodes),
    ]


def _metrics_server(layout: Layout) -> list[str]:
    kubeconfig = layout.kubeconfig("metrics-server")
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports.metrics_server}",
        f"--tls-cert-file={layout.certificate('metrics-server')}",
        f"--tls-private-key-file={layout.key('metrics-server')}",
        f"--kubelet-certificate-authority={layout.certificate('ca')}",
        "--kubelet-use-node-status-port",
        "--kubelet-preferred-address-types=InternalDNS",
        f"--metric-resolution={METRICS_RESOLUTION}",
        "--kubelet-request-timeout=5s",
    ]


_ARGUMENTS: dict[str, Callable[[Layout], list[str]]] = {
    "etcd": _etcd,
    "kube-apiserver": _apiserver,
    "kube-controller-manager": _controller_manager,
    "kube-scheduler": _scheduler,
    "kwok": _kwok,
    "kubelet": _kubelet,
    "metrics-server": _metrics_server,
}
