"""From bodies to rows: bad items, null fields, shared values, server-side Tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k9py.core.errors import RubbishError
from k9py.core.refs import ApiResource, Gvr
from k9py.kube.rows import TableRow
from k9py.resources.model import RowContext
from k9py.resources.pods import PodRow, pod_projection
from k9py.resources.registry import SPECS, spec_for
from k9py.resources.tablekind import TableProjection, cell_text
from tests.resources.objects import CONTEXT, NOW, at, pod, row_of


def listed(*items: Any, **metadata: Any) -> bytes:
    return json.dumps({"kind": "PodList", "metadata": metadata, "items": items}).encode()


def test_a_page_says_where_the_list_goes_on() -> None:
    body = listed(pod(), resourceVersion="9", remainingItemCount=3, **{"continue": "abc"})
    page = pod_projection().page(body)
    assert (page.resource_version, page.continue_token, page.remaining) == ("9", "abc", 3)


def test_a_bad_item_hides_no_other_and_says_why() -> None:
    bad = {"metadata": {"name": "bad", "namespace": "shop", "uid": "u9"}, "spec": {"containers": "none"}}
    rows = pod_projection().page(listed(pod(), bad, pod())).rows
    assert [row.name for row in rows] == ["api-1", "bad", "api-1"]
    assert "spec.containers" in rows[1].broken
    assert (rows[1].uid, rows[1].namespace) == ("u9", "shop")
    assert not rows[0].broken
    for spec in SPECS:
        if spec.id == "pods":
            assert spec.health(rows[1], CONTEXT).problem
            assert all(isinstance(column.text(rows[1], CONTEXT), str) for column in spec.columns(()))


def test_a_bad_environment_is_one_bad_item_too() -> None:
    bad = pod()
    bad["spec"]["containers"][0]["env"] = [{"valueFrom": {"secretKeyRef": 5}}]
    rows = pod_projection().page(listed(bad, pod())).rows
    assert [bool(row.broken) for row in rows] == [True, False]


def test_an_item_without_a_readable_name_still_is_a_row() -> None:
    row = pod_projection().item(b'{"metadata": 5}')
    assert row.broken
    assert row.name == "(no name)"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"kind": "Status"}', b'{"items": 5}', b"[]", b'{"items": [', b"\xff"]
)
def test_what_is_no_list_is_rubbish(body: bytes) -> None:
    with pytest.raises(RubbishError):
        pod_projection().page(body)


def test_an_empty_list_may_be_null() -> None:
    assert pod_projection().page(b'{"kind":"PodList","metadata":{},"items":null}').rows == []


@pytest.mark.parametrize("kind_id", sorted(spec.id for spec in SPECS if spec.typed))
def test_every_kind_stands_an_object_of_which_only_the_name_is_known(kind_id: str) -> None:
    spec = next(spec for spec in SPECS if spec.id == kind_id)
    for obj in (
        {"metadata": {"name": "x"}},
        {"metadata": {"name": "x"}, "spec": None, "status": None},
        {"metadata": None},
    ):
        row = row_of(kind_id, obj)
        assert not row.broken
        for column in spec.columns(()):
            assert isinstance(column.text(row, CONTEXT), str)
            column.sort(row, CONTEXT)
            if column.tone is not None:
                column.tone(row, CONTEXT)
        spec.health(row, CONTEXT)
        if spec.drill is not None:
            spec.drill.target(row)


@pytest.mark.parametrize("kind_id", sorted(spec.id for spec in SPECS if spec.typed))
def test_every_kind_stands_null_in_place_of_each_field(kind_id: str) -> None:
    spec = next(spec for spec in SPECS if spec.id == kind_id)
    names = ("containers", "initContainers", "conditions", "containerStatuses", "ports", "rules", "metrics", "names",
             "selector", "template", "loadBalancer", "ingress", "subsets", "endpoints", "subjects", "hard", "used",
             "addresses", "taints", "nodeInfo", "allocatable", "capacity", "claimRef", "jobTemplate",
             "volumes")  # fmt: skip
    nulls = dict.fromkeys(names)
    row = row_of(kind_id, {"metadata": {"name": "x", "labels": None, "ownerReferences": None}, **nulls, "spec": nulls,
                           "status": nulls})  # fmt: skip
    assert not row.broken
    assert all(isinstance(column.text(row, CONTEXT), str) for column in spec.columns(()))


def test_column_ids_are_unique_and_the_default_sort_is_one_of_them() -> None:
    for spec in SPECS:
        ids = [column.id for column in spec.columns(())]
        assert len(ids) == len(set(ids)), spec.id
        assert spec.default_sort[0] in ids, spec.id


def test_equal_labels_and_references_are_kept_once() -> None:
    first, second = pod(), pod()
    for one in (first, second):
        one["metadata"]["labels"] = {"app": "api"}
        one["spec"]["volumes"] = [{"name": "c", "configMap": {"name": "settings"}}]
    rows = pod_projection().page(listed(first, second)).rows
    assert rows[0].labels is rows[1].labels
    assert isinstance(rows[0], PodRow)
    assert isinstance(rows[1], PodRow)
    assert rows[0].refs is rows[1].refs


def test_a_pod_row_knows_everything_the_pod_refers_to() -> None:
    one = pod()
    one["spec"].update(
        serviceAccountName="robot",
        priorityClassName="high",
        imagePullSecrets=[{"name": "pull"}],
        volumes=[
            {"name": "a", "configMap": {"name": "cm1"}}, {"name": "b", "secret": {"secretName": "s1"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "d", "ephemeral": {}},
            {"name": "e", "projected": {"sources": [{"configMap": {"name": "cm2"}}, {"secret": {"name": "s2"}}]}},
        ],
    )  # fmt: skip
    one["spec"]["containers"][0].update(
        env=[
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s3"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "cm3"}}},
        ],
        envFrom=[{"secretRef": {"name": "s4"}}, {"configMapRef": {"name": "cm4"}}],
    )
    row = row_of("pods", one)
    assert isinstance(row, PodRow)
    assert set(row.refs) == {
        "cm/cm1", "cm/cm2", "cm/cm3", "cm/cm4", "secret/s1", "secret/s2", "secret/s3", "secret/s4", "secret/pull",
        "pvc/data", "pvc/api-1-d", "sa/robot", "pc/high",
    }  # fmt: skip


def test_the_controller_is_the_first_owner() -> None:
    one = pod()
    one["metadata"]["ownerReferences"] = [
        {"kind": "Other", "name": "o", "uid": "1"},
        {"kind": "ReplicaSet", "name": "r", "uid": "2", "controller": True},
    ]
    assert row_of("pods", one).owners[:3] == ("ReplicaSet", "r", "2")


TABLE: dict[str, Any] = {
    "kind": "Table",
    "metadata": {"resourceVersion": "5"},
    "columnDefinitions": [
        {"name": "Name", "type": "string"}, {"name": "Size", "type": "integer"}, {"name": "Ok", "type": "boolean"},
        {"name": "Note", "type": "string", "priority": 1}, {"name": "Age", "type": "string"},
    ],
    "rows": [
        {
            "cells": ["w1", 3, True, "one\ntwo", "9d"],
            "object": {"metadata": {"name": "w1", "namespace": "shop", "uid": "u1", "creationTimestamp": at(60)}},
        },
        {"cells": ["w2", None, None, None, None], "object": {"metadata": {"name": "w2", "uid": "u2"}}},
    ],
}  # fmt: skip
WIDGETS = ApiResource(Gvr("example.com", "v1", "widgets"), "Widget", "widget", True, frozenset({"list"}))


def test_an_unknown_kind_shows_what_the_server_prints_with_ages_of_our_own() -> None:
    spec = spec_for(WIDGETS)
    page = spec.projection().page(json.dumps(TABLE).encode())
    assert page.columns is not None
    columns = {column.title: column for column in spec.columns(page.columns)}
    assert list(columns) == ["NAMESPACE", "NAME", "SIZE", "OK", "NOTE", "LABELS", "AGE"]
    texts = [[column.text(row, CONTEXT) for column in columns.values()] for row in page.rows]
    assert texts[0] == ["shop", "w1", "3", "true", "one...", "<none>", "60s"]
    assert texts[1] == ["", "w2", "", "", "", "<none>", "<unknown>"]
    assert columns["NOTE"].wide
    assert columns["SIZE"].align == "right"
    assert columns["SIZE"].sort(page.rows[0], CONTEXT) > columns["SIZE"].sort(page.rows[1], CONTEXT)


def test_a_watch_event_is_a_table_of_one_row_and_only_the_first_has_definitions() -> None:
    projection = TableProjection()
    first = json.dumps({**TABLE, "rows": TABLE["rows"][:1]}).encode()
    later = json.dumps({"kind": "Table", "columnDefinitions": None, "rows": TABLE["rows"][1:]}).encode()
    found = projection.columns_of(first)
    assert found is not None
    assert [column.name for column in found] == ["Name", "Size", "Ok", "Note", "Age"]
    assert projection.columns_of(later) is None
    row = projection.item(later)
    assert isinstance(row, TableRow)
    assert row.key == "w2"


def test_a_server_that_does_not_speak_table_gives_names_and_ages() -> None:
    body = json.dumps(
        {"kind": "WidgetList", "items": [{"metadata": {"name": "w", "creationTimestamp": at(60)}}]}
    ).encode()
    page = TableProjection().page(body)
    assert [(row.name, row.created) for row in page.rows] == [("w", NOW - 60)]


def test_a_bad_row_of_a_table_is_shown_by_its_name() -> None:
    rows = [{"cells": 5, "object": {"metadata": {"name": "bad", "uid": "u9"}}}, TABLE["rows"][1]]
    page = TableProjection().page(json.dumps({**TABLE, "rows": rows}).encode())
    assert [(row.name, bool(row.broken)) for row in page.rows] == [("bad", True), ("w2", False)]
    assert spec_for(WIDGETS).health(page.rows[0], CONTEXT).problem


def test_no_table_at_all_is_rubbish() -> None:
    for body in (b"<html>", b'{"kind":"Status"}', b"5"):
        with pytest.raises(RubbishError):
            TableProjection().page(body)


@pytest.mark.parametrize(
    ("cell", "text"), [("a\r\nb", "a..."), (None, ""), (True, "true"), (2, "2"), (1.5, "1.5"), ([1], "[1]")]
)
def test_a_table_cell_is_printed_as_kubectl_prints_it(cell: Any, text: str) -> None:
    assert cell_text(cell) == text


def test_names_that_end_in_numbers_are_in_the_order_of_the_numbers() -> None:
    spec = next(spec for spec in SPECS if spec.id == "pods")
    name = next(column for column in spec.columns(()) if column.id == "name")
    rows = [row_of("pods", {"metadata": {"name": text}}) for text in ("web-10", "web-2", "api", "web-x")]
    context = RowContext(now=NOW)
    assert [row.name for row in sorted(rows, key=lambda row: name.sort(row, context))] == [
        "api",
        "web-2",
        "web-10",
        "web-x",
    ]
