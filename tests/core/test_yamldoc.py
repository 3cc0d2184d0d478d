"""YAML as kubectl reads it. The values of the traps were printed by kubectl itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k9py.core import yamldoc
from k9py.core.errors import YamlError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", True), ("yes", True), ("y", True), ("Off", False), ("no", False), ("n", False), ("true", True),
        ("1e3", 1000), ("0o17", 15), ("017", 15), ("08", 8), ("0x1F", 31), ("0b101", 5), ("1_000", 1000), ("-5", -5),
        ("1.0", 1), ("1.50", 1.5), (".5", 0.5), ("2026-01-31", "2026-01-31"), ("12:30:45", "12:30:45"),
        ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"), ("~", None), ("", None), ("null", None), ("'on'", "on"),
        ("1.2.3", "1.2.3"), ("10.0.0.1", "10.0.0.1"), ("=", "="), ("<<", "<<"), ("!!str 5", "5"), ("1e3x", "1e3x"),
        ("!!binary aGk=", "hi"), ("18446744073709551615", 2**64 - 1),
    ],
)  # fmt: skip
def test_a_scalar_means_what_it_means_to_kubectl(text: str, value: Any) -> None:
    read = yamldoc.load(f"a: {text}")["a"]
    assert read == value
    assert type(read) is type(value)


def test_keys_are_texts() -> None:
    assert yamldoc.load("{1: a, on: b, 1.5: c}") == {"1": "a", "true": "b", "1.5": "c"}


def test_merge_keys_and_aliases_are_followed() -> None:
    assert yamldoc.load("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1),
        ("a:\n  b: 1\n  b: 2\n", 3, 3),
        ("a:\n\t- b\n", 2, 1),
        ("a: [1\n", 2, 1),
        ("a: .inf\n", 1, 4),
        ("a: 1e400\n", 1, 4),
        ("a: b: c\n", 1, 5),
        ("a: !!set {x}\n", 1, 4),
        ("!foo x\n", 1, 1),
        ("? [a]\n: b\n", 1, 3),
    ],
)
def test_an_error_says_where_it_is(text: str, line: int, column: int) -> None:
    with pytest.raises(YamlError) as caught:
        yamldoc.load(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_key_given_twice_in_json_style_yaml_is_an_error_too() -> None:
    with pytest.raises(YamlError, match="given twice"):
        yamldoc.load("a: {b: 1, b: 2}")


def test_a_tab_is_explained() -> None:
    with pytest.raises(YamlError) as caught:
        yamldoc.load("a:\n\tb: 1\n")
    assert caught.value.remedy == "Indent with spaces"


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(YamlError, match="aliases"):
        yamldoc.load("\n".join(lines))


def test_an_alias_of_itself_is_refused() -> None:
    with pytest.raises(YamlError):
        yamldoc.load("a: &x [*x]")


def test_empty_documents_are_left_out_and_one_is_asked_for() -> None:
    assert yamldoc.load_all("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]
    assert yamldoc.load("") is None
    with pytest.raises(YamlError):
        yamldoc.load("a: 1\n---\nb: 2\n")


def test_json_is_read_with_tabs_and_all() -> None:
    assert yamldoc.load('{\n\t"a": [1, 2.5, null]\n}') == {"a": [1, 2.5, None]}


def test_bytes_that_are_no_utf8_are_refused() -> None:
    assert yamldoc.load("\ufeffa: é".encode()) == {"a": "é"}
    with pytest.raises(YamlError):
        yamldoc.load(b"a: \xff")


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(min_value=-(2**62), max_value=2**62),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(st.characters(codec="utf-8")),
    st.sampled_from(["y", "on", "1e3", "0o17", "12:30:45", "2026-01-31", "=", "<<", "~", "a: b", "- a", "#", " ", "\n",
                     "a\nb\n", " a\n b", "a\n\n", "1_0", ".5", "0x1", "no", "!x", "&a", "*a", "%", "@", "`", "'", '"']),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text("abyn1:", max_size=4), inner)),
    max_leaves=12,
)  # fmt: skip


def as_json(value: Any) -> Any:
    """Return the value with whole floats as integers: JSON makes no difference."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return value


@given(values)
def test_what_is_written_reads_as_the_same_value(value: Any) -> None:
    assert yamldoc.load(f"a: 1\n{yamldoc.dump({'v': value})}")["v"] == as_json(value)


@given(st.sampled_from(["y", "on", "1e3", "0o17", "12:30:45", "2026-01-31", "=", "<<", "010", "1_0", "0b1"]))
def test_a_text_that_readers_disagree_on_is_quoted(text: str) -> None:
    assert yaml.safe_load(yamldoc.dump({"v": text})) == {"v": text}


def test_texts_of_several_lines_are_block_texts() -> None:
    assert yamldoc.dump({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"


def test_an_object_begins_with_what_it_is_and_ends_with_its_status() -> None:
    obj = {
        "status": {"x": 1},
        "metadata": {"managedFields": [], "name": "a"},
        "kind": "K",
        "apiVersion": "v1",
        "data": {},
    }
    text = yamldoc.dump_object(obj)
    assert text == "apiVersion: v1\nkind: K\nmetadata:\n  name: a\ndata: {}\nstatus:\n  x: 1\n"
    assert "managedFields" in yamldoc.dump_object(obj, managed_fields=True)
    assert list(obj) == ["status", "metadata", "kind", "apiVersion", "data"]


def test_no_aliases_are_written() -> None:
    shared = {"x": 1}
    assert "&" not in yamldoc.dump({"a": shared, "b": shared})


def test_infinity_cannot_come_in_as_a_value() -> None:
    with pytest.raises(YamlError):
        yamldoc.load("a: .nan")
    assert math.isfinite(yamldoc.load("a: 1e300")["a"])
