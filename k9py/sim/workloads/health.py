"""What a health probe sees when it looks at a running program."""

from __future__ import annotations

from typing import Any

from k9py.sim.workloads.containerlife import ContainerLife
from k9py.sim.workloads.probes import Sight

Object = dict[str, Any]
ALWAYS = float("inf")


def look(container: ContainerLife, probe: Object, *, ip: str, now: float, busy: bool) -> Sight:
    """Return what a probe sees; the texts are the kubelet's."""
    program = container.program
    since = container.started_at
    booted = since + program.boot
    if "exec" in probe:
        if now < booted:
            return Sight(False, "command terminated with exit code 1")
        return (
            Sight(False, program.exec_probe)
            if program.exec_probe
            else Sight(True, steady_until=since + program.sick_after)
        )
    kind = "httpGet" if "httpGet" in probe else "grpc" if "grpc" in probe else "tcpSocket"
    target = probe.get(kind) or {}
    port = _port(container, target.get("port"))
    address = f"{target.get('host') or ip}:{port}"
    if kind == "grpc":
        if now < booted or not _listens(container, port):
            return Sight(False, f'timeout: failed to connect service "{address}" within 1s: context deadline exceeded')
        return Sight(True, steady_until=since + program.sick_after)
    refused = f"dial tcp {address}: connect: connection refused"
    path = target.get("path") or "/"
    url = f"{str(target.get('scheme') or 'HTTP').lower()}://{address}{path}"
    if now < booted or not _listens(container, port):
        return Sight(False, refused if kind == "tcpSocket" else f'Get "{url}": {refused}')
    if kind == "tcpSocket":
        return Sight(True, steady_until=ALWAYS)
    answer = program.bad_paths.get(path, 200)
    if busy or answer == 0 or now >= since + program.sick_after:
        text = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return Sight(False, f'Get "{url}": {text}')
    if not 200 <= answer < 400:
        return Sight(False, f"HTTP probe failed with statuscode: {answer}")
    return Sight(True, steady_until=since + program.sick_after)


def _port(container: ContainerLife, wanted: Any) -> int:
    if isinstance(wanted, str) and not wanted.isdigit():
        for port in container.spec.get("ports") or ():
            if port.get("name") == wanted:
                return int(port["containerPort"])
        return 0
    return int(wanted or 0)


def _listens(container: ContainerLife, port: int) -> bool:
    program = container.program
    declared = [int(item["containerPort"]) for item in container.spec.get("ports") or ()]
    if not declared and not program.ports:
        return True
    return port in program.ports or (program.declared_ports and port in declared)
