"""What can be typed behind the colon."""

from __future__ import annotations

import pytest

from k9py.core.errors import UsageError
from k9py.core.refs import Scope
from k9py.ui.commands import OpenCommand, VerbCommand, parse_command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pods", OpenCommand("pods")),
        (":po  shop", OpenCommand("po", Scope(("shop",)))),
        ("po shop,db", OpenCommand("po", Scope(("shop", "db")))),
        ("po all", OpenCommand("po", Scope())),
        ("po -A", OpenCommand("po", Scope())),
        ("po -n shop", OpenCommand("po", Scope(("shop",)))),
        ("po shop /api !canary", OpenCommand("po", Scope(("shop",)), filter="api !canary")),
        ("po /a b", OpenCommand("po", filter="a b")),
        ("po app=api,env!=b", OpenCommand("po", label_selector="app=api,env!=b")),
        ("po 'app in (a, b)'", OpenCommand("po", label_selector="app in (a, b)")),
        ("po -l app -f wb", OpenCommand("po", filter="~wb", label_selector="app")),
        ("po shop !", OpenCommand("po", Scope(("shop",)), problems=True)),
        ("po ! /api", OpenCommand("po", filter="api", problems=True)),
        ("po shop @prod", OpenCommand("po", Scope(("shop",)), context="prod")),
        ("deployments.v1.apps", OpenCommand("deployments.v1.apps")),
        ("q", VerbCommand("quit")),
        (":q!", VerbCommand("quit")),
        ("?", VerbCommand("help")),
        ("ns shop", VerbCommand("namespace", "shop")),
        ("ctx", VerbCommand("context")),
        ("tab po shop", VerbCommand("tab", "po shop")),
    ],
)
def test_a_command_is_read_as_its_words_say(text: str, expected: object) -> None:
    assert parse_command(text) == expected


def test_an_empty_line_is_no_command() -> None:
    assert parse_command(" : ") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("po a b", "one word too many"), ("po 'app in (a", "quote is not closed"), ("po -l", "label selector")],
)
def test_what_means_nothing_is_answered(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        parse_command(text)
