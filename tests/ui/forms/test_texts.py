"""Texts of several lines in a form, and the keys of the editor beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from k9py.config.launch import UiOptions
from k9py.manifests.forms.sheet import Sheet
from k9py.manifests.kinds import bundled
from k9py.ui.editor.schemahelp import SchemaHelp
from k9py.ui.editor.screen import EditScreen
from k9py.ui.editor.widget import TextEditor
from k9py.ui.forms.live import laid_over
from k9py.ui.forms.rows import RowKind
from tests.ui.forms.driving import fill, form, get, is_open, open_new, row, write
from tests.ui.harness import Seen, running

SCRIPT = "#!/bin/sh\n\techo 'hi'  \n\nexit 0\n"


async def value_editor(k9: Seen) -> TextEditor:
    """Wait for a value's own editor."""
    await k9.until(lambda: isinstance(k9.app.screen, EditScreen) and k9.app.screen.query(TextEditor), "the value")
    found = k9.app.screen.query_one(TextEditor)
    await k9.until(lambda: found.has_focus)
    return found


async def taken_over(k9: Seen, key: str) -> None:
    """Take over what stands in a value's own editor."""
    await k9.press(key)
    await k9.until(lambda: is_open(k9) and form(k9).list.has_focus, "the form")


async def test_a_value_of_several_lines_is_typed_as_a_text_of_its_own_and_enter_opens_it_again(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "configmap scripts")
        await fill(k9, "data", "run.sh")
        await k9.until(lambda: row(k9).kind is RowKind.PAIR)
        await k9.press("ctrl+e")
        editor = await value_editor(k9)
        editor.acts.insert(SCRIPT)
        await taken_over(k9, "ctrl+s")
        await k9.until(lambda: screen.sheet.models[0].get("data.run.sh") == SCRIPT)
        assert "enter opens its 4 lines" in k9.screen
        await k9.press("enter")
        editor = await value_editor(k9)
        assert editor.text == SCRIPT
        editor.text = "a\r\nb\r\n"
        await taken_over(k9, "escape")
        await k9.until(lambda: screen.sheet.models[0].get("data.run.sh") == "a\r\nb\r\n")


async def test_the_value_of_a_secret_at_the_caret_of_its_yaml_is_edited_as_the_text_it_stands_for(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, size=(160, 48)) as k9:
        screen = await open_new(k9, "secret login")
        await fill(k9, "data", "user=jane")
        await k9.until(lambda: "stringData:\n  user: jane" in screen.editor.text, screen.editor.text)
        await k9.press("f9")
        screen.editor.go_to(screen.editor.text.split("\n").index("  user: jane"), 4)
        await k9.press("ctrl+e")
        editor = await value_editor(k9)
        assert editor.text == "jane"
        editor.text = "joan\n"
        await k9.press("escape")
        await k9.until(lambda: screen.sheet.models[0].get("data.user") == "joan\n")
        assert "user: |\n    joan" in screen.editor.text


async def test_a_secret_that_is_there_stands_per_key_decoded_and_covered_in_its_yaml_and_both_sides_follow(
    tmp_path: Path,
) -> None:
    data = {"user": "amFuZQ==", "password": "aHVudGVyMg==", "store": "/wD/AA=="}
    meta = {"name": "login", "namespace": "shop"}
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}
    options = UiOptions(kind="secrets", namespaces=("shop",))
    async with running(tmp_path, {"secrets": [live]}, size=(160, 48), options=options) as k9:
        await k9.until(lambda: k9.names == ["login"])
        await k9.press("F")
        await k9.until(lambda: is_open(k9))
        screen = form(k9)
        lines = screen.editor.document.lines
        assert "  password: hunter2" in lines
        assert "hunter2" not in k9.screen
        assert "aHVudGVyMg" not in k9.screen
        await k9.press("f9")
        screen.editor.go_to(lines.index("  password: hunter2"), 4)
        await k9.press("f6")
        await k9.sees("password: hunter2")
        assert "user: jane" not in k9.screen, "one value is shown, not all"
        await k9.press("end", *"x")
        await k9.until(lambda: screen.sheet.models[0].get("data.password") == "hunter2x", "the form follows")
        await k9.press("f9")
        await fill(k9, "data", "more=1")
        await k9.until(lambda: "  more: '1'" in screen.editor.document.lines, screen.editor.text)
        await write(k9)
        kept = (await get(k9, "secrets", "login"))["data"]
        assert kept == {**data, "password": "aHVudGVyMng=", "more": "MQ=="}


async def test_the_yaml_beside_a_form_is_searched_replaced_and_gone_through_by_path(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "deployment web")
        await fill(k9, "image", "nginx:1.29")
        await k9.press("f9", "ctrl+f")
        await k9.until(lambda: screen.prompt.line.has_focus)
        await k9.type("nginx")
        await k9.sees("1 found")
        await k9.press("enter")
        assert screen.editor.document.selected == "nginx"
        await k9.press("ctrl+r")
        await k9.until(lambda: screen.prompt.line.has_focus)
        await k9.type("nginx")
        await k9.press("enter")
        await k9.type("caddy")
        await k9.press("enter")
        await k9.until(lambda: screen.sheet.models[0].get("image") == "caddy:1.29", "the form follows")
        await k9.press("ctrl+g")
        await k9.until(lambda: screen.prompt.line.has_focus)
        await k9.type("metadata.name")
        await k9.press("enter")
        assert screen.editor.document.lines[screen.editor.caret[0]] == "  name: web"
        await k9.press("escape", "f9")
        await k9.until(lambda: screen.list.has_focus)


def test_a_copy_of_a_secret_that_kubectl_left_in_it_is_hidden_from_its_form_and_kept() -> None:
    copy, note = "kubectl.kubernetes.io/last-applied-configuration", "example.com/note"
    kept = {copy: '{"data":{"user":"amFuZQ=="}}', note: "mine"}
    meta: dict[str, Any] = {"name": "login", "uid": "1", "annotations": kept}
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"user": "amFuZQ=="}}
    sheet = Sheet.of_object(bundled(), live)
    assert copy not in sheet.text
    assert laid_over(live, sheet.objects[0]) == live
    sheet.text = sheet.text.replace(f"  annotations:\n    {note}: mine\n", "")
    assert laid_over(live, sheet.objects[0])["metadata"]["annotations"] == {copy: kept[copy]}


async def test_the_line_about_a_field_of_the_yaml_is_made_once_the_caret_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    at = SchemaHelp.at

    def counted(self: SchemaHelp, lines: Any, line: int, column: int, *rest: Any) -> Any:
        asked.append((line, column))
        return at(self, lines, line, column, *rest)

    async with running(tmp_path, size=(160, 48)) as k9:
        screen = await open_new(k9, "deployment web")
        await k9.press("f9")
        monkeypatch.setattr(SchemaHelp, "at", counted)
        monkeypatch.setattr(SchemaHelp, "complete", lambda *_: None)
        asked.clear()
        for line in range(4):
            screen.editor.go_to(line, 2)
            assert screen.yaml.field_line() == "", "nothing is looked up while keys come"
            assert asked == []
        await k9.until(lambda: asked)
        assert asked == [(3, 2)]
        assert screen.yaml.field_line()
