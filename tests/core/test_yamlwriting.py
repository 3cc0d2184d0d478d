"""The quick way of writing YAML writes letter for letter what PyYAML writes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from k9py.core import yamldoc
from k9py.core.yamldoc import _dump_by_hand

TEXTS = (
    st.text(max_size=12)
    | st.text(alphabet="aZ0_/.:=@+- #'\"\\\n\t{}[]&*!|>%?~\u2028\x85é", max_size=12)
    | st.text(alphabet="ab #:\n", max_size=12)
    | st.sampled_from(
        ["1", "0x1f", "1e3", "on", "y", "null", "~", "2020-01-01", "12:30:45", "a: b", "a:", "a #b", "- a", "---",
         "...", "<<", "=", "nginx:1.27", "app.kubernetes.io/name", "hello world", "a  b", " a", "a ", "|", "a\nb\n",
         "a\n\nb", "\n", "  a\nb", "a\n  \nb", "k" * 130, "0", "-1", ".5", "1_000", "1 2", "2020-01-01 a"]
    )
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_any_value_is_written_as_pyyaml_writes_it(value: Any) -> None:
    assert yamldoc.dump(value) == _dump_by_hand(value)


def test_lists_in_lists_and_maps_in_lists_stand_as_pyyaml_puts_them() -> None:
    value = {"a": [[1, [2]], {"b": [{"c": {}}], "d": []}, [], {}], "e": {"f": [{"g": "x\ny\n"}, "p\nq"]}}
    assert yamldoc.dump(value) == _dump_by_hand(value)
    assert yamldoc.load(yamldoc.dump(value)) == value
