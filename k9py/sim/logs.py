"""Logs of containers: any stretch of them made on demand, followed live, refused in the kubelet's words."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from k9py.core.ages import parse_time, time_or_zero
from k9py.core.errors import ApiError
from k9py.sim.answers import headers_of
from k9py.sim.requests import Call
from k9py.sim.workloads.programs import Program
from k9py.sim.workloads.voices import VOICES, Moment, Voice, fill

if TYPE_CHECKING:
    from k9py.sim.simulation import Simulation

Object = dict[str, Any]
Rate = Callable[[float], float]
"""From Unix time to requests per second."""
CHUNK = 32 * 1024
"""Bytes gathered before they are sent."""
SLOT = 5.0
"""Seconds of log drawn at once."""
KEPT = 2 * 3600.0
"""Seconds of log a node keeps of one run; older lines were rotated away, but for the first ones of a run."""
POLL = 0.5
"""Seconds between two looks while following."""
MAX_RATE = 40.0
"""Request lines per second and pod; busier programs sample their log."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one container."""

    pod: str
    ip: str
    uid: str
    container: str
    number: int
    """How many restarts came before it."""
    voice: Voice
    started: float
    ended: float
    """Unix time; infinity while it runs."""
    told: bool
    """True when it was told to stop, False when it ended by itself."""
    probes: tuple[tuple[float, float, str], ...] = ()
    """(first look, period, path) of HTTP probes, which access logs show."""


def lines_of(run: Run, since: float, until: float, rate: Rate) -> Iterator[tuple[float, str]]:
    """Yield (Unix time, text) of a run's lines from ``since`` up to but without ``until``, in order."""
    until = min(until, run.ended)
    for number, text in enumerate(run.voice.boot):
        when = run.started + 0.05 + 0.11 * number
        if since <= when < until:
            yield when, fill(text, Moment(when, run.pod, run.ip, 0.0))
    begin = max(run.started + 1.0, since)
    slot = int(begin // SLOT)
    while slot * SLOT < until:
        for when, text in sorted(_slot(run, slot, rate)):
            if begin <= when < until:
                yield when, text
        slot += 1
    if run.ended < float("inf"):
        closing = run.voice.stopped if run.told else run.voice.last
        for number, text in enumerate(closing):
            when = run.ended - 0.2 + 0.01 * number
            if since <= when:
                yield when, fill(text, Moment(when, run.pod, run.ip, 0.0))


def _slot(run: Run, slot: int, rate: Rate) -> Iterator[tuple[float, str]]:
    """Yield what a run writes in one slot of time, unordered."""
    source = random.Random(f"{run.uid}/{run.container}/{run.number}/{slot}")
    start = slot * SLOT
    voice = run.voice
    wanted = rate(start) if voice.request else 0.0
    requests = int(min(wanted, MAX_RATE) * SLOT + source.random())
    for _ in range(requests if voice.request else 0):
        when = start + source.random() * SLOT
        assert voice.request is not None
        yield when, voice.request(source, Moment(when, run.pod, run.ip, wanted))
    if voice.says and voice.every:
        count = int(SLOT / voice.every + source.random())
        for _ in range(count):
            when = start + source.random() * SLOT
            yield when, voice.says(source, Moment(when, run.pod, run.ip, wanted))
    if voice.request:
        for first, period, path in run.probes:
            turn = max(0, int((start - first) // period) + (start > first))
            when = first + turn * period
            while when < start + SLOT:
                if when >= start:
                    moment = Moment(when, run.pod, run.ip, wanted)
                    stamp = moment.written("%d/%b/%Y:%H:%M:%S +0000")
                    gateway = f"{run.ip.rsplit('.', 1)[0]}.1"
                    yield when, f'{gateway} - - [{stamp}] "GET {path} HTTP/1.1" 200 2 "-" "kube-probe/1.36"'
                when += period


def run_of(pod: Object, name: str, program: Program, *, previous: bool = False) -> Run:
    """Return the current (or last) run of a container; raises ApiError as a kubelet does when there is none."""
    entry, spec = _entry(pod, name)
    number = entry.get("restartCount", 0)
    state, last = entry.get("state") or {}, (entry.get("lastState") or {}).get("terminated")
    where = f'container "{name}" in pod "{pod["metadata"]["name"]}"'
    if previous:
        if last is None:
            raise ApiError.of(400, f"previous terminated {where} not found", reason="BadRequest")
        done, number = last, number - 1
    elif "waiting" in state and last is None:
        why = state["waiting"].get("reason", "")
        words = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
        text = f"{where} is waiting to start: {words.get(why, why)}"
        raise ApiError.of(400, text, reason="BadRequest")
    elif "waiting" in state:
        done, number = last, number - 1
    else:
        done = state.get("terminated")
    voice = VOICES.get(program.voice, VOICES["quiet"])
    if done and done.get("reason") == "StartError":
        voice = VOICES["quiet"]
    elif program.lines:
        voice = replace(voice, says=voice.says or _steady, every=1 / program.lines)
    started = time_or_zero((done or state.get("running") or {}).get("startedAt"))
    ended = time_or_zero(done["finishedAt"]) + 0.9 if done else float("inf")
    status = pod.get("status") or {}
    return Run(
        pod["metadata"]["name"],
        status.get("podIP", ""),
        pod["metadata"]["uid"],
        name,
        number,
        voice,
        started,
        ended,
        bool(done) and bool(pod["metadata"].get("deletionTimestamp")),
        _probes(spec, started + program.boot),
    )


def _entry(pod: Object, name: str) -> tuple[Object, Object]:
    """Return the status and the spec of a container; raises ApiError when there is no status yet."""
    for group in ("container", "initContainer", "ephemeralContainer"):
        for spec in pod["spec"].get(f"{group}s") or ():
            if spec["name"] != name:
                continue
            for entry in (pod.get("status") or {}).get(f"{group}Statuses") or ():
                if entry["name"] == name:
                    return entry, spec
    text = f'container "{name}" in pod "{pod["metadata"]["name"]}" is not available'
    raise ApiError.of(400, text, reason="BadRequest")


def _steady(source: random.Random, moment: Moment) -> str:
    """What a program without words of its own writes when lines are asked for."""
    return f"{moment.iso} INFO line {source.randrange(1_000_000)} of {moment.pod}"


def _probes(spec: Object, booted: float) -> tuple[tuple[float, float, str], ...]:
    found = []
    for field in ("readinessProbe", "livenessProbe"):
        probe = spec.get(field) or {}
        if "httpGet" in probe:
            first = booted + float(probe.get("initialDelaySeconds") or 0)
            found.append((first, float(probe.get("periodSeconds") or 10), probe["httpGet"].get("path") or "/"))
    return tuple(found)


def stamped(when: float, text: str) -> str:
    """Put the container runtime's timestamp in front of a line."""
    whole = datetime.fromtimestamp(int(when), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{int(when % 1 * 1e9):09d}Z {text}"


class Logs:
    """Answers GET …/pods/NAME/log."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    async def answer(self, call: Call) -> web.StreamResponse:
        """Stream the log; raises ApiError with the words of the API server or kubelet."""
        limit = call.number("limitBytes")
        if limit is not None and limit < 1:
            text = f'PodLogOptions "{call.name}" is invalid: limitBytes: Invalid value: {limit}: must be greater than 0'
            raise ApiError.of(422, text, reason="Invalid")
        pod = self._simulation.store.get("pods", call.namespace, call.name)
        if not pod["spec"].get("nodeName"):
            container_name(pod, call.query.get("container", ""))
            return web.Response(status=204, headers=headers_of(call))
        name = container_name(pod, call.query.get("container", ""))
        writer = _Writer(call, stamps=call.flag("timestamps"), limit=limit)
        self._check_node(pod, name)
        run = run_of(pod, name, self._program(pod, name), previous=call.flag("previous"))
        await self._write(call, run, writer)
        return await writer.end()

    async def _write(self, call: Call, run: Run, writer: _Writer) -> None:
        now = self._simulation.engine.now
        tail = call.number("tailLines")
        oldest = max(self._since(call), run.started, min(now, run.ended) - KEPT)
        found = lines_of(run, oldest, now, self._rate(run)) if tail is None else self._tail(run, oldest, now, tail)
        for when, text in found:
            await writer.line(when, text)
        if call.flag("follow") and not call.flag("previous"):
            await self._follow(call, run, now, writer)

    def _check_node(self, pod: Object, name: str) -> None:
        """Raise what the API server says when it cannot reach a kubelet."""
        node = self._simulation.kubelets.nodes.get(pod["spec"]["nodeName"])
        if node is None or node.alive:
            return
        meta = pod["metadata"]
        url = f"https://{node.ip}:10250/containerLogs/{meta['namespace']}/{meta['name']}/{name}"
        text = f'Get "{url}": dial tcp {node.ip}:10250: connect: no route to host'
        raise ApiError.of(500, text, reason="InternalError")

    def _program(self, pod: Object, name: str) -> Program:
        return self._simulation.kubelets.program_of(pod, name)

    def _since(self, call: Call) -> float:
        seconds = call.number("sinceSeconds")
        if seconds is not None:
            return self._simulation.engine.now - seconds
        text = call.query.get("sinceTime", "")
        return parse_time(text) if text else 0.0

    def _rate(self, run: Run) -> Rate:
        return lambda when: self._simulation.load.rate_at(run.uid, when)

    def _tail(self, run: Run, oldest: float, now: float, count: int) -> list[tuple[float, str]]:
        """Return the last ``count`` lines, looking back in growing steps."""
        span, end = 60.0, min(now, run.ended)
        while True:
            begin = max(oldest, end - span)
            found = list(lines_of(run, begin, now, self._rate(run)))
            if len(found) >= count or begin <= oldest:
                return found[-count:] if count else []
            span *= 4

    async def _follow(self, call: Call, run: Run, since: float, writer: _Writer) -> None:
        """Write new lines until the run ends; a client that leaves cancels this."""
        simulation = self._simulation
        while run.ended == float("inf") and not writer.full:
            await writer.flush()
            await simulation.clock.sleep(POLL)
            now = simulation.engine.now
            run = self._again(call, run)
            until = now if run.ended == float("inf") else run.ended + 1
            for when, text in lines_of(run, since, until, self._rate(run)):
                await writer.line(when, text)
            since = now

    def _again(self, call: Call, run: Run) -> Run:
        """Return the same run as it is now: with an end when it ended."""
        pod = self._simulation.store.peek("pods", call.namespace, call.name)
        if pod is None or pod["metadata"]["uid"] != run.uid:
            return replace(run, ended=self._simulation.engine.now, told=True)
        program = self._program(pod, run.container)
        try:
            current = run_of(pod, run.container, program)
            return current if current.number == run.number else run_of(pod, run.container, program, previous=True)
        except ApiError:
            return replace(run, ended=self._simulation.engine.now)


def container_name(pod: Object, wanted: str) -> str:
    """Return the container meant; raises ApiError as the API server does when that is unclear or wrong."""
    groups = ("initContainers", "containers", "ephemeralContainers")
    names = [item["name"] for group in groups for item in pod["spec"].get(group) or ()]
    main = [item["name"] for item in pod["spec"]["containers"]]
    name = pod["metadata"]["name"]
    if wanted and wanted not in names:
        raise ApiError.of(400, f"container {wanted} is not valid for pod {name}", reason="BadRequest")
    if not wanted and len(main) > 1:
        text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
        raise ApiError.of(400, text, reason="BadRequest")
    return wanted or str(main[0])


class _Writer:
    """Writes lines, with timestamps if wanted, up to a number of bytes; the answer begins with the first of them."""

    def __init__(self, call: Call, *, stamps: bool, limit: int | None) -> None:
        self._call = call
        self._response: web.StreamResponse | None = None
        self._stamps = stamps
        self._left = limit
        self._kept = bytearray()

    @property
    def full(self) -> bool:
        """True once the limit is reached."""
        return self._left == 0

    async def line(self, when: float, text: str) -> None:
        """Write one line, cut at the limit."""
        if self.full:
            return
        data = ((stamped(when, text) if self._stamps else text) + "\n").encode()
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self._kept += data
        if len(self._kept) > CHUNK:
            await self.flush()

    async def flush(self) -> None:
        """Send what was written so far."""
        if self._response is None:
            headers = {**headers_of(self._call), "Content-Type": "text/plain"}
            self._response = web.StreamResponse(headers=headers)
            await self._response.prepare(self._call.request)
        if self._kept:
            await self._response.write(bytes(self._kept))
            self._kept.clear()

    async def end(self) -> web.StreamResponse:
        """Send the rest and return the answer."""
        await self.flush()
        assert self._response is not None
        await self._response.write_eof()
        return self._response
