"""Several objects that belong together: their names, selectors and ports agree because they are said once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from k9py.core.errors import UsageError

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a bundle is told."""

    id: str
    why: str
    default: Any = ""
    """Its type is the option's type; ``NAME`` in a name stands for the bundle's own."""
    required: bool = False
    names: bool = False
    """True when it only names one of the objects: which objects there are does not depend on it."""

    def usual(self, name: str) -> Any:
        """Return what it is at in a bundle of a name that was not told it."""
        return self.default.replace("NAME", name) if self.names else self.default

    @property
    def is_secret(self) -> bool:
        """True when its value must not be shown or kept."""
        return "assword" in self.id and "ariable" not in self.id


@dataclass(frozen=True, slots=True)
class Bundle:
    """A set of objects made from a few options."""

    id: str
    why: str
    options: tuple[Option, ...]
    build: Callable[[Options], list[Object]]

    def make(
        self, name: str, given: Mapping[str, Any], *, namespace: str = "", unfinished: bool = False
    ) -> list[Object]:
        """Return the objects; raises UsageError for an unknown or missing option or one of the wrong type.

        ``unfinished`` leaves what is missing empty: somebody is still filling it in.
        """
        options = Options(name, namespace, {option.id: option.usual(name) for option in self.options})
        known = {option.id: option for option in self.options}
        for key, value in given.items():
            if key not in known:
                near = get_close_matches(key, known, n=2)
                hint = f"Did you mean {' or '.join(near)}?" if near else f"It knows {', '.join(known)}"
                raise UsageError(f"the bundle {self.id} has no option {key!r}", remedy=hint)
            options.values[key] = _typed(known[key], value)
        for option in () if unfinished else self.options:
            if option.required and options.values[option.id] == "":
                raise UsageError(f"the bundle {self.id} needs {option.id}: {option.why}", remedy=f"--set {option.id}=…")
        return self.build(options)


def _typed(option: Option, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if isinstance(option.default, bool):
        words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        if value.lower() not in words:
            raise UsageError(f"{option.id} is yes or no, not {value!r}")
        return words[value.lower()]
    if isinstance(option.default, int):
        if not value.lstrip("-").isdigit():
            raise UsageError(f"{option.id} is a number, not {value!r}")
        return int(value)
    return value


@dataclass(slots=True)
class Options:
    """What a bundle was told, and the objects' common parts."""

    name: str
    namespace: str
    values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def head(self, version: str, kind: str, name: str, *, app: str = "", cluster: bool = False) -> Object:
        """Return an object's identity."""
        meta: Object = {"name": name}
        if self.namespace and not cluster:
            meta["namespace"] = self.namespace
        meta["labels"] = {"app": app or name, "app.kubernetes.io/part-of": self.name}
        return {"apiVersion": version, "kind": kind, "metadata": meta}

    def deployment(self, name: str, container: Object, *, replicas: int = 1, strategy: str = "", **pod: Any) -> Object:
        """Return a Deployment of one container; with an autoscaler ``replicas`` is what it begins with."""
        spec: Object = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}}
        if strategy:
            spec["strategy"] = {"type": strategy}
        labels = {"app": name, "app.kubernetes.io/part-of": self.name}
        containers = [{"name": name, **container}]
        spec["template"] = {"metadata": {"labels": labels}, "spec": {"containers": containers, **pod}}
        return {**self.head("apps/v1", "Deployment", name), "spec": spec}

    def service(self, name: str, port: int, target: Any, **spec: Any) -> Object:
        """Return the Service of the pods of the same name."""
        ports = [{"name": "main", "port": port, "targetPort": target}]
        return {**self.head("v1", "Service", name), "spec": {**spec, "selector": {"app": name}, "ports": ports}}

    def autoscaler(self, name: str, least: int, most: int, cpu: int) -> Object:
        """Return the autoscaler of the Deployment of the same name."""
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization",
                                                                             "averageUtilization": cpu}}}  # fmt: skip
        spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most, "metrics": [metric]}
        return {**self.head("autoscaling/v2", "HorizontalPodAutoscaler", name), "spec": spec}

    def claim(self, name: str, app: str, size: str, **spec: Any) -> Object:
        """Return a claim for one pod at a time."""
        wanted = {**spec, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        return {**self.head("v1", "PersistentVolumeClaim", name, app=app), "spec": wanted}

    def secret(self, name: str, app: str, values: Mapping[str, str]) -> Object:
        """Return a Secret with its values as text."""
        return {**self.head("v1", "Secret", name, app=app), "type": "Opaque", "stringData": dict(values)}


def _resources(cpu: str, memory: str, cpu_limit: str, memory_limit: str) -> Object:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu_limit, "memory": memory_limit}}


def _web(told: Options) -> list[Object]:
    name, path = told.name, told["health"]
    container: Object = {"image": told["image"], "ports": [{"name": "http", "containerPort": told["containerPort"]}]}
    sources: list[Object] = []
    if told["configmap"]:
        sources.append({"configMapRef": {"name": f"{name}-config"}})
    if told["secret"]:
        sources.append({"secretRef": {"name": f"{name}-secret"}})
    if sources:
        container["envFrom"] = sources
    container["resources"] = _resources(told["cpu"], told["memory"], told["cpuLimit"], told["memoryLimit"])
    for probe in ("readinessProbe", "livenessProbe"):
        container[probe] = {"httpGet": {"path": path, "port": "http"}}
    pod: Object = {}
    if told["storage"]:
        container["volumeMounts"] = [{"name": "data", "mountPath": told["mountPath"]}]
        pod["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": f"{name}-data"}}]
    made: list[Object] = []
    if told["configmap"]:
        made.append({**told.head("v1", "ConfigMap", f"{name}-config", app=name), "data": {}})
    if told["secret"]:
        made.append(told.secret(f"{name}-secret", name, {}))
    if told["storage"]:
        made.append(told.claim(f"{name}-data", name, told["storage"]))
    made.append(told.deployment(name, container, replicas=told["replicas"], **pod))
    made.append(told.service(name, told["port"], "http"))
    if told["host"]:
        backend = {"service": {"name": name, "port": {"number": told["port"]}}}
        rule = {"host": told["host"], "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        made.append({**told.head("networking.k8s.io/v1", "Ingress", name), "spec": {"rules": [rule]}})
    if told["hpa"]:
        made.append(told.autoscaler(name, told["replicas"], max(told["max"], told["replicas"]), told["targetCpu"]))
    if told["pdb"]:
        spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}}
        made.append({**told.head("policy/v1", "PodDisruptionBudget", name), "spec": spec})
    return made


WEB = Bundle("web", "a web application: Deployment and Service; the rest as asked for", (
    Option("image", "what it runs, such as nginx:1.29", required=True),
    Option("containerPort", "port the program listens on", 80),
    Option("port", "port of the Service", 80),
    Option("replicas", "pods, or the least of them with hpa", 2),
    Option("health", "path that answers while it is well", "/"),
    Option("host", "host name of an Ingress; none without"),
    Option("hpa", "an autoscaler", False),
    Option("max", "most pods with hpa", 5),
    Option("targetCpu", "percent of the request, with hpa", 50),
    Option("pdb", "a disruption budget", False),
    Option("configmap", "a ConfigMap read into the environment", False),
    Option("secret", "a Secret read into the environment", False),
    Option("storage", "size of a claim, such as 1Gi; none without"),
    Option("mountPath", "where the claim is mounted", "/data"),
    Option("cpu", "CPU request", "100m"),
    Option("memory", "memory request", "64Mi"),
    Option("cpuLimit", "CPU limit", "500m"),
    Option("memoryLimit", "memory limit", "256Mi"),
), _web)  # fmt: skip

LEAST_APIS = 2
"""Pods of the API to begin with, and the least its autoscaler leaves: one may be lost."""

_SECRET_KEYS = ("root_username", "root_password", "user_username", "user_password")


def _tiers(told: Options) -> list[Object]:
    front, api, database = f"{told.name}-web", f"{told.name}-api", "mysql"
    resources = _resources("100m", "64Mi", "200m", "128Mi")
    namespace = told.namespace or "default"
    secret = told["secret"]
    port = told["apiPort"]

    def probe(delay: int) -> Object:
        return {"httpGet": {"path": "/health", "port": port}, "initialDelaySeconds": delay, "periodSeconds": 10,
                "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}  # fmt: skip

    def taken(key: str) -> Object:
        return {"secretKeyRef": {"name": secret, "key": key}}

    environment = [{"name": key.upper(), "valueFrom": taken(key)} for key in _SECRET_KEYS]
    plain = {"HOST": f"{database}.{namespace}.svc.cluster.local", "PORT": "3306", "DATABASE": told["database"]}
    environment += [{"name": f"MYSQL_{key}", "value": value} for key, value in plain.items()]
    serving = {"image": told["apiImage"], "ports": [{"containerPort": port}], "env": environment,
               "resources": resources, "livenessProbe": probe(8), "readinessProbe": probe(5),
               "securityContext": {"readOnlyRootFilesystem": True}}  # fmt: skip
    storing = {
        "image": told["databaseImage"],
        "ports": [{"containerPort": 3306}],
        "env": [
            {"name": "MYSQL_ROOT_PASSWORD", "valueFrom": taken("root_password")},
            {"name": "MYSQL_USER", "valueFrom": taken("user_username")},
            {"name": "MYSQL_PASSWORD", "valueFrom": taken("user_password")},
            {"name": "MYSQL_DATABASE", "value": told["database"]},
        ],
        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}],
    }
    values = {"root_username": "root", "root_password": told["rootPassword"], "user_username": told["user"],
              "user_password": told["password"]}  # fmt: skip
    disk = {"storageClassName": "manual", "capacity": {"storage": told["storage"]}, "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/data/{told.name}-{database}"}}  # fmt: skip
    name = f"{told.name}-{database}"
    volume = {**told.head("v1", "PersistentVolume", name, app=database, cluster=True), "spec": disk}
    mount = {"name": "data", "persistentVolumeClaim": {"claimName": f"{database}-data"}}
    made = [
        told.secret(secret, api, values),
        volume,
        told.claim(f"{database}-data", database, told["storage"], storageClassName="manual"),
        told.deployment(database, storing, strategy="Recreate", volumes=[mount]),
        told.service(database, 3306, 3306, type="ClusterIP"),
        told.deployment(api, serving, replicas=LEAST_APIS),
        told.service(api, port, port, type="LoadBalancer"),
        told.autoscaler(api, LEAST_APIS, 5, 50),
        told.deployment(front, {"image": told["webImage"], "ports": [{"containerPort": 80}], "resources": resources}),
        told.service(front, 80, 80, type="NodePort"),
    ]
    if told["policy"]:
        peer = {"podSelector": {"matchLabels": {"app": api}}}
        rule = {"from": [peer], "ports": [{"protocol": "TCP", "port": 3306}]}
        spec = {"podSelector": {"matchLabels": {"app": database}}, "policyTypes": ["Ingress"], "ingress": [rule]}
        made.append({**told.head("networking.k8s.io/v1", "NetworkPolicy", f"{database}-only-api", app=database),
                     "spec": spec})  # fmt: skip
    return made


TIERS = Bundle("tiers", "web front end, API and database, each seeing the next", (
    Option("webImage", "front end: serves files", "nginx:1.29"),
    Option("apiImage", "API", required=True),
    Option("databaseImage", "database", "mysql:8.4"),
    Option("apiPort", "port the API listens on", 2222),
    Option("database", "name of the database", "animals"),
    Option("user", "the API's user of the database", "api"),
    Option("password", "its password", required=True),
    Option("rootPassword", "the database's own", required=True),
    Option("secret", "name of the Secret that keeps them", "NAME-api-secrets", names=True),
    Option("storage", "size of the database's volume", "2Gi"),
    Option("policy", "let only the API reach the database", True),
), _tiers)  # fmt: skip


def _database(told: Options) -> list[Object]:
    name, port = told.name, told["port"]
    container = {
        "name": name,
        "image": told["image"],
        "ports": [{"name": "main", "containerPort": port}],
        "env": [{"name": told["passwordVariable"],
                 "valueFrom": {"secretKeyRef": {"name": f"{name}-secret", "key": "password"}}}],
        "resources": _resources(told["cpu"], told["memory"], told["cpuLimit"], told["memoryLimit"]),
        "readinessProbe": {"tcpSocket": {"port": "main"}},
        "volumeMounts": [{"name": "data", "mountPath": told["mountPath"]}],
    }  # fmt: skip
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": told["storage"]}}}
    claim = {"metadata": {"name": "data"}, "spec": wanted}
    labels = {"app": name, "app.kubernetes.io/part-of": name}
    spec = {
        "replicas": told["replicas"], "serviceName": name, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        "volumeClaimTemplates": [claim],
    }  # fmt: skip
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}}
    return [
        told.secret(f"{name}-secret", name, {"password": told["password"]}),
        {**told.service(name, port, "main", clusterIP="None")},
        {**told.head("apps/v1", "StatefulSet", name), "spec": spec},
        {**told.head("policy/v1", "PodDisruptionBudget", name), "spec": budget},
    ]


DATABASE = Bundle("database", "a database with storage and a name for each pod", (
    Option("image", "such as postgres:17", required=True),
    Option("port", "port it listens on", 5432),
    Option("password", "kept in a Secret", required=True),
    Option("passwordVariable", "variable the image reads it from", "POSTGRES_PASSWORD"),
    Option("mountPath", "where its data is", "/var/lib/postgresql/data"),
    Option("storage", "size of each pod's claim", "10Gi"),
    Option("replicas", "pods", 1),
    Option("cpu", "CPU request", "250m"),
    Option("memory", "memory request", "256Mi"),
    Option("cpuLimit", "CPU limit", "1"),
    Option("memoryLimit", "memory limit", "1Gi"),
), _database)  # fmt: skip


def _scheduled(told: Options) -> list[Object]:
    name = told.name
    container: Object = {"name": name, "image": told["image"]}
    if told["command"]:
        container["command"] = ["sh", "-c", told["command"]]
    container["envFrom"] = [{"configMapRef": {"name": f"{name}-config"}}]
    container["resources"] = _resources(told["cpu"], told["memory"], told["cpuLimit"], told["memoryLimit"])
    labels = {"app": name, "app.kubernetes.io/part-of": name}
    pod = {"serviceAccountName": name, "automountServiceAccountToken": False, "restartPolicy": "Never",
           "containers": [container]}  # fmt: skip
    job = {"backoffLimit": 2, "ttlSecondsAfterFinished": 86400,
           "template": {"metadata": {"labels": labels}, "spec": pod}}  # fmt: skip
    spec = {"schedule": told["schedule"], "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 300,
            "jobTemplate": {"spec": job}}  # fmt: skip
    return [
        told.head("v1", "ServiceAccount", name),
        {**told.head("v1", "ConfigMap", f"{name}-config", app=name), "data": {}},
        {**told.head("batch/v1", "CronJob", name), "spec": spec},
    ]


SCHEDULED = Bundle("job", "work at certain times: CronJob, its settings and its account", (
    Option("image", "what it runs", required=True),
    Option("schedule", "minute hour day month weekday", required=True),
    Option("command", "for a shell; empty: the image's own"),
    Option("cpu", "CPU request", "50m"),
    Option("memory", "memory request", "32Mi"),
    Option("cpuLimit", "CPU limit", "500m"),
    Option("memoryLimit", "memory limit", "256Mi"),
), _scheduled)  # fmt: skip

BUNDLES = {bundle.id: bundle for bundle in (WEB, TIERS, DATABASE, SCHEDULED)}


def bundle_of(word: str) -> Bundle:
    """Return a bundle by its id; raises UsageError with those there are."""
    if word in BUNDLES:
        return BUNDLES[word]
    listed = "; ".join(f"{bundle.id}: {bundle.why}" for bundle in BUNDLES.values())
    raise UsageError(f"there is no bundle {word!r}", remedy=f"There are {listed}")
