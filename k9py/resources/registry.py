"""All kinds k9py knows, and the fallback for those it does not."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource
from k9py.resources import access, cluster, events, jobs, networking, nodes, scaling, services, storage, workloads
from k9py.resources.model import KindSpec
from k9py.resources.podkind import PODS
from k9py.resources.storage import users_of
from k9py.resources.tablekind import table_spec

CONFIG_MAPS = table_spec(
    "configmaps",
    namespaced=True,
    relations=(users_of("cm", "config map"),),
    purpose="Config maps hold settings for pods.",
)
SECRETS = table_spec(
    "secrets",
    namespaced=True,
    relations=(users_of("secret", "secret"),),
    purpose="Secrets hold what must not be read by everybody; a list never fetches their values.",
)

SPECS: tuple[KindSpec, ...] = (
    PODS,
    *workloads.SPECS,
    *jobs.SPECS,
    *services.SPECS,
    *networking.SPECS,
    CONFIG_MAPS,
    SECRETS,
    *storage.SPECS,
    *scaling.SPECS,
    *access.SPECS,
    *nodes.SPECS,
    *events.SPECS,
    *cluster.SPECS,
)
"""Every kind k9py knows beforehand."""

_BY_ID = {spec.id: spec for spec in SPECS}

ALIASES = {
    "dp": "deployments.apps",
    "ds": "daemonsets.apps",
    "sts": "statefulsets.apps",
    "rs": "replicasets.apps",
    "jo": "jobs.batch",
    "cj": "cronjobs.batch",
    "sec": "secrets",
    "np": "networkpolicies.networking.k8s.io",
    "ro": "roles.rbac.authorization.k8s.io",
    "rb": "rolebindings.rbac.authorization.k8s.io",
    "cr": "clusterroles.rbac.authorization.k8s.io",
    "crb": "clusterrolebindings.rbac.authorization.k8s.io",
}
"""Words people are used to that discovery does not give; a word that discovery knows goes first."""


def spelled_out(words: str, resolve: Callable[[str], object]) -> str:
    """Return kinds separated by commas with each alias replaced by what it stands for.

    ``resolve`` is discovery's; a word it knows is left alone, because the cluster's own names go first.
    """
    return ",".join(_spelled_out(word, resolve) for word in words.split(","))


def _spelled_out(word: str, resolve: Callable[[str], object]) -> str:
    meant = ALIASES.get(word.strip().lower())
    if meant is None:
        return word
    try:
        resolve(word)
    except UsageError:
        return meant
    return word


@lru_cache(maxsize=512)
def _generic(kind_id: str, namespaced: bool) -> KindSpec:
    return table_spec(kind_id, namespaced=namespaced)


def spec_for(resource: ApiResource) -> KindSpec:
    """Return what is known of a kind; for an unknown one, the server-side Table."""
    return _BY_ID.get(resource.id) or _generic(resource.id, resource.namespaced)


def known(kind_id: str) -> KindSpec | None:
    """Return the spec of a kind with columns or relations of its own."""
    return _BY_ID.get(kind_id)
