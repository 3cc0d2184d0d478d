"""Taking back: what was made goes, what was changed returns, what was deleted is made anew, and what cannot is told."""

from __future__ import annotations

import pytest

from k9py.changes import edits
from k9py.changes.model import Choice
from k9py.changes.undo import undo_of, undo_series
from k9py.core.errors import ChangeError, JournalError
from tests.changes.conftest import NS, Lab, MakeLab, Object, config_map, deployment, namespace, secret


async def _undo(lab: Lab, *ids: str) -> None:
    entries = [lab.journal.find(one) for one in ids] if ids else [lab.journal.entries()[-1]]
    await lab.write(*(undo_of(lab.journal, entry).wish for entry in entries))


async def test_what_was_made_is_deleted(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a")))
    await _undo(lab)
    assert not lab.exists("configmaps", "a")
    made, undone = lab.journal.entries()
    assert (made.undone_by, undone.undoes) == (undone.id, made.id)
    with pytest.raises(ChangeError, match="taken back already"):
        undo_of(lab.journal, made)


async def test_the_question_about_taking_back_says_that_it_is_one(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a")))
    plan = await lab.gate.plan([undo_of(lab.journal, lab.journal.entries()[-1]).wish])
    assert lab.gate.question(plan).text.startswith("To take it back, delete configmap/a")
    plain = await lab.gate.plan([edits.apply(config_map("b"))])
    assert lab.gate.question(plain).text.startswith("Create configmap/b")


async def test_taking_back_can_be_taken_back_and_the_change_then_stands_again(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a", x="1")))
    await lab.write(edits.apply(config_map("a", x="2")))
    for value, standing in (("1", [True, False, True]), ("2", [True, True, False, True])):
        await _undo(lab)
        assert lab.live("configmaps", "a")["data"] == {"x": value}
        assert [not entry.undone_by for entry in lab.journal.entries()] == standing
    await _undo(lab, lab.journal.entries()[1].id)
    assert lab.live("configmaps", "a")["data"] == {"x": "1"}


async def test_what_was_changed_returns_and_what_others_changed_since_stays(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web", replicas=1)))
    await lab.write(edits.apply(deployment("web", "web:2", replicas=1)))
    lab.touch("deployments.apps", "web", lambda obj: obj["metadata"].update(labels={"theirs": "1"}))
    await _undo(lab)
    live = lab.live("deployments.apps", "web")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
    assert live["metadata"]["labels"] == {"theirs": "1"}


async def test_taking_back_what_somebody_changed_since_is_a_conflict(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a", x="1")))
    await lab.write(edits.apply(config_map("a", x="2")))
    lab.touch("configmaps", "a", lambda obj: obj["data"].update(x="3"))
    plan = await lab.gate.plan([undo_of(lab.journal, lab.journal.entries()[-1]).wish])
    (conflict,) = plan.changes[0].conflicts
    assert (conflict.base, conflict.theirs, conflict.mine) == ("2", "3", "1")
    await lab.write(edits.resolve_all(plan.changes[0], Choice.FORCE))
    assert lab.live("configmaps", "a")["data"] == {"x": "1"}
    assert lab.journal.entries()[1].undone_by


async def test_what_was_deleted_is_made_anew_and_told_to_be_new(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web", replicas=3)))
    before = lab.live("deployments.apps", "web")
    await lab.write(edits.delete(deployment("web")))
    undo = undo_of(lab.journal, lab.journal.entries()[-1])
    assert any("new ones" in notice.text for notice in undo.lost)
    await lab.write(undo.wish)
    after = lab.live("deployments.apps", "web")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]


async def test_a_deleted_pod_comes_back_without_its_node(lab: Lab) -> None:
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": NS},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "web:1"}]},
    }
    lab.store.create("pods", pod)
    await lab.write(edits.delete(pod))
    undo = undo_of(lab.journal, lab.journal.entries()[-1])
    assert "nodeName" not in undo.wish.document["spec"]
    assert any("address" in notice.text for notice in undo.lost)


async def test_a_claim_says_that_its_data_may_be_gone(lab: Lab) -> None:
    claim: Object = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": NS},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "volumeName": "pv-1", "resources": {"requests": {"storage": "1Gi"}}
        },
    }  # fmt: skip
    volume = {"capacity": {"storage": "1Gi"}, "persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/data"}}
    metadata = {"name": "pv-1"}
    lab.store.create("persistentvolumes", {**claim, "kind": "PersistentVolume", "metadata": metadata, "spec": volume})
    await lab.write(edits.apply(claim))
    plan = await lab.gate.plan([edits.delete(claim)])
    assert any("volume pv-1 and its data" in notice.text for notice in plan.changes[0].notices)
    await lab.gate.carry_out(plan, lab.yes)
    assert any(
        "its data, unless the volume was kept" in notice.text
        for notice in undo_of(lab.journal, lab.journal.entries()[-1]).lost
    )


async def test_a_series_is_taken_back_last_made_first(lab: Lab) -> None:
    inside = config_map("a")
    inside["metadata"]["namespace"] = "fresh"
    report = await lab.write(edits.apply(namespace("fresh")), edits.apply(inside))
    undos = undo_series(lab.journal, lab.journal.series(report.plan.series))
    assert [undo.entry.ref.kind for undo in undos] == ["ConfigMap", "Namespace"]
    await lab.write(*(undo.wish for undo in undos))
    assert not lab.exists("configmaps", "a", "fresh")
    with pytest.raises(ChangeError, match="nothing left"):
        undo_series(lab.journal, lab.journal.series(report.plan.series))


async def test_a_secret_is_taken_back_within_the_run_and_not_after_it(lab: Lab, make_lab: MakeLab) -> None:
    await lab.write(edits.apply(secret("s", p="one")))
    await lab.write(edits.apply(secret("s", p="two")))
    later: Lab = await make_lab(journal=lab.journal.path)
    changed = lab.journal.entries()[-1]
    with pytest.raises(ChangeError, match="earlier run"):
        undo_of(later.journal, later.journal.find(changed.id))
    await _undo(lab)
    assert lab.live("secrets", "s")["data"] == {"p": "b25l"}
    assert undo_of(later.journal, later.journal.entries()[0]).wish.document["metadata"]["name"] == "s"


async def test_what_failed_has_nothing_to_take_back(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a"))])
    lab.server.faults.forbidden.add("configmaps")
    await lab.gate.carry_out(plan, lab.yes)
    with pytest.raises(ChangeError, match="was not written"):
        undo_of(lab.journal, lab.journal.entries()[-1])


async def test_a_journal_survives_a_line_that_was_cut_off_and_two_programs(lab: Lab, make_lab: MakeLab) -> None:
    await lab.write(edits.apply(config_map("a", x="1")))
    with lab.journal.path.open("ab") as file:
        file.write(b'{"id":"cut","state":"int\n')
    other: Lab = await make_lab(journal=lab.journal.path)
    await other.write(edits.apply(config_map("b")))
    assert [entry.ref.name for entry in lab.journal.entries()] == ["a", "b"]
    first = lab.journal.entries()[0]
    assert (first.effect, first.state, first.user) == ("created", "written", "tester")
    with pytest.raises(JournalError, match="no change has the id"):
        lab.journal.find("nothing")


async def test_a_full_journal_is_set_aside_and_still_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k9py.changes.journal.SIZE_LIMIT", 10)
    await lab.write(edits.apply(config_map("a", x="1")))
    assert lab.journal.path.with_name("journal.jsonl.1").exists()
    (entry,) = lab.journal.entries()
    assert (entry.ref.name, entry.state) == ("a", "written")


@pytest.mark.parametrize(("by_controller", "kept"), [(True, False), (False, True)])
async def test_a_claim_made_again_asks_for_a_volume_of_its_own_unless_somebody_named_one(
    lab: Lab, by_controller: bool, kept: bool
) -> None:
    bound = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}
    claim: Object = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": NS, "annotations": {"note": "a", **(bound if by_controller else {})}},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "volumeName": "pv-1", "resources": {"requests": {"storage": "1Gi"}}
        },
    }  # fmt: skip
    lab.store.create("persistentvolumeclaims", claim)
    await lab.write(edits.delete(claim))
    again = undo_of(lab.journal, lab.journal.entries()[-1]).wish.document
    assert ("volumeName" in again["spec"]) is kept
    assert again["metadata"]["annotations"] == {"note": "a"}
