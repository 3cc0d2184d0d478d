"""S0 and S1 from an empty namespace, by keyboard at 80x24 with no YAML typed, on both clusters."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.cluster import available
from tests.ui.forms.clusters import on_cluster
from tests.ui.forms.driving import get, go_down_to, open_new, write

SMALL = (80, 24)
UNAVAILABLE = available()
REAL = pytest.param(
    "real",
    marks=[pytest.mark.real, pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or ""),
           pytest.mark.timeout(240)],
)  # fmt: skip
CLUSTERS = ["simulated", REAL]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("which", CLUSTERS)
async def test_s0_a_deployment_and_its_service_are_made_by_form_and_written_through_the_gate(
    tmp_path: Path, which: str
) -> None:
    async with on_cluster(which, tmp_path, SMALL) as (k9, namespace):
        await open_new(k9, "deployment test")
        await go_down_to(k9, "containers[0].image")
        await k9.type("nginx")
        await go_down_to(k9, "containers[0].ports")
        await k9.press("+")
        await k9.type("8080")
        await write(k9)
        assert (await get(k9, "deployments.apps", "test", namespace))["spec"]["replicas"] == 1
        await k9.press("escape")
        await open_new(k9, "service test")
        await go_down_to(k9, "ports")
        await k9.press("+")
        await k9.type("80")
        await k9.press("down")
        await k9.type("8080")
        await write(k9)
        made = await get(k9, "services", "test", namespace)
        assert made["spec"]["ports"][0]["targetPort"] == 8080


@pytest.mark.timeout(180)
@pytest.mark.parametrize("which", CLUSTERS)
async def test_s1_three_tiers_are_made_from_one_form(tmp_path: Path, which: str) -> None:
    name = f"s{secrets.token_hex(2)}"
    async with on_cluster(which, tmp_path, SMALL) as (k9, namespace):
        screen = await open_new(k9, f"bundle tiers {name}")
        await go_down_to(k9, "apiImage")
        await k9.type("api:1")
        for option in ("password", "rootPassword"):
            await go_down_to(k9, option)
            await k9.type("secret")
        await k9.press("down")
        await k9.until(lambda: [len(screen.sheet.models), screen.told.errors, screen.told.missing] == [11, 0, 0])
        await write(k9)
        try:
            api = (await get(k9, "deployments.apps", f"{name}-api", namespace))["spec"]["template"]["spec"]
            probe = api["containers"][0]["readinessProbe"]
            assert (probe["httpGet"]["path"], probe["httpGet"]["port"], probe["initialDelaySeconds"]) == (
                "/health",
                2222,
                5,
            )
            assert api["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
            host = next(one for one in api["containers"][0]["env"] if one["name"] == "MYSQL_HOST")
            assert host["value"] == f"mysql.{namespace}.svc.cluster.local"
            scaler = (await get(k9, "horizontalpodautoscalers.autoscaling", f"{name}-api", namespace))["spec"]
            assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
            assert (await get(k9, "services", f"{name}-web", namespace))["spec"]["type"] == "NodePort"
            assert (await get(k9, "services", f"{name}-api", namespace))["spec"]["type"] == "LoadBalancer"
            assert (await get(k9, "networkpolicies.networking.k8s.io", "mysql-only-api", namespace))["spec"]["ingress"]
        finally:
            session = k9.app.session
            assert session is not None
            await session.transport.request("DELETE", f"/api/v1/persistentvolumes/{name}-mysql")
