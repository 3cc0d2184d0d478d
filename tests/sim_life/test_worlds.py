"""Each world opens lived-in, holds what it promises, and is the same for the same seed."""

from __future__ import annotations

import functools

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import UsageError
from k9py.sim.demo import load_world, serve
from k9py.sim.simulation import Simulation
from k9py.sim.workloads.load import cores_of
from k9py.sim.workloads.load import serve as serve_load
from k9py.sim.worlds.scaling import INITIAL, PROGRAM, VERTICAL


@functools.lru_cache
def _opened(name: str) -> Simulation:
    simulation = Simulation(load_world(name), clock=ManualClock())
    simulation.replay()
    return simulation


@pytest.mark.parametrize("name", ["broken", "shop", "scaling", "hitcounter"])
def test_a_world_replays_its_past_without_a_failure(name: str) -> None:
    assert _opened(name).engine.failures == []


def _status_words(simulation: Simulation) -> set[str]:
    words = set()
    for pod in simulation.store.list("pods"):
        status = pod["status"]
        words |= {status["phase"], status.get("reason", "")}
        for group in ("containerStatuses", "initContainerStatuses"):
            for item in status.get(group) or ():
                for state in (item["state"], item["lastState"]):
                    words |= {part.get("reason", "") for part in state.values()}
    return words


def test_the_broken_world_has_one_of_every_common_failure() -> None:
    assert _status_words(_opened("broken")) >= {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "ErrImageNeverPull",
        "Error",
        "Evicted",
        "ImagePullBackOff",
        "InvalidImageName",
        "OOMKilled",
        "Pending",
        "StartError",
        "Succeeded",
    }


def test_the_broken_world_has_troubles_beyond_its_pods() -> None:
    store = _opened("broken").store
    assert [node["metadata"]["name"] for node in store.list("nodes") if _ready(node) == "Unknown"] == ["node-5"]
    assert store.get("persistentvolumeclaims", "data", "lake")["status"]["phase"] == "Pending"
    assert store.get("namespaces", "", "team-green")["status"]["phase"] == "Terminating"
    assert store.get("pods", "data", "export-7f2c")["metadata"]["deletionTimestamp"]
    assert store.get("cronjobs.batch", "batch", "mail-digest")["spec"]["suspend"]
    assert "subsets" not in store.get("endpoints", "legacy", "old-api")


def _ready(node: dict[str, dict[str, list[dict[str, str]]]]) -> str:
    return next(item["status"] for item in node["status"]["conditions"] if item["type"] == "Ready")


def test_the_broken_world_has_a_past() -> None:
    store = _opened("broken").store
    restarts = max(pod["status"]["containerStatuses"][0]["restartCount"] for pod in store.list("pods", "shop"))
    assert restarts > 300
    assert len({pod["metadata"]["creationTimestamp"] for pod in store.list("pods")}) > 25
    assert max(event.get("count") or 1 for event in store.list("events")) > 100
    sets = [
        item for item in store.list("replicasets.apps", "shop") if item["metadata"]["name"].startswith("storefront")
    ]
    assert len(sets) == 3


def test_the_same_seed_gives_the_same_world() -> None:
    again = Simulation(load_world("shop"), clock=ManualClock())
    again.replay()
    names = [[pod["metadata"]["name"] for pod in world.store.list("pods")] for world in (_opened("shop"), again)]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("limits", "replicas", "users", "published"),
    [(INITIAL, 1, 2000, 32.4), (VERTICAL, 1, 1000, 44.3), (INITIAL, 2, 2000, 54.6)],
)
def test_s3_throughput_is_near_the_published_one(
    limits: dict[str, dict[str, str]], replicas: int, users: int, published: float
) -> None:
    one = serve_load(PROGRAM, cores_of({"resources": limits}), 0, users / replicas, replicas=replicas)
    assert one.rate * replicas == pytest.approx(published, rel=0.05)


def test_s3_memory_ends_the_initial_pod_between_5000_and_6000_users() -> None:
    needed = [PROGRAM.memory + users * PROGRAM.connection_memory for users in (5000, 6000)]
    assert needed[0] < 256 * 2**20 < needed[1]
    assert PROGRAM.memory + 10_000 * PROGRAM.connection_memory < 512 * 2**20


async def test_the_large_world_holds_what_was_asked_for_and_can_be_churned() -> None:
    clock = ManualClock()
    server = await serve("large", pods=400, clock=clock)
    store = server.simulation.store
    raw = [stored.raw for stored in store.collection("pods").select()]
    assert len(raw) == 400
    assert sum(map(len, raw)) / 400 == pytest.approx(8800, rel=0.03)
    before = store.version
    server.simulation.churn(500)
    await clock.advance(2.0)
    assert store.version - before == pytest.approx(1000, abs=55)
    await server.close()


def test_an_unknown_world_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load_world("atlantis")
    assert "broken" in caught.value.remedy
