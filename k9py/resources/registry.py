"""All kinds k9py knows, and the fallback for those it does not."""

from __future__ import annotations

from functools import lru_cache

from k9py.core.refs import ApiResource
from k9py.resources import jobs, nodes, workloads
from k9py.resources.model import KindSpec
from k9py.resources.podkind import PODS
from k9py.resources.tablekind import table_spec

_SPECS: dict[str, KindSpec] = {spec.id: spec for spec in (PODS, *nodes.SPECS, *workloads.SPECS, *jobs.SPECS)}


@lru_cache(maxsize=512)
def _generic(kind_id: str, namespaced: bool) -> KindSpec:
    return table_spec(kind_id, namespaced=namespaced)


def spec_for(resource: ApiResource) -> KindSpec:
    """Return what is known of a kind; for an unknown one, the server-side Table."""
    return _SPECS.get(resource.id) or _generic(resource.id, resource.namespaced)
