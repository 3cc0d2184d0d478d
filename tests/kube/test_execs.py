from __future__ import annotations

import json
from contextlib import AsyncExitStack

import pytest

from k9py.core.errors import RubbishError, Unreachable
from k9py.kube.execs import Channel, ExecResult, ExecSession, open_exec, result_of
from tests.kube.fakes import FakeSocket, FakeTransport


def status(**fields: object) -> bytes:
    return b"\x03" + json.dumps({"kind": "Status", **fields}).encode()


async def opened(socket: FakeSocket, *messages: bytes | None, tty: bool = True) -> ExecSession:
    transport = FakeTransport()
    transport.sockets.append(socket)
    for message in messages:
        socket.incoming.put_nowait(message)
    return await open_exec(transport, "shop", "api", ["sh"], container="main", tty=tty)


@pytest.mark.parametrize("tty", [True, False])
async def test_a_command_is_asked_for_word_by_word(tty: bool) -> None:
    transport = FakeTransport()
    transport.sockets.append(FakeSocket())
    command = ["sh", "-c", "echo a; rm $HOME"]
    async with await open_exec(transport, "shop", "api", command, container="main", tty=tty):
        ((path, query, protocols),) = transport.socket_queries
    assert path == "/api/v1/namespaces/shop/pods/api/exec"
    assert list(query) == [
        ("command", "sh"),
        ("command", "-c"),
        ("command", "echo a; rm $HOME"),
        ("container", "main"),
        ("stdin", "true"),
        ("stdout", "true"),
        ("stderr", str(not tty).lower()),
        ("tty", str(tty).lower()),
    ]
    assert list(protocols) == ["v5.channel.k8s.io", "v4.channel.k8s.io"]


async def test_output_comes_by_channel_until_the_status_and_then_the_exit_code_is_known() -> None:
    failed = status(
        status="Failure",
        reason="NonZeroExitCode",
        message="command terminated with exit code 3",
        details={"causes": [{"reason": "ExitCode", "message": "3"}]},
    )
    session = await opened(FakeSocket(), b"\x01", b"\x01out", b"\x02err", b"\x01\x00raw", b"\xff\x01", failed)
    pieces = [await session.read() for _ in range(4)]
    assert pieces == [(Channel.STDOUT, b"out"), (Channel.STDERR, b"err"), (Channel.STDOUT, b"\x00raw"), None]
    assert session.result == ExecResult(3, "command terminated with exit code 3")
    assert await session.read() is None


async def test_a_connection_lost_before_the_end_is_no_exit_status() -> None:
    session = await opened(FakeSocket(), b"\x01half", None)
    assert await session.read() == (Channel.STDOUT, b"half")
    with pytest.raises(Unreachable, match="before the command's end"):
        await session.read()
    assert session.result is None


async def test_input_goes_in_pieces_and_its_end_is_told_by_version_5_only() -> None:
    socket = FakeSocket()
    session = await opened(socket)
    await session.write(b"x" * 70_000)
    assert [len(message) - 1 for message in socket.sent] == [32768, 32768, 4464]
    assert {message[0] for message in socket.sent} == {0}
    assert await session.close_input()
    assert socket.sent[-1] == b"\xff\x00"
    old = FakeSocket(protocol="v4.channel.k8s.io")
    session = await opened(old)
    assert not await session.close_input()
    assert old.sent == []


async def test_the_size_of_the_terminal_is_told() -> None:
    socket = FakeSocket()
    session = await opened(socket)
    await session.resize(columns=160, rows=48)
    assert socket.sent == [b'\x04{"Width":160,"Height":48}']


async def test_leaving_closes_the_connection() -> None:
    socket = FakeSocket()
    async with await opened(socket):
        assert not socket.closed
    assert socket.closed


async def test_a_proxy_that_strips_the_protocol_is_named_as_the_likely_reason() -> None:
    socket = FakeSocket(protocol="")
    with pytest.raises(RubbishError) as caught:
        await opened(socket)
    assert "proxy" in caught.value.remedy
    assert socket.closed


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (b'{"status":"Success"}', ExecResult(0)),
        (b'{"status":"Failure","message":"no such program"}', ExecResult(None, "no such program")),
        (
            b'{"status":"Failure","message":"Internal error occurred: Internal error occurred: no such program"}',
            ExecResult(None, "no such program"),
        ),
        (b'{"status":"Failure","reason":"InternalError"}', ExecResult(None, "InternalError")),
        (
            b'{"status":"Failure","message":"m","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}',
            ExecResult(None, "m"),
        ),
        (b"plain text of an old kubelet", ExecResult(None, "plain text of an old kubelet")),
        (b"[]", ExecResult(None, "the command's end cannot be read")),
    ],
)
def test_the_final_status_is_read_whatever_it_is(body: bytes, result: ExecResult) -> None:
    assert result_of(body) == result


async def test_a_session_without_a_command_to_wait_for_can_be_closed_twice() -> None:
    socket = FakeSocket()
    session = ExecSession(socket, AsyncExitStack())
    await session.close()
    await session.close()
    assert session.result is None
