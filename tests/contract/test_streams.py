"""Streams: logs, exec, attach, port-forward."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from tests.contract.client import Object, eventually
from tests.contract.objects import COMPLETES, CRASHES, container, pod
from tests.contract.servers import Server
from tests.contract.space import Space, condition, good

STDOUT, STDERR, ERROR = 1, 2, 3
"""Channels of the remote command protocol; 0 is standard input, 4 the size of the terminal, 255 closes one."""
TALKS = {"k9py.dev/log-lines-per-second": "10"}


async def runs(space: Space, name: str = "one", *containers: Object, **annotations: str) -> None:
    body = pod(name, *containers)
    body["metadata"]["annotations"] = annotations
    await space.create("pods", body)
    await space.until("pods", name, lambda obj: condition(obj, "Ready").get("status") == "True")


@pytest.fixture
async def talker(space: Space, ours: Server) -> Space:
    """A namespace with a pod that writes ten lines a second, and has written some."""
    await runs(space, **TALKS)
    async with asyncio.timeout(20):
        while len(await lines(space)) < 5:
            await asyncio.sleep(0.3)
    return space


async def log(space: Space, name: str = "one", **query: str) -> tuple[int, str]:
    answer = await space.api.get(space.path("pods", name, "log"), **query)
    return answer.status, answer.content.decode()


async def lines(space: Space, name: str = "one", **query: str) -> list[str]:
    status, text = await log(space, name, **query)
    assert status == 200, text
    return text.splitlines()


# logs


async def test_a_log_is_plain_text(talker: Space) -> None:
    answer = await talker.api.get(talker.path("pods", "one", "log"))
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.content.endswith(b"\n")


async def test_the_tail_of_a_log_is_its_last_lines(talker: Space) -> None:
    assert len(await lines(talker, tailLines="3")) == 3
    assert await lines(talker, tailLines="0") == []


async def test_a_log_is_cut_to_bytes(talker: Space) -> None:
    _, text = await log(talker, limitBytes="10")
    assert len(text) == 10


async def test_timestamps_are_put_before_each_line(talker: Space) -> None:
    plain, stamped = await lines(talker), await lines(talker, timestamps="true")
    first, _, rest = stamped[0].partition(" ")
    assert first[4] == first[7] == "-"
    assert first.endswith("Z")
    assert rest == plain[0]


async def test_a_log_since_a_moment_is_shorter(talker: Space) -> None:
    async def moments() -> list[str]:
        found = await lines(talker, timestamps="true")
        return found if found[0][:19] < found[-1][:19] else []

    everything = await eventually(moments, "lines of two seconds")
    later = await lines(talker, timestamps="true", sinceTime=everything[-1][:19] + "Z")
    assert everything[-1] in later
    assert everything[0] not in later


async def test_a_followed_log_goes_on(talker: Space) -> None:
    path = talker.path("pods", "one", "log")
    async with asyncio.timeout(20), talker.api.stream(path, follow="true", tailLines="1") as response:
        found = [await response.content.readline() for _ in range(4)]
    assert len(set(found)) == 4
    assert all(line.endswith(b"\n") for line in found)


async def test_a_followed_log_ends_with_its_container(space: Space, ours: Server) -> None:
    body = pod("one", container(image=COMPLETES), restartPolicy="Never")
    body["metadata"]["annotations"] = {"k9py.dev/run-for": "2s"}
    await space.create("pods", body)
    await space.until("pods", "one", lambda obj: obj["status"].get("phase") == "Running")
    async with asyncio.timeout(30), space.api.stream(space.path("pods", "one", "log"), follow="true") as response:
        await response.content.read()
    await space.until("pods", "one", lambda obj: obj["status"]["phase"] == "Succeeded")


async def test_the_log_of_the_run_before_is_kept(space: Space, ours: Server) -> None:
    await space.create("pods", pod("one", container(image=CRASHES)))
    await space.until("pods", "one", lambda obj: obj["status"].get("containerStatuses", [{}])[0].get("restartCount"))
    assert await lines(space, previous="true")


async def test_without_a_run_before_there_is_no_log_of_it(talker: Space) -> None:
    status, text = await log(talker, previous="true")
    assert status == 400
    assert json.loads(text)["message"].startswith('previous terminated container "main" in pod "one" not found')


async def test_a_pod_of_two_containers_asks_which(space: Space) -> None:
    await space.create("pods", pod("two", container("a"), container("b"), schedulerName="nobody"))
    status, text = await log(space, "two")
    assert status == 400
    assert json.loads(text)["message"] == "a container name must be specified for pod two, choose one of: [a b]"


async def test_a_container_that_is_not_there_has_no_log(space: Space) -> None:
    await space.create("pods", pod("one", schedulerName="nobody"))
    status, text = await log(space, container="absent")
    assert (status, json.loads(text)["message"]) == (400, "container absent is not valid for pod one")


async def test_a_pod_nobody_runs_has_no_log_yet(space: Space) -> None:
    await space.create("pods", pod("one", schedulerName="nobody"))
    status, text = await log(space)
    assert (status, text) == (204, "")


async def test_the_log_of_nobody_is_404(space: Space) -> None:
    status, text = await log(space, "absent")
    assert (status, json.loads(text)["reason"]) == (404, "NotFound")


# exec and attach


async def execute(
    space: Space, *command: str, send: bytes | None = None, **query: str
) -> tuple[dict[int, bytes], Object]:
    """Run a command to its end; return what came on each channel and the closing Status."""
    asked = [("container", "main"), ("stdout", "true"), ("stderr", "true"), *query.items()]
    if send is not None:
        asked.append(("stdin", "true"))
    asked += [("command", word) for word in command]
    channels: dict[int, bytes] = {STDOUT: b"", STDERR: b"", ERROR: b""}
    async with asyncio.timeout(30), space.api.socket(space.path("pods", "one", "exec"), asked) as socket:
        assert socket.protocol == "v5.channel.k8s.io"
        if send is not None:
            await socket.send_bytes(b"\x00" + send)
            await socket.send_bytes(b"\xff\x00")
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY and message.data:
                channels[message.data[0]] = channels.get(message.data[0], b"") + message.data[1:]
    status: Object = json.loads(channels[ERROR])
    return channels, status


@pytest.fixture
async def shell(space: Space, ours: Server) -> Space:
    await runs(space)
    return space


async def test_a_command_answers_on_its_channels(shell: Space) -> None:
    channels, status = await execute(shell, "sh", "-c", "echo out; echo err >&2")
    assert (channels[STDOUT], channels[STDERR]) == (b"out\n", b"err\n")
    assert status["status"] == "Success"


async def test_a_command_that_fails_says_with_which_code(shell: Space) -> None:
    _, status = await execute(shell, "sh", "-c", "exit 7")
    assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}]


async def test_what_is_typed_reaches_the_command_and_its_end_is_told(shell: Space) -> None:
    channels, status = await execute(shell, "cat", send=b"typed\n")
    assert channels[STDOUT] == b"typed\n"
    assert status["status"] == "Success"


async def test_a_command_that_is_not_there_fails(shell: Space) -> None:
    _, status = await execute(shell, "no-such-command")
    assert status["status"] == "Failure"


@pytest.mark.parametrize(
    ("name", "query", "status"),
    [
        ("absent", [("command", "true"), ("stdout", "true")], 404),
        ("one", [("stdout", "true")], 400),
        ("one", [("command", "true")], 400),
        ("one", [("command", "true"), ("stdout", "true"), ("container", "absent")], 400),
    ],
)
async def test_an_exec_that_cannot_be_is_refused_before_it_begins(
    space: Space, name: str, query: list[tuple[str, str]], status: int
) -> None:
    await space.create("pods", pod("one", schedulerName="nobody"))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with space.api.socket(space.path("pods", name, "exec"), query):
            pass
    assert refused.value.status == status


async def test_attaching_shows_what_is_written_from_now_on(talker: Space) -> None:
    query = [("container", "main"), ("stdout", "true"), ("stderr", "true")]
    seen = b""
    async with asyncio.timeout(20), talker.api.socket(talker.path("pods", "one", "attach"), query) as socket:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY and message.data[:1] == b"\x01":
                seen += message.data[1:]
            if seen.count(b"\n") >= 3:
                break
    assert seen


async def test_a_port_is_forwarded(space: Space, ours: Server) -> None:
    await runs(space, "one", container(ports=[{"containerPort": 8080}]))
    got = b""
    path = space.path("pods", "one", "portforward")
    protocol = "v4.channel.k8s.io"
    async with asyncio.timeout(20), space.api.socket(path, [("ports", "8080")], protocol=protocol) as socket:
        await socket.send_bytes(b"\x00GET /hello HTTP/1.0\r\nHost: one\r\n\r\n")
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY and message.data[:1] == b"\x00":
                got += message.data[1:]
            if b"\r\n\r\n" in got and got.partition(b"\r\n\r\n")[2]:
                break
    assert b"HTTP/1." in got
    assert b" 200 " in got


async def test_a_stream_of_an_object_is_still_json(shell: Space) -> None:
    found = good(await shell.try_get("pods", "one"))
    assert found["kind"] == "Pod"
