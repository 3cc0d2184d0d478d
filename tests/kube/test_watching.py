from __future__ import annotations

import json
import random

import pytest

from k9py.core.errors import Gone, RubbishError, ServerError
from k9py.kube import watching
from k9py.kube.metadata import MetadataProjection
from k9py.kube.watching import (
    LineSplitter,
    Source,
    decode_bookmark,
    decode_event,
    error_of_event,
    next_page_size,
    split_event,
)
from tests.kube.fakes import NODES, PODS

BOOKMARK = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"},"spec":{"containers":null}}}'


def test_lines_come_out_whole_however_the_bytes_are_cut() -> None:
    rng = random.Random(1)
    lines = [bytes([65 + rng.randrange(26)]) * rng.randrange(200) for _ in range(300)]
    body = b"\n".join(lines) + b"\n"
    splitter = LineSplitter()
    found: list[bytes] = []
    while body:
        cut = rng.randrange(1, 500)
        found += splitter.feed(body[:cut])
        body = body[cut:]
    assert found == lines
    assert splitter.rest == b""


def test_a_line_of_megabytes_in_small_chunks_is_joined_once() -> None:
    splitter = LineSplitter()
    piece = b"x" * 1000
    for _ in range(4000):
        assert splitter.feed(piece) == []
    (line,) = splitter.feed(b"y\n")
    assert len(line) == 4_000_001


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LONGEST_LINE", 1000)
    splitter = LineSplitter()
    splitter.feed(b"x" * 600)
    with pytest.raises(RubbishError, match="longer than"):
        splitter.feed(b"x" * 600)


def test_a_bookmark_is_read_though_its_spec_fits_no_pod() -> None:
    kind, raw = decode_event(BOOKMARK)
    found = decode_bookmark(raw)
    assert kind == "BOOKMARK"
    assert found.version == "7"
    assert not found.ends_initial


def test_a_bookmark_of_a_table_carries_its_annotation_in_its_row() -> None:
    table = {
        "kind": "Table",
        "metadata": {"resourceVersion": "9"},
        "columnDefinitions": None,
        "rows": [
            {
                "cells": ["", "<unknown>"],
                "object": {"metadata": {"resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"}}},
            }
        ],
    }
    found = decode_bookmark(json.dumps(table).encode())
    assert found.version == "9"
    assert found.ends_initial


@pytest.mark.parametrize("line", [b"<html>", b'{"type":"ADDED"}', b"\xff\xfe", b"[]", b'{"type":5,"object":{}}'])
def test_a_line_that_is_no_event_is_rubbish(line: bytes) -> None:
    with pytest.raises(RubbishError):
        decode_event(line)


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED"])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_both_ways_to_split_a_line_agree(kind: str, separators: tuple[str, str]) -> None:
    line = json.dumps({"type": kind, "object": {"metadata": {"name": "a"}}}, separators=separators).encode()
    assert split_event(line) == decode_event(line)
    assert json.loads(split_event(line)[1]) == {"metadata": {"name": "a"}}


def test_an_error_event_is_the_error_its_status_stands_for() -> None:
    gone = error_of_event(b'{"kind":"Status","code":410,"reason":"Expired","message":"too old"}')
    assert isinstance(gone, Gone)
    assert str(gone) == "too old"
    assert isinstance(error_of_event(b'{"kind":"Status"}'), ServerError)
    assert isinstance(error_of_event(b"nonsense"), RubbishError)
    assert isinstance(error_of_event(b"[]"), RubbishError)


def test_a_list_asks_for_pages_and_never_for_a_version() -> None:
    source = Source(PODS, "shop", MetadataProjection(), label_selector="app=api", field_selector="spec.nodeName=n1")
    query = dict(source.list_query(limit=500, continue_token="next"))
    assert query == {
        "limit": "500",
        "continue": "next",
        "labelSelector": "app=api",
        "fieldSelector": "spec.nodeName=n1",
    }
    assert source.path == "/api/v1/namespaces/shop/pods"


def test_a_watch_of_metadata_does_not_ask_for_a_metadata_list() -> None:
    source = Source(PODS, "", MetadataProjection())
    assert "PartialObjectMetadataList" in source.headers["Accept"]
    assert "PartialObjectMetadataList" not in source.watch_headers["Accept"]
    assert "as=PartialObjectMetadata;" in source.watch_headers["Accept"]


def test_pages_shrink_for_heavy_objects_and_grow_back() -> None:
    assert next_page_size(items=500, size=4_000_000) == 500
    assert next_page_size(items=500, size=50_000_000) == 50
    assert next_page_size(items=50, size=400_000) == 500
    assert next_page_size(items=10, size=500_000_000) == watching.SMALLEST_PAGE
    assert next_page_size(items=0, size=100) == 500


def test_where_a_source_reads_is_told_for_a_person() -> None:
    assert Source(PODS, "", MetadataProjection()).where == "all namespaces"
    assert Source(PODS, "shop", MetadataProjection()).where == "namespace shop"
    assert Source(NODES, "", MetadataProjection()).where == "the cluster"
