"""The types of a server: only what was not recorded is sent again."""

from __future__ import annotations

import pytest

from k9py.changes import edits
from k9py.changes.model import State
from k9py.changes.serverkinds import read_kinds
from k9py.core.errors import RubbishError
from tests.changes.conftest import Lab, config_map, deployment


async def test_of_a_recorded_version_no_document_is_fetched_that_is_at_hand(lab: Lab) -> None:
    kinds = await read_kinds(lab.network, lab.discovery, "v1.36.3")
    assert kinds.live
    assert kinds.type_of("apps/v1", "Deployment") is not None
    fetched = [sent.path for sent in lab.network.log if sent.path.startswith("/openapi/v3/")]
    assert "/openapi/v3/apis/apps/v1" not in fetched


async def test_of_another_version_every_document_is_its_own(lab: Lab) -> None:
    kinds = await read_kinds(lab.network, lab.discovery, "v1.99.0")
    fetched = [sent.path for sent in lab.network.log if sent.path.startswith("/openapi/v3/")]
    assert "/openapi/v3/apis/apps/v1" in fetched
    assert kinds.type_of("v1", "Pod") is not None


async def test_what_is_not_openapi_is_told(lab: Lab) -> None:
    lab.server.faults.rubbish = True
    with pytest.raises(RubbishError):
        await read_kinds(lab.network, lab.discovery, "v1.36.3")


async def test_a_deletion_of_one_very_object_spares_another_of_its_name(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("one")))
    plan = await lab.gate.plan([edits.delete(config_map("one"), uid="somebody-else")])
    assert not plan.ready
    assert "made anew" in plan.changes[0].troubles[0].text
    uid = lab.live("configmaps", "one")["metadata"]["uid"]
    assert (await lab.one(edits.delete(config_map("one"), uid=uid))).state is State.WRITTEN


async def test_a_plan_that_is_stopped_holds_the_next_part_back(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("first")), edits.apply(deployment("web"))])
    report = await lab.gate.carry_out(plan, lab.yes, go_on=lambda: False)
    assert [one.state for one in report.outcomes] == [State.WRITTEN, State.HELD_BACK]
    assert not lab.exists("deployments.apps", "web")


async def test_an_object_without_a_namespace_goes_to_the_one_that_is_looked_at(lab: Lab) -> None:
    document = {**config_map("here"), "metadata": {"name": "here"}}
    plan = await lab.gate.plan([edits.apply(document)], namespace="default")
    assert plan.changes[0].ref.namespace == "default"
