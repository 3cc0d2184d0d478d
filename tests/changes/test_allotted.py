"""Which values of a trial are told as the server's to give, and which as known."""

from __future__ import annotations

from typing import Any

from k9py.changes.allotted import GIVEN, unsettled


def service(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "uid": "u1"}, "spec": spec}


def shown(tried: dict[str, Any], asked: dict[str, Any], live: dict[str, Any] | None = None) -> dict[str, Any]:
    found = unsettled(tried, asked, live)
    assert found is not None
    return found


def test_an_address_and_a_node_port_the_server_made_up_are_to_come() -> None:
    tried = service(clusterIP="10.0.0.7", clusterIPs=["10.0.0.7"], ports=[{"port": 80, "nodePort": 30123}])
    spec = shown(tried, service(ports=[{"port": 80}]))["spec"]
    assert (spec["clusterIP"], spec["clusterIPs"]) == (GIVEN, GIVEN)
    assert spec["ports"] == [{"port": 80, "nodePort": GIVEN}]
    assert tried["spec"]["clusterIP"] == "10.0.0.7", "the trial itself stays as it was"


def test_what_was_typed_or_stands_already_is_known() -> None:
    typed = service(clusterIP="10.0.0.9", ports=[{"port": 80, "nodePort": 30080}])
    tried = service(clusterIP="10.0.0.9", clusterIPs=["10.0.0.9"], ports=[{"port": 80, "nodePort": 30080}])
    assert shown(tried, typed)["spec"]["ports"] == [{"port": 80, "nodePort": 30080}]
    assert shown(tried, typed)["spec"]["clusterIP"] == "10.0.0.9"
    live = service(clusterIP="10.0.0.7", clusterIPs=["10.0.0.7"], ports=[{"port": 80}])
    changed = service(clusterIP="10.0.0.7", clusterIPs=["10.0.0.7"], ports=[{"port": 80, "nodePort": 31000}])
    spec = shown(changed, service(ports=[{"port": 80}]), live)["spec"]
    assert (spec["clusterIP"], spec["ports"][0]["nodePort"]) == ("10.0.0.7", GIVEN)


def test_a_headless_service_has_no_address_to_come() -> None:
    tried = service(clusterIP="None", clusterIPs=["None"], ports=[])
    assert shown(tried, service(clusterIP="None"))["spec"] == tried["spec"]


def test_a_name_made_of_a_prefix_is_to_come() -> None:
    tried = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-x7k2p", "generateName": "a-"}}
    assert shown(tried, {"metadata": {"generateName": "a-"}})["metadata"]["name"] == GIVEN
    assert shown(tried, {"metadata": {"generateName": "a-", "name": "a-x7k2p"}})["metadata"]["name"] == "a-x7k2p"


def test_the_identity_in_the_selector_of_a_job_is_to_come() -> None:
    labels = {"batch.kubernetes.io/controller-uid": "8c1f", "app": "x"}
    tried = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x", "uid": "8c1f", "labels": labels},
        "spec": {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "8c1f"}}},
    }  # fmt: skip
    found = shown(tried, {"metadata": {"name": "x"}})
    assert found["spec"]["selector"]["matchLabels"] == {"batch.kubernetes.io/controller-uid": GIVEN}
    assert found["metadata"]["labels"] == {"batch.kubernetes.io/controller-uid": GIVEN, "app": "x"}


def test_the_token_volume_a_pod_gets_has_a_name_to_come_and_one_that_was_typed_has_not() -> None:
    volumes = [{"name": "kube-api-access-x7k2p"}, {"name": "data"}]
    tried = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"volumes": volumes}}
    asked = {"metadata": {"name": "x"}, "spec": {"volumes": [{"name": "data"}]}}
    assert [one["name"] for one in shown(tried, asked)["spec"]["volumes"]] == [GIVEN, "data"]
    assert shown(tried, {"metadata": {"name": "x"}, "spec": {"volumes": volumes}})["spec"]["volumes"] == volumes
