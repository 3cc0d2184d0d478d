"""The filter language: what each term selects, and what is said about a term that means nothing."""

from __future__ import annotations

import pytest

from k9py.core.errors import FilterError
from k9py.resources.filters import parse_filter
from k9py.resources.model import RowContext, Usage
from k9py.resources.registry import known
from tests.resources.objects import NOW, RUNNING, at, pod, row_of, status

PODS = known("pods")
assert PODS is not None
COLUMNS = PODS.columns(())


class Used:
    """A usage lookup in which every pod uses the same."""

    unavailable = ""
    cpu = 150.0
    memory = 120.0 * 1024**2
    at = NOW
    memory_growth = (0.0, 0.0)

    def cpu_trend(self, count: int) -> list[float]:
        return [self.cpu] * count

    def memory_trend(self, count: int) -> list[float]:
        return [self.memory] * count

    def pod(self, namespace: str, name: str) -> Usage | None:
        return self if name != "unmeasured" else None

    def container(self, namespace: str, pod: str, container: str) -> Usage | None:
        return None

    def node(self, name: str) -> Usage | None:
        return None


CONTEXT = RowContext(now=NOW, usage=Used())


def selects(text: str, *, name: str = "api-1", **fields: object) -> bool:
    one = pod(status(ready=True, state=RUNNING, restartCount=3))
    one["metadata"].update(name=name, labels={"app": "api", "tier": "back"})
    one["status"].update(podIP="10.0.0.7", **fields)
    return parse_filter(text, COLUMNS).matches(row_of("pods", one), CONTEXT)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True), ("api", True), ("API", True), ("shop", True), ("10.0.0.7", True), ("nothing", False),
        ("api node-1", True), ("api nothing", False), ('"api-1"', True), ("!api", False), ("!nothing", True),
        ("/^api-\\d$/", True), ("/^pi/", False), ("/^node-1$/", True), ("/API/", True), ("!/^api/", False),
        ("re:^api", True), ("/a b/", False), ("/^api", True), ("~ap1", True), ("~pa9", False), ("!~zz", True),
        ("status=Running", True), ("status=running", True), ("status!=Running", False), ("status=Run*", True),
        ("status=Pending,Running", True), ("ready=1/1", True), ("ready<1", False), ("restarts>=3", True),
        ("restarts>3", False), ("restarts=3", True), ("age<1h", True), ("age>1h", False), ("age>=10m", True),
        ("cpu>100m", True), ("cpu>0.2", False), ("mem>100Mi", True), ("mem%>90", True), ("mem%l>90%", True),
        ("cpu%r>100", True), ("cpu>100m mem%<50", False), ("app=api", True), ("app!=api", False), ("app=web", False),
        ("-l app=api", True), ("-l 'tier in (back,front)'", True), ("-l tier!=back", False), ("!app=api", False),
        ("spec.nodeName=node-1", True), ("-f status.phase!=Running", False), ("metadata.name=api-1", True),
        ("ns=shop", True), ("namespace=other", False), ("name=api-*", True), ("!", True), ("status=Running restarts<3",
        False),
    ],
)  # fmt: skip
def test_a_filter_selects(text: str, selected: bool) -> None:
    assert selects(text) is selected


def test_what_was_not_measured_matches_no_comparison() -> None:
    assert not selects("cpu>0", name="unmeasured")
    assert not selects("cpu<1000", name="unmeasured")
    assert selects("cpu!=5m", name="unmeasured")


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("cpu>", 4, "value"), ("api cpu>abc", 8, "200m"), ("status>3", 7, "text"), ("sttus>3", 0, "no column"),
        ("/[/", 1, "pattern"), ("x /(a+)+$/", 3, "forever"), ("/(a|aa)*b/", 1, "forever"), ("-l", 0, "app=web"),
        ("a=b=c", 0, "selector"), ("age<x", 4, "duration"), ("restarts>x", 9, "number"), ("mem%>lots", 5, "percentage"),
        ("-l 'a in (b'", 3, "parenthesis"), ("/.*a.*b.*c.*d.*e/", 1, "too many"),
    ],
)  # fmt: skip
def test_a_bad_term_is_explained_where_it_stands(text: str, position: int, part: str) -> None:
    with pytest.raises(FilterError, match=part) as caught:
        parse_filter(text, COLUMNS)
    assert caught.value.position == position


def test_a_misspelt_column_is_answered_with_the_nearest() -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter("restrts>3", COLUMNS)
    assert "restarts" in caught.value.remedy


def test_a_filter_says_what_the_server_could_select() -> None:
    found = parse_filter("app=api -l 'tier in (x)' spec.schedulerName=mine status.phase=Running", COLUMNS)
    assert found.label_selector == "app=api,tier in (x)"
    assert found.field_selector == "spec.schedulerName=mine"


def test_only_filters_over_time_or_samples_are_live() -> None:
    assert parse_filter("age<1h", COLUMNS).live
    assert parse_filter("cpu>1", COLUMNS).live
    assert not parse_filter("api status=Running", COLUMNS).live


def test_text_is_not_sought_in_what_changes_by_itself() -> None:
    assert not selects("10m")
    assert selects("3", name="x")


def test_words_to_highlight_are_the_plain_ones() -> None:
    assert parse_filter("api !old /x/ status=Running", COLUMNS).words == ("api",)


def test_a_row_that_cannot_be_read_is_always_shown() -> None:
    row = row_of("pods", {"metadata": {"name": "bad"}, "spec": 5})
    assert row.broken
    assert parse_filter("nothing", COLUMNS).matches(row, CONTEXT)


def test_an_age_filter_moves_with_time() -> None:
    one = pod()
    one["metadata"]["creationTimestamp"] = at(60)
    found = parse_filter("age<2m", COLUMNS)
    row = row_of("pods", one)
    assert found.matches(row, RowContext(now=NOW))
    assert not found.matches(row, RowContext(now=NOW + 60))
