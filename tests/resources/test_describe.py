"""Descriptions: the facts kubectl gives, aligned, harmless, with what follows on top."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k9py.kube.happenings import Happening
from k9py.resources.containers import CONTAINERS_SPEC, container_rows
from k9py.resources.describe import describe, laid_out, plain_text, wanted
from k9py.resources.describe.page import Page
from k9py.resources.model import Level, Tone
from tests.resources.objects import CONTEXT, NOW, RUNNING, at, pod, status

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "kubectl.json").read_text())["kinds"]


def text_of(kind_id: str, obj: dict[str, Any], **related: list[dict[str, Any]]) -> str:
    return plain_text(describe(kind_id, obj, [], related, NOW))


def lines_of(kind_id: str, obj: dict[str, Any], **related: list[dict[str, Any]]) -> list[str]:
    return [" ".join(line.split()) for line in text_of(kind_id, obj, **related).splitlines()]


@pytest.mark.parametrize("kind_id", sorted(RECORDED))
def test_every_object_of_a_real_cluster_can_be_described(kind_id: str) -> None:
    for obj in RECORDED[kind_id]["items"]:
        text = text_of(kind_id, obj)
        assert obj["metadata"]["name"] in text
        assert "\x1b" not in text
        assert all(line == line.rstrip() for line in text.splitlines())


def oomkilled() -> dict[str, Any]:
    one = pod(
        status(
            state=RUNNING,
            ready=True,
            restartCount=3,
            lastState={
                "terminated": {"reason": "OOMKilled", "exitCode": 137, "startedAt": at(400), "finishedAt": at(240)}
            },
        ),
        podIP="10.0.0.7",
        qosClass="Burstable",
        conditions=[{"type": "Ready", "status": "True", "lastTransitionTime": at(200)}],
    )
    one["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "api-59", "controller": True}]
    container = one["spec"]["containers"][0]
    container.update(
        image="ghcr.io/shop/api:1.4",
        ports=[{"containerPort": 2222, "name": "http"}],
        livenessProbe={"httpGet": {"path": "/health", "port": 2222}, "initialDelaySeconds": 8},
        env=[
            {"name": "HOST", "value": "mysql"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "root"}}},
        ],
        volumeMounts=[{"name": "data", "mountPath": "/data", "readOnly": True}],
    )
    one["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "disk"}}]
    one["spec"]["tolerations"] = [{"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]
    return one


def test_a_pod_that_was_oomkilled_says_when_why_and_how_often() -> None:
    lines = lines_of("pods", oomkilled())
    assert lines[0] == ("→ container api restarted 3 times, last OOMKilled 4m ago at its memory limit of 128Mi")
    for expected in (
        "Node: node-1", "Controlled By: ReplicaSet/api-59", "Image: ghcr.io/shop/api:1.4", "Ports: 2222/TCP (http)",
        "Last State: Terminated: OOMKilled", "Exit Code: 137", "Restart Count: 3", "Limits: cpu: 200m",
        "Liveness: http-get http://:2222/health delay=8s timeout=1s period=10s #success=1 #failure=3",
        "Environment: HOST: mysql", "PASSWORD: <set to the key 'root' in secret 'keys'>",
        "Mounts: /data from data (ro)", "data: PersistentVolumeClaim disk", "QoS Class: Burstable",
        "Tolerations: gpu:NoExecute op=Exists for 300s",
        "Finished: Wed, 31 Dec 2025 23:56:00 UTC (4m ago)",
    ):  # fmt: skip
        assert expected in lines, expected


def test_events_stand_at_the_end_with_their_counts() -> None:
    events = [
        Happening("Normal", "Pulled", "got it", 1, NOW - 60, NOW - 60, "kubelet, n1", ""),
        Happening("Warning", "BackOff", "again", 5, NOW - 600, NOW - 5, "kubelet, n1", ""),
    ]
    lines = describe("pods", pod(), events, {}, NOW)
    assert lines[-1].text.split() == ["Warning", "BackOff", "5s", "(x5", "over", "10m)", "kubelet,", "n1", "again"]
    assert lines[-1].tone is Tone.WARN
    assert not any("Events" in line.text for line in describe("pods", pod(), None, {}, NOW))


def test_a_secret_shows_sizes_and_never_values() -> None:
    copy = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"password":"aHVudGVyMg=="}}'}
    obj = {"metadata": {"name": "s", "annotations": copy}, "type": "Opaque", "data": {"password": "aHVudGVyMg=="}}
    text = text_of("secrets", obj)
    assert "password:  7 bytes" in text
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text


def test_a_node_adds_up_what_its_pods_ask_for() -> None:
    node = {"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}}
    done = pod(status(), phase="Succeeded")
    elsewhere = pod(status())
    elsewhere["spec"]["nodeName"] = "other"
    lines = lines_of("nodes", node, pods=[pod(status("a"), status("b")), pod(status()), done, elsewhere])
    assert "Pods (2 in total):" in lines
    assert "shop api-1 200m (10%) 400m (20%) 256Mi (25%) 256Mi (25%) 10m" in lines
    assert "cpu 300m (15%) 600m (30%)" in lines
    assert "memory 384Mi (37%) 384Mi (37%)" in lines


def test_a_service_shows_the_ready_addresses_of_each_port() -> None:
    service = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "x", "port": 9}]},
    }
    piece = {
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"], "conditions": {"ready": False}}],
    }
    lines = lines_of("services", service, **{"endpointslices.discovery.k8s.io": [piece]})
    assert "http 80/TCP 8080/TCP 10.0.0.1:8080" in lines
    assert "x 9/TCP 9/TCP <none>" in lines
    assert any(line.endswith("not read") for line in lines_of("services", service))


def test_a_network_policy_is_said_in_sentences() -> None:
    policy = {
        "metadata": {"name": "mysql"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "mysql"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"port": 3306}]}],
        },
    }
    lines = lines_of("networkpolicies.networking.k8s.io", policy)
    assert "port 3306/TCP from pods app=api" in lines
    assert "none: the selected pods are cut off" in lines


def test_an_unknown_object_is_described_from_its_fields() -> None:
    obj = {
        "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"},
        "spec": {
            "maxReplicas": 3, "podIP": "x", "parts": [{"name": "left", "size": 1}], "tags": ["a", "b"], "none": {},
        },
    }  # fmt: skip
    lines = lines_of("widgets.example.com", obj)
    for expected in ("Max Replicas: 3", "Pod IP: x", "left:", "Size: 1", "Tags: a", "None: <none>"):
        assert expected in lines, expected


def test_text_from_the_cluster_cannot_steer_the_terminal() -> None:
    one = pod(status(state={"waiting": {"reason": "Bad", "message": "\x1b]0;x\x07\x1b[2Jboo\nnext"}}))
    one["metadata"]["labels"] = {"a": "\x1b[31mred"}
    one["spec"]["containers"][0]["env"] = [{"name": "X", "value": "a\x1b[1m\nb"}]
    assert "\x1b" not in text_of("pods", one)


def test_values_of_a_block_stand_under_each_other() -> None:
    page = Page()
    page.pair("A", "1")
    page.several("Longer", ["2", "3"])
    page.pair("日本", "4")
    assert [span.prefix + span.text for span in laid_out(page.lines)] == [
        "A:       1", "Longer:  2", "         3", "日本:    4",
    ]  # fmt: skip


def test_a_description_asks_only_for_what_belongs_to_the_object() -> None:
    deployment = {"metadata": {"name": "w", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "w"}}}}
    found, pods = wanted("deployments.apps", deployment)
    assert (found.resource, found.namespace, found.label_selector) == ("replicasets.apps", "shop", "app=w")
    assert (pods.resource, pods.namespace, pods.label_selector) == ("pods", "shop", "app=w")
    (found,) = wanted("nodes", {"metadata": {"name": "n"}})
    assert (found.resource, found.namespace, found.field_selector) == ("pods", "", "spec.nodeName=n")
    assert wanted("replicasets.apps", {"metadata": {"name": "w"}}) == ()
    assert wanted("configmaps", {"metadata": {"name": "w"}}) == ()


def test_containers_of_a_pod_are_rows_in_the_order_they_start() -> None:
    one = oomkilled()
    one["spec"]["initContainers"] = [
        {"name": "setup", "image": "busybox"},
        {"name": "proxy", "image": "envoy", "restartPolicy": "Always"},
    ]
    one["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "busybox"}]
    one["status"]["initContainerStatuses"] = [
        {"name": "setup", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    ]
    rows = container_rows(one)
    columns = {column.id: column for column in CONTAINERS_SPEC.columns(())}
    shown = [[columns[name].text(row, CONTEXT) for name in ("idx", "name", "state", "ready", "probes")] for row in rows]
    assert shown == [
        ["I1", "setup", "Completed", "false", "-:-:-"], ["S2", "proxy", "Waiting", "false", "-:-:-"],
        ["M1", "api", "Running", "true", "L:-:-"], ["E1", "debug", "Waiting", "false", "-:-:-"],
    ]  # fmt: skip
    assert sorted(rows, key=lambda row: columns["idx"].sort(row, CONTEXT)) == rows
    main = rows[2]
    assert columns["restarts"].text(main, CONTEXT) == "3 (4m ago)"
    assert columns["last"].text(main, CONTEXT) == "OOMKilled (137)"
    assert columns["ports"].text(main, CONTEXT) == "http:2222"
    health = CONTAINERS_SPEC.health(main, CONTEXT)
    assert (health.level, health.action) == (Level.WARN, "container.previous")
    assert len({row.uid for row in rows}) == 4


def test_a_pod_that_cannot_be_read_gives_one_row_that_says_so() -> None:
    (row,) = container_rows({"metadata": {"name": "p"}, "spec": {"containers": 5}})
    assert row.broken
    assert CONTAINERS_SPEC.health(row, CONTEXT).problem
