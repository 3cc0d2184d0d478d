"""The start: what is done once, and what has to wait until the first frame stands."""

from __future__ import annotations

import gc
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
