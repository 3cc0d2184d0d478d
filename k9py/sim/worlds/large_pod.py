"""One pod of the large world as encoded bytes of about 8.8 KB, the size of a real one with managed fields."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from k9py.sim.objects import encode

Object = dict[str, Any]
_MARK = re.compile(rb"@[A-Z]+@")


def template(fields: dict[str, str], *, restarts: int, waiting: str) -> bytes:
    """Return a pod with the fields filled in."""
    parts = _parts(bool(waiting))
    values = {name.encode(): text.encode() for name, text in fields.items()}
    values[b"@RESTARTS@"] = str(restarts or (37 if waiting else 0)).encode()
    return b"".join(values.get(part, part) for part in parts)


@lru_cache(maxsize=2)
def _parts(broken: bool) -> tuple[bytes, ...]:
    """Return the encoded pod cut at its marks."""
    raw = encode(_pod(broken=broken), api_version="v1", kind="Pod").replace(b'"@RESTARTS@"', b"@RESTARTS@")
    found: list[bytes] = []
    last = 0
    for mark in _MARK.finditer(raw):
        found += [raw[last : mark.start()], mark[0]]
        last = mark.end()
    return (*found, raw[last:])


def _pod(*, broken: bool) -> Object:
    labels = {
        "app": "@APP@",
        "app.kubernetes.io/instance": "@APP@",
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/name": "@APP@",
        "app.kubernetes.io/part-of": "storefront-platform",
        "app.kubernetes.io/version": "2026.11.3",
        "pod-template-hash": "@HASH@",
        "team": "platform-runtime",
    }
    annotations = {
        "checksum/config": "@ID@",
        "checksum/secrets": "@ID@",
        "prometheus.io/path": "/metrics",
        "prometheus.io/port": "9102",
        "prometheus.io/scrape": "true",
        "kubectl.kubernetes.io/restartedAt": "2026-11-02T08:14:52Z",
        "sidecar.mesh.example/status": '{"containers":["proxy"],"initContainers":["proxy-init"],"revision":"stable"}',
    }
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "@APP@-@HASH@",
        "uid": "@OWNER@",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "metadata": {
            "name": "@NAME@",
            "generateName": "@APP@-@HASH@-",
            "namespace": "@SPACE@",
            "uid": "@UID@",
            "resourceVersion": "1",
            "generation": 1,
            "creationTimestamp": "@CREATED@",
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner],
            "managedFields": _managed(labels, annotations),
        },
        "spec": _spec(),
        "status": _status(broken=broken),
    }


def _managed(labels: Object, annotations: Object) -> list[Object]:
    """Return what the controller manager and the kubelet own."""
    per_container: Object = {
        ".": {},
        **{f"f:{name}": {} for name in ("image", "imagePullPolicy", "name", "terminationMessagePath")},
        "f:terminationMessagePolicy": {},
        "f:env": {
            f'k:{{"name":"{name}"}}': {".": {}, "f:name": {}, "f:value": {}}
            for name in ("LOG_LEVEL", "REGION", "CACHE_URL", "DATABASE_URL")
        },
        "f:ports": {'k:{"containerPort":8080,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:name": {}}},
        "f:resources": {".": {}, "f:limits": {".": {}, "f:memory": {}}, "f:requests": {".": {}, "f:cpu": {}}},
        "f:livenessProbe": {".": {}, "f:httpGet": {".": {}, "f:path": {}, "f:port": {}}, "f:periodSeconds": {}},
        "f:readinessProbe": {".": {}, "f:httpGet": {".": {}, "f:path": {}, "f:port": {}}, "f:periodSeconds": {}},
    }
    spec = {
        "f:containers": {
            'k:{"name":"app"}': per_container,
            'k:{"name":"proxy"}': {".": {}, "f:image": {}, "f:name": {}},
        },
        **{f"f:{name}": {} for name in ("dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName")},
        "f:terminationGracePeriodSeconds": {},
    }
    about: Object = {
        "f:annotations": {".": {}, **{f"f:{name}": {} for name in annotations}},
        "f:generateName": {},
        "f:labels": {".": {}, **{f"f:{name}": {} for name in labels}},
        "f:ownerReferences": {".": {}, 'k:{"uid":"@OWNER@"}': {}},
    }
    conditions: Object = {
        f'k:{{"type":"{kind}"}}': {
            ".": {},
            "f:lastProbeTime": {},
            "f:lastTransitionTime": {},
            "f:status": {},
            "f:type": {},
        }
        for kind in ("ContainersReady", "Initialized", "PodReadyToStartContainers", "Ready")
    }
    return [
        {
            "manager": "kube-controller-manager",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "@CREATED@",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": about, "f:spec": spec},
        },
        {
            "manager": "kubelet",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "@STARTED@",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:status": {"f:conditions": conditions, "f:containerStatuses": {}, "f:phase": {}, "f:podIP": {}}
            },
            "subresource": "status",
        },
    ]


def _probe(path: str) -> Object:
    return {
        "httpGet": {"path": path, "port": 8080, "scheme": "HTTP"},
        "initialDelaySeconds": 5,
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def _spec() -> Object:
    token = {
        "name": "kube-api-access-x7k2q",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            ],
            "defaultMode": 420,
        },
    }
    mount = {"name": token["name"], "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    common = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
    variables = [
        {"name": name, "value": text}
        for name, text in (
            ("LOG_LEVEL", "info"),
            ("REGION", "eu-north-1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.observability.svc.cluster.local:4317"),
            ("DATABASE_URL", "postgres://app@postgres.data.svc.cluster.local:5432/app?sslmode=require"),
            ("FEATURE_FLAGS", "new-checkout,fast-search,bulk-edit,audit-v2"),
            ("CACHE_URL", "redis://redis-master.data.svc.cluster.local:6379/3"),
            ("EVENTS_BROKERS", "kafka-0.kafka.data:9092,kafka-1.kafka.data:9092,kafka-2.kafka.data:9092"),
            ("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=70 -XX:+ExitOnOutOfMemoryError -Dfile.encoding=UTF-8"),
            ("ALLOWED_ORIGINS", "https://shop.acme.example,https://admin.acme.example,https://partner.acme.example"),
            ("SECRETS_PATH", "/var/run/secrets/acme.example/app"),
        )
    ]
    app = {
        "name": "app",
        "image": "registry.acme.example/@SPACE@/@APP@:2026.11.3",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": variables,
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}, mount],
        "livenessProbe": _probe("/healthz"),
        "readinessProbe": _probe("/ready"),
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False},
        **common,
    }
    proxy = {
        "name": "proxy",
        "image": "registry.acme.example/mesh/proxy:1.31.2",
        "args": ["--concurrency", "2", "--drain-time", "30s", "--log-format", "json"],
        "ports": [{"name": "metrics", "containerPort": 9102, "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "200m", "memory": "128Mi"}, "requests": {"cpu": "20m", "memory": "64Mi"}},
        "volumeMounts": [mount],
        "imagePullPolicy": "IfNotPresent",
        **common,
    }
    return {
        "volumes": [{"name": "config", "configMap": {"name": "@APP@-config", "defaultMode": 420}}, token],
        "containers": [app, proxy],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "@APP@",
        "serviceAccount": "@APP@",
        "nodeName": "@NODE@",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for name in ("not-ready", "unreachable")
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _status(*, broken: bool) -> Object:
    ready = "False" if broken else "True"
    conditions = [
        {
            "type": kind,
            "observedGeneration": 1,
            "status": ready if "Ready" in kind and kind != "PodReadyToStartContainers" else "True",
            "lastProbeTime": None,
            "lastTransitionTime": "@STARTED@",
        }
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    running: Object = {"running": {"startedAt": "@STARTED@"}}
    ended: Object = {
        "terminated": {
            "exitCode": 1,
            "reason": "Error",
            "startedAt": "@STARTED@",
            "finishedAt": "@STARTED@",
            "containerID": "containerd://@ID@",
        }
    }
    text = "back-off 5m0s restarting failed container=app pod=@NAME@_@SPACE@(@UID@)"
    waiting: Object = {"waiting": {"reason": "CrashLoopBackOff", "message": text}}
    first = {
        "name": "app",
        "state": waiting if broken else running,
        "lastState": ended if broken else {},
        "ready": not broken,
        "restartCount": "@RESTARTS@",
        "image": "registry.acme.example/@SPACE@/@APP@:2026.11.3",
        "imageID": "registry.acme.example/@SPACE@/@APP@@sha256:@ID@",
        "containerID": "containerd://@ID@",
        "started": not broken,
    }
    second = {
        "name": "proxy",
        "state": running,
        "lastState": {},
        "ready": True,
        "restartCount": 0,
        "image": "registry.acme.example/mesh/proxy:1.31.2",
        "imageID": "registry.acme.example/mesh/proxy@sha256:@ID@",
        "containerID": "containerd://@ID@",
        "started": True,
    }
    return {
        "phase": "Running",
        "observedGeneration": 1,
        "conditions": conditions,
        "hostIP": "10.0.0.11",
        "hostIPs": [{"ip": "10.0.0.11"}],
        "podIP": "@IP@",
        "podIPs": [{"ip": "@IP@"}],
        "startTime": "@STARTED@",
        "containerStatuses": [first, second],
        "qosClass": "Burstable",
    }
