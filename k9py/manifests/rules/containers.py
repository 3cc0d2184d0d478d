"""What the API server asks of containers: names, images, ports, environment, mounts, probes, resources, security."""

from __future__ import annotations

from collections.abc import Mapping

from k9py.core import naming
from k9py.manifests.problems import At

HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_FIELD_PATHS = frozenset({
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
})  # fmt: skip
_VOLUME_PATHS = frozenset(
    {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
)
_RESOURCES = ("limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
              "requests.memory")  # fmt: skip
_STANDARD = frozenset({"cpu", "memory", "ephemeral-storage"})
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def check_containers(spec: At, volumes: Mapping[str, At]) -> None:
    """Check every container of a pod spec."""
    if not spec["containers"]:
        spec["containers"].required()
    names: set[str] = set()
    ports: set[tuple[object, ...]] = set()
    for group in ("initContainers", "containers"):
        for container in spec[group].items():
            name = container["name"]
            if name.text and name.text in names:
                name.duplicate()
            names.add(name.text)
            _container(container, volumes, init=group == "initContainers")
            if group == "containers":
                _host_ports(container, ports)


def _container(container: At, volumes: Mapping[str, At], *, init: bool) -> None:
    if container["name"].needed():
        container["name"].label()
    image = container["image"]
    if image.needed() and image.text:
        if image.text != image.text.strip():
            image.invalid("must not have leading or trailing whitespace")
        elif problem := naming.image(image.text):
            image.warn(f"the node will refuse it: {problem}", "write [registry/]name[:tag]")
    container["imagePullPolicy"].one_of(*_PULL_POLICIES)
    _ports(container)
    _environment(container)
    _mounts(container, volumes)
    _resources(container["resources"])
    _security(container["securityContext"])
    _lifecycle(container["lifecycle"])
    sidecar = init and container["restartPolicy"].text == "Always"
    container["restartPolicy"].one_of("Always", "Never", "OnFailure")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container[name].given:
            if init and not sidecar:
                container[name].forbidden("may not be set for init containers without restartPolicy=Always")
            else:
                _probe(container[name], name)
    if init and not sidecar and container["lifecycle"].given:
        container["lifecycle"].forbidden("may not be set for init containers without restartPolicy=Always")
    container["terminationMessagePolicy"].one_of("FallbackToLogsOnError", "File")


def _ports(container: At) -> None:
    names: set[str] = set()
    for port in container["ports"].items():
        name = port["name"]
        if name.text:
            name.fits(naming.port_name(name.text))
            if name.text in names:
                name.duplicate()
            names.add(name.text)
        number = port["containerPort"]
        if number.value == 0 or not number.given:
            number.required()
        else:
            number.port()
        if port["hostPort"].number:
            port["hostPort"].port()
        port["protocol"].one_of("SCTP", "TCP", "UDP")
        if port["hostIP"].text:
            port["hostIP"].fits(naming.ip_address(port["hostIP"].text))


def _host_ports(container: At, seen: set[tuple[object, ...]]) -> None:
    for port in container["ports"].items():
        host = port["hostPort"]
        if host.number:
            key = (host.number, port["protocol"].text or "TCP", port["hostIP"].text)
            if key in seen:
                host.duplicate()
            seen.add(key)


def _environment(container: At) -> None:
    for variable in container["env"].items():
        name = variable["name"]
        if name.needed():
            name.fits(naming.env_name(name.text))
        source = variable["valueFrom"]
        if source.given:
            _value_from(variable, source)
    for source in container["envFrom"].items():
        if source["prefix"].text:
            source["prefix"].fits(naming.env_name(source["prefix"].text))
        kinds = [kind for kind in ("configMapRef", "secretRef") if source[kind].given]
        if not kinds:
            source.invalid("must specify one of: `configMapRef` or `secretRef`")
        elif len(kinds) > 1:
            source.invalid("may not have more than one field specified at a time")
        for kind in kinds:
            if source[kind]["name"].needed():
                source[kind]["name"].subdomain()


def _value_from(variable: At, source: At) -> None:
    kinds = [kind for kind in source.map if source[kind].given]
    if variable["value"].text and kinds:
        source.invalid("may not be specified when `value` is not empty")
    if not kinds:
        source.invalid("must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
                       "`fileKeyRef`")  # fmt: skip
    elif len(kinds) > 1:
        source.invalid("may not have more than one field specified at a time")
    for kind in ("configMapKeyRef", "secretKeyRef"):
        reference = source[kind]
        if reference.given:
            if reference["name"].needed():
                reference["name"].subdomain()
            if reference["key"].needed():
                reference["key"].fits(naming.config_key(reference["key"].text))
    if source["fieldRef"].given:
        check_field_ref(source["fieldRef"], volume=False)
    if source["resourceFieldRef"].given:
        check_resource_ref(source["resourceFieldRef"])


def check_field_ref(reference: At, *, volume: bool) -> None:
    """Check a reference to a field of the pod itself."""
    path = reference["fieldPath"]
    if not path.needed():
        return
    version = reference["apiVersion"].text
    if version not in ("", "v1"):
        reference["fieldPath"].invalid(f"error converting fieldPath: unsupported pod version: {version}")
        return
    name, bracket, key = path.text.partition("[")
    if bracket:
        if name not in ("metadata.annotations", "metadata.labels"):
            path.invalid("error converting fieldPath: field label does not support subscript")
        else:
            path.fits(naming.qualified(key.strip("]'\"")))
        return
    known = _VOLUME_PATHS if volume else _FIELD_PATHS
    if path.text in known:
        return
    if path.text in _FIELD_PATHS | _VOLUME_PATHS | {"spec.restartPolicy", "spec.schedulerName", "status.phase"}:
        path.unsupported(known)
    else:
        path.invalid(f"error converting fieldPath: field label not supported: {path.text}")


def check_resource_ref(reference: At) -> None:
    """Check a reference to a container's own requests or limits."""
    resource = reference["resource"]
    if resource.needed():
        if resource.text.rpartition("hugepages-")[1] == "":
            resource.one_of(*_RESOURCES)
        divisor = reference["divisor"]
        amount = divisor.quantity() if divisor.given else 0
        if amount and resource.text.endswith("cpu") and divisor.value not in ("1", "1m", 1):
            divisor.invalid("only divisor's values 1m and 1 are supported with the cpu resource")


def _mounts(container: At, volumes: Mapping[str, At]) -> None:
    seen: set[str] = set()
    for mount in container["volumeMounts"].items():
        name, path = mount["name"], mount["mountPath"]
        if name.needed() and name.text not in volumes:
            name.not_found()
        if path.needed():
            if path.text in seen:
                path.invalid("must be unique")
            seen.add(path.text)
        if mount["subPath"].text and mount["subPathExpr"].text:
            mount["subPathExpr"].invalid("subPathExpr and subPath are mutually exclusive")
        for field in ("subPath", "subPathExpr"):
            sub = mount[field]
            if sub.text.startswith("/"):
                sub.invalid("must be a relative path")
            elif ".." in sub.text.split("/"):
                sub.invalid("must not contain '..'")
        mount["mountPropagation"].one_of("Bidirectional", "HostToContainer", "None")
        if mount["mountPropagation"].text == "Bidirectional" and (
            container["securityContext"]["privileged"].value is not True
        ):
            mount["mountPropagation"].forbidden("Bidirectional mount propagation is available only to privileged "
                                                "containers")  # fmt: skip
    for device in container["volumeDevices"].items():
        device["devicePath"].needed()
        if device["name"].needed() and device["name"].text not in volumes:
            device["name"].not_found()


def _resources(resources: At) -> None:
    limits = resources["limits"]
    for group in ("limits", "requests"):
        for name, amount in resources[group].entries():
            check_resource_name(amount, name)
            amount.not_negative_quantity()
    for name, amount in resources["requests"].entries():
        wanted, allowed = amount.quantity(), limits[name].quantity()
        if wanted is not None and allowed is not None:
            if wanted > allowed:
                amount.alias((*resources.path, "requests")).invalid(
                    f"must be less than or equal to {name} limit of {limits[name].value}"
                )
            elif name not in _STANDARD and wanted != allowed:
                amount.alias((*resources.path, "requests")).invalid(f"must be equal to {name} limit")
        elif "/" in name and not name.startswith("kubernetes.io/") and limits[name].value is None:
            limits.required(f"Limit must be set for non overcommitable resources: {name}")


def check_resource_name(amount: At, name: str) -> None:
    """Check the name of what a container asks for."""
    if problem := naming.qualified(name):
        amount.fits(problem)
    elif "/" not in name and name not in _STANDARD and not name.startswith("hugepages-"):
        text = f'Invalid value: "{name}": must be a standard resource for containers'
        amount.report("FieldValueInvalid", text, "cpu, memory, ephemeral-storage or vendor/name")


def _security(context: At) -> None:
    for name in ("runAsUser", "runAsGroup"):
        context[name].between(0, 2**31 - 1)
    context["procMount"].one_of("Default", "Unmasked")
    escalation = context["allowPrivilegeEscalation"]
    if escalation.value is False:
        if context["privileged"].value is True:
            escalation.invalid("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
        for capability in context["capabilities"]["add"].items():
            if capability.text in ("SYS_ADMIN", "CAP_SYS_ADMIN"):
                context.invalid("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
    check_seccomp(context["seccompProfile"])
    check_app_armor(context["appArmorProfile"])


def check_seccomp(profile: At) -> None:
    """Check a seccomp profile."""
    _profile(profile, needs_text="must be set when seccomp type is Localhost",
             not_text="can only be set when seccomp type is Localhost")  # fmt: skip


def check_app_armor(profile: At) -> None:
    """Check an AppArmor profile."""
    _profile(profile, needs_text="must be set when AppArmor type is Localhost",
             not_text="can only be set when AppArmor type is Localhost")  # fmt: skip


def _profile(profile: At, *, needs_text: str, not_text: str) -> None:
    if not profile.given:
        return
    kind, local = profile["type"], profile["localhostProfile"]
    if not kind.needed("type is required when seccompProfile is set"):
        return
    if kind.one_of("Localhost", "RuntimeDefault", "Unconfined"):
        if kind.text == "Localhost":
            local.needed(needs_text)
        elif local.given:
            local.invalid(not_text)


def _lifecycle(lifecycle: At) -> None:
    for hook in ("postStart", "preStop"):
        if lifecycle[hook].given:
            _handler(lifecycle[hook], (*HANDLERS, "sleep"))


def _handler(holder: At, known: tuple[str, ...]) -> None:
    handlers = [name for name in known if holder[name].given]
    if not handlers:
        holder.required("must specify a handler type")
    for extra in handlers[1:]:
        holder[extra].forbidden("may not specify more than 1 handler type")
    if not handlers:
        return
    action = holder[handlers[0]]
    if handlers[0] == "exec":
        action["command"].needed()
    elif handlers[0] == "httpGet":
        _http_get(action)
    elif handlers[0] == "tcpSocket" or handlers[0] == "grpc":
        _probe_port(action["port"])
    elif handlers[0] == "sleep":
        seconds = action["seconds"]
        if (seconds.number if seconds.number is not None else -1) < 0:
            seconds.invalid("must be greater than or equal to 0 and less than terminationGracePeriodSeconds")


def _http_get(action: At) -> None:
    _probe_port(action["port"])
    action["scheme"].one_of("HTTP", "HTTPS")
    for header in action["httpHeaders"].items():
        if header["name"].needed():
            header["name"].fits(_header(header["name"].text))


def _header(name: str) -> str:
    if all(char.isascii() and (char.isalnum() or char == "-" or char == "_") for char in name):
        return ""
    return ("a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
            "validation is '[-A-Za-z0-9]+')")  # fmt: skip


def _probe_port(port: At) -> None:
    if port.given:
        port.port_or_name()
    else:
        port.required()


def _probe(probe: At, name: str) -> None:
    _handler(probe, HANDLERS)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        probe[field].at_least(0)
    grace = probe["terminationGracePeriodSeconds"]
    if grace.given and name == "readinessProbe":
        grace.invalid("must not be set for readinessProbes")
    elif grace.number is not None:
        grace.at_least(1)
    success = probe["successThreshold"]
    if name != "readinessProbe" and (success.number or 1) != 1:
        success.invalid("must be 1")
