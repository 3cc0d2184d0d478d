"""Label and field selectors: what they select and how they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k9py.core import selectors
from k9py.core.errors import SelectorError

LABELS = {"app": "web", "tier": "front", "n": "5", "app.kubernetes.io/name": "shop"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True), ("app=web", True), ("app==web", True), ("app=db", False), ("app!=db", True), ("gone!=x", True),
        ("app in (web,db)", True), ("app in (db)", False), ("gone in (x)", False), ("app notin (db)", True),
        ("gone notin (x)", True), ("app", True), ("gone", False), ("!gone", True), ("!app", False), ("n>4", True),
        ("n<5", False), ("app>4", False), ("app=web,tier=front", True), ("app=web,tier=back", False),
        (" app = web , tier in ( front , back ) ", True), ("app.kubernetes.io/name=shop", True), ("app=", False),
        ("gone=", False),
    ],
)  # fmt: skip
def test_a_selector_selects_what_the_server_would(text: str, selected: bool) -> None:
    assert selectors.parse(text).matches(LABELS) is selected


@pytest.mark.parametrize(
    "text",
    ["=x", "a=b c", "a in b", "a in (b", "a=b,", ",a=b", "a in (b c)", "a~b", "-a=b", "a=-b", "a>x", "!", "a/b/c=d",
     "A/b=c", "a=" + "x" * 64, "(", "a=b=c"],
)  # fmt: skip
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(SelectorError):
        selectors.parse(text)


names = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,6}[A-Za-z0-9])?", fullmatch=True)
requirement = st.one_of(
    st.builds("{}={}".format, names, names),
    st.builds("{}!={}".format, names, names),
    st.builds(lambda key, values: f"{key} in ({','.join(values)})", names, st.lists(names, min_size=1, max_size=3)),
    names.filter(lambda name: name not in ("in", "notin")),
    names.map("!{}".format),
)


@given(st.lists(requirement, min_size=1, max_size=4).map(",".join), st.dictionaries(names, names, max_size=5))
def test_a_selector_written_and_read_again_selects_the_same(text: str, labels: dict[str, str]) -> None:
    once = selectors.parse(text)
    again = selectors.parse(str(once))
    assert again == once
    assert again.matches(labels) == once.matches(labels)


def test_a_selector_of_an_object_is_written_in_the_order_of_keys() -> None:
    found = selectors.of_object(
        {
            "matchLabels": {"z": "1"},
            "matchExpressions": [
                {"key": "a", "operator": "In", "values": ["y", "x"]},
                {"key": "m", "operator": "DoesNotExist"},
            ],
        }
    )
    assert str(found) == "a in (x,y),!m,z=1"
    assert found.matches({"a": "x", "z": "1"})
    assert not found.matches({"a": "x", "z": "1", "m": "2"})
    with pytest.raises(SelectorError):
        selectors.of_object({"matchExpressions": [{"key": "a", "operator": "Near"}]})


def test_field_selectors_keep_escaped_signs() -> None:
    found = selectors.parse_fields(r"metadata.name=a\,b\=c,status.phase!=Running")
    assert found.requirements[0].value == "a,b=c"
    assert found.matches({"metadata.name": "a,b=c", "status.phase": "Pending"})
    assert not found.matches({"metadata.name": "a,b=c", "status.phase": "Running"})
    assert selectors.parse_fields(str(found)) == found


@pytest.mark.parametrize("text", ["metadata.name", "=x", "a=b;c=d!", "a=b,,c=d"])
def test_what_is_no_field_selector_is_refused(text: str) -> None:
    with pytest.raises(SelectorError):
        selectors.parse_fields(text)
