"""What stands in no field of the row under the cursor: what its pods say, its events, the claims it waits for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from k9py.core.errors import K9Error
from k9py.core.refs import ObjectRef
from k9py.kube.rows import Row
from k9py.resources.model import Health, Level

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.ui.browse import BrowseScreen

_LOG = logging.getLogger(__name__)

WORKLOADS = frozenset({
    "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps", "replicationcontrollers",
    "jobs.batch",
})  # fmt: skip
"""Kinds whose pods are looked at."""
LEVELS = frozenset({Level.BUSY, Level.WARN, Level.BAD})
"""How an object does that is asked about: of one that is well nobody asks."""
REST = 0.25
"""Seconds the cursor must rest on an object before anything is fetched for it."""
AGAIN = 5.0
"""Seconds between two looks at the same object: a pull is tried again about that often."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found about one object."""

    uid: str = ""
    pods: Health | None = None
    """The worst the pods of a workload say."""
    more: str = ""
    """What goes behind the sentence of any other object."""


class Beneath:
    """Looks at one object at a time, the one under the cursor."""

    def __init__(self, screen: BrowseScreen) -> None:
        self._screen = screen
        self._found = _Found()
        self._looked = float("-inf")
        self._is_looking = False

    def health(self, row: Row, own: Health) -> Health:
        """Return how an object does with what others say of it, as far as that is known; more is looked up."""
        spec = self._screen.listing.spec
        if spec is None or own.level not in LEVELS:
            return own
        if spec.id in WORKLOADS:
            selector = str(getattr(row, "selector", ""))
            if not selector:
                return own
        elif not _asks(row):
            return own
        self._look_soon(spec.id, row)
        found = self._found
        if found.uid != row.uid:
            return own
        if found.pods is not None:
            level = Level.BAD if Level.BAD in (own.level, found.pods.level) else Level.WARN
            return Health(level, f"{found.pods.sentence}; {own.sentence}", own.action or "open")
        return Health(own.level, f"{own.sentence}{found.more}", own.action)

    def _look_soon(self, kind: str, row: Row) -> None:
        k9 = self._screen.k9
        is_known = self._found.uid == row.uid and k9.clock.monotonic() - self._looked < AGAIN
        if self._is_looking or is_known or k9.session is None:
            return
        self._is_looking = True
        k9.start_quietly(self._look(kind, row), name="what is said of the row under the cursor")

    async def _look(self, kind: str, row: Row) -> None:
        screen, k9 = self._screen, self._screen.k9
        try:
            await k9.clock.sleep(REST)
            session, now = k9.session, screen.table.cursor_row
            if session is None or now is None or now.uid != row.uid:
                return
            if kind in WORKLOADS:
                found = _Found(row.uid, pods=await _worst_pod(session, now, k9.now()))
            else:
                found = _Found(row.uid, more=await _said_of(session, kind, now, k9.now()))
            self._found = found
            self._looked = k9.clock.monotonic()
        finally:
            self._is_looking = False
        if screen.is_mounted:
            screen.bars.show_so_what()
        await k9.clock.sleep(AGAIN)
        # A pod that waits does not change when an event comes, so nothing else would ask again.
        if screen.is_mounted and k9.screen is screen:
            screen.bars.show_so_what()


def _asks(row: Row) -> bool:
    from k9py.resources import told  # deferred with the kinds it reads: only a row that is not well asks

    return told.asks_events(row) or told.asks_claims(row)


async def _worst_pod(session: Session, row: Row, now: float) -> Health | None:
    """Return the worst the pods of a workload say, None when none says anything."""
    from k9py.kube import verbs  # deferred with what follows: nothing of it is needed for the first frame
    from k9py.resources.describe import ill_pods, row_of
    from k9py.resources.structs import plural

    resource = session.discovery.resolve("pods")
    pods: list[dict[str, Any]] = []
    selector = str(getattr(row, "selector", ""))
    async for page in verbs.list_pages(session.transport, resource, row.namespace, label_selector=selector):
        pods = page.get("items") or []
        break  # the first page tells what is wrong with the rest
    worst = next(iter(ill_pods(pods, now)), None)
    if worst is None:
        return None
    health, ill = worst
    pod = row_of("pods", ill[0])
    more = await _said_of(session, "pods", pod, now) if pod is not None else ""
    # A pod's name is its workload's and ten letters more: on two lines it costs the cause.
    head = f"{plural(len(ill), 'pod')}: " if len(pods) > 1 else ""
    return Health(health.level, f"{head}{health.sentence}{more}", health.action)


async def _said_of(session: Session, kind: str, row: Row, now: float) -> str:
    """Return what events, and claims, add to the sentence about an object; nothing where they may not be read."""
    from k9py.kube.happenings import happenings_of  # deferred as above
    from k9py.resources import told

    try:
        if told.asks_claims(row):
            return await _claim_of(session, row, now)
        if not told.asks_events(row):
            return ""
        resource = session.discovery.resolve(kind)
        ref = ObjectRef(kind=resource.kind, namespace=row.namespace, name=row.name, uid=row.uid)
        return told.events_add(row, await happenings_of(session.transport, ref))
    except K9Error as error:  # The row's own sentence stands; the key to the events says itself why it cannot.
        _LOG.info("what is said of %s %s: %s", kind, row.key, error.with_remedy())
        return ""


async def _claim_of(session: Session, row: Row, now: float) -> str:
    """Return what the first unbound claim of a pod says."""
    from k9py.kube import verbs  # deferred as above
    from k9py.resources import told
    from k9py.resources.describe import health_of, row_of

    kind = "persistentvolumeclaims"
    resource = session.discovery.resolve(kind)
    claims: list[dict[str, Any]] = []
    async for page in verbs.list_pages(session.transport, resource, row.namespace):
        claims += page.get("items") or []
    for claim in told.unbound(row, claims):
        claim_row, health = row_of(kind, claim), health_of(kind, claim, now)
        if claim_row is not None and health is not None:
            said = (await _said_of(session, kind, claim_row, now)).removeprefix(": ")
            return f"; {claim_row.name}: {said or health.sentence}"
    return ""
