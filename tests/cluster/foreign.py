"""A cluster that somebody else runs, named by `K9PY_TEST_KUBECONFIG`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import yaml

from .build import built
from .errors import ClusterError

KUBECONFIG_VARIABLE = "K9PY_TEST_KUBECONFIG"


def foreign_kubeconfig() -> Path | None:
    """Return the kubeconfig that `K9PY_TEST_KUBECONFIG` names, or None."""
    named = os.environ.get(KUBECONFIG_VARIABLE)
    return Path(named).expanduser() if named else None


class ForeignCluster:
    """Hands out somebody else's kubeconfig; its parts cannot be stopped and it has no restricted user."""

    restricted_kubeconfig: Path | None = None

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    @property
    def kubectl(self) -> Path:
        """kubectl as built here, else the one on PATH."""
        binaries = built()
        if binaries is not None:
            return binaries.kubectl
        on_path = shutil.which("kubectl")
        if on_path is None:
            raise ClusterError("no kubectl: install one beside K9PY_TEST_KUBECONFIG")
        return Path(on_path)

    @property
    def server(self) -> str:
        """The address of the current context's cluster."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        contexts = {entry["name"]: entry["context"] for entry in config["contexts"]}
        clusters = {entry["name"]: entry["cluster"] for entry in config["clusters"]}
        return str(clusters[contexts[config["current-context"]]["cluster"]]["server"])

    def stop_component(self, name: str, *, kill: bool = True) -> None:
        """Refuse: the cluster is not ours."""
        raise ClusterError(f"{name} belongs to the cluster of {KUBECONFIG_VARIABLE} and is not stopped")

    def start_component(self, name: str) -> None:
        """Refuse: the cluster is not ours."""
        raise ClusterError(f"{name} belongs to the cluster of {KUBECONFIG_VARIABLE} and is not started")
