"""The editor on a screen: keys, the caret, what is painted and what is not."""

from __future__ import annotations

from textual.events import Paste
from textual.geometry import Region

from k9py.ui.editor.widget import Note, TextEditor
from tests.ui.editor.apps import EditorApp


async def test_what_is_typed_is_shown_and_told() -> None:
    app = EditorApp()
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.press(*"spec:", "enter", *"a: 日", "tab")
        assert app.editor.text == "spec:\n  a: 日 "
        assert app.lines[:2] == ["   1 spec:", "   2   a: 日"]
        assert app.editor.caret_on_screen == (5 + 8, 1)
        assert app.cursor_position == (5 + 8, 1)
        assert any(isinstance(message, TextEditor.Changed) for message in app.sent)


async def test_a_new_text_from_outside_keeps_the_caret_says_nothing_and_is_undone_in_one_step() -> None:
    app = EditorApp("a: 1\nb: 2\n")
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.press("down", "end")
        app.sent.clear()
        app.editor.replace_text("a: 1\nb: 2\nc: 3\nd: 4\n")
        await pilot.pause()
        assert app.editor.caret == (1, 4)
        assert not app.sent
        app.editor.acts.undo()
        assert app.editor.text == "a: 1\nb: 2\n"


async def test_a_paste_is_one_step_of_undo() -> None:
    app = EditorApp("a: 1\n")
    async with app.run_test(size=(40, 6)) as pilot:
        app.editor.post_message(Paste("x:\r  y: 1\r\nz: 2\n"))
        await pilot.pause()
        assert app.editor.text == "x:\n  y: 1\nz: 2\na: 1\n"
        app.editor.acts.undo()
        assert app.editor.text == "a: 1\n"


async def test_selected_lines_go_in_and_out_and_become_comments() -> None:
    app = EditorApp("a:\nb: 1\nc: 2\n")
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.press("down", "shift+down", "shift+down", "tab")
        assert app.editor.text == "a:\n  b: 1\n  c: 2\n"
        await pilot.press("shift+tab")
        app.editor.acts.handlers["editor.comment"]()
        assert app.editor.text == "a:\n# b: 1\n# c: 2\n"
        app.editor.acts.handlers["editor.comment"]()
        assert app.editor.text == "a:\nb: 1\nc: 2\n"


async def test_only_lines_that_changed_are_repainted() -> None:
    app = EditorApp("\n".join(f"  key{number}: value" for number in range(100)))
    async with app.run_test(size=(40, 20)) as pilot:
        painted: list[Region] = []
        refresh = app.editor.refresh

        def noted(*regions: Region, **options: object) -> TextEditor:
            painted.extend(regions or (app.editor.region,))
            return refresh(*regions, **options)  # type: ignore[arg-type]

        app.editor.refresh = noted  # type: ignore[method-assign]
        await pilot.press("down", "down", "end", "x")
        assert painted
        assert {(region.y, region.height) for region in painted} == {(0, 1), (1, 1), (2, 1)}
        painted.clear()
        await pilot.press("ctrl+home", "enter", "up", *"a: |")
        assert max(region.height for region in painted) > 15


async def test_the_text_follows_the_caret_down_and_sideways() -> None:
    app = EditorApp("\n".join(f"line{number}: " + "0123456789" * 8 for number in range(50)))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press(*["pagedown"] * 3)
        assert app.editor.caret[0] == 27
        assert any("28" in line for line in app.lines)
        await pilot.press("end")
        assert app.lines[app.editor.caret[0] - app.editor.top].endswith("9")
        await pilot.press("home", "ctrl+home")
        assert app.lines[0].startswith("   1 line0: 0123")


async def test_the_caret_keeps_its_cell_while_it_goes_through_shorter_lines() -> None:
    app = EditorApp("a long line\nxy\n日本語日本語\n")
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.press("end", "down", "down")
        assert app.editor.caret == (2, 5)
        await pilot.press("up", "up")
        assert app.editor.caret == (0, 11)


async def test_problems_have_a_sign_that_moves_with_their_line() -> None:
    app = EditorApp("a: 1\nb: 2\n")
    async with app.run_test(size=(40, 6)) as pilot:
        app.editor.show_problems([Note(1, 3, "too small"), Note(1, 0, "odd", is_error=False)])
        await pilot.pause()
        assert app.lines[1].startswith("✖  2 b")
        await pilot.press("enter")
        assert app.lines[2].startswith("✖  3 b")
        await pilot.press("down")
        assert app.editor.note is not None
        assert app.editor.note.text == "too small"


async def test_the_marked_lines_of_a_field_have_a_bar() -> None:
    app = EditorApp("a: 1\nb:\n  c: 2\n")
    async with app.run_test(size=(40, 6)) as pilot:
        app.editor.mark_lines(1, 2)
        await pilot.pause()
        assert app.lines[1:3] == ["   2▍b:", "   3▍  c: 2"]
        app.editor.mark_lines(0, -1)
        await pilot.pause()
        assert "▍" not in "".join(app.lines)


async def test_what_is_typed_replaces_the_selection_and_undo_brings_it_back() -> None:
    app = EditorApp("name: web\n")
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.press("end", "ctrl+shift+left", *"db")
        assert app.editor.text == "name: db\n"
        app.editor.acts.undo()
        app.editor.acts.undo()
        assert app.editor.text == "name: web\n"
        assert app.editor.document.selected == "web"


async def test_a_read_only_text_can_be_read_and_not_changed() -> None:
    app = EditorApp("a: 1\n")
    app.editor.read_only = True
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.press("x", "enter", "delete", "down")
        app.editor.acts.insert("pasted")
        assert app.editor.text == "a: 1\n"
        assert app.editor.caret == (1, 0)
