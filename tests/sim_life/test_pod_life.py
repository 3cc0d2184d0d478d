"""How pods live and fail on a node, to the second."""

from __future__ import annotations

import pytest

from k9py.sim.worlds.builders import container, probe, resources
from tests.sim_life.conftest import Lab


async def test_a_pod_is_scheduled_pulls_runs_and_gets_ready(lab: Lab) -> None:
    lab.run_pod("web", "nginx")
    await lab.wait(0.5)
    assert lab.state(lab.pods("web")[0])["state"] == {"waiting": {"reason": "ContainerCreating"}}
    await lab.wait(6)
    pod = lab.pods("web")[0]
    assert pod["status"]["phase"] == "Running"
    assert lab.condition(pod, "Ready")["status"] == "True"
    reasons = [event["reason"] for event in lab.events("web")]
    assert sorted(reasons) == ["Created", "Pulled", "Pulling", "Scheduled", "Started"]


async def test_readiness_waits_for_the_probe(lab: Lab) -> None:
    lab.run_pod("web", "nginx", port=80, readinessProbe=probe("/", 80, delay=20))
    await lab.wait(15)
    assert lab.condition(lab.pods("web")[0], "Ready")["reason"] == "ContainersNotReady"
    await lab.wait(10)
    assert lab.condition(lab.pods("web")[0], "Ready")["status"] == "True"


async def test_a_probe_on_a_port_nobody_listens_on_names_the_refusal(lab: Lab) -> None:
    lab.run_pod("web", "nginx", port=80, readinessProbe=probe("/health", 2223))
    await lab.wait(40)
    assert lab.condition(lab.pods("web")[0], "Ready")["status"] == "False"
    event = lab.events("web", "Unhealthy")[0]
    assert '2223/health": dial tcp' in event["message"]
    assert event["message"].endswith("connect: connection refused")
    assert event["count"] == 4


async def test_crash_loop_back_off_doubles_from_ten_seconds_to_five_minutes(lab: Lab) -> None:
    lab.run_pod("crash", "busybox", command=["sh", "-c", "exit 3"])
    waits = set()
    for _ in range(1500):
        await lab.wait(1)
        waiting = lab.state(lab.pods("crash")[0])["state"].get("waiting", {})
        if waiting.get("reason") == "CrashLoopBackOff":
            waits.add(waiting["message"].split()[1])
    assert waits == {"10s", "20s", "40s", "1m20s", "2m40s", "5m0s"}
    entry = lab.state(lab.pods("crash")[0])
    assert entry["lastState"]["terminated"]["exitCode"] == 3
    assert entry["restartCount"] == 9


async def test_memory_above_the_limit_is_an_oom_kill_with_its_last_state(lab: Lab) -> None:
    lab.run_pod("leaky", "acme/oom-demo:1", resources=resources("", "64Mi", "", "128Mi"))
    await lab.wait(60)
    last = lab.state(lab.pods("leaky")[0])["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)


@pytest.mark.parametrize(
    ("image", "reason", "words"),
    [
        ("nginx:99.1", "ImagePullBackOff", "docker.io/library/nginx:99.1: not found"),
        ("acme/private-app:1", "ImagePullBackOff", "pull access denied"),
        ("Acme/App:1", "InvalidImageName", "repository name must be lowercase"),
    ],
)
async def test_an_image_that_cannot_be_pulled_says_why(lab: Lab, image: str, reason: str, words: str) -> None:
    lab.run_pod("bad", image)
    await lab.wait(30)
    waiting = lab.state(lab.pods("bad")[0])["state"]["waiting"]
    assert waiting["reason"] == reason
    assert words in waiting["message"]


async def test_a_missing_config_map_is_named_and_the_pod_runs_once_it_is_there(lab: Lab) -> None:
    lab.run_pod("app", "nginx", envFrom=[{"configMapRef": {"name": "settings"}}])
    await lab.wait(10)
    waiting = lab.state(lab.pods("app")[0])["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    meta = {"namespace": "default", "name": "settings"}
    lab.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"A": "1"}})
    await lab.wait(15)
    assert lab.pods("app")[0]["status"]["phase"] == "Running"


async def test_init_containers_run_one_after_the_other_before_the_rest(lab: Lab) -> None:
    steps = [container(name, "busybox", command=["sleep", "5"]) for name in ("first", "second")]
    lab.run_pod("app", "nginx", spec={"initContainers": steps})
    await lab.wait(5)
    states = [next(iter(item["state"])) for item in lab.pods("app")[0]["status"]["initContainerStatuses"]]
    assert states == ["running", "waiting"]
    await lab.wait(20)
    assert lab.pods("app")[0]["status"]["phase"] == "Running"


async def test_a_pod_that_ends_with_zero_and_never_restarts_has_succeeded(lab: Lab) -> None:
    lab.run_pod("once", "busybox", command=["sleep", "3"], spec={"restartPolicy": "Never"})
    await lab.wait(12)
    pod = lab.pods("once")[0]
    assert pod["status"]["phase"] == "Succeeded"
    assert lab.condition(pod, "Ready")["reason"] == "PodCompleted"


async def test_deleting_a_pod_takes_as_long_as_its_program_needs_to_stop(lab: Lab) -> None:
    lab.run_pod("db", "mysql:8.4")
    await lab.wait(30)
    lab.simulation.delete("pods", "default", "db")
    await lab.wait(2)
    assert lab.store.get("pods", "default", "db")["metadata"]["deletionTimestamp"]
    assert lab.events("db", "Killing")[0]["message"] == "Stopping container app"
    await lab.wait(2)
    assert lab.pods("db") == []


async def test_a_pod_too_big_for_every_node_is_refused_in_the_schedulers_words(lab: Lab) -> None:
    lab.run_pod("big", "nginx", resources=resources("64", ""))
    await lab.wait(1)
    message = lab.condition(lab.pods("big")[0], "PodScheduled")["message"]
    assert message == (
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are "
        "available: 2 Preemption is not helpful for scheduling."
    )


async def test_pods_that_fill_a_node_leave_no_victims_to_preempt(lab: Lab) -> None:
    lab.deploy("fill", "nginx", 3, resources=resources("2500m", ""))
    await lab.wait(5)
    waiting = next(pod for pod in lab.pods("fill") if not pod["spec"].get("nodeName"))
    assert "2 No preemption victims found for incoming pod." in lab.condition(waiting, "PodScheduled")["message"]


async def test_a_dead_node_takes_its_pods_along_after_five_minutes(lab: Lab) -> None:
    lab.deploy("web", "nginx", 2)
    await lab.wait(10)
    lost = lab.pods("web")[0]["spec"]["nodeName"]
    lab.simulation.lose_node(lost)
    await lab.wait(60)
    assert lab.condition(lab.store.get("nodes", "", lost), "Ready")["status"] == "Unknown"
    assert all(
        pod["spec"]["nodeName"] == lost for pod in lab.pods("web") if lab.condition(pod, "Ready")["status"] != "True"
    )
    await lab.wait(320)
    assert {pod["spec"]["nodeName"] for pod in lab.pods("web")} == {"node-1", "node-2"} - {lost}
