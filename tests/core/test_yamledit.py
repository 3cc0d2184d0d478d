"""Changing values of a YAML text: the result means what was wanted, and what was not touched stays as it was."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k9py.core import yamldoc, yamledit, yamlspans

TEXT = """\
# what this is for
apiVersion: v1   # the version
kind: Service

# about the name
metadata:
  name: "web" # quoted
spec:
  # every port
  ports:
  - name: http  # the first
    port: 80
    # where it goes
    targetPort: 8080
  - name: metrics
    port: 9090
  selector: {app: web}
  note: |
    a text

    of lines
  nothing:
"""
COMMENTS = [part.split("#")[1].strip() for part in TEXT.splitlines() if "#" in part]


def changed(change: Any) -> tuple[Any, str]:
    value = yamldoc.load(TEXT)
    wanted = copy.deepcopy(value)
    change(wanted)
    return wanted, yamledit.rewrite(TEXT, wanted)


@pytest.mark.parametrize(
    "change",
    [
        lambda o: o["spec"]["ports"][0].update(port=81),
        lambda o: o["spec"]["ports"][0].update(nodePort=30080),
        lambda o: o["spec"]["ports"].append({"name": "tls", "port": 443}),
        lambda o: o["spec"]["ports"].insert(0, {"name": "tls", "port": 443}),
        lambda o: o["spec"]["ports"].pop(1),
        lambda o: o["spec"].update(type="NodePort"),
        lambda o: o["spec"].update(nothing={"a": [1, {"b": 2}]}),
        lambda o: o["spec"].update(note="one line"),
        lambda o: o["spec"]["selector"].update(tier="x"),
        lambda o: o["metadata"].update(labels={"a": "b"}),
        lambda o: o["metadata"].update(name="x" * 5),
        lambda o: o.update(apiVersion={"odd": True}),
        lambda o: o["spec"].pop("note"),
    ],
)
def test_a_change_keeps_every_comment(change: Any) -> None:
    wanted, text = changed(change)
    assert yamldoc.load(text) == wanted
    assert [comment for comment in COMMENTS if comment not in text] == []


def test_only_the_line_of_a_changed_value_differs() -> None:
    _, text = changed(lambda o: o["spec"]["ports"][0].update(port=81))
    assert text == TEXT.replace("port: 80\n", "port: 81\n", 1)


def test_removing_the_first_key_of_an_item_leaves_an_item() -> None:
    wanted, text = changed(lambda o: o["spec"]["ports"][1].pop("name"))
    assert yamldoc.load(text) == wanted
    assert "  - port: 9090\n" in text


def test_one_of_several_documents_changes_alone() -> None:
    text = "a: 1 # one\n---\nb: 2 # two\n---\nc: 3 # three\n"
    assert yamledit.rewrite(text, {"b": 5}, document=1) == text.replace("2", "5")
    assert yamledit.rewrite(text, {"d": 4}, document=3) == f"{text}---\nd: 4\n"


def test_an_anchor_used_twice_is_spelled_out_rather_than_changed_in_both_places() -> None:
    text = "a: &x {k: 1}\nb: *x\n"
    assert yamldoc.load(yamledit.rewrite(text, {"a": {"k": 1}, "b": {"k": 2}})) == {"a": {"k": 1}, "b": {"k": 2}}


def test_line_ends_of_windows_are_read_and_kept() -> None:
    assert yamldoc.load(yamledit.rewrite("a: 1\r\nb: 2\r\n", {"a": 1, "b": 3, "c": 4})) == {"a": 1, "b": 3, "c": 4}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "a: b", "# no", "two\nlines\n", "on"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c", "name", "on"]), inner, max_size=4)
    ),
    max_leaves=12,
)
MAPS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), VALUES, min_size=1, max_size=4)


@settings(max_examples=400)
@given(MAPS, MAPS)
def test_any_document_can_become_any_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    text = "# top\n" + "".join(f"{line} # c\n" if line.endswith(":") else f"{line}\n"
                               for line in yamldoc.dump(old).splitlines())  # fmt: skip
    if yamldoc.load(text) != old:  # a comment within a block text is a part of it
        text = yamldoc.dump(old)
    assert yamledit.same(yamldoc.load(yamledit.rewrite(text, new)), new)


def test_the_place_of_a_field_and_the_field_at_a_place() -> None:
    root = yamlspans.compose(TEXT)[0]
    found = yamlspans.span(root, ("spec", "ports", 0, "targetPort"))
    assert found is not None
    assert (found.line, found.column) == (14, 5)
    assert yamlspans.path_at(root, 14, 8) == ("spec", "ports", 0, "targetPort")
    assert yamlspans.path_at(root, 14, 1) == ("spec", "ports", 0, "targetPort")
    assert yamlspans.nearest(root, ("spec", "ports", 7, "x")).line == 10


def test_a_value_none_of_whose_keys_stay_is_written_anew_and_nothing_around_it() -> None:
    text = "spec:\n  # the port\n  port:  # of the Service\n    number: 80\n  # the end\n  other: 1  # kept\n"
    wanted = {"spec": {"port": {"name": "http"}, "other": 1}}
    assert yamledit.rewrite(text, wanted) == text.replace("number: 80", "name: http")
