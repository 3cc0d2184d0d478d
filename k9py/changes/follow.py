"""Following a write until it has come true, or until it is clear why it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from k9py.changes import requests
from k9py.changes.board import WITH_PODS, read_board
from k9py.changes.leaving import read_deletion
from k9py.changes.model import Deed, Object, Outcome, State
from k9py.changes.steps import Board, BoardState, Snapshot, Step, StepState
from k9py.core import selectors
from k9py.core.clock import Clock
from k9py.core.errors import Forbidden, K9Error, LinkError
from k9py.core.refs import ApiResource
from k9py.kube.discovery import Discovery
from k9py.kube.verbs import list_pages
from k9py.kube.wire import Transport

LOOK_SOON = 0.3
"""Seconds between two looks right after the write, when one step follows the other."""
SOON = 3.0
"""Seconds that lasts."""
LOOK_EVERY = 1.0
"""Seconds between two looks then; a step takes about that long."""
LOOK_SLOWLY = 3.0
"""Seconds between two looks once nothing has changed for a while."""
SLOW_AFTER = 15.0
"""Seconds without a change from which looks are rarer."""
BLOCKED_FOR = 3.0
"""Seconds a step has to be blocked to be told: a first failed pull or probe often mends itself."""
PATIENCE = {"scheduled": 10.0, "endpoints": 10.0, "gone": 30.0}
"""The same for steps that take longer: a new node may be on its way, the pods of a Service may be made later than it,
and what holds a deleted object is a pod that is still ending."""
LOOKS = 4
"""Objects looked at at once; a look is up to six requests, and the rest of the program goes on meanwhile."""
FOLLOWED = 300.0
"""Seconds after which following ends whatever the state."""


class Follower:
    """Reads what happens after writes on one cluster."""

    def __init__(self, transport: Transport, discovery: Discovery, *, clock: Clock) -> None:
        self._transport = transport
        self._discovery = discovery
        self._clock = clock
        self._looks = asyncio.Semaphore(LOOKS)

    async def follow(
        self, outcome: Outcome, *, limit: float = FOLLOWED, stays: Callable[[], bool] | None = None
    ) -> AsyncIterator[Board]:
        """Yield the board of a written change whenever it differs, until it converged, is blocked or ``limit`` is over.

        A board whose state is RUNNING as the last one means that the time was over. A lost link is waited for.
        ``stays`` is asked whether somebody still looks: what is blocked is followed on then, as it may mend itself.
        """
        if outcome.state is not State.WRITTEN or outcome.change.resource is None:
            return
        started = self._clock.monotonic()
        shown: Board | None = None
        changed_at = blocked_at = started
        while True:
            try:
                async with self._looks:
                    board: Board | None = await self.look(outcome)
            except LinkError:
                board = shown  # the data stands still; the session shows that the link is lost
            now = self._clock.monotonic()
            if board is not None and board != shown:
                if shown is None or board.blocked is None or not shown.blocked or board.blocked.id != shown.blocked.id:
                    blocked_at = now
                shown, changed_at = board, now
                yield board
            waits = shown is not None and shown.blocked is not None and stays is not None and stays()
            if shown is not None and self._ends(shown, now - blocked_at) and not waits:
                return
            if now - started >= limit:
                return
            pause = LOOK_SOON if now - started < SOON else LOOK_EVERY
            await self._clock.sleep(LOOK_SLOWLY if now - changed_at > SLOW_AFTER else pause)

    @staticmethod
    def _ends(board: Board, blocked_for: float) -> bool:
        if board.state is BoardState.RUNNING:
            return False
        step = board.blocked
        if step is None:
            return board.settled
        return blocked_for >= PATIENCE.get(step.id, BLOCKED_FOR)

    async def look(self, outcome: Outcome) -> Board:
        """Return the board as it is now; raises LinkError."""
        change, resource = outcome.change, outcome.change.resource
        assert resource is not None
        result = outcome.result or {}
        ref = change.ref
        name = str((result.get("metadata") or {}).get("name") or ref.name)
        obj = await requests.read(self._transport, resource, ref.namespace, name)
        now = self._clock.now() + self._transport.clock_skew
        if change.wish.deed is Deed.DELETE:
            return read_deletion(change.title, Snapshot(obj, now), uid=ref.uid)
        written = result.get("metadata") or {}
        uid = str(written.get("uid") or ref.uid)
        spec = result.get("spec")
        scaled = change.wish.deed is Deed.SCALE
        generation = 0 if scaled else int(written.get("generation") or 0)
        replicas = (change.wish.document.get("spec") or {}).get("replicas") if scaled else None
        try:
            snapshot = await self._surroundings(obj, resource, ref.namespace, now)
        except LinkError:
            raise
        except K9Error as error:
            board = read_board(change.title, Snapshot(obj, now), uid=uid, generation=generation)
            unseen = Step("pods", StepState.SKIPPED, f"what happens next cannot be read: {error}")
            return Board(board.title, (board.steps[0], unseen), BoardState.CONVERGED)
        return read_board(change.title, snapshot, uid=uid, generation=generation, spec=spec, replicas=replicas)

    async def _surroundings(self, obj: Object | None, resource: ApiResource, namespace: str, now: float) -> Snapshot:
        """Read what stands around an object, as far as its kind needs it."""
        if obj is None:
            return Snapshot(None, now)
        kind = str(obj.get("kind"))
        if kind in WITH_PODS:
            chosen = _pod_selector(obj, kind)
            replicasets, pods, services, slices, events = await asyncio.gather(
                self._list("replicasets.apps", namespace, label_selector=chosen) if kind == "Deployment" else _none(),
                self._list("pods", namespace, label_selector=chosen) if kind != "Pod" else _none(),
                self._list("services", namespace) if kind != "Job" else _none(),
                self._list("endpointslices.discovery.k8s.io", namespace) if kind != "Job" else _none(),
                self._warnings(namespace),
            )
            return Snapshot(obj, now, replicasets, pods, services, slices, events)
        if kind == "Service":
            selected = str(selectors.of_labels((obj.get("spec") or {}).get("selector")))
            name = (obj.get("metadata") or {}).get("name")
            pods, slices, events = await asyncio.gather(
                self._list("pods", namespace, label_selector=selected) if selected else _none(),
                self._list(
                    "endpointslices.discovery.k8s.io", namespace, label_selector=f"kubernetes.io/service-name={name}"
                ),
                self._warnings(namespace),
            )
            return Snapshot(obj, now, pods=pods, slices=slices, events=events)
        if kind == "Ingress":
            services, slices = await asyncio.gather(
                self._list("services", namespace), self._list("endpointslices.discovery.k8s.io", namespace)
            )
            pods = await self._list("pods", namespace) if services else []
            return Snapshot(obj, now, pods=pods, services=services, slices=slices)
        if kind == "NetworkPolicy":
            chosen = str(selectors.of_object((obj.get("spec") or {}).get("podSelector") or {}))
            return Snapshot(obj, now, pods=await self._list("pods", namespace, label_selector=chosen))
        if kind == "PersistentVolumeClaim":
            events, kind_of_storage = await asyncio.gather(self._warnings(namespace), self._storage_class(obj))
            return Snapshot(obj, now, events=events, storage_class=kind_of_storage)
        return Snapshot(obj, now)

    async def _storage_class(self, claim: Object) -> Object | None:
        """Return the class of a claim that is not bound; None where it names none or nobody may read it."""
        name = (claim.get("spec") or {}).get("storageClassName")
        if not name or (claim.get("status") or {}).get("phase") == "Bound":
            return None
        resource = self._discovery.resolve("storageclasses.storage.k8s.io")
        try:
            return await requests.read(self._transport, resource, "", name)
        except Forbidden:
            return None

    async def _warnings(self, namespace: str) -> list[Object]:
        return await self._list("events", namespace, field_selector="type=Warning")

    async def _list(self, kind: str, namespace: str, **how: Any) -> list[Object]:
        resource = self._discovery.resolve(kind)
        items: list[Object] = []
        async for page in list_pages(self._transport, resource, namespace, **how):
            items += page.get("items") or ()
        return items


async def _none() -> list[Object]:
    return []


def _pod_selector(obj: Object, kind: str) -> str:
    """Return the label selector of a workload's pods."""
    selector = (obj.get("spec") or {}).get("selector")
    if kind == "Pod" or not selector:
        return ""
    return str(selectors.of_object(selector))
