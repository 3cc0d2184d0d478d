"""Short ways to write objects down, so that a world reads as a list of what it holds."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
VERSION = "v1.36.3"


def resources(cpu: str = "", memory: str = "", cpu_limit: str = "", memory_limit: str = "") -> Object:
    """Return a container's resources; an empty quantity is left out."""
    asked = {name: text for name, text in (("cpu", cpu), ("memory", memory)) if text}
    limits = {name: text for name, text in (("cpu", cpu_limit), ("memory", memory_limit)) if text}
    return {name: part for name, part in (("requests", asked), ("limits", limits)) if part}


def container(name: str, image: str, *, port: int = 0, **fields: Any) -> Object:
    """Return a container; ``fields`` are added as they are."""
    body: Object = {"name": name, "image": image}
    if port:
        body["ports"] = [{"containerPort": port, "protocol": "TCP"}]
    return body | fields


def probe(path: str, port: int | str, *, delay: int = 0, period: int = 10, failures: int = 3) -> Object:
    """Return an HTTP probe."""
    body: Object = {"httpGet": {"path": path, "port": port, "scheme": "HTTP"}, "periodSeconds": period}
    body |= {"timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": failures}
    return body | ({"initialDelaySeconds": delay} if delay else {})


def meta(namespace: str, name: str, **fields: Any) -> Object:
    """Return metadata; an empty namespace is left out."""
    return ({"namespace": namespace} if namespace else {}) | {"name": name} | fields


def pod_spec(*containers: Object, **fields: Any) -> Object:
    """Return a pod spec."""
    return {"containers": list(containers)} | fields


def _template(app: str, spec: Object, labels: Object | None, annotations: Object | None) -> Object:
    fields: Object = {"labels": {"app": app} | (labels or {})}
    if annotations:
        fields["annotations"] = annotations
    return {"metadata": fields, "spec": spec}


def workload(
    kind: str,
    namespace: str,
    app: str,
    spec: Object,
    *,
    replicas: int | None = 1,
    labels: Object | None = None,
    annotations: Object | None = None,
    pod_annotations: Object | None = None,
    **fields: Any,
) -> Object:
    """Return a Deployment, StatefulSet or DaemonSet whose pods carry the label ``app``."""
    body: Object = {
        "selector": {"matchLabels": {"app": app}},
        "template": _template(app, spec, labels, pod_annotations),
    }
    if kind != "DaemonSet" and replicas is not None:
        body["replicas"] = replicas
    if kind == "StatefulSet":
        body["serviceName"] = app
    about = meta(namespace, app, labels={"app": app} | (labels or {}))
    if annotations:
        about["annotations"] = annotations
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": about, "spec": body | fields}


def deployment(namespace: str, app: str, *containers: Object, replicas: int = 1, **fields: Any) -> Object:
    """Return a Deployment; ``pod`` among the fields is added to the pod spec."""
    spec = pod_spec(*containers, **fields.pop("pod", {}))
    return workload("Deployment", namespace, app, spec, replicas=replicas, **fields)


def service(
    namespace: str,
    name: str,
    port: int,
    target: int | str = 0,
    *,
    kind: str = "ClusterIP",
    app: str = "",
    **fields: Any,
) -> Object:
    """Return a Service in front of the pods with that ``app`` label (its own name by default)."""
    ports = [{"port": port, "targetPort": target or port, "protocol": "TCP"}]
    body: Object = {"type": kind, "ports": ports, "selector": {"app": app or name}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(namespace, name, labels={"app": app or name}),
        "spec": body | fields,
    }


def ingress(
    namespace: str, name: str, host: str, backend: str, port: int, *, annotations: Object | None = None
) -> Object:
    """Return an Ingress with one host and the path ``/``."""
    target = {"service": {"name": backend, "port": {"number": port}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": target}]}}
    about = meta(namespace, name) | ({"annotations": annotations} if annotations else {})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": about,
        "spec": {"ingressClassName": "nginx", "rules": [rule]},
        "status": {"loadBalancer": {"ingress": [{"ip": "172.18.255.1"}]}},
    }


def autoscaler(
    namespace: str, target: str, low: int, high: int, *, cpu: int = 0, memory: int = 0, **fields: Any
) -> Object:
    """Return an autoscaler of a Deployment by percent of the requests."""
    metrics = [
        {"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": goal}}}
        for name, goal in (("cpu", cpu), ("memory", memory))
        if goal
    ]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(namespace, target),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "minReplicas": low,
            "maxReplicas": high,
            "metrics": metrics,
        }
        | fields,
    }


def config_map(namespace: str, name: str, **data: str) -> Object:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(namespace, name), "data": data}


def secret(namespace: str, name: str, **data: str) -> Object:
    """Return an opaque Secret; values are given encoded."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta(namespace, name), "type": "Opaque", "data": data}


def claim(namespace: str, name: str, size: str, *, storage_class: str | None = None) -> Object:
    """Return a claim for one writer."""
    spec: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta(namespace, name, finalizers=["kubernetes.io/pvc-protection"]),
        "spec": spec,
    }


def claim_template(name: str, size: str, *, storage_class: str | None = None) -> Object:
    """Return a claim template of a StatefulSet."""
    spec = claim("", name, size, storage_class=storage_class)["spec"]
    return {"metadata": {"name": name}, "spec": spec}


def namespace(name: str, **labels: str) -> Object:
    """Return a Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta("", name, labels=labels)}


def job(namespace: str, name: str, spec: Object, **fields: Any) -> Object:
    """Return a Job; its pods never restart unless the spec says so."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta(namespace, name, labels={"app": name}),
        "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": {"restartPolicy": "Never"} | spec}}
        | fields,
    }


def cron_job(namespace: str, name: str, schedule: str, spec: Object, **fields: Any) -> Object:
    """Return a CronJob."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"restartPolicy": "Never"} | spec}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta(namespace, name, labels={"app": name}),
        "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": template, "backoffLimit": 2}}} | fields,
    }


def quota(namespace: str, name: str, **hard: str) -> Object:
    """Return a ResourceQuota; underscores in the names stand for dots."""
    limits = {item.replace("_", "."): text for item, text in hard.items()}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": meta(namespace, name),
        "spec": {"hard": limits},
    }


def budget(namespace: str, app: str, least: int | str) -> Object:
    """Return a PodDisruptionBudget for an app."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta(namespace, app),
        "spec": {"minAvailable": least, "selector": {"matchLabels": {"app": app}}},
    }


def env(**values: str) -> list[Object]:
    """Return plain environment variables."""
    return [{"name": name, "value": text} for name, text in values.items()]


def env_from_secret(secret_name: str, **keys: str) -> list[Object]:
    """Return environment variables taken from a Secret's keys."""
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": key}}} for name, key in keys.items()
    ]
