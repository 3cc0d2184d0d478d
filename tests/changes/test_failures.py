"""When something goes wrong between the plan and the answer: the truth is told and nothing is written twice."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from k9py.changes import edits
from k9py.changes.model import NoticeKind, Stage, State
from k9py.core.errors import ApiError, Stalled, Unreachable
from k9py.kube.permissions import Verdict
from tests.changes.conftest import Lab, Sent, config_map, deployment


def _lost() -> Stalled:
    return Stalled("the server: no answer within 30 s")


async def test_a_write_whose_answer_was_lost_is_found_and_not_sent_again(lab: Lab) -> None:
    lab.network.lose_answers(_lost())
    outcome = await lab.one(edits.apply(config_map("a", x="1")))
    assert outcome.state is State.WRITTEN
    assert "looked up: it is written" in outcome.text
    assert "the answer was lost; looking whether it was written" in [report.text for report in lab.stages]
    assert len(lab.network.writes) == 1
    assert lab.journal.entries()[0].state == "written"


async def test_a_change_whose_answer_was_lost_is_found_by_its_content(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web", replicas=1)))
    lab.network.lose_answers(_lost())
    outcome = await lab.one(edits.apply(deployment("web", "web:2", replicas=1)))
    assert outcome.state is State.WRITTEN
    assert lab.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"
    assert len(lab.network.writes) == 2


def _service(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop"}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("there", [True, False], ids=["changed", "new"])
async def test_a_node_port_the_write_gave_another_number_than_the_trial_is_found_written(lab: Lab, there: bool) -> None:
    if there:
        await lab.write(edits.apply(_service()))
    before = len(lab.network.writes)
    plan = await lab.gate.plan([edits.apply(_service(type="NodePort"))])
    (change,) = plan.changes
    tried = deepcopy(change.dry_run.result)
    assert tried is not None
    tried["spec"]["ports"][0]["nodePort"] = 31999  # a real server draws the number of a trial by lot
    plan = replace(plan, changes=(replace(change, dry_run=replace(change.dry_run, result=tried)),))
    lab.network.lose_answers(_lost())
    (outcome,) = (await lab.gate.carry_out(plan, lab.yes)).outcomes
    assert lab.live("services", "web")["spec"]["ports"][0]["nodePort"] not in (0, 31999)
    assert outcome.state is State.WRITTEN, outcome.text
    assert len(lab.network.writes) == before + 1


async def test_a_write_that_never_arrived_is_told_as_not_written(lab: Lab) -> None:
    lab.network.lose_requests(_lost())
    outcome = await lab.one(edits.apply(config_map("a", x="1")))
    assert outcome.state is State.FAILED
    assert "looked up: it was not written" in outcome.text
    assert len(lab.network.writes) == 1
    assert outcome.change.wish.document["data"] == {"x": "1"}


async def test_a_change_that_never_arrived_is_not_mistaken_for_what_was_there(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a", x="1")))
    lab.network.lose_requests(_lost())
    outcome = await lab.one(edits.apply(config_map("a", x="2")))
    assert outcome.state is State.FAILED


async def test_the_same_object_written_by_somebody_else_is_not_taken_for_ours(lab: Lab) -> None:
    lab.network.lose_requests(_lost())
    plan = await lab.gate.plan([edits.apply(config_map("a", x="1"))])
    lab.network.before(
        lambda sent: sent.method == "GET" and sent.path.endswith("/a"),
        lambda: lab.store.create("configmaps", config_map("a", x="1")),
    )
    report = await lab.gate.carry_out(plan, lab.yes)
    assert report.outcomes[0].state is State.FAILED


async def test_a_server_that_stays_away_leaves_it_uncertain(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a", x="1"))])
    lab.network.lose_requests(Unreachable("the server: connection reset"), lambda _sent: True)
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.UNCERTAIN
    assert "look before trying again" in outcome.text
    assert len(lab.network.writes) == 1
    assert lab.journal.entries()[0].state == "uncertain"
    assert lab.clock.slept >= 25, "the server may work on a write for 25 s"


async def test_a_request_that_never_left_is_certainly_not_written(lab: Lab) -> None:
    refused = Unreachable("the server: connection refused")
    refused.sent = False
    lab.network.lose_requests(refused)
    outcome = await lab.one(edits.apply(config_map("a")))
    assert outcome.state is State.FAILED
    assert "nothing was sent" in outcome.text
    assert lab.clock.slept == 0


async def test_a_gateway_that_gives_up_is_looked_behind(lab: Lab) -> None:
    lab.network.lose_answers(ApiError.of(504, "HTTP 504 from a proxy before the API: timeout"))
    outcome = await lab.one(edits.apply(config_map("a")))
    assert outcome.state is State.WRITTEN
    assert len(lab.network.writes) == 1


async def test_a_server_that_fails_by_itself_is_looked_at_once(lab: Lab) -> None:
    lab.network.lose_requests(ApiError.of(500, "Internal error occurred: failed calling webhook", reason="Internal"))
    outcome = await lab.one(edits.apply(config_map("a")))
    assert outcome.state is State.FAILED
    assert "failed calling webhook" in outcome.text
    assert lab.clock.slept < 1


async def test_a_deletion_whose_answer_was_lost_is_found_done(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a")))
    lab.network.lose_answers(_lost())
    outcome = await lab.one(edits.delete(config_map("a")))
    assert outcome.state is State.WRITTEN
    assert "it is gone" in outcome.text


async def test_a_webhook_that_refuses_to_be_tried_is_named_and_the_write_goes_on_knowingly(lab: Lab) -> None:
    refusal = ApiError.of(400, 'admission webhook "guard.example.com" does not support dry run', reason="BadRequest")
    lab.network.lose_requests(refusal, lambda sent: sent.dry)
    plan = await lab.gate.plan([edits.apply(config_map("a", x="1"))])
    assert plan.ready
    assert not plan.changes[0].dry_run.seen
    question = lab.gate.question(plan)
    assert "guard.example.com" in question.unseen[0]
    assert NoticeKind.UNSEEN in [notice.kind for notice in plan.changes[0].notices]
    assert "+  x: '1'" in plan.changes[0].diff.unified()
    report = await lab.gate.carry_out(plan, lab.yes)
    assert report.done
    assert lab.live("configmaps", "a")["data"] == {"x": "1"}


async def test_a_right_lost_meanwhile_is_told_and_asked_anew(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a"))])
    configmaps = lab.discovery.resolve("configmaps")
    assert lab.permissions.known("patch", configmaps, "shop") is Verdict.YES
    lab.server.faults.forbidden.add("configmaps")
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.FAILED
    assert "forbidden" in outcome.text
    assert lab.permissions.known("patch", configmaps, "shop") is Verdict.UNKNOWN


async def test_a_right_given_while_the_refusal_stands_is_seen_when_it_is_tried_again(lab: Lab) -> None:
    nothing = {"allowed": False, "resourceRules": [], "nonResourceRules": [], "incomplete": False}

    async def act(go: Any) -> Any:
        answer = await go()
        return replace(answer, body=json.dumps({**json.loads(answer.body), "status": nothing}).encode())

    lab.network.meddles.append((lambda sent: "/selfsubject" in sent.path, act))
    (refused,) = (await lab.gate.plan([edits.apply(config_map("a"))])).changes
    assert [trouble.stage for trouble in refused.troubles] == [Stage.PERMISSION]
    lab.network.meddles.clear()
    assert (await lab.gate.plan([edits.apply(config_map("a"))])).ready


async def test_a_server_gone_while_planning_is_a_trouble_of_the_plan(lab: Lab) -> None:
    lab.network.lose_requests(Unreachable("the server: connection reset"), lambda sent: sent.dry)
    plan = await lab.gate.plan([edits.apply(config_map("a", x="1"))])
    assert "connection reset" in plan.changes[0].troubles[0].text
    assert plan.wishes[0].document["data"] == {"x": "1"}


async def test_a_write_stopped_half_way_is_uncertain_in_the_journal(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a"))])
    started = asyncio.Event()

    async def hang(_go: Any) -> Any:
        started.set()
        await asyncio.Event().wait()

    lab.network.meddles.append((lambda sent: sent.writes, hang))
    writing = asyncio.create_task(lab.gate.carry_out(plan, lab.yes))
    await started.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert lab.journal.entries()[0].state == "uncertain"


async def test_an_object_deleted_and_made_anew_is_not_written_to(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a", x="1")))
    plan = await lab.gate.plan([edits.apply(config_map("a", x="2"))])

    def recreate() -> None:
        lab.store.delete("configmaps", "shop", "a")
        lab.store.create("configmaps", config_map("a", other="1"))

    lab.network.before(lambda sent: sent.writes, recreate)
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.FAILED
    assert "made anew meanwhile" in outcome.text
    assert lab.live("configmaps", "a")["data"] == {"other": "1"}


async def test_a_deletion_spares_another_object_of_the_same_name(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a")))
    plan = await lab.gate.plan([edits.delete(config_map("a"))])

    def recreate() -> None:
        lab.store.delete("configmaps", "shop", "a")
        lab.store.create("configmaps", config_map("a"))

    lab.network.before(lambda sent: sent.writes, recreate)
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.FAILED
    assert "made anew meanwhile" in outcome.text
    assert lab.exists("configmaps", "a")


async def test_a_trial_of_a_deletion_deletes_nothing(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a")))
    plan = await lab.gate.plan([edits.delete(config_map("a"))])
    assert plan.ready
    tried = [sent for sent in lab.network.log if sent.method == "DELETE"]
    assert b'"dryRun":["All"]' in (tried[0].body or b"")
    assert lab.exists("configmaps", "a")


async def test_an_object_somebody_made_in_the_same_moment_is_told(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a", x="1"))])
    lab.network.before(lambda sent: sent.writes, lambda: lab.store.create("configmaps", config_map("a", y="2")))
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.WRITTEN
    assert "somebody made it in the same moment" in outcome.text
    assert lab.live("configmaps", "a")["data"] == {"x": "1", "y": "2"}


async def test_a_journal_that_fills_up_after_the_write_does_not_hide_what_was_done(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a"))])

    def vanish() -> None:
        lab.journal.path.unlink()
        lab.journal.path.mkdir()

    lab.network.before(lambda sent: sent.writes, vanish)
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.WRITTEN
    assert "its end is not written down" in outcome.text


def test_a_request_knows_whether_it_is_a_write() -> None:
    assert Sent("DELETE", "/api/v1/namespaces/a/pods/b", {}, None).writes
    assert not Sent("PATCH", "/x", {"dryRun": "All"}, None).writes
