"""What makes a pod spec invalid, and what of a pod may change."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from k9py.core import quantity
from k9py.sim.objects import Object
from k9py.sim.rules import Causes

LARGEST = 2**31 - 1
_FIELDS = re.compile(
    r"metadata\.(name|namespace|uid|(labels|annotations)(\['.*'\])?)|spec\.(nodeName|serviceAccountName)"
    r"|status\.(hostIPs?|podIPs?)"
)
"""Fields of its pod that a variable may show."""
_RESOURCES = re.compile(r"cpu|memory|ephemeral-storage|hugepages-.+")
_MUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def spec(causes: Causes, path: str, pod: Mapping[str, Any]) -> None:
    """Check a pod spec wherever it stands."""
    containers = pod.get("containers") or []
    if not containers:
        causes.required(f"{path}.containers")
    volumes = {volume.get("name") for volume in pod.get("volumes") or ()}
    names: set[str] = set()
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for position, container in enumerate(pod.get(field) or ()):
            where = f"{path}.{field}[{position}]"
            name = container.get("name") or ""
            if name and name in names:
                causes.duplicate(f"{where}.name", name)
            names.add(name)
            _container(causes, where, container, volumes)
    _placement(causes, path, pod)
    seen: set[str] = set()
    for position, volume in enumerate(pod.get("volumes") or ()):
        name = volume.get("name") or ""
        if not name:
            causes.required(f"{path}.volumes[{position}].name")
        else:
            causes.label(f"{path}.volumes[{position}].name", name)
        if name in seen:
            causes.duplicate(f"{path}.volumes[{position}].name", name)
        seen.add(name)
        for second in sorted(set(volume) - {"name"})[1:]:
            causes.forbidden(f"{path}.volumes[{position}].{second}", "may not specify more than 1 volume type")
    causes.not_negative(f"{path}.terminationGracePeriodSeconds", pod.get("terminationGracePeriodSeconds"))


def _placement(causes: Causes, path: str, pod: Mapping[str, Any]) -> None:
    """Check what is said about where and how long a pod may run."""
    deadline = pod.get("activeDeadlineSeconds")
    if isinstance(deadline, int) and not 1 <= deadline <= LARGEST:
        text = f"must be between 1 and {LARGEST}, inclusive"
        causes.invalid(f"{path}.activeDeadlineSeconds", deadline, text)
    for position, toleration in enumerate(pod.get("tolerations") or ()):
        if toleration.get("operator") == "Exists" and toleration.get("value"):
            text = "value must be empty when `operator` is 'Exists'"
            causes.invalid(f"{path}.tolerations[{position}].operator", toleration["value"], text)


def _port_name(causes: Causes, path: str, name: str) -> None:
    if len(name) > 15:
        causes.invalid(path, name, "must be no more than 15 characters")
    if not re.fullmatch(r"[-a-z0-9]+", name):
        text = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
        causes.invalid(path, name, text)
    if not re.search("[a-z]", name):
        causes.invalid(path, name, "must contain at least one letter (a-z)")


def _container(causes: Causes, path: str, container: Mapping[str, Any], volumes: set[Any]) -> None:
    name = container.get("name") or ""
    if not name:
        causes.required(f"{path}.name")
    else:
        causes.label(f"{path}.name", name)
    image = container.get("image")
    if not image:
        causes.required(f"{path}.image")
    elif image != image.strip():
        causes.invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    for position, port in enumerate(container.get("ports") or ()):
        if port.get("containerPort"):
            causes.port(f"{path}.ports[{position}].containerPort", port["containerPort"])
        else:
            causes.required(f"{path}.ports[{position}].containerPort")
        if port.get("name"):
            _port_name(causes, f"{path}.ports[{position}].name", port["name"])
        if port.get("hostPort"):
            causes.port(f"{path}.ports[{position}].hostPort", port["hostPort"])
    for position, variable in enumerate(container.get("env") or ()):
        if not variable.get("name"):
            causes.required(f"{path}.env[{position}].name")
        if variable.get("value") and variable.get("valueFrom"):
            causes.invalid(f"{path}.env[{position}].valueFrom", "", "may not be specified when `value` is not empty")
        label = ((variable.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath", "")
        if label and not _FIELDS.fullmatch(label):
            text = f"error converting fieldPath: field label not supported: {label}"
            causes.invalid(f"{path}.env[{position}].valueFrom.fieldRef.fieldPath", label, text)
    for position, mount in enumerate(container.get("volumeMounts") or ()):
        where = f"{path}.volumeMounts[{position}]"
        if not mount.get("mountPath"):
            causes.required(f"{where}.mountPath")
        if mount.get("name") not in volumes:
            causes.not_found(f"{where}.name", mount.get("name") or "")
    _resources(causes, f"{path}.resources", container.get("resources") or {})
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe) is not None:
            _probe(causes, f"{path}.{probe}", container[probe])


def _probe(causes: Causes, path: str, probe: Mapping[str, Any]) -> None:
    handlers = [name for name in ("exec", "httpGet", "tcpSocket", "grpc") if probe.get(name) is not None]
    if not handlers:
        causes.required(path, "must specify a handler type")
    for second in handlers[1:]:
        causes.forbidden(f"{path}.{second}", "may not specify more than 1 handler type")
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        causes.not_negative(f"{path}.{field}", probe.get(field))
    port = (probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port")
    if isinstance(port, int):
        causes.port(f"{path}.{handlers[0]}.port", port)


def _resources(causes: Causes, path: str, resources: Mapping[str, Any]) -> None:
    limits = resources.get("limits") or {}
    for field in ("limits", "requests"):
        for name in resources.get(field) or {}:
            if "/" not in name and not _RESOURCES.fullmatch(name):
                for text in ("must be a standard resource type or fully qualified",
                             "must be a standard resource for containers"):  # fmt: skip
                    causes.invalid(f"{path}.{field}[{name}]", name, text)
    for name, amount in (resources.get("requests") or {}).items():
        wanted = quantity.parse(str(amount))
        if wanted < 0:
            causes.invalid(f"{path}.requests[{name}]", amount, "must be greater than or equal to 0")
        if name in limits and wanted > quantity.parse(str(limits[name])):
            text = f"must be less than or equal to {name} limit of {limits[name]}"
            causes.invalid(f"{path}.requests", amount, text)


def update(causes: Causes, new: Object, old: Object) -> None:
    """Check that only what may change of a pod has changed."""
    before, after = copy.deepcopy(old.get("spec") or {}), copy.deepcopy(new.get("spec") or {})
    for spec_ in (before, after):
        for field in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"):
            spec_.pop(field, None)
        for field in ("containers", "initContainers"):
            for container in spec_.get(field) or ():
                container.pop("image", None)
                container.pop("imagePullPolicy", None)
    if before != after:
        causes.forbidden("spec", _MUTABLE)
