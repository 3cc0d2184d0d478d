"""What is worked out once for every specification: the same as working it out each time."""

from __future__ import annotations

import json
from typing import Any

from k9py.resources import podfacts
from k9py.resources.pods import PodRow, pod_projection


def raw(name: str, spec: Any, **status: Any) -> bytes:
    metadata = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"}
    return json.dumps({"metadata": metadata, "spec": spec, "status": {"phase": "Running", **status}}).encode()


def spec(**fields: Any) -> dict[str, Any]:
    limits = {"cpu": "500m", "memory": "64Mi"}
    return {"containers": [{"name": "main", "resources": {"limits": limits}}], "nodeName": "node-1", **fields}


def test_a_specification_seen_before_is_not_decoded_again(monkeypatch: Any) -> None:
    projection = pod_projection()
    first = projection.item(raw("a", spec()))
    monkeypatch.setattr(podfacts, "_SPECS", None)
    again = projection.item(raw("a", spec(), podIP="10.0.0.9"))
    assert isinstance(first, PodRow)
    assert isinstance(again, PodRow)
    assert (again.node, again.memory_limit, again.ip) == ("node-1", 64 * 1024 * 1024, "10.0.0.9")
    assert again.refs is first.refs


def test_a_changed_specification_changes_the_row() -> None:
    projection = pod_projection()
    projection.item(raw("a", spec()))
    row = projection.item(raw("a", spec(nodeName="node-2", serviceAccountName="robot")))
    assert isinstance(row, PodRow)
    assert (row.node, row.service_account, row.refs) == ("node-2", "robot", ("sa/robot",))


def test_pods_of_one_specification_have_claims_of_their_own() -> None:
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}]
    projection = pod_projection()
    rows = [projection.item(raw(name, spec(volumes=volumes))) for name in ("a", "b")]
    assert [row.refs for row in rows if isinstance(row, PodRow)] == [("pvc/a-scratch",), ("pvc/b-scratch",)]


def test_a_specification_that_fits_no_pod_breaks_its_own_row_only() -> None:
    projection = pod_projection()
    assert projection.item(raw("bad", {"containers": "none"})).broken
    items = b",".join([raw("good", spec()), raw("bad", {"containers": "none"})])
    page = projection.page(b'{"kind":"PodList","metadata":{"resourceVersion":"5"},"items":[' + items + b"]}")
    assert [(row.name, bool(row.broken)) for row in page.rows] == [("good", False), ("bad", True)]


def test_a_pod_without_a_specification_has_a_row() -> None:
    row = pod_projection().item(raw("a", None))
    assert isinstance(row, PodRow)
    assert (row.broken, row.node, row.total) == ("", "", 0)


def test_the_memory_limit_of_a_container_is_found_by_its_name() -> None:
    containers = [
        {"name": "main", "resources": {"limits": {"memory": "64Mi"}}},
        {"name": "proxy", "resources": {"limits": {"memory": "32Mi"}}},
        {"name": "free"},
    ]
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    rows = []
    for name in ("proxy", "free"):
        statuses = [{"name": name, "ready": False, "restartCount": 1, "state": ended}]
        rows.append(pod_projection().item(raw("a", spec(containers=containers), containerStatuses=statuses)))
    limits = [row.trouble.memory_limit for row in rows if isinstance(row, PodRow) and row.trouble is not None]
    assert limits == ["32Mi", ""]


def test_a_pod_that_restarted_and_runs_again_says_how_its_last_run_ended() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-22T00:10:00Z"}}
    running = {"running": {"startedAt": "2026-11-22T00:11:00Z"}}
    status = {"name": "main", "ready": True, "restartCount": 3, "state": running, "lastState": ended}
    row = pod_projection().item(raw("a", spec(), containerStatuses=[status]))
    assert isinstance(row, PodRow)
    assert row.trouble is not None
    assert (row.status, row.ready, row.restarts, row.restarted) == ("Running", 1, 3, row.trouble.at)
    assert (row.trouble.what, row.trouble.exit_code) == ("restarted", 1)
