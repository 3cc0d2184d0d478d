"""Our validator and a real API server's strict dry-run, on the same manifests: valid ones and broken ones."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k9py.cli.main import main
from k9py.core import yamldoc
from k9py.manifests.kinds import Kinds, bundled
from k9py.manifests.validation import validate_object
from tests.cluster import available, shared_cluster
from tests.conftest import SUMMARY
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
    strict = StrictServer(shared_cluster().kubeconfig, namespace=f"agreement-{os.getpid()}")
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


COMMANDS = """
generate deployment test --set image=nginx --set labels.app=myapp
generate service test --set app=myapp --set port=80 --set targetPort=8080
generate configmap test --set data.a=b
generate persistentvolume testpv --set capacity=2Gi --set accessModes=ReadWriteMany --set hostPath=/data
generate persistentvolumeclaim testpvc --set size=2Gi --set accessModes=ReadWriteOnce
generate horizontalpodautoscaler test --set target=deployment/test --set min=2 --set max=5 --set cpu=50
generate ingress test --set host=a.example --set service=test --set port=80
generate cronjob test --set image=busybox --set schedule='*/5 * * * *'
generate bundle web shop --set image=nginx --set host=a.b --set hpa=yes --set pdb=yes --set storage=1Gi
generate bundle tiers dogs --set apiImage=flask:1 --set password=a --set rootPassword=b
generate bundle database pg --set image=postgres:17 --set password=x
generate bundle job night --set image=busybox --set schedule='0 3 * * *'
generate deployment web --preset web
generate networkpolicy deny --preset deny
generate secret login --preset basic --set username=jane --set password=x
generate statefulset db --set image=postgres:17 --set claims[0].size=1Gi
generate rolebinding readers --set role=clusterrole/view --set subject=jane --set subjectKind=User
generate limitrange bounds --set defaultCpu=500m --set requestCpu=100m
generate resourcequota small --set pods=10 --set cpu=4
""".strip().splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_command_line_makes_passes_the_strict_dry_run(
    command: str, kinds: Kinds, server: StrictServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(command)) == 0
    for obj in yamldoc.load_all(capsys.readouterr().out):
        assert _theirs(obj, kinds, server) == "", obj


@pytest.mark.timeout(300)
def test_broken_manifests_are_judged_as_the_server_judges_them(
    kinds: Kinds, server: StrictServer, record_property: Callable[[str, object], None]
) -> None:
    sound, broken = 0, Counter[str]()
    wrongly_refused, wrongly_taken = [], []
    for obj in valid():
        sound += 1
        if (ours := _ours(obj, kinds)) and not _theirs(obj, kinds, server):
            wrongly_refused.append(f"{obj['kind']}: {ours}")
    for mutant in mutants(kinds, seed=2026, per_object=24):
        ours, theirs = _ours(mutant.obj, kinds), _theirs(mutant.obj, kinds, server)
        broken[mutant.mistake] += 1
        if ours and not theirs:
            wrongly_refused.append(f"{mutant}: {ours}")
        if theirs and not ours:
            wrongly_taken.append(f"{mutant}: {theirs}")
    compared = sound + broken.total()
    ways = ", ".join(f"{count} {how}" for how, count in sorted(broken.items()))
    told = [
        f"{compared} manifests compared with the real server: {sound} sound, {broken.total()} changed ({ways})",
        *_counted("wrongly refused", wrongly_refused, compared, FALSE_REJECTS),
        *_counted("wrongly taken", wrongly_taken, compared, FALSE_ACCEPTS),
    ]
    record_property(SUMMARY, "\n".join(told))
    assert compared >= LEAST, told
    assert len(wrongly_refused) <= FALSE_REJECTS * compared, told
    assert len(wrongly_taken) <= FALSE_ACCEPTS * compared, told


def _counted(what: str, found: list[str], compared: int, most: float) -> list[str]:
    head = f"{what}: {len(found)} ({len(found) / compared:.2%}, at most {most:.1%})"
    return [head, *(f"  {one}" for one in found)]
