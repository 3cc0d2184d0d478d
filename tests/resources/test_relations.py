"""Where a row leads: drill-downs and relations."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.kube.rows import Row
from k9py.resources.model import KindSpec, Target
from k9py.resources.registry import SPECS, known
from tests.resources.objects import pod, row_of


def spec_of(kind_id: str) -> KindSpec:
    spec = known(kind_id)
    assert spec is not None
    return spec


def followed(kind_id: str, obj: dict[str, Any], relation: str = "") -> Target | None:
    spec = spec_of(kind_id)
    drill = next(one for one in spec.relations if one.id == relation) if relation else spec.drill
    assert drill is not None
    return drill.target(row_of(kind_id, obj))


META = {"name": "web", "namespace": "shop", "uid": "u7"}
SELECTING = {"metadata": META, "spec": {"selector": {"matchLabels": {"app": "web"}}}}


@pytest.mark.parametrize(
    "kind_id",
    ["deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch",
     "poddisruptionbudgets.policy"],
)  # fmt: skip
def test_a_workload_leads_to_its_pods_by_its_selector(kind_id: str) -> None:
    target = followed(kind_id, SELECTING)
    assert target is not None
    assert (target.resource, target.namespace, target.label_selector) == ("pods", "shop", "app=web")


@pytest.mark.parametrize("kind_id", ["services", "replicationcontrollers"])
def test_a_plain_selector_leads_to_pods_too(kind_id: str) -> None:
    target = followed(kind_id, {"metadata": META, "spec": {"selector": {"b": "2", "a": "1"}}})
    assert target is not None
    assert (target.resource, target.label_selector) == ("pods", "a=1,b=2")


def test_what_selects_nothing_leads_nowhere() -> None:
    assert followed("services", {"metadata": META, "spec": {}}) is None
    assert followed("jobs.batch", {"metadata": META}) is None


def test_a_cron_job_leads_to_the_jobs_it_owns() -> None:
    target = followed("cronjobs.batch", {"metadata": META})
    assert target is not None
    assert target.keep is not None
    own = {"metadata": {"name": "j", "ownerReferences": [{"kind": "CronJob", "name": "web", "uid": "u7"}]}}
    assert target.keep(row_of("jobs.batch", own))
    assert not target.keep(row_of("jobs.batch", {"metadata": {"name": "other"}}))


def test_a_deployment_leads_to_its_replica_sets() -> None:
    target = followed("deployments.apps", SELECTING, "replicasets")
    assert target is not None
    assert target.keep is not None
    own = {"metadata": {"name": "r", "ownerReferences": [{"kind": "Deployment", "name": "web", "uid": "u7"}]}}
    assert target.keep(row_of("replicasets.apps", own))
    assert not target.keep(row_of("replicasets.apps", {"metadata": {"name": "r"}}))


@pytest.mark.parametrize(
    ("kind_id", "volume"),
    [
        ("persistentvolumeclaims", {"persistentVolumeClaim": {"claimName": "web"}}),
        ("configmaps", {"configMap": {"name": "web"}}),
        ("secrets", {"secret": {"secretName": "web"}}),
    ],
)
def test_what_pods_use_leads_to_those_that_use_it(kind_id: str, volume: dict[str, Any]) -> None:
    spec = spec_of(kind_id)
    drill = next(one for one in spec.relations if one.id == "users")
    row = Row("u", "shop", "web", "1", 0.0, None, (), False, "")
    target = drill.target(row)
    assert target is not None
    assert target.keep is not None
    user, other = pod(), pod()
    user["spec"]["volumes"] = [volume]
    assert target.keep(row_of("pods", user))
    assert not target.keep(row_of("pods", other))


def test_a_node_leads_to_the_pods_on_it_in_all_namespaces() -> None:
    target = followed("nodes", {"metadata": {"name": "n1"}})
    assert target is not None
    assert (target.namespace, target.field_selector) == ("", "spec.nodeName=n1")


def test_a_pod_leads_to_its_containers_and_its_node() -> None:
    target = followed("pods", pod())
    assert target is not None
    assert target.view == "containers"
    node = followed("pods", pod(), "node")
    assert node is not None
    assert (node.resource, node.name) == ("nodes", "node-1")
    unplaced = pod()
    unplaced["spec"]["nodeName"] = None
    assert followed("pods", unplaced, "node") is None


@pytest.mark.parametrize(
    ("kind_id", "obj", "resource", "namespace", "name"),
    [
        ("namespaces", {"metadata": {"name": "shop"}}, "pods", "shop", ""),
        ("customresourcedefinitions.apiextensions.k8s.io", {"metadata": {"name": "w"}, "spec": {"group": "e.com",
         "names": {"plural": "widgets"}}}, "widgets.e.com", None, ""),
        ("persistentvolumes", {"metadata": {"name": "v"}, "spec": {"claimRef": {"namespace": "shop", "name": "c"}}},
         "persistentvolumeclaims", "shop", "c"),
        ("horizontalpodautoscalers.autoscaling", {"metadata": META, "spec": {"scaleTargetRef": {"kind": "Deployment",
         "name": "api"}}}, "deployments.apps", "shop", "api"),
        ("rolebindings.rbac.authorization.k8s.io", {"metadata": META, "roleRef": {"kind": "ClusterRole", "name":
         "view"}}, "clusterroles.rbac.authorization.k8s.io", "", "view"),
        ("events", {"metadata": META, "involvedObject": {"kind": "Deployment", "apiVersion": "apps/v1", "namespace":
         "shop", "name": "api"}}, "deployment.apps", "shop", "api"),
    ],
)  # fmt: skip
def test_a_row_leads_to_what_it_names(
    kind_id: str, obj: dict[str, Any], resource: str, namespace: str | None, name: str
) -> None:
    target = followed(kind_id, obj)
    assert target is not None
    assert (target.resource, target.namespace, target.name) == (resource, namespace, name)


def test_every_target_says_where_it_came_from() -> None:
    for spec in SPECS:
        drill = spec.drill
        target = drill.target(row_of(spec.id, SELECTING)) if drill is not None and spec.typed else None
        assert target is None or "web" in target.title, spec.id
