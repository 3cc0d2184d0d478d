"""Forms driven by keys: open one, fill it in, write it, look at what the cluster has then."""

from __future__ import annotations

from typing import Any

from k9py.ui.changing.attention import PAUSE
from k9py.ui.changing.confirm import ConfirmScreen
from k9py.ui.changing.review import Phase, ReviewScreen
from k9py.ui.forms.rows import FormRow
from k9py.ui.forms.screen import FormScreen
from tests.ui.harness import Seen


def form(k9: Seen) -> FormScreen:
    """Return the form on top."""
    screen = k9.app.screen
    assert isinstance(screen, FormScreen), screen
    return screen


async def open_new(k9: Seen, words: str) -> FormScreen:
    """Type ``:new …`` and wait for the form."""
    await k9.until(lambda: k9.app.session is not None)
    await k9.press(":")
    await k9.type(f"new {words}")
    await k9.press("enter")
    await k9.until(lambda: is_open(k9))
    return form(k9)


async def listed(k9: Seen, kind: str, *names: str) -> None:
    """Open a list and wait for its rows."""
    await k9.until(lambda: k9.app.session is not None)
    await k9.press(":")
    await k9.type(kind)
    await k9.press("enter")
    await k9.until(lambda: k9.names == list(names), f"{kind} {names}")


async def open_as_form(k9: Seen, kind: str, *names: str) -> FormScreen:
    """Open the first of a list as a form."""
    await listed(k9, kind, *names)
    await k9.press("F")
    await k9.until(lambda: is_open(k9), "the form")
    return form(k9)


def is_open(k9: Seen) -> bool:
    """Return whether a form is on top and takes keys."""
    return isinstance(k9.app.screen, FormScreen) and k9.app.screen.keyed.is_ready


def row(k9: Seen) -> FormRow:
    """Return the row under the cursor."""
    found = form(k9).list.row
    assert found is not None
    return found


async def to_field(k9: Seen, name: str) -> None:
    """Go to a field through the search, as one does by keyboard."""
    await k9.press("ctrl+g")
    await k9.until(lambda: k9.app.screen is not None and not isinstance(k9.app.screen, FormScreen))
    await k9.type(name)
    await k9.press("enter")
    await k9.until(lambda: isinstance(k9.app.screen, FormScreen))


async def fill(k9: Seen, name: str, text: str) -> None:
    """Go to a field and type into it."""
    await to_field(k9, name)
    await k9.type(text)
    await k9.press("enter")


async def go_down_to(k9: Seen, field_id: str) -> None:
    """Press Down until the cursor is on a field."""
    for _ in range(200):
        if row(k9).id == field_id:
            return
        before = row(k9).place
        await k9.press("down")
        assert row(k9).place != before, f"{field_id} is not in this form\n{k9.screen}"
    raise AssertionError(f"{field_id} was never reached\n{k9.screen}")


async def write(k9: Seen, *, review: bool = True) -> None:
    """Review, write, and wait until it is written; without ``review`` the review is open already."""
    if review:
        await k9.press("ctrl+s")
    await k9.until(lambda: isinstance(k9.app.screen, ReviewScreen), "the review")
    await k9.until(lambda: "y write" in k9.bar("keys"), "something to write")
    screen = k9.app.screen
    assert isinstance(screen, ReviewScreen)
    await k9.until(lambda: screen.attention.is_there, "the plan on the screen")
    await k9.pilot.pause(PAUSE)
    await k9.press("y")
    await k9.until(lambda: screen.phase is not Phase.ASKING or isinstance(k9.app.screen, ConfirmScreen))
    if isinstance(k9.app.screen, ConfirmScreen):
        question = k9.app.screen
        await k9.until(lambda: question.listens, "the question")
        await k9.pilot.pause(PAUSE)
        await k9.press("y")
    await k9.until(
        lambda: not any(isinstance(one, FormScreen | ReviewScreen) for one in k9.app.screen_stack), "written"
    )


async def get(k9: Seen, kind: str, name: str, namespace: str = "shop") -> dict[str, Any]:
    """Return what the cluster has."""
    session = k9.app.session
    assert session is not None
    return await session.get(session.discovery.resolve(kind), namespace, name)
