"""Control loops, step by step."""

from __future__ import annotations

from typing import Any

from k9py.sim.controllers.podtemplate import is_ready
from k9py.sim.deletion import Options
from k9py.sim.worlds.builders import (
    autoscaler,
    claim,
    claim_template,
    container,
    cron_job,
    job,
    pod_spec,
    quota,
    resources,
    service,
    workload,
)
from tests.sim_life.conftest import Lab

Object = dict[str, Any]


def _set_image(lab: Lab, name: str, image: str) -> None:
    def change(fresh: Object) -> None:
        fresh["spec"]["template"]["spec"]["containers"][0]["image"] = image

    lab.store.modify("deployments.apps", "default", name, change)


async def test_a_rolling_update_keeps_the_promised_pods_available(lab: Lab) -> None:
    lab.deploy("web", "nginx:1.26", 4, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    await lab.wait(15)
    _set_image(lab, "web", "nginx:1.27")
    fewest, most = 4, 0
    for _ in range(120):
        await lab.wait(0.5)
        pods = lab.pods("web")
        fewest = min(fewest, sum(is_ready(pod) for pod in pods))
        most = max(most, len(pods))
    assert (fewest, most) == (4, 5)
    status = lab.store.get("deployments.apps", "default", "web")["status"]
    assert (status["updatedReplicas"], status["availableReplicas"]) == (4, 4)
    sets = lab.store.list("replicasets.apps")
    revisions = {
        item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: item["spec"]["replicas"] for item in sets
    }
    assert revisions == {"1": 0, "2": 4}


async def test_rolling_back_gives_the_old_set_the_newest_revision(lab: Lab) -> None:
    lab.deploy("web", "nginx:1.26")
    await lab.wait(10)
    _set_image(lab, "web", "nginx:1.27")
    await lab.wait(20)
    _set_image(lab, "web", "nginx:1.26")
    await lab.wait(20)
    sets = {item["spec"]["replicas"]: item["metadata"]["annotations"] for item in lab.store.list("replicasets.apps")}
    assert sets[1]["deployment.kubernetes.io/revision"] == "3"
    assert sets[1]["deployment.kubernetes.io/revision-history"] == "1"


async def test_a_replica_set_left_alone_is_taken_by_the_deployment_made_anew(lab: Lab) -> None:
    lab.deploy("web", "nginx:1.26", 1)
    await lab.wait(10)
    lab.store.delete("deployments.apps", "default", "web", options=Options(propagation="Orphan"))
    await lab.wait(5)
    [alone] = lab.store.list("replicasets.apps")
    assert not alone["metadata"].get("ownerReferences")
    lab.deploy("web", "nginx:1.26", 1)
    await lab.wait(10)
    [taken] = lab.store.list("replicasets.apps")
    assert taken["metadata"]["uid"] == alone["metadata"]["uid"]
    assert [owner["name"] for owner in taken["metadata"]["ownerReferences"]] == ["web"]


async def test_the_cause_of_a_change_reaches_the_newest_replica_set(lab: Lab) -> None:
    lab.deploy("web", "nginx:1.26", 1)
    await lab.wait(10)

    def change(fresh: Object) -> None:
        fresh["metadata"].setdefault("annotations", {})["kubernetes.io/change-cause"] = "first"

    lab.store.modify("deployments.apps", "default", "web", change)
    await lab.wait(2)
    [newest] = lab.store.list("replicasets.apps")
    assert newest["metadata"]["annotations"]["kubernetes.io/change-cause"] == "first"


async def test_a_cordoned_node_carries_its_taint_as_long_as_it_is_cordoned(lab: Lab) -> None:
    name = lab.store.list("nodes")[0]["metadata"]["name"]

    def taints() -> list[str]:
        return [taint["key"] for taint in lab.store.get("nodes", "", name)["spec"].get("taints") or ()]

    before = taints()
    lab.store.modify("nodes", "", name, lambda fresh: fresh["spec"].__setitem__("unschedulable", True))
    await lab.wait(1)
    assert taints() == [*before, "node.kubernetes.io/unschedulable"]
    lab.store.modify("nodes", "", name, lambda fresh: fresh["spec"].pop("unschedulable"))
    await lab.wait(1)
    assert taints() == before


async def test_a_stuck_rollout_times_out_after_its_deadline_while_old_pods_serve(lab: Lab) -> None:
    lab.deploy("web", "nginx:1.26", 2, progressDeadlineSeconds=60)
    await lab.wait(10)
    _set_image(lab, "web", "nginx:99")
    await lab.wait(50)
    assert lab.condition(lab.store.get("deployments.apps", "default", "web"), "Progressing")["status"] == "True"
    await lab.wait(30)
    deployment = lab.store.get("deployments.apps", "default", "web")
    assert lab.condition(deployment, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert lab.condition(deployment, "Available")["status"] == "True"
    assert deployment["status"]["availableReplicas"] == 2


async def test_a_paused_deployment_scales_but_does_not_roll(lab: Lab) -> None:
    lab.deploy("web", "nginx:1.26", 1)
    await lab.wait(10)

    def pause(fresh: Object) -> None:
        fresh["spec"] |= {"paused": True, "replicas": 3}
        fresh["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1.27"

    lab.store.modify("deployments.apps", "default", "web", pause)
    await lab.wait(15)
    assert [pod["spec"]["containers"][0]["image"] for pod in lab.pods("web")] == ["nginx:1.26"] * 3
    assert (
        lab.condition(lab.store.get("deployments.apps", "default", "web"), "Progressing")["reason"]
        == "DeploymentPaused"
    )


async def test_recreate_never_runs_two_versions_at_once(lab: Lab) -> None:
    lab.deploy("web", "nginx:1.26", 2, strategy={"type": "Recreate"})
    await lab.wait(10)
    _set_image(lab, "web", "nginx:1.27")
    for _ in range(40):
        await lab.wait(0.5)
        assert len({pod["spec"]["containers"][0]["image"] for pod in lab.store.list("pods")}) <= 1
    assert [pod["spec"]["containers"][0]["image"] for pod in lab.pods("web")] == ["nginx:1.27"] * 2


async def test_a_stateful_set_starts_in_order_each_with_its_claim_and_ends_in_reverse(lab: Lab) -> None:
    spec = pod_spec(container("db", "postgres:17"))
    lab.create(
        workload("StatefulSet", "default", "db", spec, replicas=2, volumeClaimTemplates=[claim_template("data", "1Gi")])
    )
    await lab.wait(5)
    assert [pod["metadata"]["name"] for pod in lab.pods("db")] == ["db-0"]
    await lab.wait(25)
    assert [pod["metadata"]["name"] for pod in lab.pods("db")] == ["db-0", "db-1"]
    claims = {item["metadata"]["name"]: item["status"]["phase"] for item in lab.store.list("persistentvolumeclaims")}
    assert claims == {"data-db-0": "Bound", "data-db-1": "Bound"}
    lab.store.modify("statefulsets.apps", "default", "db", lambda fresh: fresh["spec"].update(replicas=1))
    await lab.wait(10)
    assert [pod["metadata"]["name"] for pod in lab.pods("db")] == ["db-0"]


async def test_a_daemon_set_has_a_pod_on_each_node_also_on_a_cordoned_one(lab: Lab) -> None:
    lab.store.modify("nodes", "", "node-2", lambda fresh: fresh["spec"].update(unschedulable=True))
    lab.create(workload("DaemonSet", "default", "agent", pod_spec(container("agent", "nginx"))))
    await lab.wait(10)
    assert sorted(pod["spec"]["nodeName"] for pod in lab.pods("agent")) == ["node-1", "node-2"]
    assert lab.store.get("daemonsets.apps", "default", "agent")["status"]["numberAvailable"] == 2


async def test_a_job_gives_up_after_its_back_off_limit(lab: Lab) -> None:
    lab.create(
        job("default", "bad", pod_spec(container("run", "busybox", command=["sh", "-c", "exit 4"])), backoffLimit=1)
    )
    await lab.wait(60)
    status = lab.store.get("jobs.batch", "default", "bad")["status"]
    assert status["failed"] == 2
    failed = next(item for item in status["conditions"] if item["type"] == "Failed")
    assert (failed["reason"], failed["message"]) == (
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
    )


async def test_a_job_runs_as_many_at_once_as_allowed_and_is_deleted_after_its_time_to_live(lab: Lab) -> None:
    spec = pod_spec(container("run", "busybox", command=["sleep", "10"]))
    lab.create(job("default", "many", spec, completions=4, parallelism=2, ttlSecondsAfterFinished=30))
    await lab.wait(8)
    assert lab.store.get("jobs.batch", "default", "many")["status"]["active"] == 2
    await lab.wait(30)
    status = lab.store.get("jobs.batch", "default", "many")["status"]
    assert status["succeeded"] == 4
    assert status["completionTime"]
    await lab.wait(35)
    assert lab.store.list("jobs.batch") == []
    assert lab.pods("many") == []


async def test_a_cron_job_fires_by_the_minute_and_keeps_its_history(lab: Lab) -> None:
    spec = pod_spec(container("run", "busybox", command=["true"]))
    lab.create(cron_job("default", "tick", "* * * * *", spec, successfulJobsHistoryLimit=2))
    await lab.wait(5 * 60)
    jobs = lab.store.list("jobs.batch")
    assert len(jobs) == 2
    assert len(lab.events("tick", "SawCompletedJob")) == 5
    status = lab.store.get("cronjobs.batch", "default", "tick")["status"]
    assert status["lastScheduleTime"].endswith(":00Z")


async def test_a_suspended_cron_job_does_nothing(lab: Lab) -> None:
    lab.create(cron_job("default", "off", "* * * * *", pod_spec(container("run", "busybox")), suspend=True))
    await lab.wait(180)
    assert lab.store.list("jobs.batch") == []


async def test_pods_beyond_the_quota_are_refused_and_the_deployment_says_so(lab: Lab) -> None:
    lab.create(quota("default", "compute", requests_memory="256Mi"))
    lab.deploy("web", "nginx", 3, resources=resources("", "128Mi"))
    await lab.wait(10)
    assert len(lab.pods("web")) == 2
    message = lab.condition(lab.store.get("deployments.apps", "default", "web"), "ReplicaFailure")["message"]
    assert message.endswith(
        "is forbidden: exceeded quota: compute, requested: requests.memory=128Mi, used: requests.memory=256Mi, "
        "limited: requests.memory=256Mi"
    )


async def test_endpoints_hold_ready_pods_only(lab: Lab) -> None:
    lab.create(service("default", "web", 80))
    ready = {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 10}
    lab.deploy("web", "nginx", 2, port=80, readinessProbe=ready)
    await lab.wait(7)
    assert len(lab.store.get("endpoints", "default", "web")["subsets"][0]["notReadyAddresses"]) == 2
    await lab.wait(15)
    assert len(lab.store.get("endpoints", "default", "web")["subsets"][0]["addresses"]) == 2
    slices = lab.store.list("endpointslices.discovery.k8s.io")
    assert [item["conditions"]["ready"] for item in slices[0]["endpoints"]] == [True, True]


async def test_a_claim_of_an_unknown_class_stays_pending_with_an_event(lab: Lab) -> None:
    lab.create(claim("default", "lake", "1Gi", storage_class="fast"))
    await lab.wait(5)
    assert lab.store.get("persistentvolumeclaims", "default", "lake")["status"]["phase"] == "Pending"
    assert lab.events("lake", "ProvisioningFailed")[0]["message"] == 'storageclass.storage.k8s.io "fast" not found'


async def test_an_autoscaler_follows_load_up_at_once_and_down_after_five_minutes(lab: Lab) -> None:
    lab.deploy("api", "acme/web:1", 1, port=8080, resources=resources("100m", "128Mi", "200m", "256Mi"))
    lab.create(autoscaler("default", "api", 1, 5, cpu=50))
    await lab.wait(90)
    lab.simulation.load.ask("default/api", connections=200)
    await lab.wait(60)
    scaler = lab.store.get("horizontalpodautoscalers.autoscaling", "default", "api")
    assert scaler["status"]["desiredReplicas"] == 5
    assert lab.events("api", "SuccessfulRescale")[0]["message"] == (
        "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    )
    lab.simulation.load.ask("default/api")
    await lab.wait(240)
    assert len(lab.pods("api")) == 5
    await lab.wait(180)
    assert len(lab.pods("api")) == 1


async def test_an_autoscaler_without_requests_says_which_container_lacks_them(lab: Lab) -> None:
    lab.deploy("api", "acme/web:1", 1, port=8080)
    lab.create(autoscaler("default", "api", 1, 5, cpu=50))
    await lab.wait(60)
    scaler = lab.store.get("horizontalpodautoscalers.autoscaling", "default", "api")
    active = lab.condition(scaler, "ScalingActive")
    assert (active["status"], active["reason"]) == ("False", "FailedGetResourceMetric")
    assert "missing request for cpu in container app of Pod api-" in active["message"]


async def test_many_events_that_differ_only_in_their_message_become_one(lab: Lab) -> None:
    lab.create(quota("default", "compute", pods="0"))
    lab.deploy("web", "nginx")
    await lab.wait(3600)
    events = lab.events("web-", "FailedCreate")
    combined = [event for event in events if event["message"].startswith("(combined from similar events): ")]
    assert len(combined) == 1
    assert combined[0]["count"] > 1


async def test_a_daemon_pod_stays_on_a_node_that_takes_no_new_ones(lab: Lab) -> None:
    lab.create(workload("DaemonSet", "default", "agent", pod_spec(container("agent", "nginx"))))
    await lab.wait(10)
    taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    lab.store.modify("nodes", "", "node-2", lambda fresh: fresh["spec"].update(taints=[taint]))
    await lab.wait(10)
    assert len(lab.pods("agent")) == 2
    assert lab.store.get("daemonsets.apps", "default", "agent")["status"]["numberMisscheduled"] == 1
