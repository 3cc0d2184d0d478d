"""Keys typed straight behind the one that opens a form: all of them are the form's, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Key

from k9py.config.launch import UiOptions
from k9py.ui._compat import is_stopped
from tests.ui.forms.driving import form, is_open, open_new, to_field
from tests.ui.harness import pod, running

NAME = "quick-brown-fox"
PODS = {"pods": [pod("api-1"), pod("worker-1")]}


@pytest.mark.parametrize("turns", [0, 2, 3])
async def test_letters_typed_straight_behind_plus_are_the_name(tmp_path: Path, turns: int) -> None:
    async with running(tmp_path, PODS, options=UiOptions(namespaces=("shop",))) as k9:
        await k9.sees("worker-1")
        k9.app.simulate_key("+")
        for number, key in enumerate(NAME):
            if turns and number % turns == 0:
                # The next letters come while those before are still on their way.
                await k9.pilot.pause(0)
            k9.app.simulate_key(key)
        await k9.until(lambda: is_open(k9) and not k9.app.keys.is_busy, "the form")
        await k9.until(lambda: form(k9).list.typed == NAME, NAME)
        assert form(k9).list.row.id == "name"  # type: ignore[union-attr]


@pytest.mark.parametrize("turns", [0, 2, 3])
async def test_what_is_searched_for_straight_behind_plus_is_the_searchs_not_the_names(
    tmp_path: Path, turns: int
) -> None:
    async with running(tmp_path, PODS, options=UiOptions(namespaces=("shop",))) as k9:
        await k9.sees("worker-1")
        k9.app.simulate_key("+")
        for number, key in enumerate(["ctrl+g", *"labels", "enter"]):
            if turns and number % turns == 0:
                await k9.pilot.pause(0)
            k9.app.simulate_key(key)
        await k9.until(lambda: is_open(k9) and not k9.app.keys.is_busy, "the form")
        await k9.until(lambda: form(k9).list.row.id == "labels", "the labels")  # type: ignore[union-attr]
        assert "labels" not in form(k9).editor.text.replace("labels:", "")


async def test_a_key_that_reaches_the_form_before_those_typed_ahead_are_taken_comes_behind_them(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, options=UiOptions(namespaces=("shop",))) as k9:
        await open_new(k9, "pod web")
        screen = form(k9)
        screen.keyed.is_ready = False  # as while the form is being made
        early = Key("x", "x")
        screen.list.on_key(early)
        assert screen.list.typed == "web"
        assert not is_stopped(early)
        screen.keyed.typed_ahead = [Key("a", "a")]
        await screen.keyed.catch_up()
        await screen.on_key(early)
        assert screen.list.typed == "ax"


async def test_keys_typed_before_the_names_to_choose_from_are_read_choose_among_them(tmp_path: Path) -> None:
    classes = [
        {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": "a/b"}
        for name in ("bronze", "silver")
    ]
    async with running(tmp_path, {**PODS, "storageclasses.storage.k8s.io": classes}) as k9:
        await open_new(k9, "pvc data")
        await to_field(k9, "storage class")
        for key in ("ctrl+@", "down", "enter"):
            k9.app.simulate_key(key)
        await k9.until(lambda: is_open(k9) and form(k9).list.row.text == "silver", "the second one")  # type: ignore[union-attr]
