"""Containers, volumes and scheduling of a pod or of a workload's pod template."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from k9py.resources.describe.common import moment
from k9py.resources.describe.page import Page, at, fields, items, shown
from k9py.resources.model import NONE_TEXT, Tone


def probe_text(probe: dict[str, Any]) -> str:
    """Return a probe in one line: what it does, then delay, timeout, period and thresholds in seconds and counts."""
    if "exec" in probe:
        what = f"exec {shown(at(probe, 'exec', 'command'))}"
    elif "httpGet" in probe:
        get = fields(probe, "httpGet")
        scheme = shown(get.get("scheme"), "HTTP").lower()
        what = f"http-get {scheme}://{shown(get.get('host'), '')}:{get.get('port')}{shown(get.get('path'), '/')}"
    elif "tcpSocket" in probe:
        socket = fields(probe, "tcpSocket")
        what = f"tcp-socket {shown(socket.get('host'), '')}:{socket.get('port')}"
    elif "grpc" in probe:
        what = f"grpc <pod>:{at(probe, 'grpc', 'port')} {shown(at(probe, 'grpc', 'service'), '')}".rstrip()
    else:
        what = "unknown"
    return (
        f"{what} delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 1)}s"
        f" period={probe.get('periodSeconds', 10)}s #success={probe.get('successThreshold', 1)}"
        f" #failure={probe.get('failureThreshold', 3)}"
    )


def containers(page: Page, spec: dict[str, Any], status: dict[str, Any], now: float, *, live: bool) -> None:
    """Add every container; ``live`` adds its state, which a template does not have."""
    for title, key, statuses in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ):
        found = items(spec, key)
        if not found and key != "containers":
            continue
        by_name = {at(one, "name"): one for one in items(status, statuses)}
        page.blank()
        with page.section(title):
            for index, container in enumerate(found):
                if index:
                    page.blank()
                with page.section(shown(at(container, "name"))):
                    _one(page, container, by_name.get(at(container, "name"), {}), now, live=live)


def _one(page: Page, container: dict[str, Any], status: dict[str, Any], now: float, *, live: bool) -> None:
    if live:
        page.optional("Container ID", at(status, "containerID"))
    page.pair("Image", container.get("image"))
    if live:
        page.optional("Image ID", at(status, "imageID"))
    ports = items(container, "ports")
    page.pair("Ports", ", ".join(_port(port, "containerPort") for port in ports))
    hosts = [port for port in ports if port.get("hostPort")]
    page.optional("Host Ports", ", ".join(_port(port, "hostPort") for port in hosts))
    page.optional("Restart Policy", container.get("restartPolicy"))
    page.optional("Command", "\n".join(map(str, items(container, "command"))))
    page.optional("Args", "\n".join(map(str, items(container, "args"))))
    if live:
        _state(page, "State", fields(status, "state"), now)
        if fields(status, "lastState"):
            _state(page, "Last State", fields(status, "lastState"), now)
        ready = bool(status.get("ready"))
        page.pair("Ready", ready, tone=Tone.PLAIN if ready or "terminated" in fields(status, "state") else Tone.WARN)
        restarts = status.get("restartCount", 0)
        page.pair("Restart Count", restarts, tone=Tone.WARN if restarts else Tone.PLAIN)
    for title, key in (("Limits", "limits"), ("Requests", "requests")):
        amounts = fields(container, "resources", key)
        if amounts:
            page.mapping(title, amounts, sign=": ")
    for title, key in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
        if fields(container, key):
            page.pair(title, probe_text(fields(container, key)))
    _environment(page, container)
    page.several("Mounts", _mounts(container))
    _security(page, fields(container, "securityContext"))


def _port(port: dict[str, Any], key: str) -> str:
    name = f" ({port['name']})" if port.get("name") else ""
    return f"{port.get(key)}/{port.get('protocol', 'TCP')}{name}"


def _state(page: Page, label: str, state: dict[str, Any], now: float) -> None:
    """Add a state with its reason, exit code and times below it."""
    if "running" in state:
        page.pair(label, f"Running since {moment(at(state, 'running', 'startedAt'), now)}")
        return
    if "terminated" in state:
        ended = fields(state, "terminated")
        code = ended.get("exitCode", 0)
        page.pair(label, f"Terminated: {shown(ended.get('reason'), 'no reason given')}", tone=_ended_tone(code))
        page.pair("  Exit Code", code, tone=_ended_tone(code))
        if ended.get("signal"):
            page.pair("  Signal", ended["signal"])
        page.optional("  Message", shown(ended.get("message"), "").rstrip())
        page.pair("  Started", moment(ended.get("startedAt"), now))
        page.pair("  Finished", moment(ended.get("finishedAt"), now))
        return
    waiting = fields(state, "waiting")
    page.pair(label, f"Waiting: {shown(waiting.get('reason'), 'no reason given')}", tone=Tone.WARN)
    page.optional("  Message", shown(waiting.get("message"), "").rstrip(), tone=Tone.WARN)


def _ended_tone(code: Any) -> Tone:
    return Tone.PLAIN if code == 0 else Tone.BAD


def _environment(page: Page, container: dict[str, Any]) -> None:
    sources = []
    for source in items(container, "envFrom"):
        kind = "ConfigMap" if "configMapRef" in source else "Secret"
        reference = fields(source, "configMapRef") or fields(source, "secretRef")
        prefix = f" with prefix {source['prefix']!r}" if source.get("prefix") else ""
        optional = " (optional)" if reference.get("optional") else ""
        sources.append(f"{kind} {reference.get('name')}{prefix}{optional}")
    if sources:
        page.several("Environment From", sources)
    page.several("Environment", [f"{one.get('name')}: {_value(one)}" for one in items(container, "env")])


def _value(variable: dict[str, Any]) -> str:
    source = fields(variable, "valueFrom")
    if not source:
        return " ".join(shown(variable.get("value"), "").split())
    for key, kind in (("secretKeyRef", "secret"), ("configMapKeyRef", "config map")):
        reference = fields(source, key)
        if reference:
            optional = ", optional" if reference.get("optional") else ""
            return f"<set to the key '{reference.get('key')}' in {kind} '{reference.get('name')}'>{optional}"
    if "fieldRef" in source:
        return f"({at(source, 'fieldRef', 'fieldPath')})"
    if "resourceFieldRef" in source:
        return f"({at(source, 'resourceFieldRef', 'resource')})"
    return NONE_TEXT


def _mounts(container: dict[str, Any]) -> list[str]:
    texts = []
    for mount in sorted(items(container, "volumeMounts"), key=lambda one: shown(at(one, "mountPath"), "")):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f',path="{mount["subPath"]}"'
        texts.append(f"{mount.get('mountPath')} from {mount.get('name')} ({flags})")
    texts += [f"{one.get('devicePath')} from {one.get('name')}" for one in items(container, "volumeDevices")]
    return texts


def _security(page: Page, context: dict[str, Any]) -> None:
    words = []
    for key, text in (
        ("privileged", "privileged"),
        ("readOnlyRootFilesystem", "read-only root file system"),
        ("runAsNonRoot", "not as root"),
    ):
        if context.get(key):
            words.append(text)
    if context.get("runAsUser") is not None:
        words.append(f"user {context['runAsUser']}")
    if context.get("allowPrivilegeEscalation") is False:
        words.append("no privilege escalation")
    for key, text in (("add", "adds"), ("drop", "drops")):
        names = items(context, "capabilities", key)
        if names:
            words.append(f"{text} {','.join(map(str, names))}")
    page.optional("Security", ", ".join(words))


_VOLUME_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "configMap": lambda v: f"ConfigMap {v.get('name')}",
    "secret": lambda v: f"Secret {v.get('secretName')}",
    "persistentVolumeClaim": lambda v: (
        f"PersistentVolumeClaim {v.get('claimName')}{' (read only)' if v.get('readOnly') else ''}"
    ),
    "emptyDir": lambda v: f"EmptyDir{_in_brackets(medium=v.get('medium'), limit=v.get('sizeLimit'))}",
    "hostPath": lambda v: f"HostPath {v.get('path')}{_in_brackets(type=v.get('type'))}",
    "nfs": lambda v: f"NFS {v.get('server')}:{v.get('path')}",
    "csi": lambda v: f"CSI {v.get('driver')}{_in_brackets(handle=v.get('volumeHandle'))}",
    "downwardAPI": lambda v: "DownwardAPI",
    "ephemeral": lambda v: "Ephemeral claim of the pod's own",
    "image": lambda v: f"Image {v.get('reference')}",
    "local": lambda v: f"Local {v.get('path')}",
}


def _in_brackets(**facts: Any) -> str:
    texts = [f"{key} {value}" for key, value in facts.items() if value]
    return f" ({', '.join(texts)})" if texts else ""


def volume_text(volume: dict[str, Any]) -> str:
    """Return what a volume of a pod, or a persistent volume's source, is made of."""
    for key, text in _VOLUME_TEXTS.items():
        if key in volume:
            return text(fields(volume, key))
    if "projected" in volume:
        return f"Projected: {', '.join(_sources(items(volume, 'projected', 'sources')))}"
    kinds = [key for key in volume if key != "name"]
    return kinds[0] if kinds else NONE_TEXT


def _sources(sources: Iterable[dict[str, Any]]) -> list[str]:
    texts = []
    for source in sources:
        if "serviceAccountToken" in source:
            texts.append(f"token for {at(source, 'serviceAccountToken', 'expirationSeconds') or 3600}s")
        elif "configMap" in source:
            texts.append(f"ConfigMap {at(source, 'configMap', 'name')}")
        elif "secret" in source:
            texts.append(f"Secret {at(source, 'secret', 'name')}")
        elif "downwardAPI" in source:
            texts.append("DownwardAPI")
        else:
            texts += list(source)
    return texts


def volumes(page: Page, spec: dict[str, Any]) -> None:
    """Add the volumes of a pod."""
    found = items(spec, "volumes")
    if found:
        page.blank()
        with page.section("Volumes"):
            for volume in found:
                page.pair(shown(at(volume, "name")), volume_text(volume))


def scheduling(page: Page, spec: dict[str, Any]) -> None:
    """Add what decides on which node a pod goes."""
    page.mapping("Node-Selectors", fields(spec, "nodeSelector"))
    page.several("Tolerations", [toleration_text(one) for one in items(spec, "tolerations")])
    spread = [
        f"{at(one, 'topologyKey')}: {at(one, 'whenUnsatisfiable')} when the skew is over {at(one, 'maxSkew')}"
        for one in items(spec, "topologySpreadConstraints")
    ]
    if spread:
        page.several("Topology Spread", spread)
    rules = [key for key in ("nodeAffinity", "podAffinity", "podAntiAffinity") if fields(spec, "affinity", key)]
    page.optional("Affinity", ", ".join(rules))


def toleration_text(toleration: dict[str, Any]) -> str:
    """Return a toleration as kubectl writes it: ``key=value:Effect op=Exists for 300s``."""
    text = shown(toleration.get("key"), "")
    if toleration.get("value"):
        text += f"={toleration['value']}"
    if toleration.get("effect"):
        text += f":{toleration['effect']}"
    if toleration.get("operator") == "Exists":
        text += " op=Exists"
    if toleration.get("tolerationSeconds") is not None:
        text += f" for {toleration['tolerationSeconds']}s"
    return text.strip()
