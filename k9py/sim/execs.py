"""exec, attach and port-forward over WebSocket, as the API server speaks them (remotecommand v5 and v4)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import WSMsgType, web

from k9py.core.errors import ApiError
from k9py.sim import forwarding
from k9py.sim.logs import container_name, lines_of, run_of
from k9py.sim.requests import Call
from k9py.sim.workloads.files import Files, container_files
from k9py.sim.workloads.shell import INTERRUPTED, Place, Shell

if TYPE_CHECKING:
    from k9py.sim.simulation import Simulation
    from k9py.sim.workloads.containerlife import ContainerLife
    from k9py.sim.workloads.podlife import PodLife

Object = dict[str, Any]
V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
START = 0.03
"""Real seconds until a process starts, as on any node: clients send the terminal's size before it may end."""
ATTACH_POLL = 0.5
"""Seconds between two looks at the output of an attached container."""
_OCI = (
    "Internal error occurred: Internal error occurred: "
    "error executing command in container: failed to exec in container: failed to start exec: "
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "{}": '
    "executable file not found in $PATH"
)


class Channels:
    """One connection: the terminal of a process, and its error channel."""

    def __init__(self, socket: web.WebSocketResponse, *, tty: bool, stdin: bool) -> None:
        self._socket = socket
        self._tty = tty
        self._line = bytearray()
        self._input: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = not stdin
        self._left = False
        """True when nothing more can come; Ctrl-D on a terminal ends what reads now, not what reads next."""
        self.size = (0, 0)
        self.interrupted = asyncio.Event()

    async def pump(self) -> None:
        """Take in what the client sends until it leaves."""
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == STDIN:
                await self._typed(data)
            elif channel == RESIZE and data:
                size = msgspec.json.decode(data)
                self.size = (int(size.get("Width", 0)), int(size.get("Height", 0)))
            elif channel == CLOSE and data[:1] == bytes([STDIN]):
                self._left = True
                self._input.put_nowait(b"")
        self._left = True
        self._input.put_nowait(b"")
        self.interrupted.set()

    async def _typed(self, data: bytes) -> None:
        """Pass input on; with a terminal it is edited and echoed line by line, as a tty's driver does."""
        if not self._tty:
            if data:
                self._input.put_nowait(data)
            return
        for byte in data:
            match byte:
                case 3:
                    self._line.clear()
                    await self.write(b"^C\n")
                    self.interrupted.set()
                case 4 if not self._line:
                    self._input.put_nowait(b"")
                case 8 | 127:
                    if self._line:
                        del self._line[-1]
                        await self.write(b"\b \b")
                case 21:
                    await self.write(b"\b \b" * len(self._line))
                    self._line.clear()
                case 10 | 13:
                    await self.write(b"\n")
                    self._input.put_nowait(bytes(self._line) + b"\n")
                    self._line.clear()
                case _:
                    self._line.append(byte)
                    await self.write(bytes([byte]))

    async def read(self) -> bytes:
        """Return the next input; empty at its end."""
        if self._ended:
            return b""
        data = await self._input.get()
        self._ended = not data and (self._left or not self._tty)
        return data

    async def write(self, data: bytes, *, error: bool = False) -> None:
        """Write output; a terminal has one stream and ends lines with CR LF."""
        if self._tty:
            data = data.replace(b"\n", b"\r\n")
        channel = STDERR if error and not self._tty else STDOUT
        if data:
            await self._send(channel, data)

    async def finish(self, status: Object) -> None:
        """Send the outcome and close."""
        await self._send(ERROR, msgspec.json.encode(status))
        if not self._socket.closed:
            await self._socket.close()

    async def _send(self, channel: int, data: bytes) -> None:
        if not self._socket.closed:
            with contextlib.suppress(ConnectionResetError):  # Who has just left is told nothing.
                await self._socket.send_bytes(bytes([channel]) + data)


def exit_status(code: int) -> Object:
    """Return the Status the error channel carries for an exit code."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: command terminated with exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


class Execs:
    """The handlers of pods/exec, pods/attach and pods/portforward."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._files: dict[str, Files] = {}
        """Files of each container run that somebody looked into, by container id."""

    async def exec(self, call: Call) -> web.StreamResponse:
        """Run a command in a container."""
        argv = [value for name, value in call.values if name == "command"]
        if not argv:
            raise ApiError.of(400, "you must specify at least 1 command for the container", reason="BadRequest")
        life, item = self._running(call)
        tty = call.flag("tty")
        socket = await self._open(call)
        channels = Channels(socket, tty=tty, stdin=call.flag("stdin"))
        place = self._place(life, item, channels, tty=tty)
        shell = Shell(place, channels)
        pump = asyncio.ensure_future(channels.pump())
        try:
            await asyncio.sleep(START)
            if not shell.knows(argv[0]):
                reason = {"status": "Failure", "message": _OCI.format(argv[0]), "reason": "InternalError", "code": 500}
                await channels.finish({"metadata": {}} | reason)
            else:
                code = await self._until_gone(shell, argv, channels, item)
                await channels.finish(exit_status(code))
        finally:
            pump.cancel()
        return socket

    async def _until_gone(self, shell: Shell, argv: list[str], channels: Channels, item: ContainerLife) -> int:
        """Run a command; Ctrl-C outside a shell, and the end of the container, end it."""
        work = asyncio.ensure_future(shell.execute(argv))
        gone = asyncio.ensure_future(self._gone(item))
        waits: set[asyncio.Future[Any]] = {work, gone}
        interactive = argv[0].rsplit("/", 1)[-1] in shell.place.shells and "-c" not in argv
        stop = asyncio.ensure_future(channels.interrupted.wait())
        if not interactive:
            waits.add(stop)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            return INTERRUPTED if stop.done() else 137
        finally:
            for task in (work, gone, stop):
                task.cancel()

    async def _gone(self, item: ContainerLife) -> None:
        """Return when a container's run ends."""
        run = item.container_id
        while item.running and item.container_id == run:
            await self._simulation.clock.sleep(ATTACH_POLL)

    async def attach(self, call: Call) -> web.StreamResponse:
        """Show the output of a container's own process; input is taken and goes nowhere."""
        life, item = self._running(call)
        socket = await self._open(call)
        channels = Channels(socket, tty=call.flag("tty"), stdin=call.flag("stdin"))
        pump = asyncio.ensure_future(channels.pump())
        run = run_of(life.pod, item.name, item.program)
        since = self._simulation.engine.now

        def rate(when: float) -> float:
            return self._simulation.load.rate_at(life.uid, when)

        try:
            while item.running and not pump.done():
                await self._simulation.clock.sleep(ATTACH_POLL)
                now = self._simulation.engine.now
                for _when, text in lines_of(run, since, now, rate):
                    await channels.write(text.encode() + b"\n")
                since = now
            code = item.state.get("terminated", {}).get("exitCode", 0)
            await channels.finish(exit_status(code))
        finally:
            pump.cancel()
        return socket

    async def portforward(self, call: Call) -> web.StreamResponse:
        """Carry bytes to ports of a pod."""
        life, _item = self._running(call)
        offered = call.request.headers.get("Sec-WebSocket-Protocol", "")
        if forwarding.TUNNEL not in offered:
            forwarding.ports_of(call)
        socket = await self._open(call, forwarding.PROTOCOLS)
        await forwarding.serve(call, socket, life)
        return socket

    # what they share

    def _running(self, call: Call) -> tuple[PodLife, ContainerLife]:
        """Return the container meant; raises ApiError when it does not run."""
        pod = self._simulation.store.get("pods", call.namespace, call.name)
        name = container_name(pod, call.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            raise ApiError.of(400, f"pod {call.name} does not have a host assigned", reason="BadRequest")
        life = self._simulation.kubelets.life_of(call.namespace, call.name)
        item = life.find(name) if life else None
        if life is not None and not life.node_life.alive:
            text = f"error dialing backend: dial tcp {life.node_life.ip}:10250: connect: no route to host"
            raise ApiError.of(500, text, reason="InternalError")
        if life is None or item is None or not item.running:
            raise ApiError.of(
                500, f'unable to upgrade connection: container not found ("{name}")', reason="InternalError"
            )
        return life, item

    async def _open(self, call: Call, protocols: tuple[str, ...] = (V5, V4)) -> web.WebSocketResponse:
        offered = call.request.headers.get("Sec-WebSocket-Protocol", "")
        if "websocket" not in call.request.headers.get("Upgrade", "").lower():
            raise ApiError.of(400, "Upgrade request required", reason="BadRequest")
        names = [name.strip() for name in offered.split(",")]
        if not any(name in protocols for name in names):
            text = f"unable to upgrade: no protocol of {names} is supported"
            raise ApiError.of(403, text, reason="Forbidden")
        socket = web.WebSocketResponse(protocols=protocols, max_msg_size=0)
        await socket.prepare(call.request)
        return socket

    def _place(self, life: PodLife, item: ContainerLife, channels: Channels, *, tty: bool) -> Place:
        files = self._files.get(item.container_id)
        if files is None:
            files = self._files[item.container_id] = self._fresh_files(life, item)
        env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOSTNAME": life.name,
            "HOME": "/root",
            **({"TERM": "xterm"} if tty else {}),
            **self._environment(life, item.spec),
            "KUBERNETES_SERVICE_HOST": "10.96.0.1",
            "KUBERNETES_SERVICE_PORT": "443",
        }
        command = " ".join([*(item.spec.get("command") or [item.name]), *(item.spec.get("args") or [])])

        def processes() -> list[tuple[int, str, str]]:
            cores = self._simulation.load.cpu(life, item, self._simulation.engine.now)
            return [(1, f"{cores * 100:.0f}", command), (7, "0", f"{command} (worker)")]

        shells = frozenset({"sh", "ash", "bash"} if item.program.shell else ())
        return Place(
            files, env, self._simulation.clock, processes, lambda: channels.size, shells, tty, channels.interrupted
        )

    def _environment(self, life: PodLife, spec: Object) -> dict[str, str]:
        """Return a container's environment with the values of ConfigMaps and Secrets filled in."""
        found: dict[str, str] = {}
        for item in spec.get("env") or ():
            source = item.get("valueFrom") or {}
            text = item.get("value", "")
            for field, resource in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
                if field in source:
                    text = (
                        self._data(resource, life.namespace, source[field]["name"])
                        .get(source[field]["key"], b"")
                        .decode()
                    )
            if "fieldRef" in source:
                paths = {"metadata.name": life.name, "metadata.namespace": life.namespace, "status.podIP": life.ip}
                text = paths.get(source["fieldRef"]["fieldPath"], "")
            found[item["name"]] = text
        return found

    def _data(self, resource: str, namespace: str, name: str) -> dict[str, bytes]:
        import base64

        obj = self._simulation.store.peek(resource, namespace, name) or {}
        data = obj.get("data") or {}
        if resource == "secrets":
            with contextlib.suppress(ValueError):
                return {key: base64.b64decode(text) for key, text in data.items()}
        return {key: str(text).encode() for key, text in data.items()}

    def _fresh_files(self, life: PodLife, item: ContainerLife) -> Files:
        volumes = {volume["name"]: volume for volume in life.pod["spec"].get("volumes") or ()}
        mounts: dict[str, dict[str, bytes]] = {}
        for mount in item.spec.get("volumeMounts") or ():
            volume = volumes.get(mount["name"], {})
            contents: dict[str, bytes] = {}
            if "configMap" in volume:
                contents = self._data("configmaps", life.namespace, volume["configMap"].get("name", ""))
            elif "secret" in volume:
                contents = self._data("secrets", life.namespace, volume["secret"].get("secretName", ""))
            if "serviceaccount" not in mount["mountPath"]:
                mounts[mount["mountPath"]] = contents
        files = container_files(
            hostname=life.name, ip=life.ip, image=item.spec.get("image", ""), token=True, mounts=mounts
        )
        files.read_only = bool((item.spec.get("securityContext") or {}).get("readOnlyRootFilesystem"))
        return files
