"""A manifest against what is in the cluster: what is missing, taken or too much is told; what is unknown is not."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.manifests.crosschecks import check_surroundings, needs
from k9py.manifests.kinds import Kinds, bundled
from k9py.manifests.problems import Problem
from k9py.manifests.surroundings import Known, Need, beside

Object = dict[str, Any]


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return bundled()


def named(name: str, **rest: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "shop"}, **rest}


def pod(**container: Any) -> Object:
    spec = {"containers": [{"name": "main", "image": "web:1", **container}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": spec}


def deployment(**container: Any) -> Object:
    template = pod(**container)
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
                 "template": {"metadata": template["metadata"], "spec": template["spec"]}},
    }  # fmt: skip


EMPTY = ("pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "configmaps", "secrets", "services",
         "serviceaccounts", "persistentvolumeclaims", "limitranges", "resourcequotas",
         "ingresses.networking.k8s.io", "horizontalpodautoscalers.autoscaling",
         "poddisruptionbudgets.policy")  # fmt: skip


def cluster(**lists: list[Object]) -> Known:
    """Return a cluster whose namespace holds these and nothing else; names with ``__`` for dots."""
    given = {Need(name.replace("__", "."), "shop"): items for name, items in lists.items()}
    whole: dict[Need, Any] = {Need(name, "shop"): [] for name in EMPTY} | given
    labels = {"metadata": {"name": "shop", "labels": {}}}
    return Known({Need("namespaces", "", "shop"): labels, Need("storageclasses.storage.k8s.io", "", "fast"): None},
                 whole)  # fmt: skip


def check(obj: Object, known: Known, kinds: Kinds, *, creating: bool = True) -> list[Problem]:
    return check_surroundings(obj, kinds, known, namespace="shop", creating=creating)


def told(problems: list[Problem]) -> list[tuple[str, str, str]]:
    return [(problem.severity.value, problem.field, problem.text) for problem in problems]


def test_a_name_that_is_taken_is_refused_when_creating_only(kinds: Kinds) -> None:
    known = cluster(deployments__apps=[deployment()])
    assert told(check(deployment(), known, kinds)) == [
        ("error", "metadata.name", 'deployments.apps "web" already exists')
    ]
    assert check(deployment(), known, kinds, creating=False) == []


def test_a_namespace_that_is_not_there_is_refused(kinds: Kinds) -> None:
    known = Known({Need("namespaces", "", "shop"): None}, {})
    assert told(check(pod(), known, kinds)) == [("error", "metadata.namespace", 'namespaces "shop" not found')]


@pytest.mark.parametrize(
    ("container", "field", "text"),
    [
        ({"envFrom": [{"configMapRef": {"name": "settings"}}]}, "envFrom[0].configMapRef.name",
         'ConfigMap "settings" not found'),
        ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "login", "key": "x"}}}]},
         "env[0].valueFrom.secretKeyRef.name", 'Secret "login" not found'),
    ],
)  # fmt: skip
def test_what_a_container_reads_and_is_not_there_is_told(
    container: Object, field: str, text: str, kinds: Kinds
) -> None:
    assert told(check(pod(**container), cluster(), kinds)) == [("warning", f"spec.containers[0].{field}", text)]


def test_a_key_that_a_secret_lacks_is_told_with_the_keys_it_has(kinds: Kinds) -> None:
    variable = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "login", "key": "pass"}}}
    known = cluster(secrets=[named("login", data={"password": "eA=="})])
    (problem,) = check(pod(env=[variable]), known, kinds)
    assert (problem.text, problem.hint) == ('key "pass" is not in login', "its keys: password")


def test_optional_references_may_be_missing(kinds: Kinds) -> None:
    assert check(pod(envFrom=[{"secretRef": {"name": "login", "optional": True}}]), cluster(), kinds) == []


def test_a_service_is_compared_with_the_pods_it_selects(kinds: Kinds) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
               "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8081}]}}  # fmt: skip
    nothing = check(service, cluster(), kinds)
    assert [problem.field for problem in nothing] == ["spec.selector"]
    known = cluster(deployments__apps=[deployment(ports=[{"containerPort": 8080, "name": "http"}])])
    (problem,) = check(service, known, kinds)
    assert (problem.field, problem.hint) == ("spec.ports[0].targetPort", "they have 8080")
    service["spec"]["ports"] = [{"port": 80, "targetPort": "http"}]  # type: ignore[index]
    assert check(service, known, kinds) == []


def test_objects_of_one_change_see_each_other(kinds: Kinds) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
               "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}  # fmt: skip
    known = Known({}, {Need(name, "shop"): [] for name in EMPTY}, beside([deployment()], kinds, "shop"))
    assert check(service, known, kinds) == []


def test_an_autoscaler_by_percentage_needs_requests(kinds: Kinds) -> None:
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization",
                                                                         "averageUtilization": 50}}}  # fmt: skip
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    hpa = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
           "spec": {"scaleTargetRef": target, "maxReplicas": 3, "metrics": [metric]}}  # fmt: skip
    assert [p.text for p in check(hpa, cluster(), kinds)] == ['Deployment "web" not found']
    assert [p.field for p in check(hpa, cluster(deployments__apps=[deployment()]), kinds)] == [
        "spec.metrics[0].resource.target.averageUtilization"
    ]
    enough = deployment(resources={"requests": {"cpu": "100m"}})
    assert check(hpa, cluster(deployments__apps=[enough]), kinds) == []


def test_a_quota_that_would_be_exceeded_is_told_with_its_figures(kinds: Kinds) -> None:
    quota = named("small", spec={"hard": {"requests.cpu": "1", "pods": "5"}}, status={"used": {"requests.cpu": "800m"}})
    (problem,) = check(deployment(resources={"requests": {"cpu": "100m"}}), cluster(resourcequotas=[quota]), kinds)
    assert problem.text == (
        "exceeded quota: small, requested: requests.cpu=300m, used: requests.cpu=800m, limited: requests.cpu=1"
    )
    assert not problem.is_error
    (refused,) = check(pod(), cluster(resourcequotas=[quota]), kinds)
    assert refused.is_error
    assert "must specify requests.cpu" in refused.text


def test_a_limit_range_bounds_containers(kinds: Kinds) -> None:
    limits = named("bounds", spec={"limits": [{"type": "Container", "max": {"memory": "1Gi"}, "min": {"cpu": "10m"}}]})
    asked = {"limits": {"memory": "2Gi"}, "requests": {"cpu": "5m"}}
    found = check(pod(resources=asked), cluster(limitranges=[limits]), kinds)
    assert sorted(problem.field for problem in found) == [
        "spec.containers[0].resources.limits.memory", "spec.containers[0].resources.requests.cpu",
    ]  # fmt: skip


def test_the_level_of_the_namespace_forbids_what_it_forbids(kinds: Kinds) -> None:
    place = {"metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    known = Known({Need("namespaces", "", "shop"): place}, {})
    found = check(pod(securityContext={"privileged": True}), known, kinds)
    assert all(problem.is_error for problem in found)
    assert {problem.field.rpartition(".")[2] for problem in found} == {
        "privileged", "allowPrivilegeEscalation", "capabilities", "runAsNonRoot", "seccompProfile"
    }  # fmt: skip
    good = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"}}  # fmt: skip
    assert check(pod(securityContext=good), known, kinds) == []


def test_nothing_is_said_of_what_nobody_could_look_up(kinds: Kinds) -> None:
    assert check(deployment(envFrom=[{"configMapRef": {"name": "x"}}]), Known(), kinds) == []


def test_what_has_to_be_looked_up_is_known_beforehand(kinds: Kinds) -> None:
    found = needs(pod(envFrom=[{"configMapRef": {"name": "x"}}]), kinds, namespace="shop", creating=True)
    assert {Need("pods", "shop", "web"), Need("namespaces", "", "shop"), Need("configmaps", "shop", "x")} <= set(found)


def _named_like(obj: Object, name: str, kind: str = "Deployment") -> Object:
    return {**obj, "kind": kind, "metadata": {**obj["metadata"], "name": name}}


def test_a_workload_that_would_choose_the_pods_of_another_one_is_warned_of(kinds: Kinds) -> None:
    known = cluster(deployments__apps=[_named_like(deployment(), "shop")])
    (problem,) = check(deployment(), known, kinds)
    assert told([problem]) == [("warning", "spec.selector", 'also chooses the pods of Deployment "shop"')]
    assert "a label of its own" in problem.hint
    assert check(deployment(), known, kinds, creating=False) == []
    typed = check_surroundings(deployment(), kinds, known, namespace="shop", creating=False, thorough=True)
    assert [one.field for one in typed] == ["spec.selector"]


def test_a_workload_whose_pods_another_one_would_choose_is_warned_of(kinds: Kinds) -> None:
    narrow = deployment()
    narrow["spec"]["selector"]["matchLabels"]["tier"] = "api"
    narrow["spec"]["template"]["metadata"] = {"labels": {"app": "web", "tier": "api"}}
    known = cluster(statefulsets__apps=[_named_like(deployment(), "db", "StatefulSet")])
    assert told(check(narrow, known, kinds)) == [
        ("warning", "spec.selector", 'StatefulSet "db" chooses these pods too')
    ]


def test_workloads_with_labels_of_their_own_share_no_pods(kinds: Kinds) -> None:
    other = _named_like(deployment(), "db")
    other["spec"] = {**other["spec"], "selector": {"matchLabels": {"app": "db"}},
                     "template": {"metadata": {"labels": {"app": "db"}}}}  # fmt: skip
    assert check(deployment(), cluster(deployments__apps=[other]), kinds) == []
