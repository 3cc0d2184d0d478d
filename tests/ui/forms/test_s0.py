"""S0 by keyboard: every kind of the story made by form, every bad input answered at its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.ui.forms.screen import FormScreen
from tests.ui.forms.driving import fill, form, get, go_down_to, open_as_form, open_new, row, to_field, write
from tests.ui.harness import Seen, running

SMALL = (80, 24)


def said(k9: Seen) -> str:
    """Return what the form says beside the field under the cursor."""
    return " ".join(one.text for one in row(k9).said)


async def test_s0_a_deployment_is_made_from_name_label_and_image(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "deployment")
        await k9.type("test")
        await go_down_to(k9, "labels.app")
        await k9.press("ctrl+k", "home", "ctrl+k")
        await k9.type("myapp")
        await go_down_to(k9, "containers[0].image")
        await k9.type("nginx")
        await write(k9)
        made = await get(k9, "deployments.apps", "test")
        assert made["metadata"]["labels"] == {"app": "myapp"}
        assert made["spec"]["selector"]["matchLabels"] == {"app": "myapp"}
        assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx"


async def test_s0_a_service_is_made_from_name_app_ports_protocol_and_type(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "service test")
        await go_down_to(k9, "app")
        await k9.press("home", "ctrl+k")
        await k9.type("myapp")
        await go_down_to(k9, "type")
        await k9.press("right")
        await go_down_to(k9, "ports")
        await k9.press("+")
        await k9.type("80")
        await k9.press("down")
        await k9.type("8080")
        await k9.press("down", "right")
        await write(k9)
        spec = (await get(k9, "services", "test"))["spec"]
        assert spec["selector"] == {"app": "myapp"}
        assert spec["type"] == "ClusterIP"
        assert [(port["port"], port["targetPort"], port["protocol"]) for port in spec["ports"]] == [(80, 8080, "TCP")]


async def test_s0_a_config_map_is_made_from_keys_and_values(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "configmap test")
        await go_down_to(k9, "data")
        await k9.type("a=b")
        await k9.press("enter")
        await k9.type("c=d, e")
        await write(k9)
        assert (await get(k9, "configmaps", "test"))["data"] == {"a": "b", "c": "d, e"}


async def test_s0_a_volume_and_a_claim_are_made_from_capacity_and_access_modes(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "persistentvolume testpv")
        await go_down_to(k9, "capacity")
        await k9.type("2Gi")
        await k9.press("down", "ctrl+space")
        await k9.sees("space mark")
        await k9.type("Once")
        await k9.press("tab", *["backspace"] * 4)
        await k9.type("WriteMany")
        await k9.press("tab", "enter")
        await k9.until(lambda: isinstance(k9.app.screen, FormScreen))
        await go_down_to(k9, "hostPath")
        await k9.type("/data")
        await write(k9)
        spec = (await get(k9, "persistentvolumes", "testpv", ""))["spec"]
        assert (spec["capacity"]["storage"], spec["accessModes"]) == ("2Gi", ["ReadWriteMany"])
        await open_new(k9, "persistentvolumeclaim testpvc")
        await go_down_to(k9, "size")
        await k9.type("2Gi")
        await write(k9)
        assert (await get(k9, "persistentvolumeclaims", "testpvc"))["spec"]["resources"] == {
            "requests": {"storage": "2Gi"}
        }


@pytest.mark.parametrize(
    ("kind", "field", "typed", "answer"),
    [
        ("deployment", "name", "", "Required value"),
        ("deployment", "name", "Web_1", "lowercase RFC 1123 subdomain"),
        ("deployment", "containers[0].image", "", "Required value"),
        ("deployment", "containers[0].image", "Nginx:latest", "lowercase"),
        ("deployment", "containers[0].image", "nginx::1", "invalid reference format"),
        ("deployment", "replicas", "two", "must be a whole number"),
        ("deployment", "containers[0].cpu", "lots", "quantit"),
        ("persistentvolumeclaim", "size", "", "Required value"),
    ],
)
async def test_s0_bad_input_is_answered_at_its_field(
    tmp_path: Path, kind: str, field: str, typed: str, answer: str
) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, f"{kind} web" if field != "name" else kind)
        if field != "name":
            await go_down_to(k9, field)
        await k9.type(typed)
        await k9.press("down", "up")
        await k9.until(lambda: row(k9).id == field and answer in said(k9))


@pytest.mark.parametrize("port", ["0", "65536", "70000", "-1"])
async def test_s0_a_port_outside_the_range_is_answered_at_its_field(tmp_path: Path, port: str) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "service web")
        await go_down_to(k9, "ports")
        await k9.press("+")
        await k9.type(port)
        await k9.press("down", "up")
        await k9.until(lambda: "between 1 and 65535" in said(k9))


async def test_s0_a_name_that_is_taken_is_answered_at_the_name(tmp_path: Path) -> None:
    there = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "test", "namespace": "shop"}, "data": {}}
    async with running(tmp_path, {"configmaps": [there]}, size=SMALL) as k9:
        await open_new(k9, "configmap test")
        await k9.until(lambda: "already exists" in said(k9))
        await k9.press("ctrl+s")
        assert isinstance(k9.app.screen, FormScreen)
        assert row(k9).id == "name"


async def test_s0_a_yaml_syntax_error_names_its_line_and_nothing_is_written(tmp_path: Path) -> None:
    async with running(tmp_path, size=(160, 48)) as k9:
        screen = await open_new(k9, "configmap test")
        await k9.press("f9")
        screen.editor.go_to(3, 0)
        await k9.type("  bad: [")
        await k9.sees("the YAML cannot be read")
        await k9.press("ctrl+s")
        assert isinstance(k9.app.screen, FormScreen)
        assert any(note.is_error for note in screen.editor.notes)


async def test_s0_what_a_selector_would_not_find_and_what_is_missing_is_said_before_it_is_written(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "service web")
        await k9.until(lambda: any("selects no pods" in one.text for line in form(k9).list.rows for one in line.said))
        await k9.press("f8")
        await open_new(k9, "deployment web")
        await to_field(k9, "Variables")
        await k9.press("+")
        await k9.type("LEVEL")
        await go_down_to(k9, "containers[0].env[0].configMap")
        await k9.type("settings")
        await k9.press("down")
        await k9.until(lambda: any("not found" in one.text for line in form(k9).list.rows for one in line.said))


async def test_s0_an_object_is_updated_as_a_form_and_its_name_is_fixed(tmp_path: Path) -> None:
    there = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "test", "namespace": "shop"},
             "data": {"a": "b"}}  # fmt: skip
    async with running(tmp_path, {"configmaps": [there]}, size=SMALL) as k9:
        await open_as_form(k9, "configmaps", "test")
        assert row(k9).fixed
        await k9.type("x")
        assert row(k9).text == "test"
        await go_down_to(k9, "data.a")
        await k9.type("c")
        await write(k9)
        assert (await get(k9, "configmaps", "test"))["data"] == {"a": "c"}


async def test_s0_a_config_map_is_injected_into_a_workload_as_environment_and_as_files(tmp_path: Path) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"},
                "data": {"level": "info"}}  # fmt: skip
    async with running(tmp_path, {"configmaps": [settings]}, size=SMALL) as k9:
        await open_new(k9, "deployment web")
        await fill(k9, "image", "nginx")
        await write(k9)
        for way, typed in (("every", ""), ("directory", "/etc/web")):
            await k9.press("escape", "escape", ":")
            await k9.type("configmaps")
            await k9.press("enter")
            await k9.until(lambda: k9.names == ["settings"])
            await k9.press("B")
            await k9.sees("Hand ConfigMap settings to")
            await k9.press("enter")
            await k9.sees("How?")
            await k9.type(way)
            await k9.press("enter")
            if typed:
                await k9.sees("Directory for the files")
                await k9.press("enter")
            await write(k9, review=False)
        container = (await get(k9, "deployments.apps", "web"))["spec"]["template"]["spec"]["containers"][0]
        assert container["envFrom"] == [{"configMapRef": {"name": "settings"}}]
        assert container["volumeMounts"][0]["mountPath"] == "/etc/settings"
