"""Text from a cluster made harmless, its width, and fuzzy matching."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k9py.core import fuzzy, text


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("plain", "plain"), ("\x1b[31mred\x1b[0m", "red"), ("\x1b]0;title\x07x", "x"), ("\x1b]8;;http://x\x1b\\l", "l"),
        ("a\nb", "a␊b"), ("a\rb", "a␍b"), ("a\tb", "a    b"), ("bell\x07", "bell␇"), ("\x9b31mx", "x"),
        ("a\u202eb", "a\ufffdb"), ("\x7f", "␡"), ("é日本", "é日本"), ("\x1bPq#1\x1b\\x", "x"), ("a\x1b", "a"),
    ],
)  # fmt: skip
def test_a_terminal_shows_it_and_never_obeys_it(raw: str, safe: str) -> None:
    assert text.safe_line(raw) == safe


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(raw: str) -> None:
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text.safe_line(raw))


def test_lines_stay_lines() -> None:
    assert text.safe_lines("a\r\nb\x1b[1mc\n") == ["a", "bc", ""]


@pytest.mark.parametrize(("line", "cells"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("🚀", 2), ("ﬁ", 1), ("", 0)])
def test_wide_characters_take_two_cells(line: str, cells: int) -> None:
    assert text.cell_width(line) == cells


def test_a_cut_text_fits_and_says_that_it_is_cut() -> None:
    assert text.shorten("abcdef", 4) == "abc…"
    assert text.shorten("日本語", 5) == "日本…"
    assert text.shorten("日本語", 4) == "日…"
    assert text.shorten("abc", 3) == "abc"


def test_letters_in_order_match() -> None:
    assert fuzzy.matches("aprd", "api-prod")
    assert not fuzzy.matches("prda", "api-prod")
    assert fuzzy.match("xyz", "api") is None


def test_the_better_match_comes_first() -> None:
    names = ["statefulsets", "services", "serviceaccounts", "subjectaccessreviews", "storageclasses"]
    assert fuzzy.rank("svc", names)[0] == "services"
    assert fuzzy.rank("cm", ["componentstatuses", "ConfigMap", "xcxm"])[0] == "ConfigMap"
    assert fuzzy.rank("pod", ["podtemplates", "pods", "x-pod"])[:2] == ["pods", "podtemplates"]
    assert fuzzy.rank("", ["b", "a"]) == ["a", "b"]


@given(st.text("abc-", max_size=6), st.text("abc-", max_size=12))
def test_positions_spell_the_pattern(pattern: str, name: str) -> None:
    found = fuzzy.match(pattern, name)
    assert (found is not None) == fuzzy.matches(pattern, name)
    if found is not None:
        assert [name[at] for at in found.positions] == list(pattern)
        assert list(found.positions) == sorted(set(found.positions))


def test_only_the_best_of_many_are_given_when_asked_so() -> None:
    names = [f"team-{n % 40}/checkout-{n:05}" for n in range(1_000)]
    assert fuzzy.rank("ck99", names, limit=3) == fuzzy.rank("ck99", names)[:3]
