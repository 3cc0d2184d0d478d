"""What the cluster does by itself: rollouts, jobs, sets, scaling, volumes, slices, quota, events, metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.client import Api, Object, eventually
from tests.contract.objects import (
    COMPLETES,
    CRASHES,
    claim,
    container,
    deployment,
    job,
    pod,
    service,
    template,
    workload,
)
from tests.contract.servers import Server
from tests.contract.space import Space, condition, good, path_of

LONG = 50.0
"""Seconds for what needs two samples of metrics."""
REVISION = "deployment.kubernetes.io/revision"


def image_patch(image: str, name: str = "main") -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}}


# Deployments


async def test_a_deployment_makes_a_replica_set_and_its_pods(space: Space) -> None:
    made = await space.create("deployments", deployment("web", replicas=2))
    done = await space.until_rolled_out("web")
    assert condition(done, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(done, "Progressing")["reason"] == "NewReplicaSetAvailable"
    [replicas] = await space.list("replicasets")
    assert replicas["metadata"]["ownerReferences"][0] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "web",
        "uid": made["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    wanted = replicas["metadata"]["labels"]["pod-template-hash"]
    assert replicas["metadata"]["name"] == f"web-{wanted}"
    pods = await space.list("pods", labelSelector=f"pod-template-hash={wanted}")
    assert [item["metadata"]["name"].startswith(f"web-{wanted}-") for item in pods] == [True, True]


async def test_a_new_image_rolls_and_the_old_set_stays_empty(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=2))
    await space.until_rolled_out("web")
    await space.strategic("deployments", "web", image_patch("run:2"))
    done = await space.until_rolled_out("web")
    assert done["metadata"]["annotations"][REVISION] == "2"
    sets = sorted(await space.list("replicasets"), key=lambda item: str(item["metadata"]["annotations"][REVISION]))
    assert [item["spec"]["replicas"] for item in sets] == [0, 2]
    pods = await space.until_all("pods", lambda found: len(found) == 2)
    assert {item["spec"]["containers"][0]["image"] for item in pods} == {"run:2"}


async def test_going_back_to_an_old_template_takes_its_replica_set_again(space: Space) -> None:
    await space.create("deployments", deployment("web"))
    await space.until_rolled_out("web")
    for image in ("run:2", "run:1"):
        await space.strategic("deployments", "web", image_patch(image))
        await space.until_rolled_out("web")
    found = await space.get("deployments", "web")
    assert found["metadata"]["annotations"][REVISION] == "3"
    sets = await space.list("replicasets")
    assert sorted(item["metadata"]["annotations"][REVISION] for item in sets) == ["2", "3"]


async def test_a_paused_deployment_waits_with_its_changes(space: Space) -> None:
    await space.create("deployments", deployment("web"))
    await space.until_rolled_out("web")
    await space.merge("deployments", "web", {"spec": {"paused": True}})
    await space.strategic("deployments", "web", image_patch("run:2"))
    paused = await space.until(
        "deployments", "web", lambda obj: condition(obj, "Progressing")["reason"] == "DeploymentPaused"
    )
    assert len(await space.list("replicasets")) == 1
    assert paused["status"]["replicas"] == 1
    await space.merge("deployments", "web", {"spec": {"paused": False}})
    await space.until_rolled_out("web")
    assert len(await space.list("replicasets")) == 2


async def test_a_rolling_update_keeps_what_it_must(space: Space) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await space.create("deployments", deployment("web", replicas=2, strategy=rolling))
    await space.until_rolled_out("web")
    listed = good(await space.api.get(space.path("replicasets")))
    wanted = {item["metadata"]["name"]: item["spec"]["replicas"] for item in listed["items"]}
    [old] = wanted
    totals: list[int] = []
    version = listed["metadata"]["resourceVersion"]
    async with space.api.watch(space.path("replicasets"), resourceVersion=version) as events:
        await space.strategic("deployments", "web", image_patch("run:2"))

        def finished(_kind: str, obj: Object) -> bool:
            wanted[obj["metadata"]["name"]] = obj["spec"]["replicas"]
            totals.append(sum(wanted.values()))
            return bool(wanted[old] == 0)

        await events.until(finished)
    assert (min(totals), max(totals)) == (2, 3)


async def test_recreate_ends_the_old_before_it_starts_the_new(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=2, strategy={"type": "Recreate"}))
    await space.until_rolled_out("web")
    before = {item["metadata"]["uid"] for item in await space.list("pods")}
    await space.strategic("deployments", "web", image_patch("run:2"))
    await space.until_rolled_out("web")
    after = await space.until_all("pods", lambda found: len(found) == 2)
    assert before.isdisjoint(item["metadata"]["uid"] for item in after)


async def test_a_rollout_that_does_not_move_says_so(space: Space) -> None:
    stuck = deployment("web", container(image="missing:1"), progressDeadlineSeconds=3)
    await space.create("deployments", stuck)
    found = await space.until(
        "deployments", "web", lambda obj: condition(obj, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    )
    assert condition(found, "Available")["status"] == "False"


async def test_scaling_keeps_the_revision(space: Space) -> None:
    await space.create("deployments", deployment("web"))
    await space.until_rolled_out("web")
    await space.merge("deployments", "web", {"spec": {"replicas": 3}})
    done = await space.until_rolled_out("web")
    assert done["metadata"]["annotations"][REVISION] == "1"
    assert len(await space.list("pods")) == 3


async def test_a_replica_set_replaces_a_pod_that_goes(space: Space) -> None:
    await space.create("replicasets", workload("ReplicaSet", "web", replicas=1))
    [first] = await space.until_all("pods", lambda found: len(found) == 1)
    await space.delete("pods", first["metadata"]["name"])
    await space.until_all(
        "pods", lambda found: len(found) == 1 and found[0]["metadata"]["uid"] != first["metadata"]["uid"]
    )


async def test_a_replica_set_adopts_what_matches(space: Space) -> None:
    await space.create("services", service("web"))
    await space.create("pods", pod("loose", labels={"app": "web"}))

    def known(found: list[Object]) -> bool:
        return any(end.get("targetRef") for item in found for end in item.get("endpoints") or ())

    await space.until_all("endpointslices", known)  # Until then the controllers may not know of the pod.
    made = await space.create("replicasets", workload("ReplicaSet", "web", replicas=1))
    adopted = await space.until("pods", "loose", lambda obj: obj["metadata"].get("ownerReferences"))
    assert adopted["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert len(await space.list("pods")) == 1


# Jobs


async def test_a_job_completes_and_counts(space: Space) -> None:
    await space.create("jobs", job("once", completions=2, parallelism=2))
    done = await space.until("jobs", "once", lambda obj: condition(obj, "Complete").get("status") == "True")
    assert done["status"]["succeeded"] == 2
    assert done["status"]["startTime"] <= done["status"]["completionTime"]
    assert condition(done, "Complete")["reason"] == "CompletionsReached"


async def test_a_job_gives_up_after_its_limit(space: Space, ours: Server) -> None:
    await space.create("jobs", job("never", image=CRASHES, backoffLimit=0))
    done = await space.until("jobs", "never", lambda obj: condition(obj, "Failed").get("status") == "True")
    assert condition(done, "Failed")["reason"] == "BackoffLimitExceeded"
    assert done["status"]["failed"] == 1


async def test_an_indexed_job_gives_each_pod_its_number(space: Space) -> None:
    await space.create("jobs", job("each", completions=3, parallelism=3, completionMode="Indexed"))
    done = await space.until("jobs", "each", lambda obj: condition(obj, "Complete").get("status") == "True")
    assert done["status"]["completedIndexes"] == "0-2"
    label = "batch.kubernetes.io/job-completion-index"
    pods = await space.list("pods")
    assert sorted(item["metadata"]["labels"][label] for item in pods) == ["0", "1", "2"]


async def test_a_suspended_job_waits(space: Space) -> None:
    await space.create("jobs", job("later", suspend=True))
    waiting = await space.until("jobs", "later", lambda obj: condition(obj, "Suspended").get("status") == "True")
    assert not waiting["status"].get("active")
    assert await space.list("pods") == []
    await space.merge("jobs", "later", {"spec": {"suspend": False}})
    await space.until("jobs", "later", lambda obj: condition(obj, "Complete").get("status") == "True")


async def test_a_job_that_is_done_goes_after_its_time(space: Space) -> None:
    await space.create("jobs", job("brief", ttlSecondsAfterFinished=1))
    await space.until_gone("jobs", "brief")


async def test_a_job_too_slow_is_ended(space: Space) -> None:
    body = job("slow", image="missing:1", activeDeadlineSeconds=2)
    await space.create("jobs", body)
    done = await space.until("jobs", "slow", lambda obj: condition(obj, "Failed").get("status") == "True")
    assert condition(done, "Failed")["reason"] == "DeadlineExceeded"


def cron_job(name: str, schedule: str, **spec: object) -> Object:
    pods = template(name, container(image=COMPLETES), restartPolicy="Never")
    body = {"schedule": schedule, "jobTemplate": {"spec": {"template": pods}}, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": body}


async def test_a_suspended_cron_job_makes_nothing(space: Space) -> None:
    await space.create("cronjobs", cron_job("tick", "* * * * *", suspend=True))
    found = await space.get("cronjobs", "tick")
    assert "lastScheduleTime" not in found.get("status", {})
    assert await space.list("jobs") == []


async def test_a_cron_job_makes_up_for_the_time_it_missed(space: Space) -> None:
    await space.create("cronjobs", cron_job("tick", "*/5 * * * *"))
    long_ago = (datetime.now(UTC) - timedelta(minutes=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await space.merge("cronjobs", "tick", {"status": {"lastScheduleTime": long_ago}}, "status")
    [made] = await space.until_all("jobs", lambda found: found)
    assert made["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    assert made["metadata"]["name"].startswith("tick-")
    assert "batch.kubernetes.io/cronjob-scheduled-timestamp" in made["metadata"]["annotations"]
    await space.until("cronjobs", "tick", lambda obj: obj["status"].get("lastScheduleTime", "") > long_ago)


# StatefulSets and DaemonSets


async def test_a_stateful_set_starts_one_after_the_other(space: Space) -> None:
    version = good(await space.api.get(space.path("pods")))["metadata"]["resourceVersion"]
    await space.create("statefulsets", workload("StatefulSet", "db", replicas=3, serviceName="db"))
    order: list[str] = []
    async with space.api.watch(space.path("pods"), resourceVersion=version) as events:

        def third(kind: str, obj: Object) -> bool:
            name = obj["metadata"]["name"]
            if kind == "ADDED":
                order.append(name)
            elif condition(obj, "Ready").get("status") == "True" and f"{name} ready" not in order:
                order.append(f"{name} ready")
            return "db-2 ready" in order

        await events.until(third)
    assert order == ["db-0", "db-0 ready", "db-1", "db-1 ready", "db-2", "db-2 ready"]


async def test_a_stateful_set_shrinks_from_the_end(space: Space) -> None:
    parallel = workload("StatefulSet", "db", replicas=3, serviceName="db", podManagementPolicy="Parallel")
    await space.create("statefulsets", parallel)
    await space.until("statefulsets", "db", lambda obj: obj["status"].get("readyReplicas") == 3)
    await space.merge("statefulsets", "db", {"spec": {"replicas": 1}})
    left = await space.until_all("pods", lambda found: len(found) == 1)
    assert [item["metadata"]["name"] for item in left] == ["db-0"]
    assert left[0]["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0"


async def test_a_stateful_set_claims_a_volume_for_each(space: Space) -> None:
    body = workload("StatefulSet", "db", replicas=2, serviceName="db")
    body["spec"]["volumeClaimTemplates"] = [{**claim("data"), "apiVersion": "v1"}]
    await space.create("statefulsets", body)
    claims = await space.until_all(
        "persistentvolumeclaims",
        lambda found: len(found) == 2 and all(c["status"].get("phase") == "Bound" for c in found),
    )
    assert [item["metadata"]["name"] for item in claims] == ["data-db-0", "data-db-1"]


async def test_a_partition_holds_an_update_back(space: Space) -> None:
    update = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    body = workload("StatefulSet", "db", replicas=2, serviceName="db", updateStrategy=update)
    await space.create("statefulsets", body)
    await space.until("statefulsets", "db", lambda obj: obj["status"].get("readyReplicas") == 2)
    await space.strategic("statefulsets", "db", image_patch("run:2"))
    await space.until("statefulsets", "db", lambda obj: obj["status"].get("updatedReplicas") == 1)
    pods = await space.until_all(
        "pods", lambda found: len(found) == 2 and all(condition(p, "Ready").get("status") == "True" for p in found)
    )
    assert [item["spec"]["containers"][0]["image"] for item in pods] == ["run:1", "run:2"]


async def test_a_daemon_set_runs_on_every_node(space: Space) -> None:
    await space.create("daemonsets", workload("DaemonSet", "agent"))

    async def everywhere() -> bool:
        nodes = good(await space.api.get(path_of("nodes")))["items"]  # Other cases add some, cordon and remove them.
        free = {node["metadata"]["name"] for node in nodes if not node["spec"].get("taints")}
        pods = await space.list("pods")
        homes = [item["spec"]["nodeName"] for item in pods if condition(item, "Ready").get("status") == "True"]
        status = (await space.get("daemonsets", "agent"))["status"]
        counted = status["desiredNumberScheduled"] == status.get("numberReady") == len(homes) == len({*homes})
        return counted and free <= {*homes}

    await eventually(everywhere, "one ready pod on every node that takes pods")


async def test_a_daemon_set_heeds_its_node_selector(space: Space) -> None:
    body = workload("DaemonSet", "agent")
    body["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such"}
    await space.create("daemonsets", body)
    done = await space.until("daemonsets", "agent", lambda obj: obj["status"].get("observedGeneration") == 1)
    assert done["status"]["desiredNumberScheduled"] == 0


# network and storage


async def test_a_service_gets_a_slice_of_its_ready_pods(space: Space) -> None:
    await space.create("services", service("web", 80, ports=[{"name": "http", "port": 80, "targetPort": 8080}]))
    await space.create("deployments", deployment("web", replicas=2))
    await space.until_rolled_out("web")

    def complete(found: list[Object]) -> bool:
        ready = [end for item in found for end in item.get("endpoints") or () if end["conditions"]["ready"]]
        return len(ready) == 2

    selector = "kubernetes.io/service-name=web"
    [found] = await space.until_all("endpointslices", complete, labelSelector=selector)
    addresses = {address for end in found["endpoints"] for address in end["addresses"]}
    assert addresses == {item["status"]["podIP"] for item in await space.list("pods")}
    assert found["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert {end["targetRef"]["kind"] for end in found["endpoints"]} == {"Pod"}


async def test_a_pod_that_is_not_ready_is_in_the_slice_as_such(space: Space, ours: Server) -> None:
    await space.create("services", service("web"))
    probe = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1}
    await space.create("pods", pod("web", container(image="unready:1", readinessProbe=probe)))
    selector = "kubernetes.io/service-name=web"
    [found] = await space.until_all(
        "endpointslices", lambda items: items and items[0].get("endpoints"), labelSelector=selector
    )
    assert found["endpoints"][0]["conditions"]["ready"] is False


async def test_a_service_gets_an_address_of_its_own(space: Space) -> None:
    first = await space.create("services", service("a"))
    second = await space.create("services", service("b"))
    addresses = [made["spec"]["clusterIP"] for made in (first, second)]
    assert len({*addresses}) == 2
    assert first["spec"]["clusterIPs"] == addresses[:1]


async def test_a_node_port_is_given_from_its_range(space: Space) -> None:
    made = await space.create("services", service("a", type="NodePort"))
    assert 30000 <= made["spec"]["ports"][0]["nodePort"] <= 32767


async def test_a_claim_is_bound_to_a_new_volume(space: Space, ours: Server) -> None:
    await space.create("persistentvolumeclaims", claim("data"))
    bound = await space.until("persistentvolumeclaims", "data", lambda obj: obj["status"].get("phase") == "Bound")
    volume = good(await space.api.get(path_of("persistentvolumes", name=bound["spec"]["volumeName"])))
    assert volume["spec"]["claimRef"]["name"] == "data"
    assert volume["status"]["phase"] == "Bound"
    assert bound["spec"]["storageClassName"] == "standard"
    assert bound["status"]["capacity"] == {"storage": "1Gi"}


async def test_a_claim_of_a_class_nobody_provisions_waits(space: Space) -> None:
    await space.create("persistentvolumeclaims", claim("data", storageClassName="absent"))
    found = await space.until("persistentvolumeclaims", "data", lambda obj: obj["status"].get("phase"))
    assert found["status"] == {"phase": "Pending"}


async def test_a_claim_in_use_is_protected(space: Space, ours: Server) -> None:
    await space.create("persistentvolumeclaims", claim("data"))
    await space.until(
        "persistentvolumeclaims",
        "data",
        lambda obj: "kubernetes.io/pvc-protection" in obj["metadata"].get("finalizers", []),
    )
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    await space.create("pods", pod("user", volumes=volumes))
    await space.until("pods", "user", lambda obj: obj["status"].get("phase") == "Running")
    await space.delete("persistentvolumeclaims", "data")
    kept = await space.get("persistentvolumeclaims", "data")
    assert kept["metadata"]["deletionTimestamp"]
    await space.delete("pods", "user", {"gracePeriodSeconds": 0})
    await space.until_gone("persistentvolumeclaims", "data")


def volume(name: str, **spec: object) -> Object:
    body = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": body}


async def made_volume(space: Space, cleaned: list[str], **spec: object) -> str:
    """Make a volume of a class of its own, which goes with the case however that ends; return its name."""
    name = f"{space.name}-v"
    cleaned.append(path_of("persistentvolumes", name=name))
    await space.create("persistentvolumes", volume(name, storageClassName=space.name, **spec))
    return name


async def bound(space: Space, plural: str, name: str) -> Object:
    found = await space.until(plural, name, lambda obj: obj["status"].get("phase") == "Bound")
    return found["metadata"].get("annotations") or {}


async def test_a_claim_and_a_volume_that_found_each_other_say_so(space: Space, cleaned: list[str]) -> None:
    name = await made_volume(space, cleaned)
    await space.create("persistentvolumeclaims", claim("data", storageClassName=space.name))
    by_itself = {"pv.kubernetes.io/bound-by-controller": "yes"}
    assert await bound(space, "persistentvolumes", name) == by_itself
    of_claim = await bound(space, "persistentvolumeclaims", "data")
    assert of_claim == by_itself | {"pv.kubernetes.io/bind-completed": "yes"}


async def test_a_volume_is_there_for_any_claim_until_one_takes_it_and_again_once_that_is_forgotten(
    space: Space, cleaned: list[str]
) -> None:
    name = await made_volume(space, cleaned)
    await space.until("persistentvolumes", name, lambda obj: obj["status"]["phase"] == "Available")
    await space.create("persistentvolumeclaims", claim("data", storageClassName=space.name))
    await space.until("persistentvolumes", name, lambda obj: obj["status"]["phase"] == "Bound")
    await space.delete("persistentvolumeclaims", "data")
    await space.until("persistentvolumes", name, lambda obj: obj["status"]["phase"] == "Released")
    await space.merge("persistentvolumes", name, {"spec": {"claimRef": None}})
    await space.until("persistentvolumes", name, lambda obj: obj["status"]["phase"] == "Available")


async def test_a_volume_and_a_claim_that_name_each_other_are_bound_by_their_names(
    space: Space, cleaned: list[str]
) -> None:
    name = await made_volume(space, cleaned, claimRef={"namespace": space.name, "name": "data"})
    await space.create("persistentvolumeclaims", claim("data", storageClassName=space.name, volumeName=name))
    assert await bound(space, "persistentvolumes", name) == {}
    assert await bound(space, "persistentvolumeclaims", "data") == {"pv.kubernetes.io/bind-completed": "yes"}


# scheduling, limits, quota


async def test_pods_wait_for_their_service_account(space: Space) -> None:
    body = deployment("web")
    body["spec"]["template"]["spec"]["serviceAccountName"] = "runner"
    await space.create("deployments", body)
    found = await space.until("deployments", "web", lambda obj: condition(obj, "ReplicaFailure"))
    failure = condition(found, "ReplicaFailure")
    assert failure["reason"] == "FailedCreate"
    assert failure["message"].endswith(
        f'is forbidden: error looking up service account {space.name}/runner: serviceaccount "runner" not found'
    )
    assert await space.list("pods") == []
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner"}}
    await space.create("serviceaccounts", account)
    await space.until_rolled_out("web")


async def test_a_pod_that_fits_nowhere_says_why(space: Space) -> None:
    await space.create("pods", pod("big", container(resources={"requests": {"cpu": "1000"}})))
    found = await space.until("pods", "big", lambda obj: condition(obj, "PodScheduled").get("status") == "False")
    scheduled = condition(found, "PodScheduled")
    assert scheduled["reason"] == "Unschedulable"
    assert "Insufficient cpu" in scheduled["message"]
    assert scheduled["message"].startswith("0/")


def quota(**hard: str) -> Object:
    names = {name.replace("_", "/", 1) if name.startswith("count_") else name: amount for name, amount in hard.items()}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": names}}


async def admitted(space: Space, plural: str, obj: Object) -> None:
    """Wait until a quota lets an object in: who admits learns of its counts a moment after they are written."""

    async def let_in() -> bool:
        return (await space.try_create(plural, obj, dryRun="All")).status == 201

    await eventually(let_in, "the quota is known")


@pytest.mark.parametrize(
    ("hard", "plural", "status"),
    [
        ({"pods": "1"}, "pods", 403),
        ({"count_secrets": "1"}, "secrets", 403),
        ({"configmaps": "5"}, "configmaps", 201),
    ],
)
async def test_a_quota_counts_objects(space: Space, hard: dict[str, str], plural: str, status: int) -> None:
    await space.create("resourcequotas", quota(**hard))
    await space.until("resourcequotas", "q", lambda obj: obj["status"].get("used"))

    def body(name: str) -> Object:
        kinds = {"configmaps": "ConfigMap", "secrets": "Secret"}
        plain: Object = {"apiVersion": "v1", "kind": kinds.get(plural), "metadata": {"name": name}}
        return pod(name, schedulerName="nobody") if plural == "pods" else plain

    await admitted(space, plural, body("first"))
    await space.create(plural, body("first"))
    answer = await space.try_create(plural, body("second"))
    assert answer.status == status
    if status == 403:
        assert answer.message.startswith(f'{plural} "second" is forbidden: exceeded quota: q, requested: ')
        used = await space.until("resourcequotas", "q", lambda obj: "1" in obj["status"]["used"].values())
        assert used["status"]["hard"] == used["spec"]["hard"]


async def test_a_quota_of_cpu_wants_every_pod_to_say_how_much(space: Space) -> None:
    await space.create("resourcequotas", quota(**{"requests.cpu": "1"}))
    await space.until("resourcequotas", "q", lambda obj: obj["status"].get("used"))
    silent = await space.try_create("pods", pod("silent", schedulerName="nobody"))
    assert (silent.status, silent.reason) == (403, "Forbidden")
    assert "must specify requests.cpu for: main" in silent.message
    asks = {"requests": {"cpu": "600m"}}
    await admitted(space, "pods", pod("first", container(resources=asks), schedulerName="nobody"))
    await space.create("pods", pod("first", container(resources=asks), schedulerName="nobody"))
    second = await space.try_create("pods", pod("second", container(resources=asks), schedulerName="nobody"))
    assert second.status == 403
    assert "exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1" in (
        second.message
    )


async def test_a_limit_range_fills_in_and_refuses(space: Space) -> None:
    item = {"type": "Container", "default": {"cpu": "200m"}, "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "1"}}
    await space.create(
        "limitranges", {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": [item]}}
    )

    async def known() -> bool:
        made = await space.create("pods", pod("silent", schedulerName="nobody"), dryRun="All")
        return bool(made["spec"]["containers"][0].get("resources"))

    await eventually(known, "the limit range is known")
    made = await space.create("pods", pod("silent", schedulerName="nobody"))
    assert made["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}
    greedy = pod("greedy", container(resources={"limits": {"cpu": "2"}}), schedulerName="nobody")
    answer = await space.try_create("pods", greedy)
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert "maximum cpu usage per Container is 1, but limit is 2" in answer.message


# events and metrics


@pytest.mark.parametrize(
    ("image", "reason", "kind"),
    [
        ("run:1", "Started", "Normal"),
        ("run:1", "Scheduled", "Normal"),
        (CRASHES, "BackOff", "Warning"),
        ("missing:1", "Failed", "Warning"),
    ],
)
async def test_what_happens_to_a_pod_is_an_event(
    space: Space, ours: Server, image: str, reason: str, kind: str
) -> None:
    made = await space.create("pods", pod("one", container(image=image)))
    selector = f"involvedObject.name=one,reason={reason}"
    [event, *_] = await space.until_all("events", lambda found: found, fieldSelector=selector)
    assert event["type"] == kind
    assert event["involvedObject"]["uid"] == made["metadata"]["uid"]
    assert event["involvedObject"]["kind"] == "Pod"


async def test_a_rollout_leaves_events_of_scaling(space: Space) -> None:
    await space.create("deployments", deployment("web"))
    selector = "involvedObject.kind=Deployment,reason=ScalingReplicaSet"
    [event, *_] = await space.until_all("events", lambda found: found, fieldSelector=selector)
    assert event["message"].startswith("Scaled up replica set web-")
    assert event["message"].endswith(" from 0 to 1")


async def test_events_are_the_same_in_both_groups(space: Space) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "mine"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": space.name},
        "reason": "Because",
        "message": "of this",
        "type": "Normal",
        "source": {"component": "test"},
    }
    await space.create("events", body)
    modern = good(await space.api.get(f"/apis/events.k8s.io/v1/namespaces/{space.name}/events/mine"))
    assert modern["apiVersion"] == "events.k8s.io/v1"
    assert (modern["note"], modern["reason"], modern["regarding"]["name"]) == ("of this", "Because", "p")
    assert modern["deprecatedSource"] == {"component": "test"}


async def test_metrics_of_nodes_say_what_is_used(api: Api) -> None:
    async def known() -> list[Object]:
        answer = await api.get("/apis/metrics.k8s.io/v1beta1/nodes")
        found: list[Object] = answer.body["items"] if answer.status == 200 else []
        return found

    items = await eventually(known, "metrics of nodes", LONG)
    assert set(items[0]["usage"]) == {"cpu", "memory"}
    assert {"timestamp", "window"} <= set(items[0])


async def test_metrics_of_a_pod_are_by_container(space: Space, ours: Server) -> None:
    await space.create("pods", pod("one"))

    async def known() -> Object | None:
        answer = await space.api.get(f"/apis/metrics.k8s.io/v1beta1/namespaces/{space.name}/pods/one")
        return answer.body if answer.status == 200 else None

    found = await eventually(known, "metrics of the pod", LONG)
    assert [item["name"] for item in found["containers"]] == ["main"]
    assert found["metadata"]["labels"]["app"] == "one"
    absent = await space.api.get(f"/apis/metrics.k8s.io/v1beta1/namespaces/{space.name}/pods/absent")
    assert (absent.status, absent.reason) == (404, "NotFound")


def autoscaler(name: str, **spec: object) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    body = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4, "metrics": [metric], **spec}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": body}


@pytest.mark.timeout(150)
async def test_an_autoscaler_follows_the_load(space: Space, ours: Server) -> None:
    body = deployment("api", container(resources={"requests": {"cpu": "100m"}}))
    body["metadata"]["annotations"] = {"k9py.dev/load-cpu": "300m"}
    await space.create("deployments", body)
    await space.create("horizontalpodautoscalers", autoscaler("api"))
    done = await space.until(
        "horizontalpodautoscalers", "api", lambda obj: obj["status"].get("desiredReplicas", 0) >= 4, seconds=75
    )
    assert condition(done, "AbleToScale")["status"] == "True"
    assert condition(done, "ScalingActive")["status"] == "True"
    await space.until("deployments", "api", lambda obj: obj["spec"]["replicas"] == 4)


async def test_an_autoscaler_without_a_target_says_so(space: Space) -> None:
    await space.create("horizontalpodautoscalers", autoscaler("absent"))
    found = await space.until(
        "horizontalpodautoscalers", "absent", lambda obj: condition(obj, "AbleToScale").get("status") == "False"
    )
    assert condition(found, "AbleToScale")["reason"] == "FailedGetScale"


async def test_an_autoscaler_lifts_to_its_least(space: Space) -> None:
    await space.create("deployments", deployment("web"))
    await space.create("horizontalpodautoscalers", autoscaler("web", minReplicas=2))
    lifted = await space.until("deployments", "web", lambda obj: obj["spec"]["replicas"] == 2)
    owners = [
        (entry["manager"], entry["operation"], entry.get("subresource", ""))
        for entry in lifted["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    ]
    assert owners == [("kube-controller-manager", "Update", "scale")]


async def test_an_older_version_of_an_autoscaler_is_converted(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=0))
    await space.create("horizontalpodautoscalers", autoscaler("web"))
    old = good(await space.api.get(f"/apis/autoscaling/v1/namespaces/{space.name}/horizontalpodautoscalers/web"))
    assert old["apiVersion"] == "autoscaling/v1"
    assert old["spec"]["targetCPUUtilizationPercentage"] == 80


async def test_a_budget_counts_its_pods(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=2))
    selector = {"matchLabels": {"app": "web"}}
    body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}
    await space.create("poddisruptionbudgets", {**body, "spec": {"maxUnavailable": 1, "selector": selector}})
    await space.until_rolled_out("web")
    found = await space.until("poddisruptionbudgets", "b", lambda obj: obj["status"].get("disruptionsAllowed") == 1)
    status = found["status"]
    assert (status["expectedPods"], status["currentHealthy"], status["desiredHealthy"]) == (2, 2, 1)
