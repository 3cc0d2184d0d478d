"""What the pods of the workload under the cursor say: an image that cannot be pulled stands in no field of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k9py.kube.rows import Row
from k9py.resources.model import Health, Level

if TYPE_CHECKING:
    from k9py.ui.browse import BrowseScreen

KINDS = frozenset({
    "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps", "replicationcontrollers",
    "jobs.batch",
})  # fmt: skip
"""Kinds whose pods are looked at."""
LEVELS = frozenset({Level.BUSY, Level.WARN, Level.BAD})
"""How a workload does whose pods are looked at: of one that is well nobody asks."""
REST = 0.25
"""Seconds the cursor must rest on a workload before its pods are fetched."""
AGAIN = 5.0
"""Seconds between two looks at the same workload: a pull is tried again about that often."""


class Beneath:
    """Looks at the pods of one workload at a time, the one under the cursor."""

    def __init__(self, screen: BrowseScreen) -> None:
        self._screen = screen
        self._found: tuple[str, Health | None] = ("", None)
        """uid of the workload looked at last, and the worst its pods say."""
        self._looked = float("-inf")
        self._is_looking = False

    def health(self, row: Row, own: Health) -> Health:
        """Return how a workload does with what its pods say, as far as that is known; more is looked up."""
        spec = self._screen.listing.spec
        if spec is None or spec.id not in KINDS or own.level not in LEVELS:
            return own
        self._look_soon(row)
        uid, found = self._found
        if uid != row.uid or found is None:
            return own
        level = Level.BAD if Level.BAD in (own.level, found.level) else Level.WARN
        return Health(level, f"{own.sentence}; {found.sentence}", own.action or "open")

    def _look_soon(self, row: Row) -> None:
        k9 = self._screen.k9
        selector = str(getattr(row, "selector", ""))
        is_known = self._found[0] == row.uid and k9.clock.monotonic() - self._looked < AGAIN
        if self._is_looking or is_known or not selector or k9.session is None:
            return
        self._is_looking = True
        k9.start_quietly(self._look(row.uid, row.namespace, selector), name="pods of a workload")

    async def _look(self, uid: str, namespace: str, selector: str) -> None:
        from k9py.kube import verbs  # deferred with what follows: nothing of it is needed for the first frame

        screen, k9 = self._screen, self._screen.k9
        try:
            await k9.clock.sleep(REST)
            session, row = k9.session, screen.table.cursor_row
            if session is None or row is None or row.uid != uid:
                return
            resource = session.discovery.resolve("pods")
            pods: list[dict[str, Any]] = []
            async for page in verbs.list_pages(session.transport, resource, namespace, label_selector=selector):
                pods = page.get("items") or []
                break  # the first page tells what is wrong with the rest
            self._found = (uid, _worst(pods, k9.now()))
            self._looked = k9.clock.monotonic()
        finally:
            self._is_looking = False
        if screen.is_mounted:
            screen.bars.show_so_what()


def _worst(pods: list[dict[str, Any]], now: float) -> Health | None:
    """Return the worst that pods say, None when none says anything; with its name, where it says no other."""
    from k9py.resources.describe import pod_troubles  # deferred: descriptions are needed by nobody before

    return next(iter(pod_troubles(pods, now)), None)
