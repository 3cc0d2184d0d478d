"""Writes on a real server whose connection, rights or objects go away under them: told, looked up, never sent twice."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from k9py.changes import edits
from k9py.changes.gate import Gate, Policy
from k9py.changes.journal import Journal
from k9py.changes.model import Answer, Outcome, Question, Stage, State, Wish
from k9py.core.clock import Clock, SystemClock
from k9py.core.errors import Forbidden, NotFound
from k9py.core.refs import Gvr
from k9py.kube.aio import connect
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.session import Session
from k9py.kube.wire import Transport
from tests.changes.conftest import QuickClock
from tests.cluster import available
from tests.contract import servers
from tests.faultproxy import Act, Asked, FaultProxy

UNAVAILABLE = available()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or ""),
    pytest.mark.timeout(120),
]

PATIENCE = 30.0
JSON = {"Content-Type": "application/json"}
GVRS = {
    "ConfigMap": Gvr("", "v1", "configmaps"),
    "Deployment": Gvr("apps", "v1", "deployments"),
    "Service": Gvr("", "v1", "services"),
}
Object = dict[str, Any]
Meanwhile = Callable[[], Awaitable[object]]


class Lab:
    """A gate that writes through the proxy, and a way to the server past it."""

    def __init__(self, proxy: FaultProxy, direct: Transport, folder: Path) -> None:
        self.proxy = proxy
        self.direct = direct
        self.namespace = f"writes-{secrets.token_hex(4)}"
        self.journal = Journal(folder / "journal.jsonl", now=SystemClock().now, new_id=lambda: secrets.token_hex(4))
        self._folder = folder
        self._sessions: list[Session] = []
        self.gate: Gate

    async def open(self, *, user: Object | None = None, clock: Clock | None = None) -> Gate:
        """Return a gate through the proxy, as the administrator unless a kubeconfig's user is given."""
        file = self._folder / f"{len(self._sessions)}.yaml"
        file.write_text(self.proxy.kubeconfig(user=user, namespace=self.namespace))
        session = await Session.open(Kubeconfig.load(file, dict(os.environ)).target())
        self._sessions.append(session)
        return Gate(
            session.transport, session.discovery, session.permissions, clock=clock or QuickClock(),
            journal=self.journal, policy=Policy("real"), namespace=self.namespace,
        )  # fmt: skip

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()

    # past the proxy

    def path(self, kind: str, name: str = "") -> str:
        return GVRS[kind].path(self.namespace, name)

    async def post(self, path: str, body: Object) -> None:
        await self.direct.request("POST", path, headers=JSON, body=json.dumps(body).encode())

    async def get(self, obj: Object) -> Object | None:
        try:
            answer = await self.direct.request("GET", self.path(obj["kind"], obj["metadata"]["name"]))
        except NotFound:
            return None
        return dict(json.loads(answer.body))

    async def remove(self, obj: Object) -> None:
        await self.direct.request("DELETE", self.path(obj["kind"], obj["metadata"]["name"]))
        async with asyncio.timeout(PATIENCE):
            while await self.get(obj) is not None:
                await asyncio.sleep(0.05)

    async def remake(self, obj: Object) -> None:
        """Delete an object and make another of the same name."""
        await self.remove(obj)
        await self.post(self.path(obj["kind"]), {"metadata": {"name": obj["metadata"]["name"]}, **_body(obj)})

    # through it

    def config(self, name: str, **data: str) -> Object:
        metadata = {"name": name, "namespace": self.namespace}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    def deployment(self, name: str) -> Object:
        labels = {"app": name}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}
        spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}
        metadata = {"name": name, "namespace": self.namespace}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}

    async def there(self, obj: Object) -> Object:
        """Write an object and return it as the server has it."""
        outcome = await self.write(edits.apply(obj))
        assert outcome.state is State.WRITTEN
        live = await self.get(obj)
        assert live is not None
        return live

    async def rolled_out(self, obj: Object) -> Object:
        """Wait until the controller writes a Deployment no more, and return it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                live = await self.get(obj)
                found = (live or {}).get("status", {}).get("conditions", ())
                if live is not None and any(one.get("reason") == "NewReplicaSetAvailable" for one in found):
                    return live
                await asyncio.sleep(0.05)

    async def write(self, wish: Wish, meanwhile: Meanwhile | None = None, gate: Gate | None = None) -> Outcome:
        """Plan, let something happen while the question stands there, and carry out."""
        gate = gate or self.gate

        async def confirm(question: Question) -> Answer:
            if meanwhile is not None:
                await meanwhile()
            return Answer(go=True, typed=question.type_this)

        plan = await gate.plan([wish])
        assert plan.ready, [(change.title, change.troubles, change.conflicts) for change in plan.changes]
        return (await gate.carry_out(plan, confirm)).outcomes[0]

    def on_write(self, act: Act) -> None:
        """Let something happen to every write from now on; trials and reads pass."""

        async def meddle(asked: Asked) -> Act:
            return act if asked.is_write else Act.PASS

        self.proxy.faults.meddle = meddle

    def on_anything(self, act: Act) -> None:
        """Let something happen to every request from now on."""

        async def meddle(_asked: Asked) -> Act:
            return act

        self.proxy.faults.meddle = meddle

    def writes(self) -> list[str]:
        """The writes that came to the proxy, by method."""
        return [one.method for one in self.proxy.asked if one.is_write and f"/{self.namespace}" in one.path]


def _body(obj: Object) -> Object:
    return {key: obj[key] for key in ("data", "spec") if key in obj}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    kubeconfig = (await asyncio.to_thread(servers.real)).kubeconfig
    direct = await connect(Kubeconfig.load(kubeconfig, dict(os.environ)).target(), clock=SystemClock())
    async with FaultProxy.before(kubeconfig, tmp_path / "authority") as proxy:
        lab = Lab(proxy, direct, tmp_path)
        await lab.post("/api/v1/namespaces", {"metadata": {"name": lab.namespace}})
        lab.gate = await lab.open()
        try:
            yield lab
        finally:
            await lab.close()
            await direct.request("DELETE", f"/api/v1/namespaces/{lab.namespace}")
            await direct.close()


Case = Callable[[Lab], Awaitable[tuple[Wish, Callable[[Object | None], bool]]]]
"""Prepares a wish, and how to see on the object that it was carried out."""


async def _create(lab: Lab) -> tuple[Wish, Callable[[Object | None], bool]]:
    return edits.apply(lab.config("new", x="1")), lambda live: live is not None


async def _apply(lab: Lab) -> tuple[Wish, Callable[[Object | None], bool]]:
    await lab.there(lab.config("a", x="1"))
    return edits.apply(lab.config("a", x="2")), lambda live: live is not None and live["data"] == {"x": "2"}


async def _edit(lab: Lab) -> tuple[Wish, Callable[[Object | None], bool]]:
    live = await lab.there(lab.config("a", x="1"))
    mine = deepcopy(live)
    mine["data"]["x"] = "2"
    return edits.edit(live, mine), lambda live: live is not None and live["data"] == {"x": "2"}


async def _scale(lab: Lab) -> tuple[Wish, Callable[[Object | None], bool]]:
    live = await lab.rolled_out(await lab.there(lab.deployment("web")))
    return edits.scale(live, 2), lambda live: live is not None and live["spec"]["replicas"] == 2


async def _delete(lab: Lab) -> tuple[Wish, Callable[[Object | None], bool]]:
    live = await lab.there(lab.config("a", x="1"))
    return edits.delete(live), lambda live: live is None


CASES = {"create": _create, "apply": _apply, "edit": _edit, "scale": _scale, "delete": _delete}
every_deed = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_deed
async def test_a_write_whose_answer_was_lost_is_found_and_not_sent_again(lab: Lab, case: Case) -> None:
    wish, done = await case(lab)
    before = len(lab.writes())
    lab.on_write(Act.LOSE)
    outcome = await lab.write(wish)
    assert (outcome.state, len(lab.writes()) - before) == (State.WRITTEN, 1), outcome.text
    assert "looked up" in outcome.text
    assert done(await lab.get(_object(wish)))
    assert lab.journal.entries()[-1].state == "written"


async def test_a_service_given_a_node_port_is_found_written_when_its_answer_was_lost(lab: Lab) -> None:
    metadata = {"name": "web", "namespace": lab.namespace}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    live = await lab.there({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    mine = deepcopy(live)
    mine["spec"]["type"] = "NodePort"
    before = len(lab.writes())
    lab.on_write(Act.LOSE)
    outcome = await lab.write(edits.edit(live, mine))
    assert (outcome.state, len(lab.writes()) - before) == (State.WRITTEN, 1), outcome.text


@every_deed
async def test_a_write_that_never_arrived_is_told_and_not_sent_again(lab: Lab, case: Case) -> None:
    wish, done = await case(lab)
    before = len(lab.writes())
    lab.on_write(Act.CUT)
    outcome = await lab.write(wish)
    assert (outcome.state, len(lab.writes()) - before) == (State.FAILED, 1), outcome.text
    assert "it was not written" in outcome.text
    assert not done(await lab.get(_object(wish)))
    lab.proxy.clear()
    assert (await lab.write(wish)).state is State.WRITTEN
    assert done(await lab.get(_object(wish)))


@every_deed
async def test_a_server_gone_between_trial_and_write_is_told_and_what_was_typed_can_be_written_later(
    lab: Lab, case: Case
) -> None:
    wish, done = await case(lab)
    before = len(lab.writes())
    outcome = await lab.write(wish, lab.proxy.down)
    assert outcome.state is State.FAILED
    assert "nothing was sent" in outcome.text
    assert len(lab.writes()) == before
    assert not done(await lab.get(_object(wish)))
    await lab.proxy.up()
    assert (await lab.write(wish)).state is State.WRITTEN
    assert done(await lab.get(_object(wish)))


@every_deed
async def test_an_object_made_anew_meanwhile_is_not_written_to(lab: Lab, case: Case) -> None:
    wish, done = await case(lab)
    obj = _object(wish)
    before = await lab.get(obj)

    async def meanwhile() -> None:
        if before is None:
            await lab.post(lab.path(obj["kind"]), {**obj, "data": {"theirs": "yes"}})
        else:
            await lab.remake(before)

    outcome = await lab.write(wish, meanwhile)
    live = await lab.get(obj)
    assert live is not None
    if before is None:  # an apply of something new lays its fields beside theirs, and says so
        assert live["data"] == {"theirs": "yes", "x": "1"}
        assert "somebody made it in the same moment" in outcome.text
        return
    assert outcome.state is State.FAILED
    assert "made anew meanwhile" in outcome.text
    assert not done(live)


@pytest.mark.parametrize("case", [_apply, _edit, _scale, _delete])
async def test_an_object_deleted_meanwhile_stays_deleted(lab: Lab, case: Case) -> None:
    wish, done = await case(lab)
    before = await lab.get(_object(wish))
    assert before is not None
    outcome = await lab.write(wish, lambda: lab.remove(before))
    assert await lab.get(before) is None
    assert outcome.done is done(None), outcome.text
    assert "gone already" in outcome.text if outcome.done else "meanwhile" in outcome.text


async def test_a_write_that_arrives_late_is_still_found(lab: Lab) -> None:
    late: list[asyncio.Task[Any]] = []

    async def meddle(asked: Asked) -> Act:
        if not asked.is_write:
            return Act.PASS

        async def arrive() -> None:
            await asyncio.sleep(0.8)  # after the first look, before the second
            await lab.direct.request(
                asked.method, asked.path, query=tuple(asked.query.items()), body=asked.body,
                headers={"Content-Type": "application/apply-patch+yaml"},
            )  # fmt: skip

        late.append(asyncio.create_task(arrive()))
        return Act.CUT

    gate = await lab.open(clock=SystemClock())
    lab.proxy.faults.meddle = meddle
    outcome = await lab.write(edits.apply(lab.config("late", x="1")), gate=gate)
    assert outcome.state is State.WRITTEN
    assert len(late) == 1
    await late[0]


async def test_a_server_that_stays_away_leaves_the_write_uncertain_and_the_journal_says_so(lab: Lab) -> None:
    async def meddle(asked: Asked) -> Act:
        if not asked.is_write:
            return Act.PASS
        lab.on_anything(Act.CUT)
        return Act.LOSE

    lab.proxy.faults.meddle = meddle
    outcome = await lab.write(edits.apply(lab.config("perhaps", x="1")))
    assert outcome.state is State.UNCERTAIN
    assert "look before trying again" in outcome.text
    assert lab.journal.entries()[-1].state == "uncertain"
    lab.proxy.clear()
    again = await lab.gate.plan([edits.apply(lab.config("perhaps", x="1"))])
    assert not again.pending, "the plan made afterwards sees that it was written"


async def test_a_page_of_a_proxy_instead_of_an_answer_is_looked_behind(lab: Lab) -> None:
    async def rubbish() -> None:
        async def meddle(asked: Asked) -> Act:
            lab.proxy.faults.rubbish = asked.is_write
            return Act.PASS

        lab.proxy.faults.meddle = meddle

    outcome = await lab.write(edits.apply(lab.config("a", x="1")), rubbish)
    assert outcome.state is State.FAILED
    assert "it was not written" in outcome.text
    assert lab.writes() == ["PATCH"]


async def test_a_server_that_asks_to_wait_is_told_and_nothing_is_written(lab: Lab) -> None:
    async def throttled() -> None:
        lab.proxy.faults.throttled = 5.0

    outcome = await lab.write(edits.apply(lab.config("a", x="1")), throttled)
    assert (outcome.state, lab.writes()) == (State.FAILED, ["PATCH"])
    lab.proxy.clear()
    assert await lab.get(lab.config("a")) is None


async def test_a_right_lost_between_trial_and_write_is_told_and_asked_anew(lab: Lab) -> None:
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{lab.namespace}"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch", "delete"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writer"}
    who = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "limited"}
    await lab.post(f"{rbac}/roles", {"metadata": {"name": "writer"}, "rules": rules})
    await lab.post(f"{rbac}/rolebindings", {"metadata": {"name": "writer"}, "roleRef": role, "subjects": [who]})
    gate = await lab.open(user={"as": "limited"})
    await _once(lambda: _may_patch(lab, True))

    async def lose() -> None:
        await lab.direct.request("DELETE", f"{rbac}/rolebindings/writer")
        await _once(lambda: _may_patch(lab, False))

    wish = edits.apply(lab.config("a", x="1"))
    outcome = await lab.write(wish, lose, gate)
    assert outcome.state is State.FAILED
    assert isinstance(outcome.error, Forbidden)
    assert await lab.get(lab.config("a")) is None
    (change,) = (await gate.plan([wish])).changes
    assert [trouble.stage for trouble in change.troubles] == [Stage.PERMISSION]
    await lab.post(f"{rbac}/rolebindings", {"metadata": {"name": "writer"}, "roleRef": role, "subjects": [who]})
    await _once(lambda: _may_patch(lab, True))
    assert (await gate.plan([wish])).ready, "a right given while the refusal stands is seen when it is tried again"


async def _may_patch(lab: Lab, wanted: bool) -> bool:
    attributes = {"verb": "patch", "resource": "configmaps", "namespace": lab.namespace}
    body = {"spec": {"resourceAttributes": attributes, "user": "limited"}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    answer = await lab.direct.request("POST", path, headers=JSON, body=json.dumps(body).encode())
    return bool(json.loads(answer.body)["status"].get("allowed")) is wanted


async def _once(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so; rights reach the server's memory a moment after they are written."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():
            await asyncio.sleep(0.05)


def _object(wish: Wish) -> Object:
    ref = wish.ref
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name, "namespace": ref.namespace}}
