"""The form beside its YAML: bound both ways, told what is wrong at the field, nothing typed lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.ui.forms.rows import RowKind
from k9py.ui.forms.screen import FormScreen
from tests.ui.forms.driving import fill, form, go_down_to, is_open, open_new, row, to_field
from tests.ui.harness import running

SIZES = [(80, 24), (160, 48)]


async def test_an_empty_list_says_which_key_makes_one_and_the_key_opens_its_form(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        await k9.sees("No pods in shop")
        await k9.sees("+ makes one by form")
        await k9.press("+")
        await k9.until(lambda: is_open(k9))
        assert form(k9).sheet.models[0].form.kind == "Pod"
        assert row(k9).id == "name"


async def test_what_is_typed_shows_in_the_yaml_and_the_reverse(tmp_path: Path) -> None:
    async with running(tmp_path, size=(160, 48)) as k9:
        screen = await open_new(k9, "deployment web")
        await fill(k9, "image", "nginx:1.29")
        assert "image: nginx:1.29" in screen.editor.text
        await k9.press("f9")
        screen.editor.go_to(0, 0)
        await k9.type("# mine")
        await k9.press("enter")
        screen.editor.text = screen.editor.text.replace("nginx:1.29", "nginx:1.30")
        await k9.press("f9")
        assert screen.sheet.models[0].get("image") == "nginx:1.30"
        await fill(k9, "replicas", "3")
        assert "# mine" in screen.editor.text
        assert "replicas: 3" in screen.editor.text


async def test_the_field_under_the_cursor_marks_its_lines(tmp_path: Path) -> None:
    async with running(tmp_path, size=(160, 48)) as k9:
        screen = await open_new(k9, "deployment web")
        await to_field(k9, "image")
        line = screen.editor.text.split("\n").index("        image: ''")
        assert screen.editor.caret[0] == line


async def test_a_field_is_found_by_the_name_the_server_has_for_it(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        await open_new(k9, "service web")
        await to_field(k9, "nodePort")
        assert row(k9).id == "ports[0].nodePort"


async def test_fields_of_lists_in_lists_are_found_before_there_is_an_item(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "networkpolicy mysql")
        await fill(k9, "For pods", "app=mysql")
        await fill(k9, "come in: From: Pods", "app=dog-api")
        await fill(k9, "come in: Ports: Port", "3306")
        spec = screen.sheet.models[0].value["spec"]
        assert spec["podSelector"] == {"matchLabels": {"app": "mysql"}}
        peers = [{"podSelector": {"matchLabels": {"app": "dog-api"}}}]
        assert spec["ingress"] == [{"from": peers, "ports": [{"port": 3306}]}]


async def test_enter_on_a_field_there_is_not_keeps_the_search_open(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "service web")
        before = screen.editor.text
        await k9.press("ctrl+g")
        await k9.until(lambda: k9.app.screen is not screen, "the search")
        await k9.type("zzqxw")
        await k9.press("enter")
        await k9.sees("nothing matches; esc leaves")
        await k9.type("80")
        await k9.press("escape")
        await k9.until(lambda: k9.app.screen is screen, "the form")
        assert screen.editor.text == before


async def test_nothing_is_said_about_a_half_typed_word_and_the_field_is_told_when_it_is_left(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        await open_new(k9, "service web")
        await k9.press("ctrl+g")
        await k9.type("node port")
        await k9.press("escape")
        await go_down_to(k9, "ports")
        await k9.press("+")
        await k9.until(lambda: row(k9).id == "ports[0].port")
        await k9.type("7000")
        assert not row(k9).said
        await k9.type("0")
        assert not row(k9).said
        await k9.press("down")
        await k9.sees("must be between 1 and 65535")


async def test_broken_yaml_says_so_and_keeps_the_forms_values(tmp_path: Path) -> None:
    async with running(tmp_path, size=(160, 48)) as k9:
        screen = await open_new(k9, "deployment web")
        await fill(k9, "image", "nginx")
        await k9.press("f9")
        screen.editor.go_to(1, 0)
        await k9.type("  bad: [")
        await k9.sees("the YAML cannot be read")
        assert screen.sheet.models[0].get("image") == "nginx"


async def test_yaml_broken_behind_its_last_line_is_explained_when_it_is_to_be_written(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        await open_new(k9, "persistentvolumeclaim data")
        await k9.press("f9", "ctrl+end")
        await k9.type("bad: [1,")
        await k9.press("ctrl+s")
        await k9.sees("did not find expected node content")


async def test_undo_takes_back_a_change_of_the_form_and_redo_brings_it_again(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "deployment web")
        await fill(k9, "replicas", "7")
        assert screen.sheet.models[0].get("replicas") == 7
        await k9.press("ctrl+u")
        await k9.until(lambda: screen.sheet.models[0].get("replicas") is None)
        await k9.press("ctrl+y")
        await k9.until(lambda: screen.sheet.models[0].get("replicas") == 7)


async def test_a_field_no_form_has_is_added_by_its_schema_path(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "deployment web")
        await to_field(k9, "dnsPolicy")
        assert row(k9).id == "spec.template.spec.dnsPolicy"
        await k9.type("Default")
        await k9.press("enter")
        assert "dnsPolicy: Default" in screen.editor.text


@pytest.mark.parametrize("size", SIZES)
async def test_a_list_takes_items_and_gives_them_back(tmp_path: Path, size: tuple[int, int]) -> None:
    async with running(tmp_path, size=size) as k9:
        screen = await open_new(k9, "deployment web")
        await go_down_to(k9, "containers[0].env")
        await k9.press("+")
        await k9.type("A")
        await k9.press("ctrl+n")
        await k9.type("B")
        await k9.press("alt+up")
        env = screen.sheet.models[0].value["spec"]["template"]["spec"]["containers"][0]["env"]
        assert [one["name"] for one in env] == ["B", "A"]
        await k9.press("ctrl+d")
        env = screen.sheet.models[0].value["spec"]["template"]["spec"]["containers"][0]["env"]
        assert [one["name"] for one in env] == ["A"]


async def test_a_key_typed_alone_makes_a_pair_whose_value_is_typed_next(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "configmap settings")
        await go_down_to(k9, "data")
        await k9.type("level")
        await k9.press("enter")
        await k9.until(lambda: row(k9).kind is RowKind.PAIR)
        await k9.type("info, and more")
        await k9.press("enter")
        assert screen.sheet.models[0].value["data"] == {"level": "info, and more"}


async def test_pasted_rubbish_becomes_one_harmless_line(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "deployment web")
        await to_field(k9, "image")
        screen.list._insert("\x1b[31mngi\nnx\x00:1\x07\r\n")
        await k9.press("down")
        assert screen.sheet.models[0].get("image") == "ngi nx:1"


async def test_escape_asks_before_it_throws_away_what_was_typed(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        await open_new(k9, "deployment")
        await k9.type("web")
        await k9.press("escape")
        await k9.sees("Nothing was written yet")
        await k9.press("enter")
        await k9.until(lambda: isinstance(k9.app.screen, FormScreen))
        assert form(k9).list.typed == "web"


async def test_a_preset_is_called_by_its_name_where_what_it_sets_leaves_no_room(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "deployment web")
        await k9.press("ctrl+t")
        await k9.sees("Begin the Deployment with")
        for preset in screen.sheet.models[0].form.presets:
            assert preset.label in k9.screen


async def test_a_field_searched_by_its_name_comes_before_the_schema_paths_with_these_letters(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        await open_new(k9, "deployment web")
        await to_field(k9, "labels")
        assert row(k9).id == "labels"


async def test_a_field_is_found_by_what_kubernetes_calls_it_before_the_paths_that_only_begin_so(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        await open_new(k9, "service web")
        await to_field(k9, "session affinity")
        assert row(k9).id == "sessionAffinity"
        await to_field(k9, "sessionAffinityConfig")
        assert row(k9).id == "spec.sessionAffinityConfig"


async def test_adding_the_last_item_of_a_form_leaves_no_empty_room_below(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "deployment web")
        await to_field(k9, "volumes")
        await k9.press("+")
        await k9.until(lambda: row(k9).id == "volumes[0].name")
        line = screen.list.line_of(row(k9))
        assert line is not None
        assert line > screen.list.size.height // 2


async def test_a_field_of_a_list_that_has_no_item_yet_is_found_and_makes_the_item(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "service web")
        await to_field(k9, "target port")
        assert row(k9).id == "ports[0].targetPort"
        await k9.type("8080")
        await k9.press("up")
        await k9.type("80")
        await k9.press("enter")
        assert screen.sheet.models[0].value["spec"]["ports"] == [{"targetPort": 8080, "port": 80}]
        assert [one.label for one in screen.list.rows if one.text == "80"] == ["Port"]


async def test_a_field_that_is_emptied_stays_under_the_cursor_and_takes_what_is_typed_next(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "deployment web")
        text = screen.editor.text.replace("spec:\n", "spec:\n  revisionHistoryLimit: 7\n  minReadySeconds: 3\n", 1)
        screen.editor.text = text
        screen.read_yaml()
        await to_field(k9, "old revisions")
        assert row(k9).text == "7"
        await k9.press("end", "backspace")
        await k9.until(lambda: "revisionHistoryLimit" not in screen.editor.text)
        await k9.type("5")
        await k9.press("enter")
        spec = screen.sheet.models[0].value["spec"]
        assert (spec["revisionHistoryLimit"], spec["minReadySeconds"]) == (5, 3)


async def test_a_key_of_a_map_is_found_by_its_name(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "secret db")
        screen.editor.text = screen.editor.text + "stringData:\n  user_name: api\n  user_password: hunter2\n"
        screen.read_yaml()
        await to_field(k9, "user_password")
        assert (row(k9).kind, row(k9).label) == (RowKind.PAIR, "user_password")
