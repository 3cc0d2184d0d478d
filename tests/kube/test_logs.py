from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, Unreachable
from k9py.kube import logs as logs_module
from k9py.kube.loglines import LineKind, LogLine, LogOptions, LogSource
from k9py.kube.logs import LogFeed
from tests.kube.fakes import Answer, Asked, FakeStream, FakeTransport, HighestRandom, settle

API = LogSource("shop", "api", "main")
FOLLOW = LogOptions(follow=True)
ONCE = LogOptions(follow=False)


def line(second: float, text: str) -> bytes:
    whole, _, fraction = f"{second:.3f}".partition(".")
    return f"2026-11-22T10:00:{int(whole):02d}.{fraction}Z {text}\n".encode()


def pod_body(
    state: dict[str, Any],
    *,
    restarts: int = 0,
    phase: str = "Running",
    policy: str = "Always",
    last: dict[str, Any] | None = None,
) -> bytes:
    before = {"terminated": last} if last else {}
    status = {"name": "main", "restartCount": restarts, "state": state, "lastState": before}
    return json.dumps(
        {
            "kind": "Pod",
            "spec": {"containers": [{"name": "main"}], "restartPolicy": policy},
            "status": {"phase": phase, "containerStatuses": [status]},
        }
    ).encode()


RUNNING = {"running": {"startedAt": "2026-11-22T09:00:00Z"}}
CRASHED = {"reason": "OOMKilled", "exitCode": 137}


class Pod:
    """Answers log and pod requests from two scripts."""

    def __init__(self, *logs: Answer) -> None:
        self.logs = list(logs)
        self.body: bytes | BaseException = pod_body(RUNNING)
        self.transport = FakeTransport(handler=self._answer)

    def _answer(self, asked: Asked) -> Answer | None:
        if not asked.path.endswith("/log"):
            return self.body
        return self.logs.pop(0) if self.logs else None

    @property
    def asked(self) -> list[dict[str, str]]:
        return [dict(asked.query) for asked in self.transport.asked if asked.path.endswith("/log")]


class Run:
    """A feed under test."""

    def __init__(self, pod: Pod, options: LogOptions) -> None:
        self.clock = ManualClock()
        self.pod = pod
        self.feed = LogFeed(pod.transport, options, clock=self.clock, rng=HighestRandom())
        self.lines: list[LogLine] = []

    def take(self) -> list[str]:
        self.lines = self.feed.drain()
        return [each.text if each.kind is LineKind.TEXT else f"[{each.kind.value}] {each.text}" for each in self.lines]

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await settle(self.clock)


@asynccontextmanager
async def feeding(pod: Pod, options: LogOptions, *sources: LogSource) -> AsyncIterator[Run]:
    run = Run(pod, options)
    run.feed.set_sources(sources or [API])
    await settle(run.clock)
    try:
        yield run
    finally:
        await run.feed.close()


async def test_a_log_is_asked_for_as_wanted_and_ends_with_the_answer() -> None:
    pod = Pod(FakeStream(line(1, "one"), line(2, "two"), b"2026-11-22T10:00:03Z no line end").end())
    async with feeding(pod, LogOptions(follow=False, since=3600, tail=100)) as run:
        assert run.take() == ["one", "two", "no line end"]
        assert run.feed.done
        assert pod.transport.asked[0].path == "/api/v1/namespaces/shop/pods/api/log"
        assert pod.asked == [{"container": "main", "timestamps": "true", "sinceSeconds": "3600", "tailLines": "100"}]


async def test_the_previous_instance_is_read_once_and_not_followed() -> None:
    pod = Pod(FakeStream(line(1, "last words")).end())
    async with feeding(pod, LogOptions(follow=True, previous=True)) as run:
        assert run.take() == ["last words"]
        assert run.feed.done
        assert pod.asked[0] == {"container": "main", "timestamps": "true", "previous": "true"}


async def test_the_log_of_the_previous_instance_ends_with_how_that_one_ended() -> None:
    pod = Pod(FakeStream(line(1, "last words")).end())
    present = {"terminated": {"reason": "Error", "exitCode": 1}}
    pod.body = pod_body(present, restarts=2, last=CRASHED)
    async with feeding(pod, LogOptions(follow=False, previous=True)) as run:
        assert run.take() == ["last words", "[note] this run ended: OOMKilled, exit code 137"]
        assert run.feed.done


async def test_a_cut_connection_resumes_at_its_second_with_no_line_twice_and_none_lost() -> None:
    first = FakeStream(line(1, "a"), line(2.1, "b"), line(2.2, "c"), b"2026-11-22T10:00:02.3Z half a li")
    pod = Pod(
        first.fail(Unreachable("reset")),
        FakeStream(line(2.1, "b"), line(2.2, "c"), line(2.3, "half a line"), line(4, "d")),
    )
    async with feeding(pod, FOLLOW) as run:
        assert run.take() == ["a", "b", "c", "[note] connection lost: reset"]
        await run.advance(0.8)
        assert run.take() == ["half a line", "d"]
        assert pod.asked[1]["sinceTime"] == "2026-11-22T10:00:02Z"
        assert "tailLines" not in pod.asked[1]


async def test_lines_with_one_stamp_are_told_apart_by_their_number() -> None:
    pod = Pod(
        FakeStream(line(1, "x"), line(1, "x")).fail(Unreachable("reset")),
        FakeStream(line(1, "x"), line(1, "x"), line(1, "x"), line(1, "y")),
    )
    async with feeding(pod, FOLLOW) as run:
        run.take()
        await run.advance(0.8)
        assert run.take() == ["x", "y"]


async def test_a_line_that_came_out_of_order_within_its_second_is_not_lost() -> None:
    pod = Pod(
        FakeStream(line(1.5, "late")).fail(Unreachable("reset")),
        FakeStream(line(1.5, "late"), line(1.4, "written after but stamped before"), line(2, "on")),
    )
    async with feeding(pod, FOLLOW) as run:
        run.take()
        await run.advance(0.8)
        assert run.take() == ["written after but stamped before", "on"]


async def test_a_log_that_resumes_later_than_it_was_left_has_a_gap() -> None:
    pod = Pod(
        FakeStream(line(1, "a")).fail(Unreachable("reset")),
        FakeStream(line(9, "much later")),
        FakeStream(line(9, "much later")),
    )
    async with feeding(pod, FOLLOW) as run:
        run.take()
        await run.advance(0.8)
        assert run.take() == ["[gap] lines may be missing here: the log starts later than it ended", "much later"]


async def test_a_restarted_container_goes_on_after_the_rest_of_its_former_instance() -> None:
    started = {"running": {"startedAt": "2026-11-22T10:00:05Z"}}
    first = FakeStream(line(1, "a"))
    pod = Pod(
        first,
        FakeStream(line(1, "a"), line(3, "dying")).end(),
        FakeStream(line(5.5, "born again")),
    )
    async with feeding(pod, FOLLOW) as run:
        pod.body = pod_body(started, restarts=1, last=CRASHED)
        first.end()
        await settle(run.clock)
        assert run.take() == [
            "a",
            "dying",
            "[note] container main restarted after OOMKilled, exit code 137 (1 times so far)",
            "born again",
        ]
        assert [query.get("previous") for query in pod.asked] == [None, "true", None]


async def test_a_crash_loop_is_waited_for_and_told_once() -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    first = FakeStream(line(1, "a"))
    pod = Pod(first)
    async with feeding(pod, FOLLOW) as run:
        pod.body = pod_body(waiting, restarts=3, last=CRASHED)
        first.end()
        await settle(run.clock)
        told = "[note] waiting for container main: CrashLoopBackOff after OOMKilled, exit code 137"
        assert run.take() == ["a", told]
        assert run.clock.sleeping == [2.0]
        await run.advance(2)
        assert run.clock.sleeping == [4.0]
        await run.advance(4)
        assert run.take() == []
        pod.body = pod_body({"running": {"startedAt": "2026-11-22T10:00:30Z"}}, restarts=4, last=CRASHED)
        pod.logs = [ApiError.of(400, "previous terminated container not found"), FakeStream(line(31, "up"))]
        await run.advance(8)
        assert run.take() == [
            "[gap] the last lines before the restart may be missing: previous terminated container not found",
            "[note] container main restarted after OOMKilled, exit code 137 (4 times so far)",
            "up",
        ]


async def test_an_instance_that_came_and_went_between_two_looks_is_read_too() -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    first = FakeStream(line(1, "a"))
    pod = Pod(first, FakeStream(line(1, "a")).end(), FakeStream(line(20, "short life")).end())
    async with feeding(pod, FOLLOW) as run:
        pod.body = pod_body(waiting, restarts=3)
        first.end()
        await settle(run.clock)
        run.take()
        pod.body = pod_body(waiting, restarts=4, last=CRASHED)
        await run.advance(2)
        assert run.take() == [
            "[note] container main restarted after OOMKilled, exit code 137 (4 times so far)",
            "short life",
            "[note] waiting for container main: CrashLoopBackOff after OOMKilled, exit code 137",
        ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            pod_body({"terminated": {"reason": "Completed", "exitCode": 0}}, phase="Succeeded", policy="Never"),
            "[note] container main ended: Completed, exit code 0",
        ),
        (
            pod_body({"terminated": {"reason": "Error", "exitCode": 1}}, policy="Never"),
            "[note] container main ended: Error, exit code 1",
        ),
        (
            pod_body({"terminated": {"reason": "Completed", "exitCode": 0}}, policy="OnFailure"),
            "[note] container main ended: Completed, exit code 0",
        ),
        (ApiError.of(404, "not found"), "[note] pod api is gone"),
    ],
)
async def test_a_container_that_ended_for_good_ends_its_log(body: bytes | BaseException, told: str) -> None:
    pod = Pod(FakeStream(line(1, "a")).end())
    pod.body = body
    async with feeding(pod, FOLLOW) as run:
        assert run.take() == ["a", told]
        assert run.feed.done


async def test_a_container_that_does_not_run_yet_is_waited_for() -> None:
    waiting = ApiError.of(400, 'container "main" in pod "api" is waiting to start: ContainerCreating')
    pod = Pod(waiting, waiting, FakeStream(line(1, "a")))
    async with feeding(pod, FOLLOW) as run:
        await run.advance(2)
        await run.advance(4)
        assert run.take() == [f"[note] {waiting}", "a"]


async def test_without_following_a_container_that_does_not_run_is_an_error_line() -> None:
    pod = Pod(ApiError.of(400, "waiting to start"))
    async with feeding(pod, ONCE) as run:
        assert run.take() == ["[error] waiting to start"]
        assert run.feed.done


async def test_without_following_a_node_that_does_not_answer_ends_the_log_at_once() -> None:
    pod = Pod(ApiError.of(500, "dial tcp: no route to host"), FakeStream(line(1, "a")))
    async with feeding(pod, ONCE) as run:
        assert run.take() == ["[error] dial tcp: no route to host"]
        assert run.feed.done


async def test_a_node_that_does_not_answer_is_named_with_the_cause_instead_of_the_address() -> None:
    url = "https://10.0.0.15:10250/containerLogs/shop/api/main?timestamps=true"
    pod = Pod(ApiError.of(500, f'Get "{url}": dial tcp 10.0.0.15:10250: connect: no route to host'))
    async with feeding(pod, ONCE) as run:
        assert run.take() == ["[error] node 10.0.0.15 does not answer: connect: no route to host"]


async def test_without_following_a_lost_server_is_asked_three_times_and_no_more() -> None:
    pod = Pod(*(Unreachable("refused") for _ in range(9)))
    async with feeding(pod, ONCE) as run:
        await run.advance(1)
        await run.advance(2)
        assert run.take() == ["[note] connection lost: refused", "[error] refused"]
        assert run.feed.done
        assert len(pod.asked) == 3


async def test_a_refusal_is_an_error_line_that_names_the_right() -> None:
    async with feeding(Pod(ApiError.of(403, "no")), FOLLOW) as run:
        assert run.take() == ["[error] not allowed to get pods/log in namespace shop"]
        assert run.feed.done


async def test_a_complaint_of_the_kubelet_is_an_error_line_told_once() -> None:
    complaint = b"unable to retrieve container logs for containerd://abc"
    pod = Pod(*(FakeStream(complaint).end() for _ in range(5)))
    async with feeding(pod, FOLLOW) as run:
        await run.advance(3)
        assert run.take() == [f"[error] {complaint.decode()}"]
        assert len(pod.asked) == 3


async def test_a_log_that_ends_at_once_again_and_again_is_not_asked_for_in_a_hurry() -> None:
    pod = Pod(*(FakeStream().end() for _ in range(9)))
    async with feeding(pod, FOLLOW) as run:
        for wait in (0.8, 1.6, 3.2, 6.4):
            assert run.clock.sleeping == [pytest.approx(wait)]
            await run.advance(wait)


async def test_429_is_waited_out_as_asked() -> None:
    pod = Pod(ApiError.of(429, "slow down", retry_after=5.0), FakeStream(line(1, "a")))
    async with feeding(pod, FOLLOW) as run:
        assert run.clock.sleeping == [5.0]
        await run.advance(5)
        assert run.take() == ["[error] slow down", "a"]


async def test_containers_come_and_go_and_a_parting_one_is_read_to_its_end() -> None:
    other = LogSource("shop", "api-2", "main")
    streams = {"api": FakeStream(line(1, "a")), "api-2": FakeStream(line(1.5, "b"))}
    pod = Pod()
    pod.transport = FakeTransport(
        handler=lambda asked: streams[asked.path.split("/")[6]] if asked.streamed else pod_body(RUNNING)
    )
    async with feeding(pod, FOLLOW) as run:
        run.feed.set_sources([API, other])
        await settle(run.clock)
        assert run.take() == ["a", "b"]
        run.feed.set_sources([other])
        streams["api"].send(line(2, "parting")).end()
        await settle(run.clock)
        assert run.take() == ["parting"]
        assert run.feed.sources == (other,)


async def test_lines_of_several_containers_are_put_in_the_order_they_were_written() -> None:
    second = LogSource("shop", "api", "sidecar")
    streams = {"main": FakeStream(line(1, "1"), line(3, "3")), "sidecar": FakeStream(line(2, "2"), line(4, "4"))}
    pod = Pod()
    pod.transport = FakeTransport(handler=lambda asked: streams[asked.query["container"]])
    async with feeding(pod, FOLLOW, API, second) as run:
        assert run.take() == ["1", "2", "3", "4"]
        assert {each.source for each in run.lines} == {API, second}


async def test_lines_nobody_reads_are_dropped_oldest_first_and_the_gap_says_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs_module, "UNREAD_LINES", 10)
    pod = Pod(FakeStream(*(line(1 + number / 1000, str(number)) for number in range(25))))
    async with feeding(pod, FOLLOW) as run:
        assert run.take() == [
            "[gap] 15 lines left out here: they came faster than they were read",
            *(str(number) for number in range(15, 25)),
        ]
        assert run.take() == []


async def test_a_very_long_line_arrives_cut_with_the_number_of_bytes_left_out() -> None:
    pod = Pod(FakeStream(line(1, "x" * 200_000)))
    async with feeding(pod, FOLLOW) as run:
        (text,) = run.take()
        assert set(text) == {"x"}
        assert len(text) + run.lines[0].cut == 200_000
        assert run.lines[0].cut > 100_000


async def test_the_feed_wakes_once_until_drained_and_when_it_is_over() -> None:
    stream = FakeStream()
    pod = Pod(stream)
    wakes: list[bool] = []
    async with feeding(pod, FOLLOW) as run:
        run.feed.on_wake = lambda: wakes.append(run.feed.done)
        stream.send(line(1, "a"), line(2, "b"))
        await settle(run.clock)
        assert wakes == [False]
        run.take()
        pod.body = ApiError.of(404, "gone")
        stream.end()
        await settle(run.clock)
        assert wakes == [False, False, True]


async def test_reconnecting_goes_on_where_each_log_was_left() -> None:
    dead = FakeStream(line(1, "a"))
    pod = Pod(dead, FakeStream(line(1, "a"), line(2, "b")))
    async with feeding(pod, FOLLOW) as run:
        run.feed.reconnect()
        await settle(run.clock)
        assert dead.closed
        assert run.take() == ["a", "b"]
        assert run.feed.sources == (API,)
