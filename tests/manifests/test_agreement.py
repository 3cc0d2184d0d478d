"""Our validator and a real API server's strict dry-run, on the same manifests: valid ones, and ones broken in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from k9py.manifests.kinds import Kinds, bundled
from k9py.manifests.validation import validate_object
from tests.cluster import available, running_cluster
from tests.manifests.mutants import mutants, valid
from tests.manifests.strict_server import StrictServer

UNAVAILABLE = available()
pytestmark = [pytest.mark.real, pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or "")]

LEAST = 600
"""Manifests to compare."""
FALSE_REJECTS = 0.005
FALSE_ACCEPTS = 0.02


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return bundled()


@pytest.fixture(scope="module")
def server() -> Iterator[StrictServer]:
    with running_cluster() as cluster:
        strict = StrictServer(cluster.kubeconfig, namespace="agreement")
        yield strict
        strict.close()


def _ours(obj: dict[str, Any], kinds: Kinds) -> list[str]:
    return [str(problem) for problem in validate_object(obj, kinds) if problem.is_error]


def _theirs(obj: dict[str, Any], kinds: Kinds, server: StrictServer) -> str:
    resource = kinds.of(obj["apiVersion"], obj["kind"])
    assert resource is not None
    return server.dry_run(resource, obj)


def test_every_valid_manifest_is_valid_for_both(kinds: Kinds, server: StrictServer) -> None:
    for obj in valid():
        assert (_ours(obj, kinds), _theirs(obj, kinds, server)) == ([], ""), obj


@pytest.mark.timeout(300)
def test_broken_manifests_are_judged_as_the_server_judges_them(kinds: Kinds, server: StrictServer) -> None:
    compared, wrongly_refused, wrongly_taken = 0, [], []
    for obj in valid():
        compared += 1
        if (ours := _ours(obj, kinds)) and not _theirs(obj, kinds, server):
            wrongly_refused.append(f"{obj['kind']}: {ours}")
    for mutant in mutants(kinds, seed=2026, per_object=24):
        compared += 1
        ours, theirs = _ours(mutant.obj, kinds), _theirs(mutant.obj, kinds, server)
        if ours and not theirs:
            wrongly_refused.append(f"{mutant}: {ours}")
        if theirs and not ours:
            wrongly_taken.append(f"{mutant}: {theirs}")
    told = "\n".join([f"{compared} compared", "wrongly refused:", *wrongly_refused, "wrongly taken:", *wrongly_taken])
    assert compared >= LEAST, told
    assert len(wrongly_refused) <= FALSE_REJECTS * compared, told
    assert len(wrongly_taken) <= FALSE_ACCEPTS * compared, told
