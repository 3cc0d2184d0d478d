"""The line below the list names the cause, also where only events, claims or pods know it, within two lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from k9py.resources.model import Tone
from k9py.ui import beneath
from k9py.ui.sowhat import SoWhat
from tests.ui.harness import Driver, oom_killed, pod, running

SMALL = (80, 24)


async def test_a_pod_that_waits_for_a_volume_says_which_secret_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beneath, "AGAIN", 0.2)
    waits = state({"waiting": {"reason": "ContainerCreating"}})
    stuck = pod("web-1", phase="Pending", conditions=[], containerStatuses=[waits])
    async with running(tmp_path, {"pods": [stuck]}, size=SMALL) as k9:
        await k9.until(lambda: "starting" in so_what(k9))
        warn(k9, "web-1", 'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found')
        await k9.until(lambda: 'volume tls: secret "web-tls" not found' in so_what(k9))


async def test_a_deployment_that_is_stuck_says_first_why_its_pods_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beneath, "AGAIN", 0.2)
    labels = {"app": "web"}
    conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                   "message": 'ReplicaSet "web-7d" has timed out progressing.'}]  # fmt: skip
    web = {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels},
                              "spec": {"containers": [{"name": "main", "image": "w"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "conditions": conditions},
    }  # fmt: skip
    running_since = state({"running": {"startedAt": "2026-01-01T00:00:00Z"}})
    unready = pod("web-7d-abcde", conditions=[{"type": "Ready", "status": "False"}], containerStatuses=[running_since])
    async with running(tmp_path, {"deployments.apps": [web], "pods": [unready]}, size=SMALL) as k9:
        await k9.sees("web-7d-abcde")
        warn(k9, "web-7d-abcde", "Readiness probe failed: HTTP probe failed with statuscode: 503")
        await k9.press(":")
        await k9.type("deploy")
        await k9.press("enter")
        await k9.until(lambda: "statuscode: 503" in so_what(k9))
        said = so_what(k9)
        assert said.index("container main") < said.index("the rollout is stuck")
        assert "timed out progressing" not in said


async def test_a_long_name_gives_way_to_the_cause_behind_it(tmp_path: Path) -> None:
    name = "a-workload-with-a-very-long-name-5bf7d9c8d4-x2kqz"
    image = "registry.acme.example/some/team/service:2026.11.22"
    async with running(tmp_path, {"pods": [pod("web-1")]}, size=SMALL) as k9:
        await k9.sees("web-1")
        bar = k9.app.browser.query_one(SoWhat)
        bar.say(name, f"container service: the image {image} was not found", Tone.BAD, key="E", action="events")
        lines = ["".join(segment.text for segment in bar.render_line(y)) for y in (0, 1)]
        assert lines[0].startswith(" a-workload…x2kqz · ")
        assert "was not found" in lines[1]
        assert lines[0].rstrip().endswith("/")
        assert lines[1].endswith("E events ")
        bar.say(
            "web-1", "keeps crashing, " * 7, Tone.BAD, more="memory 432Mi of 640Mi", key="p", action="previous logs"
        )
        assert "memory" not in "".join(segment.text for y in (0, 1) for segment in bar.render_line(y))
        assert "memory 432Mi" in bar.text
        bar.say("web-1", "is short", Tone.BAD)
        assert "".join(segment.text for segment in bar.render_line(0)).startswith(" web-1 · is short")


async def test_an_alias_may_open_a_kind_with_its_problems_only(tmp_path: Path) -> None:
    pods = [pod("web-1"), oom_killed("web-2")]
    async with running(tmp_path, {"pods": pods}, size=SMALL, settings="aliases:\n  bad: pods !\n") as k9:
        await k9.until(lambda: k9.names == ["web-1", "web-2"])
        await k9.press(":")
        await k9.type("bad")
        await k9.press("enter")
        await k9.until(lambda: k9.names == ["web-2"])
        assert "shop" in k9.bar("header")


def state(of: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "main",
        "ready": False,
        "started": True,
        "restartCount": 0,
        "image": "w",
        "imageID": "",
        "state": of,
    }


def so_what(k9: Driver) -> str:
    return k9.app.browser.query_one(SoWhat).text


def warn(k9: Driver, name: str, message: str) -> None:
    """Have the kubelet warn about a pod."""
    about = k9.store.peek("pods", "shop", name)
    assert about is not None
    k9.store.create("events", {
        "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "Any", "message": message,
        "metadata": {"name": f"{name}.1", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": name, "uid": about["metadata"]["uid"]},
        "firstTimestamp": "2026-11-22T00:00:00Z", "lastTimestamp": "2026-11-22T00:00:00Z",
    })  # fmt: skip
