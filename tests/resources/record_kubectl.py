"""Record what the real kubectl prints for objects of a real control plane, as the oracle of the cells.

    python -m tests.resources.record_kubectl KUBECTL KUBECONFIG

It makes ``recorded/objects.yaml`` and eighty pods in every state in a namespace of its own, writes
``recorded/kubectl.json`` and removes the namespace again. The pods are bound to a node that does not exist, so that
nothing changes their status.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from k9py.resources.registry import SPECS

HERE = Path(__file__).parent / "recorded"
NAMESPACE = "kinds"
PODS = 80
SEED = 7
KEPT_NAMESPACES = ("", NAMESPACE)


class Kubectl:
    """The real kubectl against one cluster."""

    def __init__(self, binary: str, kubeconfig: str) -> None:
        self._command = [binary, "--kubeconfig", kubeconfig]

    def __call__(self, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            [*self._command, *arguments], input=text, capture_output=True, text=True, check=False, env=dict(os.environ)
        )
        if done.returncode:
            sys.stderr.write(done.stderr)
        return done.stdout


def random_state(rnd: random.Random) -> dict[str, Any]:
    """Return a container state: running, terminated or waiting, with and without a reason."""
    kind = rnd.choice(("running", "running", "terminated", "terminated", "waiting", "waiting", "none"))
    if kind == "running":
        return {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    if kind == "terminated":
        ended: dict[str, Any] = {"exitCode": rnd.choice((0, 0, 1, 137))}
        if rnd.random() < 0.3:
            ended["signal"] = 9
        if rnd.random() < 0.7:
            ended["reason"] = "Completed" if ended["exitCode"] == 0 else rnd.choice(("Error", "OOMKilled"))
        return {"terminated": ended}
    if kind == "waiting":
        reason = rnd.choice(("CrashLoopBackOff", "PodInitializing", "ContainerCreating", "ImagePullBackOff", ""))
        return {"waiting": {"reason": reason} if reason else {}}
    return {}


def random_status(rnd: random.Random, name: str) -> dict[str, Any]:
    """Return a container's status."""
    state = random_state(rnd)
    status: dict[str, Any] = {
        "name": name, "image": "x", "imageID": "", "ready": rnd.random() < 0.5, "state": state,
        "restartCount": rnd.choice((0, 0, 1, 5)), "started": rnd.random() < 0.6,
    }  # fmt: skip
    if status["restartCount"] and rnd.random() < 0.7:
        ended = {"exitCode": 1, "finishedAt": f"2026-01-0{rnd.randint(1, 9)}T00:00:00Z"}
        status["lastState"] = {"terminated": ended}
    return status


def random_pod(rnd: random.Random, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a pod and a status for it, not always a sensible one: kubectl prints those too."""
    inits = [{"name": f"i{n}", "image": "x"} for n in range(rnd.choice((0, 0, 1, 2)))]
    for one in inits:
        if rnd.random() < 0.5:
            one["restartPolicy"] = "Always"
    mains = [{"name": f"m{n}", "image": "x"} for n in range(rnd.choice((1, 1, 2, 3)))]
    spec: dict[str, Any] = {"containers": mains, "initContainers": inits, "nodeName": "no-such-node"}
    if rnd.random() < 0.2:
        spec["readinessGates"] = [{"conditionType": "example.com/a"}, {"conditionType": "example.com/b"}]
    metadata: dict[str, Any] = {"name": f"state-{index:03}", "namespace": NAMESPACE}
    if rnd.random() < 0.2:
        metadata["finalizers"] = ["example.com/keep"]
    conditions = []
    for kind in ("Initialized", "Ready", "example.com/a"):
        if rnd.random() < 0.5:
            conditions.append({"type": kind, "status": rnd.choice(("True", "False"))})
    if rnd.random() < 0.1:
        conditions.append({"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"})
    status: dict[str, Any] = {
        "phase": rnd.choice(("Running", "Running", "Pending", "Succeeded", "Failed", "Unknown")),
        "conditions": conditions,
        "initContainerStatuses": [random_status(rnd, one["name"]) for one in inits],
        "containerStatuses": [random_status(rnd, one["name"]) for one in mains],
    }
    reason = rnd.choice(("", "", "", "", "Evicted", "NodeLost", "DeadlineExceeded"))
    if reason:
        status["reason"] = reason
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, status


def make_pods(kubectl: Kubectl) -> None:
    """Make the pods, set their status, and delete those whose finalizer keeps them."""
    rnd = random.Random(SEED)
    pods = [random_pod(rnd, index) for index in range(PODS)]
    kubectl("create", "-f", "-", text="".join(json.dumps(pod) + "\n" for pod, _ in pods))

    def set_status(pod: dict[str, Any], status: dict[str, Any]) -> None:
        kubectl("patch", "pod", pod["metadata"]["name"], "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p",
                json.dumps({"status": status}))  # fmt: skip

    # All at once: the control plane collects pods of a node that does not exist after some forty seconds.
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(set_status, *zip(*pods, strict=True)))
    going = [pod["metadata"]["name"] for pod, _ in pods if "finalizers" in pod["metadata"]]
    kubectl("delete", "pod", *going, "-n", NAMESPACE, "--wait=false")


def cells_of(printed: str) -> list[dict[str, str]]:
    """Return the table kubectl printed as one dictionary a row."""
    lines = printed.splitlines()
    if not lines:
        return []
    titles = list(re.finditer(r"\S+(?: \S+)*", lines[0]))
    ends = [title.start() for title in titles[1:]] + [None]
    return [
        {title[0]: line[title.start() : end].strip() for title, end in zip(titles, ends, strict=True)}
        for line in lines[1:]
    ]


def record(kubectl: Kubectl) -> dict[str, Any]:
    """Return, for each kind, objects and the cells kubectl prints for them."""
    kinds: dict[str, Any] = {}
    for spec in SPECS:
        if not spec.typed:
            continue
        objects = json.loads(kubectl("get", spec.id, "-A", "-o", "json") or "{}").get("items", [])
        cells = cells_of(kubectl("get", spec.id, "-A", "-o", "wide"))
        kept = []
        for one in objects:
            meta = one["metadata"]
            if meta.get("namespace", "") in KEPT_NAMESPACES and not meta["name"].startswith("system:"):
                meta.pop("managedFields", None)
                meta.get("annotations", {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
                kept.append(one)
        names = {(one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in kept[:PODS]}
        kept_cells = [row for row in cells if (row.get("NAMESPACE", ""), _name(row)) in names]
        kinds[spec.id] = {"items": kept[:PODS], "cells": kept_cells}
    return {"recorded": time.time(), "kubectl": kubectl("version", "--client").splitlines()[:1], "kinds": kinds}


def _name(row: dict[str, str]) -> str:
    return row.get("NAME", "").removesuffix(" (default)")


def main() -> None:
    """Record."""
    kubectl = Kubectl(*sys.argv[1:3])
    kubectl("apply", "-f", str(HERE / "objects.yaml"))
    make_pods(kubectl)
    time.sleep(3)
    text = json.dumps(record(kubectl), separators=(",", ":"), sort_keys=True)
    text = text.replace(f"scheduler-{socket.gethostname()}", "scheduler-host")
    (HERE / "kubectl.json").write_text(text + "\n")
    for index in range(PODS):
        kubectl("patch", "pod", f"state-{index:03}", "-n", NAMESPACE, "--type=merge", "-p",
                '{"metadata":{"finalizers":null}}')  # fmt: skip
    kubectl("delete", "-f", str(HERE / "objects.yaml"), "--wait=false")


if __name__ == "__main__":
    main()
