"""What live objects offer for a field: the same for a form and for YAML, told by the path of the field alone."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.core import yamldoc
from k9py.manifests.offers import Asked, needs, offered
from k9py.manifests.pointing import pick_at
from k9py.manifests.surroundings import Known, Need

CLUSTER: dict[str, list[dict[str, Any]]] = {}
for _one in yamldoc.load_all("""
{id: configmaps, metadata: {name: conf}, data: {app.ini: "", level: info}}
---
{id: configmaps, metadata: {name: other}, data: {else: ""}}
---
{id: secrets, metadata: {name: login}, type: Opaque, data: {user: YQ==, password: Yg==}}
---
{id: serviceaccounts, metadata: {name: robot}}
---
{id: storageclasses.storage.k8s.io, metadata: {name: fast, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}}
---
{id: persistentvolumeclaims, metadata: {name: disk}, status: {phase: Bound}}
---
{id: services, metadata: {name: web}, spec: {ports: [{port: 80, name: http}]}}
---
{id: deployments.apps, kind: Deployment, metadata: {name: api},
 spec: {replicas: 2, template: {metadata: {labels: {app: api, tier: back}},
   spec: {containers: [{image: "ghcr.io/shop/api:1.4", ports: [{containerPort: 8080, name: http}]}]}}}}
---
{id: replicasets.apps, metadata: {name: api-59f, ownerReferences: [{kind: Deployment, name: api}]}}
---
{id: statefulsets.apps, kind: StatefulSet, metadata: {name: db}}
---
{id: namespaces, metadata: {name: shop, labels: {team: red}}}
---
{id: nodes, metadata: {name: node-1, labels: {disk: ssd}}}
---
{id: roles.rbac.authorization.k8s.io, metadata: {name: reader}}
---
{id: clusterroles.rbac.authorization.k8s.io, metadata: {name: view}}
"""):  # noqa: E501 - one object a line reads best
    CLUSTER.setdefault(_one.pop("id"), []).append(_one)

POD = ("spec", "template", "spec", "containers", 0)


def names(kind: str, path: tuple[str | int, ...], document: str = "", key: str = "") -> list[str]:
    """Return what is offered at a path of an object."""
    asked = Asked(pick_at(kind, path), "shop", {"kind": kind, **(yamldoc.load(document) or {})}, path, key)
    lists = {need: CLUSTER.get(need.id, []) for need in needs(asked)}
    return [name for name, _ in offered(asked, Known(lists=lists))]


@pytest.mark.parametrize(("kind", "path", "expected"), [
    ("Deployment", (*POD, "env", 0, "valueFrom", "configMapKeyRef", "name"), ["conf", "other"]),
    ("Deployment", (*POD, "env", 0, "valueFrom", "secretKeyRef", "name"), ["login"]),
    ("Deployment", ("spec", "template", "spec", "serviceAccountName"), ["robot"]),
    ("CronJob", ("spec", "jobTemplate", "spec", "template", "spec", "serviceAccountName"), ["robot"]),
    ("PersistentVolumeClaim", ("spec", "storageClassName"), ["fast"]),
    ("Deployment", ("spec", "template", "spec", "volumes", 0, "persistentVolumeClaim", "claimName"), ["disk"]),
    ("Ingress", ("spec", "rules", 0, "http", "paths", 0, "backend", "service", "name"), ["web"]),
    ("HorizontalPodAutoscaler", ("spec", "scaleTargetRef", "name"), ["api", "db"]),
    ("Deployment", ("metadata", "namespace"), ["shop"]),
    ("Pod", ("spec", "nodeName"), ["node-1"]),
    ("Deployment", (*POD, "image"), ["ghcr.io/shop/api:1.4"]),
    ("Service", ("spec", "selector"), ["app=api", "tier=back"]),
    ("PodDisruptionBudget", ("spec", "selector", "matchLabels"), ["app=api", "tier=back"]),
    ("NetworkPolicy", ("spec", "ingress", 0, "from", 0, "namespaceSelector", "matchLabels"), ["team=red"]),
    ("Pod", ("spec", "nodeSelector"), ["disk=ssd"]),
    ("Pod", ("spec", "topologySpreadConstraints", 0, "topologyKey"), ["disk"]),
    ("Service", ("spec", "ports", 0, "targetPort"), ["8080", "http"]),
    ("SomethingElse", ("spec", "auth", "secretKeyRef", "name"), ["login"]),
])  # fmt: skip
def test_a_field_that_names_something_is_offered_what_there_is(
    kind: str, path: tuple[str | int, ...], expected: list[str]
) -> None:
    assert names(kind, path) == expected


def test_keys_are_those_of_the_object_named_beside_them() -> None:
    reference = (*POD, "env", 0, "valueFrom", "configMapKeyRef")
    document = "spec: {template: {spec: {containers: [{env: [{valueFrom: {configMapKeyRef: {name: conf}}}]}]}}}"
    assert names("Deployment", (*reference, "key"), document) == ["app.ini", "level"]
    assert names("Deployment", (*reference, "key")) == ["app.ini", "else", "level"]
    volume = ("spec", "volumes", 0, "secret", "items", 0, "key")
    document = "spec: {volumes: [{name: v, secret: {secretName: login, items: [{key: u}]}}]}"
    assert names("Pod", volume, document) == ["password", "user"]


def test_a_target_is_of_the_kind_beside_it_and_nothing_that_belongs_to_another() -> None:
    document = "spec: {scaleTargetRef: {kind: StatefulSet}}"
    assert names("HorizontalPodAutoscaler", ("spec", "scaleTargetRef", "name"), document) == ["db"]
    assert names("RoleBinding", ("roleRef", "name"), "roleRef: {kind: Role}") == ["reader"]
    assert names("RoleBinding", ("roleRef", "name"), "roleRef: {kind: ClusterRole}") == ["view"]


def test_ports_are_those_of_the_service_or_the_container_they_are_asked_of() -> None:
    service = ("spec", "rules", 0, "http", "paths", 0, "backend", "service")
    document = "spec: {rules: [{http: {paths: [{backend: {service: {name: web, port: {name: h}}}}]}}]}"
    assert names("Ingress", (*service, "port", "number"), document) == ["80"]
    assert names("Ingress", (*service, "port", "name"), document) == ["http"]
    probe = ("spec", "containers", 1, "readinessProbe", "httpGet", "port")
    document = "spec: {containers: [{ports: [{containerPort: 1}]}, {ports: [{containerPort: 2222, name: web}]}]}"
    assert names("Pod", probe, document) == ["2222", "web"]


def test_a_mount_is_offered_the_volumes_of_its_own_pod() -> None:
    document = "spec: {volumes: [{name: work, emptyDir: {}}], containers: [{volumeMounts: [{name: w}]}]}"
    assert names("Pod", ("spec", "containers", 0, "volumeMounts", 0, "name"), document) == ["work"]


def test_one_label_is_offered_its_values_and_an_expression_keys_and_values() -> None:
    assert names("Service", ("spec", "selector", "app"), key="app") == ["api"]
    terms = ("spec", "affinity", "nodeAffinity", "nodeSelectorTerms", 0, "matchExpressions", 0)
    assert names("Pod", (*terms, "key")) == ["disk"]
    document = "spec: {affinity: {nodeAffinity: {nodeSelectorTerms: [{matchExpressions: [{key: disk}]}]}}}"
    assert names("Pod", (*terms, "values", 0), document) == ["ssd"]


def test_the_selector_of_a_new_workload_is_offered_the_labels_of_its_own_pods() -> None:
    document = "spec: {template: {metadata: {labels: {app: fresh}}}}"
    assert "app=fresh" in names("Deployment", ("spec", "selector", "matchLabels"), document)


def test_what_stands_half_typed_beside_the_field_does_no_harm() -> None:
    for document in ("spec: text", "spec: {template: [1]}", "spec: {scaleTargetRef: x, volumes: {}}", "{}"):
        assert names("HorizontalPodAutoscaler", ("spec", "scaleTargetRef", "name"), document) == ["api", "db"]
        assert names("Pod", ("spec", "containers", 0, "volumeMounts", 0, "name"), document) == []


def test_objects_of_the_cluster_as_a_whole_are_looked_up_without_a_namespace() -> None:
    path = ("spec", "storageClassName")
    asked = Asked(pick_at("PersistentVolumeClaim", path), "shop", {}, path)
    assert needs(asked) == [Need("storageclasses.storage.k8s.io", "")]
