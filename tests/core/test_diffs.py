"""Differences of objects: by field, as lines, without noise, and without the values of Secrets."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from k9py.core.diffs import ABSENT, Diff, changes, path_text, quiet, value_at, with_value


def _object(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}


def test_noise_makes_no_difference() -> None:
    noisy = _object(a=1) | {"status": {"x": 1}}
    noisy["metadata"] = {
        "name": "a", "uid": "u", "resourceVersion": "7", "generation": 2, "managedFields": [],
        "creationTimestamp": "t", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    }  # fmt: skip
    assert Diff(_object(a=1), noisy).empty
    assert quiet(noisy) == _object(a=1)


def test_named_items_are_compared_by_their_names() -> None:
    before = _object(containers=[{"name": "a", "image": "1"}, {"name": "b", "image": "1"}])
    after = _object(containers=[{"name": "a", "image": "1"}, {"name": "b", "image": "2"}, {"name": "c"}])
    assert [(one.field, one.before, one.after) for one in changes(before, after)] == [
        ("spec.containers[b].image", "1", "2"), ("spec.containers[c]", ABSENT, {"name": "c"}),
    ]  # fmt: skip


def test_a_field_that_is_null_is_not_one_that_is_absent() -> None:
    assert [(one.before, one.after) for one in changes({"a": None}, {})] == [(None, ABSENT)]


def test_true_is_not_one() -> None:
    assert [(one.before, one.after) for one in changes({"a": [1], "b": 1}, {"a": [True], "b": 1})] == [([1], [True])]


def test_named_items_in_another_order_are_a_change() -> None:
    items = [{"name": "a"}, {"name": "b"}]
    assert [one.path for one in changes({"x": items}, {"x": items[::-1]})] == [("x",)]


def test_unified_lines_are_those_of_diff() -> None:
    lines = Diff(_object(a=1, b=2), _object(a=1, b=3)).unified(title="thing/a")
    assert lines == [
        "--- live/thing/a", "+++ planned/thing/a", "@@ -4,4 +4,4 @@", "   name: a", " spec:", "   a: 1", "-  b: 2",
        "+  b: 3",
    ]  # fmt: skip


def test_what_is_made_or_deleted_has_an_empty_side() -> None:
    assert Diff(None, _object(a=1)).unified()[:3] == ["--- /dev/null", "+++ planned/object", "@@ -0,0 +1,6 @@"]
    assert Diff(_object(a=1), None).unified()[1] == "+++ /dev/null"
    assert Diff(None, None).unified() == []


def test_sides_keep_their_line_numbers_and_leave_out_what_is_far() -> None:
    before = _object(**{f"k{number}": number for number in range(20)})
    shown = Diff(before, with_value(before, ("spec", "k10"), 99)).side_by_side()
    assert shown[0] is None
    assert shown[-1] is None
    changed = [pair for pair in shown if pair is not None and pair.sign == "~"]
    (pair,) = changed
    assert (pair.left.strip(), pair.right.strip(), pair.left_number) == ("k10: 10", "k10: 99", 16)
    assert len(shown) == 9


def test_a_secret_shows_which_values_differ_and_none_of_them() -> None:
    def secret(**data: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}

    text = "\n".join(Diff(secret(same="QQ==", other="Qg=="), secret(same="QQ==", other="Qw==", new="RA==")).unified())
    assert not [value for value in ("QQ==", "Qg==", "Qw==", "RA==") if value in text]
    assert "   same: '***'" in text
    assert "-  other: '*** (before)'\n+  other: '*** (after)'\n+  new: '***'" in text


def test_paths_are_written_as_the_server_writes_them() -> None:
    assert path_text(("metadata", "labels", "app.kubernetes.io/name")) == "metadata.labels[app.kubernetes.io/name]"
    assert path_text(("spec", "ports", 0, "port")) == "spec.ports[0].port"
    assert path_text(("spec", "containers", "[web]", "image")) == "spec.containers[web].image"


_SCALARS = st.one_of(st.integers(-9, 9), st.text("ab", max_size=3), st.booleans(), st.none())
_NAMED = st.lists(st.sampled_from("abcd"), unique=True, min_size=1, max_size=3).flatmap(
    lambda names: st.tuples(*(st.fixed_dictionaries({"name": st.just(name), "v": _SCALARS}) for name in names))
)
_TREES = st.recursive(
    st.one_of(_SCALARS, st.lists(_SCALARS, max_size=2), _NAMED.map(list)),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abc"), _TREES), st.dictionaries(st.sampled_from("abc"), _TREES))
def test_the_changes_lead_from_one_object_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    result: Any = before
    for change in changes(before, after):
        assert value_at(before, change.path) == change.before
        result = with_value(result, change.path, change.after)
    assert _sorted(result) == _sorted(after)


def _sorted(value: Any) -> Any:
    """Return a tree in which the order of named items does not count."""
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(inner) for inner in value), key=repr)
    return value
