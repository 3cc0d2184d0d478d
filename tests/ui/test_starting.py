"""The start: what is done once, and what has to wait until the first frame stands."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest
import textual

from k9py.config.launch import UiOptions
from k9py.core import collector
from k9py.kube.hub import Hub
from k9py.ui import collecting
from k9py.ui._compat import textual_version
from k9py.ui.app import K9App
from k9py.ui.theming import theme_id
from tests.ui.harness import pod, running


def test_the_version_beside_the_package_is_the_one_textual_tells() -> None:
    assert textual_version() == textual.__version__


def test_what_the_first_frame_does_not_show_is_not_imported_before_it() -> None:
    later = (
        "k9py.kube.session", "k9py.kube.reflector", "k9py.resources.registry", "k9py.resources.pods", "k9py.manifests",
        "k9py.changes", "k9py.operate", "k9py.sim", "k9py.ui.opening", "k9py.ui.logscreen", "k9py.ui.forms",
        "k9py.ui.editor",
    )  # fmt: skip
    probe = f"import sys, k9py.ui.starting; print([name for name in {later!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=50)
    assert answer.stdout.strip() == "[]"


async def test_the_style_sheet_is_read_once_with_the_theme_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[None] = []
    refresh = K9App.refresh_css
    monkeypatch.setattr(K9App, "refresh_css", lambda app, animate=True: again.append(refresh(app, animate)))
    async with running(tmp_path, settings="theme: light\n") as k9:
        await k9.sees("shop")
        assert again == []
        assert k9.app.theme == theme_id(k9.app.look)
        assert (k9.app.has_class("-light-mode"), k9.app.has_class("-dark-mode")) == (True, False)
        background = k9.app.browser.table.styles.background
        assert background.hex.lower() == k9.app.look.theme.roles["background"].colour


async def test_the_collector_works_again_a_while_after_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "START", 0.2)
    collector.pause()
    try:
        async with running(tmp_path, {"pods": [pod("web-1")]}, options=UiOptions(namespaces=("shop",))) as k9:
            await k9.sees("web-1")
            await k9.until(gc.isenabled, "the collector")
    finally:
        gc.enable()
        gc.unfreeze()


async def test_the_collector_waits_while_a_first_list_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "START", 0.05)
    filling = [True]
    monkeypatch.setattr(Hub, "filling", property(lambda _hub: filling[0]))
    collector.pause()
    try:
        async with running(tmp_path, {"pods": [pod("web-1")]}) as k9:
            await k9.sees("web-1")
            await k9.pilot.pause(0.2)
            assert collector.is_paused()
            filling[0] = False
            await k9.until(gc.isenabled, "the collector")
    finally:
        gc.enable()
        gc.unfreeze()


async def test_a_kind_the_cluster_has_not_is_told_where_the_rows_would_be_when_it_is_what_one_starts_with(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, {"pods": [pod("web-1")]}, options=UiOptions(kind="nosuchthings")) as k9:
        await k9.sees(":kinds lists what there is")
        assert "nosuchthings" in k9.app.browser.no_view[0]
        assert "Connecting" not in k9.screen
        await k9.press(":")
        await k9.type("pods shop")
        await k9.press("enter")
        await k9.sees("web-1")
        assert not k9.app.browser.no_view
