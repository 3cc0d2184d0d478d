"""The cause in few words: what kubelet, registry, runtime and scheduler say, and what events and claims add."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.kube.happenings import Happening
from k9py.resources import causes, told
from k9py.resources.describe import describe, wanted
from k9py.resources.model import Level
from k9py.resources.registry import known
from tests.resources.objects import CONTEXT, NOW, RUNNING, at, pod, row_of, status

IMAGE = "registry.acme.example/shop/search-ui:1.403.0"
PULL = (
    f'Back-off pulling image "{IMAGE}": ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image '
)
RESOLVE = f'"{IMAGE}": failed to resolve reference "{IMAGE}": '


@pytest.mark.parametrize(
    ("reason", "message", "text"),
    [
        ("ImagePullBackOff", f"{PULL}{RESOLVE}{IMAGE}: not found", f"the image {IMAGE} was not found"),
        (
            "ImagePullBackOff",
            f"{PULL}{RESOLVE}unexpected status from HEAD request: 401 Unauthorized",
            f"the registry does not give out the image {IMAGE}: credentials are missing or wrong",
        ),
        (
            "ErrImagePull",
            f"{PULL}{RESOLVE}pull access denied, repository does not exist or may require authorization",
            f"the image {IMAGE} does not exist, or its registry wants credentials",
        ),
        (
            "ImagePullBackOff",
            f"{PULL}{RESOLVE}dial tcp: lookup registry.acme.example: no such host",
            f"the image {IMAGE} cannot be pulled: dial tcp: lookup registry.acme.example: no such host",
        ),
        (
            "ImagePullBackOff",
            f"{PULL}{RESOLVE}toomanyrequests: you have reached your rate limit",
            f"the registry allows no more pulls for now (429), so the image {IMAGE} is missing",
        ),
        ("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"', f"the image {IMAGE} cannot be pulled"),
        (
            "InvalidImageName",
            "Failed to apply default image tag: invalid reference format: repository name must be lowercase",
            "the image name given is not valid: repository name must be lowercase",
        ),
        (
            "ErrImageNeverPull",
            f'Container image "{IMAGE}" is not present with pull policy of Never',
            f"the image {IMAGE} is not on the node, and its pull policy is Never",
        ),
    ],
)
def test_why_an_image_cannot_be_had_is_said_with_its_name_once(reason: str, message: str, text: str) -> None:
    assert causes.image_text(reason, causes.image_of(message), message) == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            "0/7 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu, 3 node(s) had untolerated "
            "taint(s). no new claims to deallocate, preemption: 0/7 nodes are available: 7 Preemption is not helpful.",
            "none of 7 nodes takes the pod: 1 cordoned, 3 lack cpu, 3 with untolerated taints",
        ),
        (
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes.",
            "none of 2 nodes takes the pod: 2 outside its node selector",
        ),
        (
            "0/7 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            "it waits for the volumes it claims",
        ),
        ('persistentvolumeclaim "x" not found', 'no node takes the pod: persistentvolumeclaim "x" not found'),
        ("", "no node takes the pod"),
    ],
)
def test_what_the_scheduler_says_is_cut_to_its_counts(message: str, text: str) -> None:
    assert causes.scheduling_text(message) == text


def test_a_command_that_is_not_there_is_said_without_the_runtimes_around_it() -> None:
    exec_line = 'exec: "/bin/searchd": executable file not found in $PATH'
    message = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        f"unable to start container process: error during container init: {exec_line}: unknown"
    )
    ended = {"terminated": {"reason": "StartError", "exitCode": 128, "message": message, "finishedAt": at(60)}}
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    assert said(pod(status(state=waits, lastState=ended, restartCount=4))) == (
        f"container api cannot be started: {exec_line}; tried 5 times"
    )


def test_what_a_crashing_container_left_as_its_last_words_is_said() -> None:
    ended = {
        "terminated": {"reason": "Error", "exitCode": 1, "message": "no database\nat db:5432", "finishedAt": at(60)}
    }
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    text = said(pod(status(state=waits, lastState=ended, restartCount=2)))
    assert text == "container api keeps crashing: restarted 2 times, last exit code 1 60s ago: no database at db:5432"


def test_an_init_container_is_called_one_and_a_native_sidecar_is_not() -> None:
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    obj = pod(phase="Pending", initContainerStatuses=[status("migrate", state=waits, restartCount=3)])
    obj["spec"]["initContainers"] = [{"name": "migrate"}]
    assert said(obj).startswith("init container migrate keeps crashing")
    obj["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    assert said(obj).startswith("container migrate keeps crashing")


def test_a_cut_message_keeps_its_end_where_the_cause_is() -> None:
    long = "wrapped in " * 60 + 'the cause: configmap "x" not found'
    obj = pod(status(state={"waiting": {"reason": "CreateContainerConfigError", "message": long}}), phase="Pending")
    assert said(obj).endswith('the cause: configmap "x" not found')


@pytest.mark.parametrize(
    ("finalizers", "node", "text", "action"),
    [
        (
            [],
            "node-1",
            "still terminating 5m after its grace period: node node-1 has not said that it ended",
            "go.node",
        ),
        (
            ["acme/flush"],
            "node-1",
            "still terminating 5m after its grace period: held by its finalizer acme/flush",
            "yaml",
        ),
        ([], "", "still terminating 5m after its grace period: the server has not removed it", "yaml"),
    ],
)
def test_a_pod_that_should_be_gone_says_what_holds_it(finalizers: list[str], node: str, text: str, action: str) -> None:
    obj = pod(status(ready=True, state=RUNNING))
    obj["metadata"] |= {"deletionTimestamp": at(300), "finalizers": finalizers}
    obj["spec"]["nodeName"] = node
    spec = known("pods")
    assert spec is not None
    health = spec.health(row_of("pods", obj), CONTEXT)
    assert (health.level, health.sentence, health.action) == (Level.WARN, text, action)


def test_a_pod_that_ended_and_is_held_by_a_finalizer_says_that_and_not_how_it_ended() -> None:
    obj = pod(status(state={"terminated": {"exitCode": 143, "reason": "Error"}}), phase="Failed")
    obj["metadata"] |= {"deletionTimestamp": at(300), "finalizers": ["acme/flush"]}
    assert said(obj) == "still terminating 5m after its grace period: held by its finalizer acme/flush"


READINESS = "Readiness probe failed: HTTP probe failed with statuscode: 503"
LIVENESS = 'Liveness probe failed: Get "http://10.0.0.1/": context deadline exceeded'
MOUNT = 'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found'
KILLED = {"terminated": {"reason": "Error", "exitCode": 137, "finishedAt": at(60)}}
OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": at(60)}}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
BARE_PULL = {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{IMAGE}"'}}


@pytest.mark.parametrize(
    ("obj", "messages", "added"),
    [
        (pod(status(state=RUNNING, started=True)), [READINESS], ": HTTP probe failed with statuscode: 503"),
        (pod(status(state=RUNNING, started=True)), [LIVENESS], ""),
        (pod(status(state={"waiting": {"reason": "ContainerCreating"}}), phase="Pending"), [MOUNT],
         ': volume tls: secret "web-tls" not found'),
        (pod(status(state=BACK_OFF, lastState=KILLED, restartCount=3)), [READINESS, LIVENESS, "Back-off restarting"],
         f"; l{LIVENESS[1:]}"),
        (pod(status(state=BACK_OFF, lastState=OOM, restartCount=3)), [LIVENESS], ""),
        (pod(status(state=BARE_PULL), phase="Pending"),
         ["Error: ImagePullBackOff", f'Failed to pull image "{IMAGE}": rpc error: desc = {RESOLVE}{IMAGE}: not found'],
         ": was not found"),
        (pod(status(ready=True, state=RUNNING)), [MOUNT], ""),
    ],
    ids=["readiness", "another probe", "mount", "liveness", "out of memory", "old kubelet", "well"],
)  # fmt: skip
def test_events_add_the_cause_where_the_status_has_none(obj: dict[str, Any], messages: list[str], added: str) -> None:
    events = [happening(message, ago=len(messages) - index) for index, message in enumerate(messages)]
    assert told.events_add(row_of("pods", obj), events) == added


def test_a_description_begins_with_the_cause_its_events_tell() -> None:
    obj = pod(status(state=RUNNING, started=True))
    first = describe("pods", obj, [happening(READINESS)], {}, NOW)[0].text
    assert first.endswith("its readiness probe has not passed: HTTP probe failed with statuscode: 503")


def test_a_description_of_a_pod_that_waits_for_a_claim_says_how_the_claim_does() -> None:
    obj = pod(
        phase="Pending",
        conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                     "message": "0/7 nodes are available: pod has unbound immediate PersistentVolumeClaims."}],
    )  # fmt: skip
    obj["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "lake"}}]
    claims = [
        {"metadata": {"name": name, "creationTimestamp": at(3600)}, "spec": {"storageClassName": "fast"},
         "status": {"phase": phase}}
        for name, phase in (("other", "Pending"), ("lake", "Pending"), ("bound", "Bound"))
    ]  # fmt: skip
    assert [one.resource for one in wanted("pods", obj)] == ["persistentvolumeclaims"]
    assert not wanted("pods", pod(status(ready=True, state=RUNNING)))
    lines = describe("pods", obj, [], {"persistentvolumeclaims": claims}, NOW)
    assert lines[1].text == "→ claim lake: no volume for 60m of class fast"
    assert lines[2].text == ""


def said(obj: dict[str, Any]) -> str:
    spec = known("pods")
    assert spec is not None
    return spec.health(row_of("pods", obj), CONTEXT).sentence


def happening(message: str, *, ago: float = 5.0) -> Happening:
    return Happening("Warning", "Any", message, 1, NOW - ago, NOW - ago, "kubelet, node-1", "")
