"""Editing in the whole program, driven by keys on a simulated cluster."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste

from k9py.changes.drafts import Draft
from k9py.ui.app import K9App
from k9py.ui.changing.review import ReviewScreen
from k9py.ui.editor import external
from k9py.ui.editor.keeping import drafts_of, tell_drafts
from k9py.ui.editor.reading import ReadingScreen
from k9py.ui.editor.screen import EditScreen
from k9py.ui.editor.widget import TextEditor
from tests.ui.harness import Driver, running


def config_map(**data: str) -> dict[str, Any]:
    """Return a ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "app", "namespace": "shop"},
        "data": data or {"color": "red", "page": "one\ntwo\n"},
    }


def deployment() -> dict[str, Any]:
    """Return a Deployment that nothing rolls out: the server of these tests has no controllers."""
    labels = {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "a:1"}]}},
        },
    }


@asynccontextmanager
async def editing(
    tmp_path: Path, kind: str, objects: dict[str, list[dict[str, Any]]], **how: Any
) -> AsyncIterator[Driver]:
    """Run the program with the editor open on the only object of a kind."""
    async with running(tmp_path, objects, **how) as driver:
        await open_editor(driver, kind)
        yield driver


async def open_editor(driver: Driver, kind: str) -> None:
    """Open the editor on the only object of a kind."""
    await driver.until(lambda: driver.app.session)
    await driver.press(":")
    await driver.type(kind)
    await driver.press("enter")
    await driver.until(lambda: len(driver.names) == 1 and driver.app.browser.view.kind.startswith(kind))
    await driver.press("e")
    await driver.until(lambda: isinstance(driver.app.screen, EditScreen) and driver.app.screen.is_mounted, "the editor")
    await driver.until(lambda: editor(driver).has_focus)


def editor(driver: Driver) -> TextEditor:
    """Return the text that is being edited."""
    return driver.app.screen.query_one(TextEditor)


def stored(driver: Driver, resource: str, name: str) -> dict[str, Any]:
    """Return an object as the server has it."""
    return driver.store.get(resource, "shop", name)


async def test_an_edit_is_reviewed_written_and_forgotten_as_a_draft(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        assert "red" in editor(driver).text
        editor(driver).go_to(editor(driver).text.split("\n").index("  color: red"), 9)
        await driver.press("end", "ctrl+w", *"blue")
        await driver.sees("changed")
        await driver.press("ctrl+s")
        await driver.sees("+   color: blue")
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen))
        assert "color: blue" in editor(driver).text
        await driver.press("ctrl+z", "ctrl+z")
        assert "color: red" in editor(driver).text
        await driver.press("ctrl+y", "ctrl+y")
        await driver.press("ctrl+s")
        await driver.sees("+   color: blue")


async def test_what_is_typed_is_offered_again_when_the_program_was_killed(tmp_path: Path) -> None:
    objects = {"configmaps": [config_map()]}
    async with editing(tmp_path, "configmaps", objects) as driver:
        await driver.press("ctrl+home", *"# note", "enter")
        drafts = drafts_of(driver.app)
        await driver.until(lambda: drafts.left(driver.app.context_name), "a draft")
        await driver.press("escape")
        await driver.sees("What you typed is kept")
        await driver.press("e")
        await driver.sees("Go on with what was typed")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen) and "# note" in editor(driver).text)
        await driver.press("f8")
        await driver.until(lambda: driver.app.screen is driver.app.browser)
        assert drafts.left(driver.app.context_name) == []


async def test_a_draft_of_an_earlier_run_is_told_once_and_listed(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map()]}) as driver:
        await driver.until(lambda: driver.app.session)
        drafts_of(driver.app).save(Draft("new/1", driver.app.context_name, "objects", "kind: ConfigMap\n", 0.0))
        tell_drafts(driver.app)
        await driver.sees(":drafts opens it")
        await driver.press(":")
        await driver.type("drafts")
        await driver.press("enter")
        await driver.sees("Drafts: what was typed and kept")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen))
        assert editor(driver).text == "kind: ConfigMap\n"


async def test_somebody_else_changing_the_object_is_said_and_shown(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        other = stored(driver, "configmaps", "app")
        driver.store.replace("configmaps", {**other, "data": {**other["data"], "color": "green"}})
        await driver.sees("somebody changed data.color meanwhile")
        await driver.sees("f5 shows it")
        await driver.press("f5")
        await driver.until(lambda: isinstance(driver.app.screen, ReadingScreen))
        await driver.sees("green")
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen))


async def test_yaml_that_cannot_be_read_puts_the_caret_where_it_breaks(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        await driver.press("ctrl+end", *"a: [", "ctrl+home", "ctrl+s")
        await driver.sees("line")
        assert isinstance(driver.app.screen, EditScreen)
        assert editor(driver).caret[0] > 3


async def test_errors_come_once_the_line_is_left_and_lead_to_their_place(tmp_path: Path) -> None:
    async with editing(tmp_path, "deployments", {"deployments.apps": [deployment()]}) as driver:
        text = editor(driver)
        line = text.text.split("\n").index("  replicas: 2")
        text.go_to(line, 99)
        await driver.press("backspace", *"many")
        await driver.until(lambda: driver.app.screen._checker._checks.notes, "a finding")  # type: ignore[attr-defined]
        assert not text.notes
        await driver.press("ctrl+home")
        await driver.until(lambda: text.notes, "a sign")
        assert [note.line for note in text.notes] == [line]
        await driver.press("f7")
        assert text.caret[0] == line
        await driver.sees("spec.replicas: Invalid value")


async def test_completion_documentation_and_reasons_come_from_the_schema(tmp_path: Path) -> None:
    async with editing(tmp_path, "deployments", {"deployments.apps": [deployment()]}) as driver:
        text = editor(driver)
        await driver.until(lambda: text.completer is not None, "the schema")
        line = text.text.split("\n").index("  replicas: 2")
        text.go_to(line, 5)
        await driver.sees("spec.replicas (integer): Number of desired pods")
        await driver.press("end", "enter", *"paus", "ctrl+space")
        await driver.sees("paused  boolean")
        await driver.press("enter", *"t", "ctrl+space", "enter")
        assert "  paused: true\n" in text.text
        await driver.press("f1")
        await driver.sees("KIND:     Deployment")
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen))


async def test_names_of_live_objects_and_of_those_in_the_same_text_are_completed(tmp_path: Path) -> None:
    lines = ["  containers:", "  - name: a", "    envFrom:", "    - configMapRef:", "        name: "]
    text = "\n".join(["apiVersion: v1", "kind: Pod", "metadata:", "  name: a", "spec:", *lines])
    beside = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fresh\n"
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        text_editor = editor(driver)
        await driver.until(lambda: text_editor.completer is not None, "schemas")
        text_editor.text = f"{text}\n{beside}"
        text_editor.go_to(9, len(lines[-1]))
        await driver.press("ctrl+space")
        await driver.until(lambda: text_editor.completion, "completions")
        await driver.sees("fresh")
        await driver.type("ap")
        await driver.until(lambda: text_editor.completion is not None and text_editor.completion.text == "app")
        await driver.press("enter")
        assert text_editor.text.split("\n")[9] == "        name: app"


async def test_find_replace_and_go_to(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map(a="xx", b="xxx")]}) as driver:
        text = editor(driver)
        before = text.text
        await driver.press("ctrl+r", *"xx", "enter")
        await driver.sees("enter replaces 2")
        await driver.press(*"y", "enter")
        assert text.text == before.replace("xx", "y")
        await driver.press("ctrl+z")
        assert text.text == before
        await driver.press("ctrl+r", *"/x(x)/", "enter", *r"<\1>", "enter")
        assert "<x>x" in text.text
        await driver.press("ctrl+g", "3", "enter")
        assert text.caret == (2, 0)
        await driver.press("ctrl+g", *"data.b", "enter")
        assert text.document.lines[text.caret[0]].startswith("  b:")
        await driver.press("ctrl+f", *"name", "enter")
        assert text.document.selected == "name"


async def test_a_secret_is_masked_shown_on_demand_and_kept_byte_for_byte(tmp_path: Path) -> None:
    raw = base64.b64encode(b"\x00\xff").decode()
    secret = {
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "db", "namespace": "shop"},
        "data": {"user": base64.b64encode(b"zoe").decode(), "raw": raw},
    }  # fmt: skip
    async with editing(tmp_path, "secrets", {"secrets": [secret]}) as driver:
        text = editor(driver)
        await driver.sees("binary, 2 bytes")
        assert "zoe" not in driver.screen
        text.go_to(next(n for n, line in enumerate(text.document.lines) if line.startswith("  user:")), 4)
        await driver.press("f6")
        await driver.sees("user: zoe")
        await driver.press("f6")
        await driver.sees_not("zoe")
        await driver.press("ctrl+e")
        await driver.sees("stringData.user")
        assert editor(driver).text == "zoe"
        await driver.press(*"x")
        await driver.press("escape")
        await driver.until(lambda: "user: xzoe" in editor(driver).text)
        await driver.press("ctrl+s")
        await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen))
        review = driver.app.screen
        await driver.sees("1 change")
        assert isinstance(review, ReviewScreen)
        sent = review.changes[0].sent
        assert sent is not None
        assert sent["data"] == {"user": base64.b64encode(b"xzoe").decode(), "raw": raw}
        assert "zoe" not in driver.screen


def two_values() -> dict[str, Any]:
    """Return a Secret of two values."""
    values = {"password": base64.b64encode(b"old").decode(), "user": base64.b64encode(b"zoe").decode()}
    meta = {"name": "db", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": meta, "data": values}


def line_of(driver: Driver, start: str) -> int:
    """Return the line of the text that begins with something."""
    return next(n for n, line in enumerate(editor(driver).document.lines) if line.startswith(start))


async def test_a_value_is_shown_from_the_margin_of_its_line_and_looking_changes_nothing(tmp_path: Path) -> None:
    async with editing(tmp_path, "secrets", {"secrets": [two_values()]}) as driver:
        editor(driver).go_to(line_of(driver, "  user:"), 0)
        await driver.press("f6")
        await driver.sees("user: zoe")
        assert "old" not in driver.screen
        editor(driver).go_to(line_of(driver, "  password:"), 0)
        await driver.press("f6")
        await driver.sees("password: old")
        screen = driver.app.screen
        assert isinstance(screen, EditScreen)
        assert not screen.is_changed
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is driver.app.browser)
        assert drafts_of(driver.app).left(driver.app.context_name) == []


async def test_part_of_a_mask_is_never_a_value_and_its_line_is_shown(tmp_path: Path) -> None:
    async with editing(tmp_path, "secrets", {"secrets": [two_values()]}) as driver:
        line = line_of(driver, "  user:")
        editor(driver).go_to(line, len(editor(driver).document.lines[line]))
        await driver.press("backspace", *"ada", "ctrl+home", "ctrl+s")
        await driver.sees("stringData.user is part mask, part text")
        assert editor(driver).caret[0] == line
        assert isinstance(driver.app.screen, EditScreen)
        await driver.until(lambda: [note.line for note in editor(driver).notes] == [line])


async def test_typed_values_of_a_secret_are_asked_about_before_they_are_lost(tmp_path: Path) -> None:
    async with editing(tmp_path, "secrets", {"secrets": [two_values()]}) as driver:
        await driver.press("ctrl+g", *"stringData.user", "enter", "end", *["backspace"] * 6, *"lovelace", "escape")
        await driver.sees("Values of Secrets that were typed are not kept")
        assert "keep what was typed" not in driver.screen
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen))
        assert "user: lovelace" in editor(driver).text
        await driver.press("ctrl+home", "down", *"# ours", "enter", "escape")
        await driver.sees("keep what was typed but for the values of Secrets")
        await driver.press(*"keep", "enter")
        await driver.until(lambda: driver.app.screen is driver.app.browser)
        (kept,) = drafts_of(driver.app).left(driver.app.context_name)
        assert "# ours" in kept.text
        assert "lovelace" not in kept.text


async def test_one_value_goes_through_the_persons_own_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    script = tmp_path / "edit"
    script.write_text(f'#!/bin/sh\nstat -c "%a %n" "$1" "$(dirname "$1")" > {seen}\nsed -i "s/one/1/; s/red/[/" "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    # There is no terminal to lend in this process; the terminal itself is tested on a pty.
    monkeypatch.setattr(K9App, "suspend", lambda _: nullcontext())
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        text = editor(driver)
        text.go_to(text.document.lines.index("    one"), 5)
        await driver.press("ctrl+e")
        await driver.sees("data.page")
        await driver.until(lambda: editor(driver) is not text and editor(driver).has_focus)
        assert editor(driver).text == "one\ntwo\n"
        await driver.press("f4")
        await driver.until(lambda: editor(driver).text == "1\ntwo\n", "what the other editor left")
        (mode, path), (directory_mode, directory) = (line.split() for line in seen.read_text().splitlines())
        assert (mode, directory_mode) == ("600", "700")
        assert not Path(directory).exists()
        assert not Path(path).exists()
        await driver.press("ctrl+s")
        await driver.until(lambda: "    1\n    two\n" in text.text)
        await driver.press("f4")
        await driver.sees("nothing is lost")
        assert "color: [" in text.text


async def test_what_the_persons_own_editor_saves_is_kept_while_it_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, released, script = tmp_path / "seen", tmp_path / "released", tmp_path / "edit"
    script.write_text(
        f'#!/bin/sh\nsed -i "s/red/blue/" "$1"\ndirname "$1" > {seen}\n'
        f"for _ in $(seq 1200); do [ -e {released} ] && break; sleep 0.05; done\nexit 1\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    monkeypatch.setattr(K9App, "suspend", lambda _: nullcontext())
    monkeypatch.setattr(external, "LOOK", 0.02)
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        drafts = drafts_of(driver.app)
        pressed = asyncio.create_task(driver.press("f4"))  # not over before the editor is
        async with asyncio.timeout(driver.patience):
            while not drafts.left(driver.app.context_name):
                await asyncio.sleep(0.02)  # a pilot waits for a program that waits for the editor
        assert "blue" in drafts.left(driver.app.context_name)[0].text
        external.remove_left_behind(os.environ)
        assert Path(seen.read_text().strip()).exists(), "it is in use"
        released.touch()
        await pressed
        await driver.sees("ended with status 1")
        await driver.until(lambda: not drafts.left(driver.app.context_name), "nothing was typed")
        assert not Path(seen.read_text().strip()).exists()


def test_what_a_killed_run_left_of_its_editor_is_removed(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    run = "import os, sys; from k9py.ui.editor import external as e; d = e.private_directory(os.environ); e._locked(d)"
    kill = f"{run}; (d / 'secret.yaml').write_text('x'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", kill], env={**os.environ, **environ}, check=False, timeout=60)
    other = tmp_path / "k9py-edit-of-somebody"
    other.mkdir()
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["secret.yaml"]
    external.remove_left_behind(environ)
    assert list(tmp_path.iterdir()) == [other]


async def test_pasted_objects_open_in_the_editor_and_pasted_words_filter(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map()]}) as driver:
        await driver.until(lambda: driver.app.session)
        await driver.until(lambda: driver.app.browser.table.has_focus)
        driver.app.browser.table.post_message(Paste("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: new\n"))
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen) and driver.app.screen.is_mounted)
        await driver.press("ctrl+s")
        await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen))
        await driver.sees("create")


async def test_a_directory_is_shown_as_what_each_object_would_change(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  color: blue\n")
    (folder / "b.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n")
    async with running(tmp_path, {"configmaps": [config_map()]}) as driver:
        await driver.until(lambda: driver.app.session)
        await driver.press(":")
        await driver.type(f"apply {tmp_path}/mani")
        await driver.press("tab")
        await driver.until(lambda: driver.app.browser.prompt.line.value.endswith("manifests/"))
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen))
        await driver.sees("configmap/b")
        await driver.sees("create")


async def test_a_file_that_cannot_be_read_opens_at_its_fault(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n")
    async with running(tmp_path, {"configmaps": [config_map()]}) as driver:
        await driver.until(lambda: driver.app.session)
        driver.app.browser.acting.command(f"apply {file}")
        await driver.until(lambda: isinstance(driver.app.screen, EditScreen) and driver.app.screen.is_mounted)
        await driver.sees("broken.yaml")
        assert editor(driver).caret[0] >= 2
        await driver.press("ctrl+home", "down", "down", "end", *"}", "ctrl+o")
        whole = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        await driver.until(lambda: file.read_text() == whole, "the file")


async def test_an_object_deleted_meanwhile_is_made_anew_from_what_is_typed(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        await driver.press("ctrl+home", *"# mine", "enter")
        driver.store.delete("configmaps", "shop", "app")
        await driver.sees("was deleted meanwhile")
        assert "# mine" in editor(driver).text
        await driver.press("ctrl+s")
        await driver.sees("1 create")


async def test_text_taken_back_to_how_it_began_leaves_no_draft(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        drafts = drafts_of(driver.app)
        await driver.press("ctrl+home", *"ab")
        await driver.until(lambda: drafts.left(driver.app.context_name), "a draft")
        await driver.press("ctrl+z")
        await driver.until(lambda: not drafts.left(driver.app.context_name), "no draft")
        await driver.sees_not("changed")
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is driver.app.browser)


async def test_keys_that_lead_elsewhere_do_not_leave_a_text(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        text = editor(driver)
        await driver.press("ctrl+home", *":q?[-", "ctrl+t", "ctrl+n", "ctrl+c")
        assert text.text.startswith(":q?[-")
        assert isinstance(driver.app.screen, EditScreen)


async def test_ctrl_c_copies_what_is_selected(tmp_path: Path) -> None:
    async with editing(tmp_path, "configmaps", {"configmaps": [config_map()]}) as driver:
        await driver.press("ctrl+home", "shift+end", "ctrl+c", "ctrl+end", "ctrl+v")
        assert driver.app.clipboard == "apiVersion: v1"
        assert editor(driver).text.endswith("apiVersion: v1")
