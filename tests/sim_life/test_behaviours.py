"""Pods that do what their image's name or an annotation says, as on the real control plane of the tests."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.sim.workloads.wishes import seconds
from tests.sim_life.conftest import Lab

Object = dict[str, Any]


def _annotated(lab: Lab, name: str, image: str, **annotations: str) -> None:
    notes = {f"k9py.dev/{key.replace('_', '-')}": text for key, text in annotations.items()}
    meta = {"namespace": "default", "name": name, "labels": {"app": name}, "annotations": notes}
    spec = {"containers": [{"name": "app", "image": image}], "restartPolicy": "Always"}
    lab.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})


@pytest.mark.parametrize(
    ("image", "code", "reason"),
    [("acme/crash:1", 1, "Error"), ("acme/oom-api:1", 137, "OOMKilled"), ("complete:1", 0, "Completed")],
)
async def test_the_first_word_of_an_image_says_how_it_ends(lab: Lab, image: str, code: int, reason: str) -> None:
    lab.run_pod("app", image, spec={"restartPolicy": "Never"})
    await lab.wait(10)
    ended = lab.state(lab.pods("app")[0])["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (code, reason)


async def test_a_missing_image_is_not_found(lab: Lab) -> None:
    lab.run_pod("app", "acme/missing:1")
    await lab.wait(20)
    assert lab.state(lab.pods("app")[0])["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")


async def test_a_slow_container_takes_five_seconds_more(lab: Lab) -> None:
    lab.run_pod("quick", "acme/web:1")
    lab.run_pod("slow", "acme/slow:1")
    await lab.wait(6)
    assert "running" in lab.state(lab.pods("quick")[0])["state"]
    assert lab.state(lab.pods("slow")[0])["state"] == {"waiting": {"reason": "ContainerCreating"}}
    await lab.wait(4)
    assert "running" in lab.state(lab.pods("slow")[0])["state"]


async def test_an_unready_pod_runs_and_never_gets_ready_with_or_without_a_probe(lab: Lab) -> None:
    lab.run_pod("plain", "acme/unready:1")
    lab.run_pod("probed", "acme/unready:1", readinessProbe={"httpGet": {"path": "/", "port": 8080}})
    await lab.wait(60)
    for name in ("plain", "probed"):
        pod = lab.pods(name)[0]
        assert pod["status"]["phase"] == "Running"
        assert lab.condition(pod, "Ready")["status"] == "False"
    assert lab.events("probed", "Unhealthy")[0]["message"].endswith("HTTP probe failed with statuscode: 503")


async def test_an_annotation_counts_more_than_the_name_and_times_the_runs(lab: Lab) -> None:
    _annotated(lab, "app", "acme/complete:1", behaviour="crash", run_for="20s", restart_delay="3s")
    await lab.wait(20)
    assert "running" in lab.state(lab.pods("app")[0])["state"]
    await lab.wait(6)
    state = lab.state(lab.pods("app")[0])
    assert {**state["state"], **state["lastState"]}["terminated"]["exitCode"] == 1
    await lab.wait(100)
    assert lab.state(lab.pods("app")[0])["restartCount"] >= 4  # With the usual back-off it would be 3 at most.


async def test_one_containers_behaviour_leaves_the_others_alone(lab: Lab) -> None:
    meta = {"namespace": "default", "name": "two", "annotations": {"k9py.dev/behaviour.b": "crash"}}
    containers = [{"name": name, "image": "acme/web:1"} for name in ("a", "b")]
    lab.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers}})
    await lab.wait(12)
    first, second = lab.store.get("pods", "default", "two")["status"]["containerStatuses"]
    assert "running" in first["state"]
    assert second["lastState"] or "terminated" in second["state"]


async def test_pods_of_a_job_complete_by_themselves(lab: Lab) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "acme/web:1"}]}}
    meta = {"namespace": "default", "name": "once"}
    lab.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": template}})
    await lab.wait(15)
    assert lab.store.get("jobs.batch", "default", "once")["status"]["succeeded"] == 1


async def test_load_asked_for_is_shared_by_the_ready_pods_and_ends_with_the_annotation(lab: Lab) -> None:
    lab.deploy("api", "acme/web:1", replicas=2)
    await lab.wait(30)

    def annotate(notes: Object) -> None:
        deployment = lab.store.get("deployments.apps", "default", "api")
        deployment["metadata"]["annotations"] = notes
        lab.store.replace("deployments.apps", deployment)

    annotate({"k9py.dev/load-cpu": "600m", "k9py.dev/load-memory": "200Mi"})
    await lab.wait(45)
    samples = [lab.simulation.meter.pod(pod["metadata"]["uid"]) for pod in lab.pods("api")]
    for sample in samples:
        assert sample is not None
        cores, size = sample["app"]
        assert cores == pytest.approx(0.3, rel=0.15)
        assert size > 100 * 1024 * 1024
    annotate({})
    await lab.wait(45)
    sample = lab.simulation.meter.pod(lab.pods("api")[0]["metadata"]["uid"])
    assert sample is not None
    assert sample["app"][0] < 0.02


async def test_more_memory_than_the_limit_is_killed(lab: Lab) -> None:
    lab.deploy("api", "acme/web:1", resources={"limits": {"memory": "100Mi"}})
    await lab.wait(20)
    deployment = lab.store.get("deployments.apps", "default", "api")
    deployment["metadata"]["annotations"] = {"k9py.dev/load-memory": "400Mi"}
    lab.store.replace("deployments.apps", deployment)
    await lab.wait(20)
    state = lab.state(lab.pods("api")[0])
    assert "OOMKilled" in str(state)


async def test_a_node_says_it_is_not_ready_for_as_long_as_it_is_asked_to(lab: Lab) -> None:
    def ready() -> str:
        return str(lab.condition(lab.store.get("nodes", "", "node-1"), "Ready")["status"])

    node = lab.store.get("nodes", "", "node-1")
    node["metadata"]["annotations"] = {"k9py.dev/node-state": "not-ready"}
    lab.store.replace("nodes", node)
    await lab.wait(1)
    assert ready() == "False"
    node = lab.store.get("nodes", "", "node-1")
    node["metadata"]["annotations"] = {}
    lab.store.replace("nodes", node)
    await lab.wait(1)
    assert ready() == "True"


@pytest.mark.parametrize(("text", "value"), [("3s", 3.0), ("500ms", 0.5), ("1m30s", 90.0), ("", None), ("soon", None)])
def test_durations_are_read_as_go_writes_them(text: str, value: float | None) -> None:
    assert seconds(text) == value
