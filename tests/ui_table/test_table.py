"""The table on a screen: what it shows, where the cursor stays, what it says to its owner."""

from __future__ import annotations

import pytest
from textual import events

from k9py.ui.glyphs import ASCII
from k9py.ui.table import RowTable
from tests.ui_table.apps import TableApp, screen_text
from tests.ui_table.sample import NOW, pod

PODS = [pod(f"api-{number:02d}", restarts=number, cpu=number * 10) for number in range(40)]


def body(app: TableApp) -> list[str]:
    """The lines below the titles."""
    return screen_text(app)[1:]


def line_of(app: TableApp, name: str) -> str:
    """The line that shows a row; empty when none does."""
    return next((line for line in screen_text(app) if name in line), "")


def dirty_lines(table: RowTable) -> set[int]:
    """The lines the table asked to have painted again."""
    return {y for region in table._repaint_regions for y in range(region.y, region.bottom)}


async def test_titles_rows_and_cursor_are_aligned() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 4)) as pilot:
        app.table.reset(PODS[:2])
        app.table.set_sort("name")
        await pilot.pause()
        assert screen_text(app) == [
            "   NAME↑                           STATUS    RST   CPU   AGE",
            " ▸ api-00                          Running     0    0m 3600s",
            "   api-01                          Running     1   10m 3600s",
            "",
        ]


async def test_the_cursor_stays_on_its_object_and_its_line_when_rows_come_and_go_above() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        app.table.set_sort("name")
        await pilot.press(*["down"] * 19, *["up"] * 4)
        before = [index for index, line in enumerate(body(app)) if "▸" in line]
        app.table.apply({"shop/aaa": pod("aaa"), "shop/aab": pod("aab")}, ["shop/api-03"])
        await pilot.pause()
        assert app.table.cursor_row is not None
        assert app.table.cursor_row.name == "api-15"
        assert [index for index, line in enumerate(body(app)) if "▸" in line] == before


async def test_a_cursor_nobody_moved_stays_on_the_first_row() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.set_sort("name")
        app.table.reset(PODS[20:])
        app.table.apply({row.key: row for row in PODS[:20]})
        await pilot.pause()
        assert app.table.cursor_index == 0
        assert "api-00" in body(app)[0]


async def test_a_list_opened_after_the_cursor_was_moved_in_another_starts_on_its_first_row() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.reset(PODS)
        await pilot.press("j", "j")
        app.table.reset(())
        later, first = PODS[3], PODS[0]
        app.table.apply({later.key: later}, set())
        app.table.apply({first.key: first}, set())
        assert app.table.cursor_row is first


async def test_the_row_below_takes_the_cursor_when_its_own_is_removed() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.press("down", "down")
        app.table.apply({}, ["shop/api-02"])
        await pilot.pause()
        assert app.table.cursor_row is not None
        assert app.table.cursor_row.name == "api-03"


async def test_only_the_line_of_a_changed_row_is_painted_again() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.pause()
        app.table.apply({"shop/api-04": pod("api-04", restarts=4, cpu=77), "shop/api-30": pod("api-30", cpu=1)})
        assert dirty_lines(app.table) == {5}


async def test_a_change_nobody_can_see_paints_nothing() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.pause()
        app.table.apply({"shop/api-04": pod("api-04", restarts=4, cpu=40, resource_version="9")})
        app.table.tick(NOW + 0.4)
        assert dirty_lines(app.table) == set()


async def test_ages_are_painted_when_their_text_changes_and_ages_are_due() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS[:1])
        await pilot.pause()
        app.table.tick(NOW + 5, ages=False)
        assert dirty_lines(app.table) == set()
        app.table.tick(NOW + 5)
        await pilot.pause()
        assert "3605s" in body(app)[0]


async def test_new_changed_going_and_raised_have_signs_that_fade() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 14)) as pilot:
        app.table.reset(PODS[:4])
        await pilot.pause()
        app.table.apply(
            {
                "shop/new": pod("new"),
                "shop/api-01": pod("api-01", restarts=5),
                "shop/api-02": pod("api-02", restarts=2, cpu=20, deleting=True),
            }
        )
        await pilot.pause()
        assert line_of(app, "new").startswith(" + new")
        assert line_of(app, "api-01").startswith(" ~ api-01")
        assert " 5▲" in line_of(app, "api-01")
        assert line_of(app, "api-02").startswith(" - api-02")
        await app.clock.advance(6)
        app.table.tick(NOW, ages=False)
        await pilot.pause()
        assert line_of(app, "new").startswith("   new")
        assert line_of(app, "api-01").startswith("   api-01")
        assert "▲" not in line_of(app, "api-01")
        assert line_of(app, "api-02").startswith(" - api-02")


async def test_every_sign_has_an_ascii_twin() -> None:
    app = TableApp(glyphs=ASCII)
    async with app.run_test(size=(60, 14)) as pilot:
        app.table.reset([*PODS[:3], pod("a-very-long-name-that-cannot-possibly-fit-in-its-column", status="OOMKilled")])
        app.table.set_sort("status", descending=True)
        await pilot.press("space")
        app.table.apply({"shop/api-01": pod("api-01", restarts=5)})
        await pilot.pause()
        assert "OOMKilled x" in "\n".join(body(app))
        assert "\n".join(screen_text(app)).isascii()


async def test_a_broken_row_is_shown_by_its_name_with_the_reason() -> None:
    app = TableApp()
    async with app.run_test(size=(70, 5)) as pilot:
        app.table.reset([pod("api", broken="Expected `int`, got `str` - at `$.spec`")])
        await pilot.pause()
        assert "api" in body(app)[0]
        assert "Expected `int`, got `str`" in body(app)[0]


async def test_names_that_would_act_on_the_terminal_or_shift_the_columns_do_neither() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 9)) as pilot:
        names = ["\x1b[31mred", "日本語", "e\u0301\u200bx", "\u202edrow", "a\tb\nc", "\u0301x"]
        app.table.reset([pod(name, uid=str(index)) for index, name in enumerate(names)])
        await pilot.pause()
        lines = body(app)[:6]
        starts = {len(line[: line.index("Running")].encode("utf-16-le")) for line in lines if line.isascii()}
        assert len(starts) == 1
        shown = "".join(lines)
        assert not {"\x1b", "\u202e", "\u200b", "\t", "\n"} & set(shown)
        assert all(strip.cell_length == 60 for strip in app.table._lines)


async def test_columns_go_by_rank_when_the_pane_is_narrow_and_the_name_never_does() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 5)) as pilot:
        app.table.reset(PODS[:2])
        for width, titles in (
            (60, "NAME STATUS RST CPU AGE"),
            (34, "› NAME STATUS RST AGE"),
            (26, "› NAME STATUS AGE"),
            (12, "› NAME"),
        ):
            await pilot.resize_terminal(width, 5)
            await pilot.pause()
            assert screen_text(app)[0].split() == titles.split()


async def test_columns_scroll_sideways_behind_the_frozen_name() -> None:
    app = TableApp()
    async with app.run_test(size=(30, 5)) as pilot:
        app.table.reset(PODS[:2])
        await pilot.press("right", "right")
        assert screen_text(app)[0].split() == ["‹", "NAME", "RST", "CPU", "AGE"]
        await pilot.press("left", "left")
        assert "STATUS" in screen_text(app)[0]


async def test_widths_grow_while_scrolling_and_never_shrink() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset([*PODS, pod("zzz", status="ContainerCreating")])
        await pilot.pause()
        narrow = screen_text(app)[0].index("RST")
        await pilot.press("end")
        wide = screen_text(app)[0].index("STATUS")
        await pilot.press("home")
        assert screen_text(app)[0].index("STATUS") == wide
        assert narrow == screen_text(app)[0].index("RST")


async def test_marks_follow_objects_not_names() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.press("space", "space")
        assert [row.name for row in app.table.chosen_rows] == ["api-00", "api-01"]
        app.table.apply({"shop/api-00": pod("api-00", uid="another")})
        await pilot.pause()
        assert [row.name for row in app.table.chosen_rows] == ["api-01"]
        assert [message.count for message in app.sent if isinstance(message, RowTable.MarksChanged)] == [1, 2, 1]


async def test_a_range_all_filtered_rows_and_their_inverse_can_be_marked_and_cleared() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.press("space", "down", "down")
        app.table.action_mark_range()
        assert [row.name for row in app.table.marked_rows] == ["api-00", "api-01", "api-02", "api-03"]
        app.table.set_filter(lambda row: row.name < "api-06")
        app.table.action_mark_invert()
        assert [row.name for row in app.table.marked_rows] == ["api-04", "api-05"]
        app.table.action_mark_all()
        assert len(app.table.marked_rows) == 6
        app.table.action_mark_none()
        assert app.table.marked_rows == []
        assert app.table.cursor_row is not None


async def test_hidden_marked_rows_still_count() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.press("space")
        app.table.set_filter(lambda row: row.name != "api-00")
        assert [row.name for row in app.table.chosen_rows] == ["api-00"]


async def test_the_empty_state_is_shown_only_while_there_are_no_rows() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 6)) as pilot:
        app.table.set_empty("No pods in shop", "[b]c[/b] creates one")
        await pilot.pause()
        assert body(app)[1:3] == ["   No pods in shop", "   [b]c[/b] creates one"]
        app.table.set_empty("What is to be done about it stands there, though it is longer than the pane.")
        await pilot.pause()
        assert "".join(body(app)[1:4]).split()[-3:] == ["than", "the", "pane."]
        app.table.reset(PODS[:1])
        await pilot.pause()
        assert "No pods" not in "\n".join(body(app))


async def test_the_terminals_cursor_is_parked_on_the_selected_row() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.press("down", "down")
        assert app.cursor_position == (3, 3)
        await pilot.press("end")
        assert app.cursor_position == (3, 10)


async def test_paging_keeps_one_row_of_overlap_and_ends_at_the_last_row() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.press("pagedown")
        assert app.table.visible_rows[0].name == "api-09"
        await pilot.press(*["pagedown"] * 6)
        assert app.table.cursor_index == 39
        assert app.table.visible_rows[-1].name == "api-39"
        await pilot.press("g")
        assert app.table.cursor_index == 0


async def test_pasted_text_goes_to_the_owner_and_runs_no_key() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        app.table.post_message(events.Paste("jjj \x1b[A"))
        await pilot.pause()
        assert app.table.cursor_index == 0
        assert [message.text for message in app.sent if isinstance(message, RowTable.Pasted)] == ["jjj \x1b[A"]


async def test_a_click_selects_a_second_one_opens_and_one_on_a_title_sorts() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.pause()
        await pilot.click(RowTable, offset=(5, 4))
        assert app.table.cursor_index == 3
        await pilot.click(RowTable, offset=(5, 4), times=2)
        assert [message.row.name for message in app.sent if isinstance(message, RowTable.Activated)] == ["api-03"]
        await pilot.click(RowTable, offset=(screen_text(app)[0].index("CPU"), 0))
        assert app.table.sorting == ("cpu", False)
        await pilot.click(RowTable, offset=(screen_text(app)[0].index("CPU"), 0))
        assert app.table.sorting == ("cpu", True)


async def test_enter_opens_the_selected_row_and_nothing_when_there_is_none() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        await pilot.press("enter")
        app.table.reset(PODS)
        await pilot.press("down", "enter")
        assert [message.row.name for message in app.sent if isinstance(message, RowTable.Activated)] == ["api-01"]


async def test_other_columns_keep_the_order_when_the_sorted_one_is_still_there() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        app.table.set_sort("restarts", descending=True)
        app.table.set_columns([column for column in app.table.columns if column.id != "status"])
        await pilot.pause()
        assert app.table.sorting == ("restarts", True)
        assert "api-39" in body(app)[0]
        app.table.set_columns([column for column in app.table.columns if column.id != "restarts"])
        await pilot.pause()
        assert app.table.sorting is None
        assert "api-00" in body(app)[0]


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7])
async def test_a_pane_too_narrow_for_anything_does_not_fail(width: int) -> None:
    app = TableApp()
    async with app.run_test(size=(width, 3)) as pilot:
        app.table.reset(PODS)
        await pilot.press("down", "end")
        assert all(strip.cell_length == width for strip in app.table._lines)


async def test_the_cursors_row_is_inverse_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = TableApp()
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.reset(PODS)
        await pilot.press("down")
        inverse = [any(style and style.reverse for _, style, _ in line) for line in app.table._lines]
        assert inverse == [False, False, True] + [False] * 8
