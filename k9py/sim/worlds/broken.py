"""One of every common failure, in believable namespaces among workloads that are well."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import pod_from
from k9py.sim.objects import timestamp
from k9py.sim.worlds.broken_images import BANNER, IMAGES, image
from k9py.sim.worlds.builders import (
    autoscaler,
    budget,
    claim,
    claim_template,
    config_map,
    container,
    cron_job,
    deployment,
    env,
    env_from_secret,
    ingress,
    job,
    meta,
    namespace,
    pod_spec,
    probe,
    quota,
    resources,
    secret,
    service,
    workload,
)
from k9py.sim.worlds.ground import EVERYWHERE, node, nodes, system
from k9py.sim.worlds.model import Deed, Step, Wave, World

if TYPE_CHECKING:
    from k9py.sim.simulation import Simulation

Object = dict[str, Any]
WEB = resources("100m", "128Mi", "500m", "256Mi")
SMALL = resources("50m", "64Mi", "200m", "128Mi")


def _web(name: str, picture: str, *, ready: str = "/ready", limits: Object = WEB, **fields: Any) -> Object:
    """Return a web container on port 8080 with the usual probes."""
    return container(
        name,
        image(picture),
        port=8080,
        resources=limits,
        readinessProbe=probe(ready, 8080, delay=2),
        livenessProbe=probe("/healthz", 8080, delay=10),
        **fields,
    )


def _plain(name: str, picture: str, *, limits: Object = SMALL, **fields: Any) -> Object:
    return container(name, image(picture), port=8080, resources=limits, **fields)


SHOP = [
    namespace("shop", team="storefront"),
    config_map("shop", "storefront-config", **{"nginx.conf": "worker_processes auto;\n", "THEME": "autumn"}),
    deployment("shop", "storefront", container("nginx", image("shop/storefront:2.13.2"), port=80, resources=SMALL,
        readinessProbe=probe("/", 80)), replicas=3),
    service("shop", "storefront", 80, kind="LoadBalancer"),
    deployment("shop", "catalog", _web("catalog", "shop/catalog:5.1.0"), replicas=2),
    service("shop", "catalog", 80, 8080),
    deployment("shop", "cart", _web("cart", "shop/cart:3.8.0"), replicas=2),
    service("shop", "cart", 80, 8080),
    workload("StatefulSet", "shop", "redis", pod_spec(container("redis", "redis:7.4-alpine", port=6379,
        resources=SMALL)), replicas=2, volumeClaimTemplates=[claim_template("data", "2Gi")]),
    service("shop", "redis", 6379, clusterIP="None"),
    deployment("shop", "banner", container("banner", BANNER, port=80, resources=SMALL), replicas=1),
    ingress("shop", "storefront", "shop.acme.example", "storefront", 80),
    autoscaler("shop", "catalog", 2, 6, cpu=70),
    budget("shop", "storefront", 2),
    cron_job("shop", "cache-warmer", "*/10 * * * *", pod_spec(container("warm", image("batch/cache-warmer:1.1")))),
]  # fmt: skip

PAYMENTS = [
    namespace("payments", team="payments", tier="critical"),
    secret("payments", "gateway-keys", api_key="bm90LWEtc2VjcmV0"),
    deployment("payments", "gateway", _web("gateway", "payments/gateway:7.1.2",
        env=env_from_secret("gateway-keys", API_KEY="api_key")), replicas=3),
    service("payments", "gateway", 443, 8080),
    workload("StatefulSet", "payments", "ledger", pod_spec(_web("ledger", "payments/ledger:1.9.4",
        limits=resources("200m", "512Mi", "1", "768Mi"))), replicas=2,
        volumeClaimTemplates=[claim_template("journal", "10Gi")]),
    service("payments", "ledger", 8080, clusterIP="None"),
    budget("payments", "ledger", 2),
    autoscaler("payments", "gateway", 3, 9, cpu=60),
]  # fmt: skip

PLATFORM = [
    namespace("platform", team="platform"),
    deployment("platform", "auth", _web("auth", "platform/auth:4.0.2"), replicas=2),
    service("platform", "auth", 80, 8080),
    namespace("monitoring", team="platform"),
    workload("StatefulSet", "monitoring", "prometheus", pod_spec(container("prometheus", image("ops/prometheus:3.7"),
        port=9090, resources=resources("250m", "768Mi", "", "2Gi"))),
        volumeClaimTemplates=[claim_template("data", "50Gi")]),
    service("monitoring", "prometheus", 9090),
    deployment("monitoring", "grafana", container("grafana", image("ops/grafana:12.2"), port=3000, resources=WEB)),
    service("monitoring", "grafana", 80, 3000),
    workload("DaemonSet", "monitoring", "node-exporter", pod_spec(container("node-exporter",
        image("ops/node-exporter:1.9"), port=9100), tolerations=EVERYWHERE, hostNetwork=True)),
    workload("DaemonSet", "monitoring", "log-shipper", pod_spec(container("shipper", image("ops/log-shipper:3.2"),
        resources=SMALL))),
    namespace("data", team="data"),
    deployment("data", "ingest", _plain("ingest", "data/ingest:0.31.0",
        limits=resources("200m", "192Mi", "500m", "384Mi")), replicas=2),
]  # fmt: skip

FAILURES: dict[str, list[Object]] = {
    # image
    "26m": [deployment("shop", "search-ui", _plain("search-ui", "shop/search-ui:1.20.0"), replicas=2)],
    "3h": [deployment("payments", "vault-sync", _plain("vault-sync", "payments/vault-sync:3.0"))],
    "4d": [deployment("legacy", "reports", container("reports",
        "registry.acme.example/Legacy/Reports:1", resources=SMALL))],
    "19h": [deployment("legacy", "billing", _plain("billing", "legacy/billing:2014.3", imagePullPolicy="Never"))],
    # crash, memory, start
    "2d2h": [deployment("shop", "recommender", _plain("recommender", "shop/recommender:0.9.0-rc2",
        limits=resources("100m", "256Mi", "500m", "512Mi"),
        env=env(MODEL_PATH="/models/v9", REDIS_URL="redis://redis:6379/2")))],
    "6d": [
        deployment("data", "enrich", _plain("enrich", "data/enrich:2.0.0",
            limits=resources("200m", "256Mi", "1", "384Mi")), replicas=2),
        service("data", "enrich", 80, 8080),
    ],
    "5h": [deployment("data", "indexer", _plain("indexer", "data/indexer:1.4.7",
        limits=resources("100m", "128Mi", "1", "256Mi")))],
    "23h": [deployment("platform", "search", _plain("search", "platform/search:8.0"))],
    "8h": [deployment("platform", "accounts", _plain("accounts", "platform/mailer:1.7"), pod={"initContainers": [
        container("wait-for-db", "busybox:1.37", command=["sh", "-c", "echo waiting for postgres; sleep 2"]),
        container("migrate", image("platform/migrate:12"), env=env(DATABASE_URL="postgres://postgres.data/accounts")),
    ]})],
    # probes
    "3d": [
        deployment("payments", "fraud", _web("fraud", "payments/fraud:2.2.0"), replicas=2),
        service("payments", "fraud", 80, 8080),
    ],
    "11d": [deployment("payments", "settlement", _web("settlement", "payments/settlement:1.0.5", ready="/healthz"),
        pod={"terminationGracePeriodSeconds": 10})],
    # what is not there
    "55m": [deployment("platform", "mailer", _plain("mailer", "platform/mailer:1.7",
        envFrom=[{"configMapRef": {"name": "mailer-config"}}]))],
    "40m": [deployment("platform", "notifier", _plain("notifier", "platform/mailer:1.7", env=[
        {"name": "SMTP_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "smtp-credentials", "key": "password"}}}]))],
    "35m": [deployment("platform", "templates", _plain("templates", "platform/mailer:1.7",
        volumeMounts=[{"name": "tls", "mountPath": "/etc/tls"}]),
        pod={"volumes": [{"name": "tls", "secret": {"secretName": "templates-tls"}}]})],
    "90m": [
        claim("data", "lake", "500Gi", storage_class="fast-ssd"),
        deployment("data", "lake-writer", _plain("writer", "data/stuck-writer:1.0"),
            pod={"volumes": [{"name": "lake", "persistentVolumeClaim": {"claimName": "lake"}}]}),
    ],
    "70m": [ingress("legacy", "old-shop", "old.acme.example", "old-storefront", 80),
        service("legacy", "old-api", 80, 8080, app="old-api")],
    # room
    "2h": [deployment("data", "trainer", _plain("trainer", "data/stuck-writer:1.0", limits=resources("6", "24Gi")))],
    "7h": [deployment("data", "gpu-notebook", _plain("notebook", "data/stuck-writer:1.0"),
        pod={"nodeSelector": {"accelerator": "gpu"}})],
    "14d": [quota("team-blue", "compute", requests_cpu="500m", requests_memory="512Mi", pods="10"),
        deployment("team-blue", "sandbox", _plain("sandbox", "platform/mailer:1.7",
            limits=resources("100m", "192Mi", "200m", "256Mi")), replicas=4)],
    # jobs
    "100m": [job("batch", "import-feed", pod_spec(container("import", image("batch/import-feed:4.4"))),
        backoffLimit=2)],
    "5d": [job("batch", "reindex-2026-11", pod_spec(container("reindex", image("batch/nightly-report:2.3"))),
        completions=3, parallelism=1)],
    "30d": [
        cron_job("batch", "nightly-report", "30 2 * * *",
            pod_spec(container("report", image("batch/nightly-report:2.3")))),
        cron_job("batch", "mail-digest", "0 7 * * 1", pod_spec(container("digest", image("batch/nightly-report:2.3"))),
            suspend=True),
        cron_job("batch", "sync-feeds", "*/15 * * * *", pod_spec(container("sync", image("batch/import-feed:4.4"))),
            failedJobsHistoryLimit=2),
    ],
    # scaling without metrics
    "13d": [deployment("legacy", "quotes", container("quotes", image("platform/mailer:1.7"), port=8080)),
        autoscaler("legacy", "quotes", 1, 4, cpu=60), autoscaler("legacy", "gone-api", 1, 4, cpu=60)],
}  # fmt: skip
"""What is wrong, by how long ago it was created."""


# deeds


def _edit(resource: str, namespace_: str, name: str, change: Callable[[Object], None]) -> Deed:
    return lambda simulation: void(simulation.store.modify(resource, namespace_, name, change))


def void(_result: object) -> None:
    """Drop a result."""


def _use_image(namespace_: str, name: str, picture: str, cause: str) -> Deed:
    def change(fresh: Object) -> None:
        fresh["spec"]["template"]["spec"]["containers"][0]["image"] = picture
        marks = fresh["metadata"].get("annotations") or {}
        fresh["metadata"]["annotations"] = {**marks, "kubernetes.io/change-cause": cause}

    return _edit("deployments.apps", namespace_, name, change)


def _lose_node(simulation: Simulation) -> None:
    simulation.lose_node("node-5")


def _cordon(simulation: Simulation) -> None:
    def change(fresh: Object) -> None:
        fresh["spec"]["unschedulable"] = True

    simulation.store.modify("nodes", "", "node-4", change)


def _evict(simulation: Simulation) -> None:
    """Let a node run out of memory and evict the pod that asked for the least of what it used."""
    life = next(life for life in simulation.kubelets.pods.values() if life.name.startswith("ingest-"))
    simulation.evict(life.namespace, life.name, resource="memory", used="1187Mi", asked="192Mi")


def _turn_away(simulation: Simulation) -> None:
    """Let a node under memory pressure turn away a pod it was given: Failed before anything of it ran."""
    sets = simulation.store.list("replicasets.apps", "data")
    replica_set = next(item for item in sets if item["metadata"]["name"].startswith("ingest-"))
    pod = pod_from(replica_set["spec"]["template"], replica_set, generate=f"{replica_set['metadata']['name']}-")
    pod["spec"]["nodeName"] = "node-2"
    text = "Pod was rejected: The node had condition: [MemoryPressure]. "
    started = timestamp(simulation.engine.now)
    pod["status"] = {"phase": "Failed", "reason": "Evicted", "message": text, "startTime": started}
    created = simulation.store.create("pods", pod)
    reason = "The node had condition: [MemoryPressure]. "
    simulation.cluster.events.warn(created, "Evicted", reason, Source("kubelet", "node-2"))


def _stick(simulation: Simulation) -> None:
    """Delete a pod that a finalizer holds, and a namespace that holds an object with one."""
    simulation.create(
        [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": meta("data", "export-7f2c", labels={"app": "export"}, finalizers=[_FLUSH]),
                "spec": pod_spec(_plain("export", "data/stuck-writer:1.0")),
            }
        ]
    )
    simulation.engine.after(60, lambda: simulation.delete("pods", "data", "export-7f2c"), name="delete")


def _end_namespace(simulation: Simulation) -> None:
    simulation.delete("namespaces", "", "team-green")


_FLUSH = "acme.example/flush-queue"
_GREEN = [
    namespace("team-green", team="green"),
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta("team-green", "leftover", finalizers=["acme.example/backup"]),
        "data": {"note": "waits for a backup operator that was uninstalled"},
    },
]
_RELEASES = (
    Step("33d", deed=_use_image("shop", "storefront", image("shop/storefront:2.13.3"), "storefront 2.13.3")),
    Step("12d", deed=_use_image("shop", "catalog", image("shop/catalog:5.2.1"), "catalog 5.2.1: paging")),
    Step("20d", deed=_use_image("shop", "storefront", image("shop/storefront:2.14.0"), "storefront 2.14.0")),
    Step("2d3h", deed=_use_image("payments", "gateway", image("payments/gateway:7.1.3"), "gateway 7.1.3: new keys")),
)

WORLD = World(
    name="broken",
    title="one of every common failure, among workloads that are well",
    seed=7,
    images=IMAGES,
    steps=(
        Step("94d", [*nodes(5), node("node-6", 6, zone="eu-north-1a", memory="8141736Ki", labels={"pool": "spot"},
            taints=[{"key": "dedicated", "value": "ci", "effect": "NoSchedule"}])]),
        Step("94d", system("cp-1")),
        Step("63d", [*PLATFORM, namespace("batch"), namespace("legacy"), namespace("team-blue", team="blue")]),
        Step("58d", PAYMENTS),
        Step("47d", SHOP),
        *_RELEASES,
        *(Step(ago, objects) for ago, objects in FAILURES.items()),
        Step("21d", _GREEN),
        Step("9d", deed=_end_namespace),
        Step("4h", deed=_stick),
        Step("38m", deed=_lose_node),
        Step("75m", deed=_cordon),
        Step("50m", deed=_evict),
        Step("49m", deed=_turn_away),
        Step("45s", [deployment("shop", "wishlist", _web("wishlist", "shop/cart:3.8.0"), replicas=2)]),
        Step("4s", [deployment("shop", "gift-cards", _web("gift-cards", "shop/cart:3.8.0"))]),
    ),
    waves=(
        Wave(0, "shop/storefront", rate=24),
        Wave(0, "shop/catalog", rate=11),
        Wave(0, "shop/cart", rate=6),
        Wave(0, "payments/gateway", rate=9),
        Wave(0, "platform/auth", rate=5),
        Wave(300, "shop/catalog", rate=44),
        Wave(540, "shop/catalog", rate=12),
    ),
    repeat_waves=1500,
)  # fmt: skip
