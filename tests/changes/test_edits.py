"""Scaling, restarting, images, and a ConfigMap or Secret handed to a workload."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.changes import edits
from k9py.changes.edits import Injection, inject
from k9py.core.errors import UsageError
from tests.changes.conftest import Lab, Object, config_map, deployment


def _pod_spec(wish: Any) -> Object:
    spec: Object = wish.document["spec"]["template"]["spec"]
    return spec


async def test_scaling_goes_through_the_subresource_and_shows_its_difference(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web", replicas=1)))
    plan = await lab.gate.plan([edits.scale(lab.live("deployments.apps", "web"), 4)])
    assert [(one.field, one.before, one.after) for one in plan.changes[0].diff.fields] == [("spec.replicas", 1, 4)]
    await lab.gate.carry_out(plan, lab.yes)
    assert lab.network.writes[-1].path.endswith("/deployments/web/scale")
    assert lab.live("deployments.apps", "web")["spec"]["replicas"] == 4
    with pytest.raises(UsageError):
        edits.scale(lab.live("deployments.apps", "web"), -1)


async def test_a_restart_marks_the_template_and_refuses_what_would_not_restart(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web")))
    await lab.write(edits.restart(lab.live("deployments.apps", "web"), 1_700_000_000))
    annotations = lab.live("deployments.apps", "web")["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {edits.RESTARTED_AT: "2023-11-14T22:13:20Z"}
    with pytest.raises(UsageError, match="paused"):
        edits.restart(deployment("web", paused=True), 0)
    with pytest.raises(UsageError, match="cannot be restarted"):
        edits.restart(config_map("a"), 0)


def test_an_image_is_set_by_container_and_an_unknown_container_is_named() -> None:
    wish = edits.set_image(deployment("web"), {"main": "web:2"})
    assert _pod_spec(wish)["containers"] == [{"name": "main", "image": "web:2"}]
    with pytest.raises(UsageError, match="no container 'proxy'"):
        edits.set_image(deployment("web"), {"proxy": "p:1"})


def test_every_key_comes_as_a_variable() -> None:
    wish = inject(deployment("web"), Injection("ConfigMap", "settings", env=True, prefix="APP_"))
    source = {"configMapRef": {"name": "settings"}, "prefix": "APP_"}
    assert _pod_spec(wish)["containers"][0]["envFrom"] == [source]
    again = inject(wish.document, Injection("ConfigMap", "settings", env=True, prefix="APP_"))
    assert _pod_spec(again)["containers"][0]["envFrom"] == [source]


def test_single_keys_come_as_variables_and_replace_those_of_the_same_name() -> None:
    workload = deployment("web")
    workload["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "DB", "value": "old"}, {"name": "A"}]
    wish = inject(workload, Injection("Secret", "db", keys=(("password", "DB"),)), ["password"])
    reference = {"secretKeyRef": {"name": "db", "key": "password"}}
    assert _pod_spec(wish)["containers"][0]["env"] == [{"name": "DB", "valueFrom": reference}, {"name": "A"}]
    assert edits.variable_name("log.level") == "LOG_LEVEL"
    assert edits.variable_name("2nd") == "_2ND"


def test_files_are_mounted_as_a_directory_or_one_by_one() -> None:
    whole = inject(deployment("web"), Injection("Secret", "tls.cert", mount="/etc/tls"))
    spec = _pod_spec(whole)
    assert spec["volumes"] == [{"name": "tls-cert", "secret": {"secretName": "tls.cert"}}]
    mount = {"name": "tls-cert", "mountPath": "/etc/tls", "readOnly": True}
    assert spec["containers"][0]["volumeMounts"] == [mount]
    one = inject(whole.document, Injection("Secret", "tls.cert", mount="/etc/one.pem", file="one.pem"), ["one.pem"])
    spec = _pod_spec(one)
    assert len(spec["volumes"]) == 1, "the volume that is there is used again"
    assert spec["containers"][0]["volumeMounts"][1]["subPath"] == "one.pem"


def test_a_volume_of_the_same_name_and_another_source_is_left_alone() -> None:
    workload = deployment("web")
    workload["spec"]["template"]["spec"]["volumes"] = [{"name": "settings", "emptyDir": {}}]
    spec = _pod_spec(inject(workload, Injection("ConfigMap", "settings", mount="/etc/web")))
    assert [volume["name"] for volume in spec["volumes"]] == ["settings", "settings-2"]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (Injection("ConfigMap", "a"), "how it gets in is not said"),
        (Injection("ConfigMap", "a", keys=(("none", "X"),)), "has no key 'none'"),
        (Injection("ConfigMap", "a", mount="etc"), "no absolute path"),
        (Injection("ConfigMap", "a", env=True, containers=("proxy",)), "no container 'proxy'"),
    ],
)
def test_what_cannot_be_injected_is_said(what: Injection, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        inject(deployment("web"), what, ["k"])


def test_two_things_are_not_mounted_at_one_path() -> None:
    first = inject(deployment("web"), Injection("ConfigMap", "a", mount="/etc/web"))
    with pytest.raises(UsageError, match="mounts something else at /etc/web"):
        inject(first.document, Injection("ConfigMap", "b", mount="/etc/web"))


async def test_an_injected_configmap_passes_the_gate(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("settings", a="1")), edits.apply(deployment("web")))
    live = lab.live("deployments.apps", "web")
    await lab.write(inject(live, Injection("ConfigMap", "settings", env=True, mount="/etc/web"), ["a"]))
    container = lab.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": "settings"}}]
    assert container["volumeMounts"][0]["mountPath"] == "/etc/web"
