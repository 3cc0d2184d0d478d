"""The service account of a pod as a target: what a program inside a cluster connects with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from k9py.kube.logins import overridden_login
from k9py.kube.overrides import Overrides
from k9py.kube.target import Impersonation, Login, Target, TlsSettings

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts token, namespace and ca.crt."""
CONTEXT = "in-cluster"
"""The name shown for the context, the cluster and the user."""


def runs_in_cluster(environ: Mapping[str, str]) -> bool:
    """Return True inside a pod that may talk to its API server."""
    named = environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT")
    return bool(named) and (SERVICE_ACCOUNT / "token").is_file()


def in_cluster_target(environ: Mapping[str, str], said: Overrides, impersonate: Impersonation | None) -> Target:
    """Return the target of the pod's own service account; its token is read again as the kubelet renews it."""
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ["KUBERNETES_SERVICE_PORT"]
    namespace = SERVICE_ACCOUNT / "namespace"
    here = namespace.read_text(encoding="utf-8").strip() if namespace.is_file() else ""
    return Target(
        context=CONTEXT,
        cluster=CONTEXT,
        user=CONTEXT,
        namespace=said.namespace or here or "default",
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        tls=TlsSettings(ca_file=str(SERVICE_ACCOUNT / "ca.crt")),
        login=overridden_login(Login(token_file=str(SERVICE_ACCOUNT / "token")), said),
        impersonation=impersonate or Impersonation(said.as_user, said.as_groups, said.as_uid, said.as_extra),
        request_timeout=said.request_timeout,
        environ=environ,
    )
