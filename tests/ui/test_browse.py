"""The browser driven by keys on a simulated cluster."""

from __future__ import annotations

from pathlib import Path

from k9py.config.launch import UiOptions
from k9py.core.refs import Scope
from k9py.sim.deletion import Options
from tests.ui.harness import Driver, oom_killed, pod, running

PODS = {"pods": [pod("api-1"), pod("api-2"), oom_killed("worker-1"), pod("far-1", "other")]}


async def test_the_pods_of_the_namespace_appear_and_follow_the_cluster(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        assert sorted(k9.names) == ["api-1", "api-2", "worker-1"]
        k9.store.create("pods", pod("api-3"))
        await k9.until(lambda: "api-3" in k9.names)
        k9.store.delete("pods", "shop", "api-1", options=Options(grace=0))
        await k9.until(lambda: "api-1" not in k9.names)


async def test_the_selected_rows_sentence_says_what_is_wrong(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("G")
        await k9.until(lambda: k9.cursor == "worker-1")
        await k9.sees("OOMKilled")


async def test_a_filter_narrows_while_it_is_typed_and_escape_takes_it_back(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("/")
        await k9.type("work")
        await k9.until(lambda: k9.names == ["worker-1"])
        await k9.press("enter")
        await k9.sees("1 of 3")
        await k9.press("escape")
        await k9.until(lambda: len(k9.names) == 3)


async def test_a_filter_that_means_nothing_is_explained_while_typing_and_hides_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("/")
        await k9.type("restarts>x")
        await k9.until(lambda: k9.bar("prompt-says") != "")
        assert len(k9.names) == 3


async def test_only_problems_shows_what_is_broken(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("exclamation_mark")
        await k9.until(lambda: k9.names == ["worker-1"])


async def test_a_command_opens_a_kind_and_history_comes_back(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press(":")
        await k9.type("ns")
        await k9.press("enter")
        await k9.until(lambda: "other" in k9.names)
        await k9.press("[")
        await k9.until(lambda: "worker-1" in k9.names)
        await k9.press("]")
        await k9.until(lambda: "other" in k9.names)


async def test_an_unknown_kind_is_answered_and_the_line_can_be_mended(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press(":")
        await k9.type("podz")
        await k9.press("enter")
        await k9.sees("no kind called 'podz'")
        assert k9.app.browser.prompt.line.value == "podz"
        await k9.press("backspace", "s", "enter")
        await k9.until(lambda: "worker-1" in k9.names)


async def test_enter_goes_to_the_containers_of_a_pod_and_back_finds_the_row(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("G", "enter")
        await k9.sees("containers of worker-1")
        await k9.until(lambda: k9.names == ["main"])
        await k9.press("escape")
        await k9.until(lambda: k9.cursor == "worker-1")


async def test_all_namespaces_and_one_namespace_by_key(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("0")
        await k9.until(lambda: "far-1" in k9.names)
        await k9.press("w")
        await k9.until(lambda: len(k9.names) in (1, 3))


async def test_several_chosen_namespaces_share_one_list(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, options=UiOptions(namespaces=("shop", "other"))) as k9:
        await k9.until(lambda: sorted(k9.names) == ["api-1", "api-2", "far-1", "worker-1"])


async def test_pasted_text_becomes_a_filter_and_never_keys(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        k9.app.browser.paste_filter("worker\n")
        await k9.until(lambda: k9.names == ["worker-1"])
        assert k9.app.browser.prompt.mode == "/"


async def test_yaml_is_shown_without_managed_fields(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("G", "y")
        await k9.sees("kind: Pod")
        assert "managedFields" not in k9.app.browser.detail.text.text
        await k9.press("escape")
        await k9.sees_not("kind: Pod")


async def test_marks_survive_a_filter_and_escape_clears_them_first(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("*")
        await k9.sees("3 marked")
        await k9.press("escape")
        await k9.sees_not("3 marked")


async def test_tabs_open_close_and_step(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("ctrl+t")
        await k9.sees("2/2")
        await k9.press(":")
        await k9.type("nodes")
        await k9.press("enter")
        await k9.until(lambda: k9.app.browser.view.kind == "nodes")
        await k9.press("}")
        await k9.until(lambda: k9.app.browser.view.kind == "pods")
        await k9.press("W")
        await k9.until(lambda: len(k9.app.browser.tabs.trails) == 1)


async def test_what_was_looked_at_opens_again(tmp_path: Path) -> None:
    fresh = UiOptions()
    async with running(tmp_path, PODS, options=fresh) as k9:
        await k9.until(lambda: k9.app.session is not None)
        k9.app.use_scope(Scope(("shop",)))
        await k9.press("/")
        await k9.type("api")
        await k9.press("enter")
        await k9.until(lambda: sorted(k9.names) == ["api-1", "api-2"])
    async with running(tmp_path, PODS, options=fresh) as k9:
        await k9.until(lambda: sorted(k9.names) == ["api-1", "api-2"])
        assert k9.app.browser.view.filter == "api"


async def test_help_lists_what_works_here_and_runs_it(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("?")
        await k9.sees("Keys that work here and now")
        await k9.type("only rows with a problem")
        await k9.press("enter")
        await k9.until(lambda: k9.names == ["worker-1"])


async def test_no_kubeconfig_is_explained_and_the_program_stays(tmp_path: Path) -> None:
    async with running(tmp_path, kubeconfig="") as k9:
        await k9.sees("k9py demo")
        await k9.press(":")
        assert k9.app.browser.prompt.mode == ":"


async def test_every_theme_can_be_chosen_while_it_runs(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for theme in ("light", "monochrome", "high-contrast-dark"):
            k9.app.use_theme(theme)
            await k9.sees("worker-1")
            assert k9.app.look.theme.name == theme


async def test_a_theme_chosen_while_running_colours_the_table_as_one_chosen_from_the_start(tmp_path: Path) -> None:
    def colours(k9: Driver) -> list[set[str]]:
        return [{str(segment.style) for segment in strip} for strip in k9.app.screen._compositor.render_strips()]

    for folder in ("light", "dark"):
        (tmp_path / folder).mkdir()
    pods = {"pods": [pod("api-1"), oom_killed("worker-1")]}
    async with running(tmp_path / "light", pods, settings="theme: light") as k9:
        await k9.sees("worker-1")
        wanted = colours(k9)
    async with running(tmp_path / "dark", pods, settings="theme: high-contrast-dark") as k9:
        await k9.sees("worker-1")
        k9.app.use_theme("light")
        await k9.until(lambda: colours(k9)[:6] == wanted[:6])
