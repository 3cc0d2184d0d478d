"""Debian's Prometheus, started beside a cluster to scrape its nodes and its API server."""

from __future__ import annotations

import http.client
import shutil
from typing import Any

import yaml

from . import processes
from .errors import ClusterError
from .layout import LOOPBACK, NODE_NAMES, Layout
from .waiting import wait_for

SCRAPE_INTERVAL = "5s"
READY_SECONDS = 30.0


def start(layout: Layout) -> str:
    """Start Prometheus on loopback and return its address once it is ready."""
    binary = shutil.which("prometheus")
    if binary is None:
        raise ClusterError("no prometheus found: install the package `prometheus` (apt-get install prometheus)")
    config = layout.root / "prometheus.yml"
    config.write_text(yaml.safe_dump(_config(layout)))
    port = layout.ports.prometheus
    processes.start(
        layout,
        "prometheus",
        [
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={layout.root / 'prometheus'}",
            f"--web.listen-address={LOOPBACK}:{port}",
        ],
    )
    wait_for("prometheus ready", lambda: _ready(layout), limit_seconds=READY_SECONDS)
    return f"http://{LOOPBACK}:{port}"


def _ready(layout: Layout) -> bool:
    if not processes.running(layout, "prometheus"):
        raise ClusterError(f"prometheus ended:\n{processes.log_tail(layout, 'prometheus')}")
    connection = http.client.HTTPConnection(LOOPBACK, layout.ports.prometheus, timeout=1)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _config(layout: Layout) -> dict[str, Any]:
    nodes = [
        {"targets": [f"{LOOPBACK}:{port}"], "labels": {"node": name}}
        for name, port in zip(NODE_NAMES, layout.ports.kubelet, strict=True)
    ]
    apiserver = [{"targets": [f"{LOOPBACK}:{layout.ports.apiserver}"]}]
    return {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "scrape_timeout": SCRAPE_INTERVAL},
        "scrape_configs": [
            _job(layout, "kubelet-resource", "/metrics/resource", nodes),
            _job(layout, "apiserver", "/metrics", apiserver),
        ],
    }


def _job(layout: Layout, name: str, path: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "job_name": name,
        "scheme": "https",
        "metrics_path": path,
        "static_configs": targets,
        "tls_config": {
            "ca_file": str(layout.certificate("ca")),
            "cert_file": str(layout.certificate("prometheus")),
            "key_file": str(layout.key("prometheus")),
        },
    }
