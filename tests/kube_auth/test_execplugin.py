"""Exec credential plugins, as small Python scripts: run, cached, renewed, bounded, explained."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import textwrap
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from aiohttp import web

from k9py.core.clock import ManualClock, SystemClock
from k9py.core.errors import AuthExpired, ExecPluginError, KubeconfigError
from k9py.kube.credentials import FAILURE_HOLD, Credentials, Grant
from k9py.kube.execplugin import ExecSource
from k9py.kube.target import ExecConfig, Target
from tests.kube_auth.conftest import ConfigFile, Connect
from tests.kube_auth.pki import Pki
from tests.kube_auth.servers import ApiServer, api_server, status
from tests.kube_auth.test_tls import b64, trusting

PATIENCE = 30.0
"""Seconds a process may take to start or to end on a busy machine."""
V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"

COUNTING = """
    import json, os, sys
    with open(os.environ["RUNS"], "a+") as runs:
        runs.write("x")
        runs.flush()
        runs.seek(0)
        number = len(runs.read())
    print(json.dumps({"kind": "ExecCredential", "apiVersion": os.environ["VERSION"],
                      "status": {"token": f"token-{number}", **json.loads(os.environ.get("MORE", "{}"))}}))
"""
"""Prints a token with the number of this run in it."""


async def ended(pid: str) -> None:
    """Wait until a process has ended; a killed one runs on until the kernel has looked at it."""
    status = Path(f"/proc/{pid}/stat")
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            while status.read_text().rpartition(")")[2].split()[0] != "Z":
                await asyncio.sleep(0.01)


class Plugin:
    """A plugin script with its entry in the kubeconfig."""

    def __init__(self, directory: Path, script: str, version: str = V1) -> None:
        self.path = directory / "plugin"
        self.runs_file = directory / "runs"
        self.version = version
        self.env: dict[str, str] = {"RUNS": str(self.runs_file), "VERSION": version}
        self.path.write_text(f"#!{sys.executable}\n{textwrap.dedent(script)}")
        self.path.chmod(0o755)

    @property
    def runs(self) -> int:
        return len(self.runs_file.read_text()) if self.runs_file.exists() else 0

    def entry(self, **more: Any) -> dict[str, Any]:
        env = [{"name": name, "value": value} for name, value in self.env.items()]
        return {
            "apiVersion": self.version, "command": str(self.path), "env": env, "interactiveMode": "Never"
        } | more  # fmt: skip

    def source(self, prompt: Any = None, target: Target | None = None, **more: Any) -> ExecSource:
        config = ExecConfig(
            command=str(self.path), api_version=self.version, env=tuple(self.env.items()),
            interactive_mode=more.pop("mode", "Never"),
            install_hint=more.pop("hint", ""), args=more.pop("args", ()),
        )  # fmt: skip
        target = target or Target("k", "c", "u", "default", "https://kube.example")
        return ExecSource(config, with_exec(target, config), prompt, **more)


def with_exec(target: Target, config: ExecConfig) -> Target:
    from dataclasses import replace

    return replace(target, login=replace(target.login, exec=config), environ=target.environ or dict(os.environ))


class Terminal:
    """A terminal to lend, counting the loans."""

    def __init__(self) -> None:
        self.loans = 0
        self.lent = False

    async def __aenter__(self) -> None:
        assert not self.lent
        self.loans += 1
        self.lent = True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lent = False


async def refused(source: ExecSource, **kwargs: Any) -> ExecPluginError:
    with pytest.raises(ExecPluginError) as caught:
        await source.fetch(may_prompt=kwargs.get("may_prompt", True))
    return caught.value


@pytest.mark.parametrize("version", [V1, V1BETA1])
async def test_the_token_of_a_plugin_is_sent_and_kept(
    connect: Connect, config: ConfigFile, tmp_path: Path, version: str
) -> None:
    plugin = Plugin(tmp_path, COUNTING, version)
    config.user = {"exec": plugin.entry()}
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        for _ in range(3):
            await transport.request("GET", "/x")
    assert server.tokens == ["Bearer token-1"] * 3
    assert plugin.runs == 1


async def test_many_first_requests_share_one_run(connect: Connect, config: ConfigFile, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    config.user = {"exec": plugin.entry()}
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        await asyncio.gather(*(transport.request("GET", f"/{index}") for index in range(30)))
    assert plugin.runs == 1
    assert set(server.tokens) == {"Bearer token-1"}


def accepting(valid: set[str]) -> Any:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") not in valid:
            return status(401, "Unauthorized", "Unauthorized")
        if request.path == "/socket":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.close()
            return socket
        return web.json_response({})

    return answer


async def test_a_401_runs_the_plugin_once_for_all_requests_that_got_one(
    connect: Connect, config: ConfigFile, tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    config.user = {"exec": plugin.entry()}
    async with api_server(accepting({"Bearer token-2"})) as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        answers = await asyncio.gather(*(transport.request("GET", f"/{index}") for index in range(15)))
        async with transport.stream("GET", "/stream"), transport.websocket("/socket", protocols=[]):
            pass
    assert [answer.status for answer in answers] == [200] * 15
    assert plugin.runs == 2


@pytest.mark.parametrize("kind", ["stream", "websocket"])
async def test_a_401_renews_for_streams_and_websockets_too(
    connect: Connect, config: ConfigFile, tmp_path: Path, kind: str
) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    config.user = {"exec": plugin.entry()}
    async with api_server(accepting({"Bearer token-2"})) as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        if kind == "stream":
            async with transport.stream("GET", "/stream") as stream:
                assert stream.status == 200
        else:
            async with transport.websocket("/socket", protocols=[]) as socket:
                assert await socket.receive() is None
    assert server.tokens == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_401_is_auth_expired_and_runs_the_plugin_no_further(
    connect: Connect, config: ConfigFile, tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    config.user = {"exec": plugin.entry()}
    async with api_server(accepting(set())) as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        with pytest.raises(AuthExpired, match="refuses user 'u'") as caught:
            await transport.request("GET", "/x")
    assert (plugin.runs, len(server.seen)) == (2, 2)
    assert "Log in again" in caught.value.remedy


async def test_a_token_is_renewed_when_it_has_expired(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    clock = ManualClock()
    plugin.env["MORE"] = json.dumps({"expirationTimestamp": "2023-11-14T23:13:20Z"})  # an hour from its start
    credentials = Credentials(plugin.source(), clock)
    assert (await credentials.current()).authorization == "Bearer token-1"
    await clock.advance(3500)
    assert (await credentials.current()).authorization == "Bearer token-1"
    await clock.advance(200)
    assert (await credentials.current()).authorization == "Bearer token-2"
    await credentials.close()


async def test_a_token_about_to_expire_is_renewed_beside_the_requests_that_still_use_it() -> None:
    clock = ManualClock()
    gate = asyncio.Event()

    class Slow:
        ahead = True
        runs = 0

        async def fetch(self, *, may_prompt: bool) -> Grant:
            self.runs += 1
            if self.runs == 2:
                assert not may_prompt
                await gate.wait()
            return Grant(f"Bearer {self.runs}", expires=clock.now() + 3600)

        def allow_prompt(self) -> None:
            raise AssertionError

    source = Slow()
    credentials = Credentials(source, clock)
    await credentials.current()
    await clock.advance(3550)
    assert (await credentials.current()).authorization == "Bearer 1"
    await asyncio.sleep(0)
    assert source.runs == 2
    assert (await credentials.current()).authorization == "Bearer 1"
    gate.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (await credentials.current()).authorization == "Bearer 2"
    assert source.runs == 2
    await credentials.close()


async def test_a_person_may_renew_a_grant_that_still_lasts(
    connect: Connect, config: ConfigFile, tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    config.user = {"exec": plugin.entry()}
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        await transport.request("GET", "/x")
        await transport.renew_credentials()
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer token-1", "Bearer token-2"]


async def test_a_failed_run_is_not_repeated_for_some_seconds_unless_a_person_asks(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, 'import os, sys; open(os.environ["RUNS"], "a").write("x"); sys.exit(1)')
    clock = ManualClock()
    credentials = Credentials(plugin.source(), clock)
    for _ in range(5):
        with pytest.raises(ExecPluginError):
            await credentials.current()
    assert plugin.runs == 1
    with pytest.raises(ExecPluginError):
        await credentials.renew_now()
    assert plugin.runs == 2
    await clock.advance(FAILURE_HOLD)
    with pytest.raises(ExecPluginError):
        await credentials.current()
    assert plugin.runs == 3


async def test_a_request_that_is_cancelled_leaves_the_run_to_the_others(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    credentials = Credentials(plugin.source(), SystemClock())
    first = asyncio.create_task(credentials.current())
    second = asyncio.create_task(credentials.current())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).authorization == "Bearer token-1"
    assert first.cancelled()
    assert plugin.runs == 1
    await credentials.close()


async def test_the_environment_arguments_and_exec_info_reach_the_plugin(tmp_path: Path) -> None:
    plugin = Plugin(
        tmp_path,
        """
        import json, os, sys
        said = {"args": sys.argv[1:], "info": json.loads(os.environ["KUBERNETES_EXEC_INFO"]),
                "mine": os.environ["MINE"], "outer": os.environ["OUTER"], "stdin": sys.stdin.read()}
        open(os.environ["RUNS"], "w").write(json.dumps(said))
        print(json.dumps({"kind": "ExecCredential", "apiVersion": os.environ["VERSION"], "status": {"token": "t"}}))
        """,
    )
    plugin.env["MINE"] = "inner wins"
    target = Target(
        "k", "c", "u", "default", "https://kube.example",
        environ={"OUTER": "outer", "MINE": "outer loses", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    await plugin.source(target=target, args=("get-token", "--cluster name"), mode="IfAvailable").fetch(may_prompt=True)
    said = json.loads(plugin.runs_file.read_text())
    assert said["args"] == ["get-token", "--cluster name"]
    assert (said["mine"], said["outer"], said["stdin"]) == ("inner wins", "outer", "")
    assert said["info"] == {"kind": "ExecCredential", "apiVersion": V1, "spec": {"interactive": False}}


async def test_a_quiet_plugin_reads_nothing_of_what_is_typed(tmp_path: Path) -> None:
    plugin = Plugin(
        tmp_path,
        """
        import json, os, sys
        print(json.dumps({"kind": "ExecCredential", "apiVersion": os.environ["VERSION"],
                          "status": {"token": "read:" + sys.stdin.read()}}))
        """,
    )
    kept, (reading, writing) = os.dup(0), os.pipe()
    os.dup2(reading, 0)
    try:
        os.write(writing, b"typed")
        os.close(writing)
        grant = await plugin.source(mode="IfAvailable").fetch(may_prompt=True)
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)
    assert grant.authorization == "Bearer read:"


async def test_a_request_refused_late_takes_the_grant_another_one_already_renewed(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    credentials = Credentials(plugin.source(), ManualClock())
    refused_grant = await credentials.current()
    first = await credentials.renew(refused_grant)
    second = await credentials.renew(refused_grant)
    assert first.authorization == second.authorization == "Bearer token-2"
    assert plugin.runs == 2
    await credentials.close()


async def test_cluster_info_is_given_when_the_kubeconfig_says_so(
    connect: Connect, config: ConfigFile, tmp_path: Path, pki: Pki
) -> None:
    script = 'import os; open(os.environ["RUNS"], "w").write(os.environ["KUBERNETES_EXEC_INFO"])\n'
    plugin = Plugin(tmp_path, textwrap.dedent(script) + textwrap.dedent(COUNTING).replace('"a+"', 'os.devnull, "a+"'))
    plugin.path.write_text(plugin.path.read_text().replace('open(os.environ["RUNS"], os.devnull,', "open(os.devnull,"))
    config.user = {"exec": plugin.entry(provideClusterInfo=True)}
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a", "depth": 3, "on": True}}
    async with api_server(tls=pki.server_context(pki.named)) as server:
        more = {"tls-server-name": "kube.example", "extensions": [extension]}
        transport = await connect(trusting(config, pki, server.url, **more).target(os.environ))
        await transport.request("GET", "/x")
    assert json.loads(plugin.runs_file.read_text())["spec"]["cluster"] == {
        "server": server.url,
        "tls-server-name": "kube.example",
        "certificate-authority-data": b64(pki.authority.root.cert),
        "config": {"audience": "a", "depth": 3, "on": True},
    }


async def test_a_command_with_a_slash_is_found_beside_the_kubeconfig(
    connect: Connect, config: ConfigFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    plugin = Plugin(tmp_path / "bin", COUNTING)
    config.user = {"exec": plugin.entry(command="./bin/plugin")}
    monkeypatch.chdir("/")
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer token-1"]


async def test_a_plain_command_is_found_on_the_path(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    config = ExecConfig("plugin", V1, env=tuple(plugin.env.items()), interactive_mode="Never")
    target = with_exec(Target("k", "c", "u", "d", "https://k", environ={"PATH": str(tmp_path)}), config)
    assert (await ExecSource(config, target, None).fetch(may_prompt=True)).authorization == "Bearer token-1"


async def test_a_client_certificate_of_a_plugin_is_used_and_its_token_as_well(
    connect: Connect, config: ConfigFile, tmp_path: Path, pki: Pki
) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    pair = {"clientCertificateData": pki.client.cert.decode(), "clientKeyData": pki.client.key.decode()}
    plugin.env["MORE"] = json.dumps(pair)
    config.user = {"exec": plugin.entry()}
    async with api_server(tls=pki.server_context()) as server:
        transport = await connect(trusting(config, pki, server.url).target(os.environ))
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer token-1"]
    assert server.seen[0].client_name == "alice"


async def test_a_renewed_client_certificate_opens_new_connections(
    connect: Connect, config: ConfigFile, tmp_path: Path, pki: Pki
) -> None:
    plugin = Plugin(
        tmp_path,
        """
        import json, os
        runs = open(os.environ["RUNS"], "a+"); runs.write("x"); runs.flush(); runs.seek(0)
        name = ["ONE", "TWO"][len(runs.read()) - 1]
        read = lambda end: open(os.environ[name + end]).read()
        print(json.dumps({"kind": "ExecCredential", "apiVersion": os.environ["VERSION"],
            "status": {"clientCertificateData": read("CRT"), "clientKeyData": read("KEY")}}))
        """,
    )
    for name, pair in (("ONE", pki.client), ("TWO", pki.other_client)):
        plugin.env |= {f"{name}CRT": str(pair.cert_file), f"{name}KEY": str(pair.key_file)}
    config.user = {"exec": plugin.entry()}
    server: ApiServer

    async def only_bob(request: web.Request) -> web.Response:
        if server.seen[-1].client_name != "bob":
            return status(401, "Unauthorized", "Unauthorized")
        return web.json_response({})

    async with api_server(only_bob, tls=pki.server_context()) as server:
        transport = await connect(trusting(config, pki, server.url).target(os.environ))
        assert (await transport.request("GET", "/x")).status == 200
    assert [seen.client_name for seen in server.seen] == ["alice", "bob"]


async def test_a_static_token_wins_over_a_plugin(connect: Connect, config: ConfigFile, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    config.user = {"exec": plugin.entry(), "token": "static"}
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target(os.environ))
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer static"]
    assert plugin.runs == 0


# --- failures -----------------------------------------------------------------------------------------------


async def test_a_failing_plugin_shows_its_standard_error_and_never_its_output(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, 'import sys; print("SECRET"); print("session\\nexpired", file=sys.stderr); sys.exit(3)')
    error = await refused(plugin.source())
    assert str(error) == "Credential plugin plugin failed with exit status 3: session expired"
    assert error.stderr == "session\nexpired"
    assert "SECRET" not in error.with_remedy() + error.stderr
    assert error.remedy == "Run plugin by hand to see why"


async def test_a_missing_plugin_shows_the_install_hint(connect: Connect, config: ConfigFile, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    hint = "Get it with:\n  brew install it"
    config.user = {"exec": plugin.entry(command="no-such-plugin", installHint=hint)}
    transport = await connect(config.write(server="http://127.0.0.1:1").target(os.environ))
    with pytest.raises(ExecPluginError, match="plugin no-such-plugin is not installed") as caught:
        await transport.request("GET", "/x")
    assert caught.value.remedy == hint


async def test_a_plugin_that_is_no_program_is_explained(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, COUNTING)
    plugin.path.chmod(0o644)
    error = await refused(plugin.source())
    assert str(error) == "Credential plugin plugin cannot be started: Permission denied"


async def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    plugin = Plugin(
        tmp_path,
        """
        import os, subprocess, sys, time
        child = subprocess.Popen(["sleep", "600"])
        open(os.environ["RUNS"], "w").write(str(child.pid))
        print("waiting for a browser", file=sys.stderr, flush=True)
        time.sleep(600)
        """,
    )
    error = await refused(plugin.source(quiet_limit=4))
    assert str(error) == "Credential plugin plugin did not finish within 4 s: waiting for a browser"
    await ended(plugin.runs_file.read_text())


async def test_a_plugin_that_ignores_the_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from k9py.kube import execplugin

    monkeypatch.setattr(execplugin, "KILL_GRACE", 0.05)
    plugin = Plugin(
        tmp_path,
        """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(os.environ["RUNS"], "w").write(str(os.getpid()))
        time.sleep(600)
        """,
    )
    await refused(plugin.source(quiet_limit=4))
    await ended(plugin.runs_file.read_text())


async def test_closing_ends_a_run_that_is_under_way(tmp_path: Path) -> None:
    plugin = Plugin(
        tmp_path,
        'import os, time; open(os.environ["RUNS"], "w").write(str(os.getpid())); time.sleep(600)',
    )
    credentials = Credentials(plugin.source(), SystemClock())
    waiting = asyncio.create_task(credentials.current())
    async with asyncio.timeout(PATIENCE):
        while not plugin.runs:
            await asyncio.sleep(0.01)
    await credentials.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await ended(plugin.runs_file.read_text())


@pytest.mark.parametrize("turns", range(8))
async def test_closing_while_the_plugin_is_being_started_neither_hangs_nor_leaves_it(
    tmp_path: Path, turns: int
) -> None:
    plugin = Plugin(tmp_path, 'import os, time; open(os.environ["RUNS"], "w").write(str(os.getpid())); time.sleep(600)')
    source = plugin.source()
    running = asyncio.create_task(source.fetch(may_prompt=True))
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait([running])
    assert running.cancelled()
    if plugin.runs:
        await ended(plugin.runs_file.read_text())


async def test_large_output_on_both_pipes_does_not_block(tmp_path: Path) -> None:
    plugin = Plugin(
        tmp_path,
        """
        import json, os, sys
        print("e" * 300_000, file=sys.stderr, flush=True)
        print(json.dumps({"kind": "ExecCredential", "apiVersion": os.environ["VERSION"],
                          "status": {"token": "t" * 200_000}}))
        """,
    )
    grant = await plugin.source().fetch(may_prompt=True)
    assert len(grant.authorization) == len("Bearer ") + 200_000


async def test_a_plugin_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, 'while True: print("x" * 65536)')
    assert "prints without end" in str(await refused(plugin.source()))


GOOD = {"kind": "ExecCredential", "apiVersion": V1, "status": {"token": "SECRET"}}


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("", "printed nothing"),
        ("SECRET is no JSON", "printed something that is not an ExecCredential in JSON"),
        ('["SECRET"]', "printed something that is not an ExecCredential in JSON"),
        (json.dumps(GOOD | {"kind": "Pod"}), "printed a Pod instead of an ExecCredential"),
        (json.dumps({"status": {"token": "SECRET"}}), "printed a document without kind instead"),
        (json.dumps(GOOD | {"apiVersion": V1BETA1}), f"answers in {V1BETA1}, the kubeconfig asks for {V1}"),
        (json.dumps(GOOD | {"status": None}), "gave neither a token nor a client certificate"),
        (json.dumps(GOOD | {"status": {"clientCertificateData": "SECRET"}}), "a client certificate without its key"),
        (json.dumps(GOOD | {"status": {"clientKeyData": "SECRET"}}), "a key without its certificate"),
        (json.dumps(GOOD | {"status": {"token": "SECRET\nX: y"}}), "a token with white space in it"),
        (
            json.dumps(GOOD | {"status": {"token": "SECRET", "expirationTimestamp": "soon"}}),
            "an expirationTimestamp that is no time: 'soon'",
        ),
    ],
)
async def test_output_that_is_no_credential_is_explained_and_not_shown(
    tmp_path: Path, output: str, message: str
) -> None:
    plugin = Plugin(tmp_path, f"import sys; sys.stdout.write({output!r})")
    error = await refused(plugin.source())
    assert message in str(error)
    assert "SECRET" not in error.with_remedy()
    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "v1alpha1' is not supported"),
        ({"apiVersion": ""}, "exec has no apiVersion"),
        ({"interactiveMode": ""}, "exec of v1 needs interactiveMode"),
        ({"interactiveMode": "Sometimes"}, "interactiveMode 'Sometimes' is none of Never, IfAvailable, Always"),
        ({"command": ""}, "exec has no command"),
    ],
)
def test_an_entry_that_cannot_work_names_file_and_line(
    config: ConfigFile, tmp_path: Path, change: dict[str, str], message: str
) -> None:
    config.user = {"exec": Plugin(tmp_path, COUNTING).entry(**change)}
    with pytest.raises(KubeconfigError, match=message) as caught:
        config.write(server="https://kube.example").target()
    assert str(caught.value).startswith(f"{config.path}:")


# --- the terminal -------------------------------------------------------------------------------------------

PROMPTING = """
    import json, os, sys
    interactive = json.loads(os.environ["KUBERNETES_EXEC_INFO"])["spec"]["interactive"]
    open(os.environ["RUNS"], "a").write("i" if interactive else "q")
    if not interactive or os.environ.get("FAIL"):
        sys.exit("cannot ask")
    print(json.dumps({"kind": "ExecCredential", "apiVersion": os.environ["VERSION"], "status": {"token": "t"}}))
"""
"""Succeeds only when it may ask."""


async def test_a_plugin_that_needs_no_prompt_never_gets_the_terminal(tmp_path: Path) -> None:
    terminal = Terminal()
    await Plugin(tmp_path, COUNTING).source(terminal, mode="IfAvailable").fetch(may_prompt=True)
    assert terminal.loans == 0


async def test_a_plugin_that_prompts_gets_the_terminal_after_a_quiet_run_failed(tmp_path: Path) -> None:
    plugin, terminal = Plugin(tmp_path, PROMPTING), Terminal()
    grant = await plugin.source(terminal, mode="IfAvailable").fetch(may_prompt=True)
    assert grant.authorization == "Bearer t"
    assert (terminal.loans, terminal.lent, plugin.runs_file.read_text()) == (1, False, "qi")


async def test_mode_always_takes_the_terminal_at_once(tmp_path: Path) -> None:
    plugin, terminal = Plugin(tmp_path, PROMPTING), Terminal()
    await plugin.source(terminal, mode="Always").fetch(may_prompt=True)
    assert (terminal.loans, plugin.runs_file.read_text()) == (1, "i")


async def test_mode_never_gets_no_terminal(tmp_path: Path) -> None:
    plugin, terminal = Plugin(tmp_path, PROMPTING), Terminal()
    await refused(plugin.source(terminal, mode="Never"))
    assert (terminal.loans, plugin.runs_file.read_text()) == (0, "q")


async def test_mode_always_without_a_terminal_says_so(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, PROMPTING)
    error = await refused(plugin.source(None, mode="Always"))
    assert "has to ask something and there is no terminal" in str(error)
    assert plugin.runs == 0


async def test_a_renewal_ahead_of_time_never_takes_the_terminal(tmp_path: Path) -> None:
    plugin, terminal = Plugin(tmp_path, PROMPTING), Terminal()
    await refused(plugin.source(terminal, mode="IfAvailable"), may_prompt=False)
    assert terminal.loans == 0


async def test_after_a_failure_in_the_terminal_it_is_taken_again_only_when_a_person_asks(tmp_path: Path) -> None:
    plugin, terminal = Plugin(tmp_path, PROMPTING), Terminal()
    plugin.env["FAIL"] = "1"
    clock = ManualClock()
    credentials = Credentials(plugin.source(terminal, mode="IfAvailable"), clock)
    for _ in range(4):
        with pytest.raises(ExecPluginError, match="cannot ask"):
            await credentials.current()
        await clock.advance(60)
    assert terminal.loans == 1
    with pytest.raises(ExecPluginError):
        await credentials.renew_now()
    assert terminal.loans == 2
    await credentials.close()


async def test_the_terminal_comes_back_when_the_plugin_fails_or_hangs(tmp_path: Path) -> None:
    plugin, terminal = Plugin(tmp_path, "import time; time.sleep(600)"), Terminal()
    await refused(plugin.source(terminal, mode="Always", interactive_limit=0.5))
    assert (terminal.loans, terminal.lent) == (1, False)


async def test_prompts_on_standard_error_are_passed_on_and_kept_for_the_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin = Plugin(tmp_path, 'import sys; sys.stderr.write("PIN: "); sys.stderr.flush(); sys.exit("wrong PIN")')
    error = await refused(plugin.source(Terminal(), mode="Always"))
    assert capfd.readouterr().err == "PIN: wrong PIN\n"
    assert error.stderr == "PIN: wrong PIN"


async def test_a_quiet_plugin_cannot_reach_the_terminal_behind_the_screen(tmp_path: Path) -> None:
    plugin = Plugin(
        tmp_path,
        """
        import json, os
        alone = os.getsid(0) == os.getpid()
        try:
            os.open("/dev/tty", os.O_RDWR)
            alone = False
        except OSError:
            pass
        print(json.dumps({"kind": "ExecCredential", "apiVersion": os.environ["VERSION"],
                          "status": {"token": str(alone)}}))
        """,
    )
    grant = await plugin.source(Terminal(), mode="IfAvailable").fetch(may_prompt=True)
    assert grant.authorization == "Bearer True"
