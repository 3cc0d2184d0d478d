"""Whatever the network does, a store ends up equal to the server."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k9py.core.errors import ApiError, Gone, TooManyRequests, Unreachable
from k9py.kube.store import Changes
from tests.kube.fakes import Answer, Asked, FakeStream, FakeTransport, bookmark, event, failure, listing, pod
from tests.kube.reading import Reading, reading

NAMES = ("a", "b", "c", "d", "e", "f")


class Server:
    """A list with versions, a history that is compacted, and a network that fails when told to."""

    def __init__(self, *, streaming: bool, seed: int) -> None:
        self.streaming = streaming
        self.chance = random.Random(seed)
        self.mischief = True
        self.version = 10
        self.objects: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[int, bytes]] = []
        self.compacted = 0
        self.open: list[FakeStream] = []
        self.failures: list[BaseException] = []
        self.dead_versions: set[str] = set()
        self.repeated = 0
        self.snapshots: dict[str, tuple[int, list[dict[str, Any]]]] = {}

    def write(self, name: str, action: str) -> None:
        """Create, change, delete, or replace an object."""
        known = self.objects.get(name)
        if action == "delete" and known is None:
            return
        self.version += 1
        if action in ("delete", "replace") and known is not None:
            gone = json.loads(json.dumps(known))
            gone["metadata"]["resourceVersion"] = str(self.version)
            del self.objects[name]
            self._emit(event("DELETED", gone))
            if action == "delete":
                return
            self.version += 1
        fresh = action == "replace" or known is None
        uid = f"uid-{self.version}" if fresh or known is None else known["metadata"]["uid"]
        self.objects[name] = pod(name, self.version, uid=uid)
        self._emit(event("ADDED" if fresh else "MODIFIED", self.objects[name]))

    def _emit(self, line: bytes) -> None:
        self.history.append((self.version, line))
        for stream in self.open:
            stream.send(line[:7], line[7:])

    def bookmark(self) -> None:
        for stream in self.open:
            stream.send(bookmark(self.version))

    def compact(self) -> None:
        """Forget the past: watches and pages that start there are expired."""
        self.version += 1
        self.compacted = self.version
        self.snapshots.clear()

    def cut(self, how: str) -> None:
        for stream in self.open:
            if how == "reset":
                stream.fail(Unreachable("reset"))
            elif how == "half a line":
                stream.send(b'{"type":"MOD').end()
            elif how == "expired":
                stream.send(failure(410, "Expired"))
            else:
                stream.end()
        self.open.clear()

    def away(self, writes: int) -> None:
        """Let things happen that no watch will tell: they are compacted before anybody is back."""
        self.cut("reset")
        for _ in range(writes):
            self.write(self.chance.choice(NAMES), self.chance.choice(["put", "delete", "replace"]))
        self.compact()

    def _happens(self, chance: float) -> bool:
        return self.mischief and self.chance.random() < chance

    def answer(self, asked: Asked) -> Answer:
        if self.failures:
            return self.failures.pop()
        return self._watch(asked) if asked.streamed else self._list(asked)

    def _list(self, asked: Asked) -> Answer:
        token = asked.query.get("continue")
        if token:
            if self._happens(0.3):
                self.away(1)
            if token not in self.snapshots:
                return Gone("the continue token expired", status=410)
            version, items = self.snapshots.pop(token)
        else:
            version, items = self.version, [self.objects[name] for name in sorted(self.objects)]
        if len(items) > 2:
            following = f"token-{version}-{len(items)}"
            self.snapshots[following] = (version, items[2:])
            return listing(*items[:2], version=version, token=following, remaining=len(items) - 2)
        return listing(*items, version=version)

    def _watch(self, asked: Asked) -> Answer:
        asked_version = asked.query.get("resourceVersion", "")
        self.repeated += asked_version in self.dead_versions
        stream = FakeStream()
        if asked.query.get("sendInitialEvents"):
            if not self.streaming:
                return ApiError.of(422, "sendInitialEvents is forbidden")
            items = list(self.objects.values())
            self.chance.shuffle(items)
            if self._happens(0.3):
                return stream.send(*(event("ADDED", item) for item in items[:2])).fail(Unreachable("reset"))
            stream.send(*(event("ADDED", item) for item in items), bookmark(self.version, ends_initial=True))
        elif int(asked_version) < self.compacted:
            self.dead_versions.add(asked_version)
            return Gone("too old", status=410)
        else:
            stream.send(*(line for version, line in self.history if version > int(asked_version)))
        self.open.append(stream)
        return stream


STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(["put", "delete", "replace"])),
    st.tuples(st.sampled_from(["cut"]), st.sampled_from(["reset", "end", "half a line", "expired"]), st.just("")),
    st.tuples(st.sampled_from(["bookmark", "compact", "drain", "wait", "away"]), st.just(""), st.just("")),
    st.tuples(st.just("fail"), st.sampled_from(["refused", "429", "500", "403"]), st.just("")),
)
FAILURES = {
    "refused": Unreachable("refused"),
    "429": TooManyRequests("slow", status=429, retry_after=1),
    "500": ApiError.of(500, "boom"),
    "403": ApiError.of(403, "no"),
}


class Mirror:
    """A subscriber that knows the rows only from what it drained."""

    def __init__(self, run: Reading) -> None:
        self._feed = run.reflector.store.open_feed(lambda: None)
        self.uids = {key: row.uid for key, row in run.reflector.store.rows.items()}

    def drain(self) -> None:
        changes = Changes()
        self._feed.drain_into(changes)
        for key, uid in changes.removed.items():
            assert self.uids.pop(key) == uid
        for key, row in changes.upserts.items():
            self.uids[key] = row.uid


async def play(server: Server, steps: list[tuple[str, str, str]]) -> None:
    async with reading(FakeTransport(handler=server.answer), streaming=True) as run:
        mirror = Mirror(run)
        for step, what, how in steps:
            if step == "write":
                server.write(what, how)
            elif step == "cut":
                server.cut(what)
            elif step == "fail":
                server.failures.append(FAILURES[what])
            elif step == "bookmark":
                server.bookmark()
            elif step == "compact":
                server.compact()
                server.cut("end")
            elif step == "away":
                server.away(3)
            elif step == "drain":
                await run.settle()
                mirror.drain()
            else:
                await run.advance(1.0)
            if len(server.history) % 3 == 0:
                await run.settle()
        server.failures.clear()
        server.mischief = False
        for _ in range(8):
            await run.advance(61)
        await run.settle()
        mirror.drain()
        expected = {f"shop/{name}": each["metadata"]["uid"] for name, each in server.objects.items()}
        held = {key: row.uid for key, row in run.reflector.store.rows.items()}
        versions = {row.name: row.resource_version for row in run.reflector.store.rows.values()}
        assert held == expected
        assert not server.repeated, "a version that failed was sent again"
        assert mirror.uids == expected
        assert versions == {name: each["metadata"]["resourceVersion"] for name, each in server.objects.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=30, max_size=60), streaming=st.booleans(), seed=st.integers(0, 1000))
async def test_the_store_ends_up_equal_to_the_server(
    steps: list[tuple[str, str, str]], streaming: bool, seed: int
) -> None:
    await play(Server(streaming=streaming, seed=seed), steps)
