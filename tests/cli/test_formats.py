"""Tables, targets and paths by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.cli.tables import TableWriter
from k9py.cli.targets import Wanted, parse_targets
from k9py.cli.top import pod_samples
from k9py.cli.views import sorted_objects
from k9py.core.errors import InputError
from k9py.core.jsonpath import JsonPath
from k9py.core.text import cell_width


def test_columns_stay_aligned_whatever_is_in_them() -> None:
    writer = TableWriter(("NAME", "STATE"))
    lines = writer.lines([("数据库", "ok"), ("a\x1b[31mb", "b\nd"), ("é́x", "")])
    assert [cell_width(line.partition(word)[0]) for line, word in zip(lines, ("STATE", "ok", "b␊"), strict=False)] == [
        9
    ] * 3
    assert not any("\x1b" in line or "\n" in line for line in lines)


def test_rows_printed_later_stand_under_the_same_header() -> None:
    writer = TableWriter(("NAME", "STATE"))
    header, _ = writer.lines([("a-long-name", "x")])
    (later,) = writer.lines([("b", "y")], header=False)
    assert header.index("STATE") == later.index("y")


def test_words_name_objects_in_both_ways() -> None:
    assert parse_targets(["pods"]) == [Wanted("pods")]
    assert parse_targets(["pods", "a", "b", "a"]) == [Wanted("pods", ("a", "b"))]
    assert parse_targets(["po/a", "svc/x", "po/b"]) == [Wanted("po", ("a", "b")), Wanted("svc", ("x",))]


@pytest.mark.parametrize("words", [[], ["po/a", "b"], ["po/"], ["/a"], ["a/b/c"], ["po,svc", "a"]])
def test_words_that_name_nothing_clear_are_refused(words: list[str]) -> None:
    with pytest.raises(InputError):
        parse_targets(words)


OBJECT: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "w"}, "gone": None},
    "spec": {"ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 8080, "tls": True}]},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (".metadata.name", ["web"]),
        ("{.metadata.name}", ["web"]),
        ("metadata.name", ["web"]),
        ("$.metadata.name", ["web"]),
        (r".metadata.labels.app\.kubernetes\.io/name", ["w"]),
        (".metadata.labels['app.kubernetes.io/name']", ["w"]),
        (".spec.ports[0].port", [80]),
        (".spec.ports[-1].port", [8080]),
        (".spec.ports[7].port", []),
        (".spec.ports[*].name", ["http", "admin"]),
        (".spec.ports[:1].name", ["http"]),
        (".spec.ports[1:].name", ["admin"]),
        ('.spec.ports[?(@.name=="admin")].port', [8080]),
        (".spec.ports[?(@.name!='admin')].port", [80]),
        (".spec.ports[?(@.port>100)].name", ["admin"]),
        (".spec.ports[?(@.tls==true)].name", ["admin"]),
        (".spec.ports[?(@.tls)].name", ["admin"]),
        (".metadata.gone", []),
        (".metadata.name.deeper", []),
        (".spec.ports.name", []),
        (".metadata.labels.*", ["w"]),
    ],
)
def test_a_path_leads_to_every_value_it_names(path: str, values: list[Any]) -> None:
    assert JsonPath(path).find(OBJECT) == values


@pytest.mark.parametrize("path", [".a[", ".a[?(b)]", ".a..b", ".a[?(@.b==1]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="not a JSONPath"):
        JsonPath(path)


def test_objects_sort_by_numbers_as_numbers_and_absent_values_come_first() -> None:
    items: list[dict[str, Any]] = [{"n": 10}, {"n": 9}, {}, {"n": "a"}]
    assert sorted_objects(items, ".n") == [{}, {"n": 9}, {"n": 10}, {"n": "a"}]


def test_a_pods_use_is_the_sum_of_its_containers() -> None:
    item = {
        "metadata": {"name": "p", "namespace": "n"},
        "containers": [{"name": "a", "usage": {"cpu": "250m", "memory": "1Mi"}}, {"name": "b", "usage": {"cpu": "1"}}],
    }
    (whole,) = pod_samples(item, each_container=False)
    assert (whole.cpu, whole.memory) == (1250.0, 1048576.0)
    assert [sample.container for sample in pod_samples(item, each_container=True)] == ["a", "b"]
