"""Logs and exec over HTTP, and what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from k9py.sim.server import ADMIN_TOKEN
from tests.sim_life.conftest import Lab

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def http(lab: Lab) -> AsyncIterator[aiohttp.ClientSession]:
    await lab.simulation.server.start()
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with aiohttp.ClientSession(lab.simulation.server.url, headers=headers) as session:
        yield session
    await lab.simulation.server.close()


async def _log(http: aiohttp.ClientSession, name: str, **query: str) -> str:
    async with http.get(f"{PODS}/{name}/log", params=query) as answer:
        return await answer.text()


async def test_a_log_is_the_same_each_time_and_its_tail_is_its_end(lab: Lab, http: aiohttp.ClientSession) -> None:
    lab.run_pod("web", "acme/web:1", port=8080)
    lab.simulation.load.ask("default/web", rate=5)
    await lab.wait(60)
    whole = await _log(http, "web")
    assert whole == await _log(http, "web")
    assert len(whole.splitlines()) > 100
    assert (await _log(http, "web", tailLines="3")).splitlines() == whole.splitlines()[-3:]
    assert await _log(http, "web", limitBytes="40") == whole[:40]


async def test_since_and_timestamps_agree(lab: Lab, http: aiohttp.ClientSession) -> None:
    lab.run_pod("web", "acme/web:1", port=8080)
    lab.simulation.load.ask("default/web", rate=5)
    await lab.wait(60)
    lines = (await _log(http, "web", sinceSeconds="10", timestamps="true")).splitlines()
    assert lines
    assert all(line[:20] >= "2023-11-14T22:14:11." for line in lines)


async def test_a_crashed_run_leaves_its_trace_in_the_previous_log(lab: Lab, http: aiohttp.ClientSession) -> None:
    lab.run_pod("app", "acme/crash-demo:1")
    await lab.wait(9)
    assert "FileNotFoundError" in await _log(http, "app", previous="true")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"previous": "true"}, 'previous terminated container "app" in pod "web" not found'),
        ({"container": "nope"}, "container nope is not valid for pod web"),
    ],
)
async def test_a_log_that_is_not_there_is_refused_in_the_servers_words(
    lab: Lab, http: aiohttp.ClientSession, query: dict[str, str], message: str
) -> None:
    lab.run_pod("web", "nginx")
    await lab.wait(10)
    body = msgspec.json.decode(await _log(http, "web", **query))
    assert (body["code"], body["message"]) == (400, message)


async def test_a_container_that_waits_has_no_log_yet(lab: Lab, http: aiohttp.ClientSession) -> None:
    lab.run_pod("bad", "nginx:99")
    await lab.wait(30)
    body = msgspec.json.decode(await _log(http, "bad"))
    assert body["message"] == 'container "app" in pod "bad" is waiting to start: trying and failing to pull image'


async def test_following_goes_on_until_the_run_ends(lab: Lab, http: aiohttp.ClientSession) -> None:
    lab.run_pod("once", "acme/import-job:1", spec={"restartPolicy": "Never"})
    await lab.wait(5)
    follow = asyncio.ensure_future(_log(http, "once", follow="true"))
    while len(lab.clock.sleeping) < 2:
        await asyncio.sleep(0)
    while not follow.done():
        await lab.wait(1)
        await asyncio.sleep(0)
    assert follow.result().splitlines()[-1].endswith("INFO job finished")


class Process:
    """A running exec: sends input, gathers output."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def type(self, keys: bytes, until: bytes) -> None:
        """Type on the terminal and wait until this is written, as a person does."""
        await self.socket.send_bytes(b"\x00" + keys)
        seen = b""
        while until not in seen:
            seen += (await self.socket.receive_bytes())[1:]

    async def finish(self) -> tuple[bytes, bytes, dict[str, object]]:
        """Return standard output, standard error and the final status."""
        out, err, status = b"", b"", {}
        async for message in self.socket:
            match message.data[0]:
                case 1:
                    out += message.data[1:]
                case 2:
                    err += message.data[1:]
                case 3:
                    status = msgspec.json.decode(message.data[1:])
        return out, err, status


async def _exec(
    http: aiohttp.ClientSession, *argv: str, protocols: tuple[str, ...] = ("v5.channel.k8s.io",), **flags: str
) -> Process:
    query = [("command", word) for word in argv] + [("stdout", "true"), ("stderr", "true"), *flags.items()]
    return Process(await http.ws_connect(f"{PODS}/web/exec", params=query, protocols=protocols))


@pytest.fixture
async def web(lab: Lab) -> Lab:
    lab.run_pod("web", "nginx", env=[{"name": "GREETING", "value": "hi"}])
    await lab.wait(10)
    return lab


async def test_exec_separates_output_and_errors_and_reports_the_exit_code(
    web: Lab, http: aiohttp.ClientSession
) -> None:
    process = await _exec(http, "sh", "-c", "echo $GREETING; cat /nope; exit 3")
    out, err, status = await process.finish()
    assert out == b"hi\n"
    assert err == b"cat: can't open '/nope': No such file or directory\n"
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"] == {"causes": [{"reason": "ExitCode", "message": "3"}]}


async def test_the_older_protocol_is_spoken_when_the_newer_is_not_offered(
    web: Lab, http: aiohttp.ClientSession
) -> None:
    process = await _exec(http, "true", protocols=("v4.channel.k8s.io",))
    assert process.socket.protocol == "v4.channel.k8s.io"
    assert (await process.finish())[2]["status"] == "Success"


async def test_closing_standard_input_ends_what_reads_it(web: Lab, http: aiohttp.ClientSession) -> None:
    process = await _exec(http, "wc", "-l", stdin="true")
    await process.socket.send_bytes(b"\x00one\ntwo\n")
    await process.socket.send_bytes(b"\xff\x00")
    assert (await process.finish())[0] == b"2\n"


async def test_a_terminal_echoes_edits_and_knows_its_size(web: Lab, http: aiohttp.ClientSession) -> None:
    process = await _exec(http, "sh", stdin="true", tty="true")
    await process.socket.send_bytes(b'\x04{"Width":100,"Height":30}')
    await process.socket.send_bytes(b"\x00stty sizz\x7fe\r\x00"[:-1])
    await process.socket.send_bytes(b"\x00exit 5\r")
    out, _err, status = await process.finish()
    assert b"30 100\r\n" in out
    assert b"stty sizz\x08 \x08e\r\n" in out
    assert status["details"] == {"causes": [{"reason": "ExitCode", "message": "5"}]}


async def test_ctrl_c_ends_what_runs_and_ctrl_d_what_reads(web: Lab, http: aiohttp.ClientSession) -> None:
    process = await _exec(http, "sh", stdin="true", tty="true")
    await process.type(b"half\x03", until=b"^C\r\n/ # ")
    await process.type(b"sleep 1000\r", until=b"\r\n")
    await process.type(b"\x03", until=b"^C\r\n/ # ")
    await process.type(b"echo $?\r", until=b"\r\n130\r\n/ # ")
    await process.type(b"cat\r", until=b"\r\n")
    await process.type(b"hello\r", until=b"hello\r\nhello\r\n")
    await process.type(b"\x04", until=b"/ # ")
    await process.type(b"exit 7\r", until=b"\r\n")
    assert (await process.finish())[2]["details"] == {"causes": [{"reason": "ExitCode", "message": "7"}]}


async def test_ctrl_d_at_the_prompt_ends_the_shell(web: Lab, http: aiohttp.ClientSession) -> None:
    process = await _exec(http, "sh", stdin="true", tty="true")
    await process.type(b"\x04", until=b"/ # ")
    assert (await process.finish())[2]["status"] == "Success"


async def test_files_travel_in_and_out_as_tar(web: Lab, http: aiohttp.ClientSession) -> None:
    packed = (await (await _exec(http, "tar", "cf", "-", "/etc/hostname")).finish())[0]
    process = await _exec(http, "tar", "xf", "-", "-C", "/tmp", stdin="true")
    await process.socket.send_bytes(b"\x00" + packed)
    await process.socket.send_bytes(b"\xff\x00")
    assert (await process.finish())[2]["status"] == "Success"
    assert (await (await _exec(http, "cat", "/tmp/etc/hostname")).finish())[0] == b"web\n"


async def test_a_command_that_is_not_in_the_image_is_an_error_of_the_runtime(
    web: Lab, http: aiohttp.ClientSession
) -> None:
    status = (await (await _exec(http, "nope")).finish())[2]
    assert 'exec: "nope": executable file not found in $PATH' in str(status["message"])


async def test_metrics_appear_after_two_scrapes(web: Lab, http: aiohttp.ClientSession) -> None:
    await web.wait(40)
    async with http.get("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web") as answer:
        body = await answer.json()
    assert body["containers"][0]["usage"]["cpu"].endswith("n")
    assert body["window"] == "15.012s"
    async with http.get("/api/v1/nodes/node-1/proxy/stats/summary") as answer:
        summary = await answer.json()
    assert summary["node"]["cpu"]["usageNanoCores"] > 0


@pytest.mark.parametrize(
    ("script", "out", "err"),
    [
        ("echo a; echo b >&2", b"a\n", b"b\n"),
        ("cat /nope 2>&1 | wc -l", b"1\n", b""),
        ("cat /nope 2>/dev/null; echo $?", b"1\n", b""),
        ("echo both 1>&2 > /tmp/f; cat /tmp/f", b"", b"both\n"),
        ("echo hello | tr a-z A-Z", b"HELLO\n", b""),
        ("echo hello | tr -d l", b"heo\n", b""),
        ("printenv HOSTNAME | wc -c", b"4\n", b""),
    ],
)
async def test_output_goes_where_the_shell_is_told(
    web: Lab, http: aiohttp.ClientSession, script: str, out: bytes, err: bytes
) -> None:
    found = await (await _exec(http, "sh", "-c", script)).finish()
    assert found[:2] == (out, err)


async def test_an_archive_of_what_is_not_there_is_a_whole_empty_one(web: Lab, http: aiohttp.ClientSession) -> None:
    out, err, status = await (await _exec(http, "tar", "cf", "-", "/nope")).finish()
    assert len(out) % 512 == 0
    assert not out.strip(b"\0")
    assert b"/nope: Cannot stat" in err
    assert status["details"] == {"causes": [{"reason": "ExitCode", "message": "2"}]}
