"""S1, a three-tier shop window: static front end, an API with probes and an autoscaler, MySQL on a claim."""

from __future__ import annotations

from typing import Any

from k9py.sim.workloads.images import Image
from k9py.sim.workloads.programs import MIB, Program
from k9py.sim.worlds.builders import (
    autoscaler,
    claim,
    container,
    deployment,
    env,
    env_from_secret,
    probe,
    resources,
    secret,
    service,
)
from k9py.sim.worlds.ground import nodes, system
from k9py.sim.worlds.model import Step, Wave, World

Object = dict[str, Any]
FRONT = "ghcr.io/dog-shelter/frontend:1.3.0"
API = "ghcr.io/dog-shelter/flask-api:1.4.2"
API_BEFORE = "ghcr.io/dog-shelter/flask-api:1.4.1"
SMALL = resources("100m", "64Mi", "200m", "128Mi")
IMAGES = {
    FRONT: Image(
        FRONT, Program("nginx", 0.5, ports=(80,), idle_cpu=0.001, memory=9 * MIB, request_cpu=0.0006), 58 * MIB
    ),
    API: Image(
        API, Program("flask", 2.2, ports=(2222,), idle_cpu=0.006, memory=54 * MIB, request_cpu=0.0042), 139 * MIB, 4.1
    ),
    API_BEFORE: Image(
        API_BEFORE,
        Program("flask", 2.2, ports=(2222,), idle_cpu=0.006, memory=52 * MIB, request_cpu=0.0042),
        138 * MIB,
        4.0,
    ),
}


def objects(namespace: str = "default", *, image: str = API) -> list[Object]:
    """Return the shop's objects."""
    api = container(
        "api",
        image,
        port=2222,
        resources=SMALL,
        livenessProbe=probe("/health", 2222, delay=8),
        readinessProbe=probe("/health", 2222, delay=5),
        securityContext={"readOnlyRootFilesystem": True},
        env=env_from_secret(
            "flaskapi-secrets",
            DB_ROOT_USER="root_username",
            DB_ROOT_PASSWORD="root_password",
            DB_USER="user_username",
            DB_PASSWORD="user_password",
        )
        + env(DB_HOST=f"mysql.{namespace}.svc.cluster.local", DB_PORT="3306", DB_NAME="animals"),
    )
    database = container(
        "mysql",
        "mysql:8.4",
        port=3306,
        resources=resources("250m", "512Mi", "", "1Gi"),
        env=env_from_secret("flaskapi-secrets", MYSQL_ROOT_PASSWORD="root_password"),
        volumeMounts=[{"name": "data", "mountPath": "/var/lib/mysql"}],
    )
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "mysql-data"}}
    return [
        secret(
            namespace,
            "flaskapi-secrets",
            root_username="cm9vdA==",
            root_password="bm90LWEtc2VjcmV0",
            user_username="YXBp",
            user_password="bm90LWEtc2VjcmV0",
        ),
        claim(namespace, "mysql-data", "5Gi"),
        deployment(
            namespace,
            "mysql",
            database,
            pod={"volumes": [volume]},
            strategy={"type": "Recreate"},
            labels={"tier": "data"},
        ),
        service(namespace, "mysql", 3306),
        deployment(namespace, "api", api, replicas=2, labels={"tier": "api"}),
        service(namespace, "api", 80, 2222, kind="LoadBalancer"),
        deployment(
            namespace,
            "frontend",
            container("nginx", FRONT, port=80, resources=SMALL),
            replicas=2,
            labels={"tier": "web"},
        ),
        service(namespace, "frontend", 80, kind="NodePort"),
        autoscaler(namespace, "api", 2, 5, cpu=50),
    ]


def _release(simulation: Any) -> None:
    """Roll the API to its current version."""

    def change(fresh: Object) -> None:
        fresh["spec"]["template"]["spec"]["containers"][0]["image"] = API
        fresh["metadata"]["annotations"] = {
            **(fresh["metadata"].get("annotations") or {}),
            "kubernetes.io/change-cause": "api 1.4.2: answer /health without the database",
        }

    simulation.store.modify("deployments.apps", "default", "api", change)


WORLD = World(
    name="shop",
    title="S1: a three-tier shop window with an autoscaled API",
    seed=11,
    images=IMAGES,
    steps=(
        Step("41d", [*nodes(3), *system("cp-1")]),
        Step("9d", objects(image=API_BEFORE)),
        Step("3d4h", deed=_release),
    ),
    waves=(
        Wave(0, "default/frontend", rate=4),
        Wave(0, "default/api", rate=3),
        Wave(90, "default/api", connections=100),
        Wave(240, "default/api", rate=3),
    ),
    repeat_waves=1200,
)
"""Every 20 minutes: 5,000 requests or so at concurrency 100, as the authors' load test had it."""
