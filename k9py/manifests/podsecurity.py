"""The Pod Security Standards: what a namespace's level does not allow in a pod spec.

The controls are those of ``k8s.io/pod-security-admission`` policy, latest version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k9py.manifests.problems import At

LEVEL_LABEL = "pod-security.kubernetes.io/enforce"
_ADDABLE = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
_SAFE_SYSCTLS = frozenset({
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
})  # fmt: skip
_RESTRICTED_VOLUMES = frozenset({
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image",
})  # fmt: skip

Violation = tuple[At, str]
"""Where, and what is the matter."""


def violations(spec: At, level: str) -> list[Violation]:
    """Return what a level forbids in a pod spec; nothing for ``privileged``."""
    found: list[Violation] = []
    if level in ("baseline", "restricted"):
        found += _baseline(spec)
    if level == "restricted":
        found += _restricted(spec)
    return found


def _containers(spec: At) -> Iterator[At]:
    for group in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec[group].items()


def _baseline(spec: At) -> Iterator[Violation]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec[name].value is True:
            yield spec[name], f"host namespaces ({name}=true)"
    for volume in spec["volumes"].items():
        if volume["hostPath"].given:
            yield volume["hostPath"], f'hostPath volumes (volume "{volume["name"].text}")'
    for sysctl in spec["securityContext"]["sysctls"].items():
        if sysctl["name"].text not in _SAFE_SYSCTLS:
            yield sysctl["name"], f"forbidden sysctls ({sysctl['name'].text})"
    if spec.under("securityContext", "seccompProfile", "type").text == "Unconfined":
        yield spec.under("securityContext", "seccompProfile", "type"), "seccompProfile (pod must not be Unconfined)"
    for container in _containers(spec):
        context, name = container["securityContext"], container["name"].text
        if context["privileged"].value is True:
            yield context["privileged"], f'privileged (container "{name}")'
        for capability in context["capabilities"]["add"].items():
            if capability.text not in _ADDABLE:
                yield capability, f'non-default capabilities (container "{name}" must not include "{capability.text}")'
        for port in container["ports"].items():
            if port["hostPort"].number:
                yield port["hostPort"], f'hostPort (container "{name}" uses hostPort {port["hostPort"].number})'
        if context["procMount"].text not in ("", "Default"):
            yield context["procMount"], f'procMount (container "{name}")'
        if context["seccompProfile"]["type"].text == "Unconfined":
            yield context["seccompProfile"]["type"], f'seccompProfile (container "{name}" must not be Unconfined)'


def _restricted(spec: At) -> Iterator[Violation]:
    for volume in spec["volumes"].items():
        kinds = [key for key in volume.map if key != "name"]
        for kind in kinds:
            if kind not in _RESTRICTED_VOLUMES and kind != "hostPath":
                yield volume[kind], f'restricted volume types (volume "{volume["name"].text}" is {kind})'
    pod = spec["securityContext"]
    for container in _containers(spec):
        context, name = container["securityContext"], container["name"].text
        if context["allowPrivilegeEscalation"].value is not False:
            yield (
                context["allowPrivilegeEscalation"],
                (
                    f'allowPrivilegeEscalation != false (container "{name}" must set '
                    "securityContext.allowPrivilegeEscalation=false)"
                ),
            )
        dropped = {item.text for item in context["capabilities"]["drop"].items()}
        if "ALL" not in dropped:
            yield (
                context["capabilities"],
                (f'unrestricted capabilities (container "{name}" must set securityContext.capabilities.drop=["ALL"])'),
            )
        for capability in context["capabilities"]["add"].items():
            if capability.text != "NET_BIND_SERVICE" and capability.text in _ADDABLE:
                yield capability, f'unrestricted capabilities (container "{name}" must not add {capability.text})'
        if _effective(context, pod, "runAsNonRoot") is not True:
            yield (
                context["runAsNonRoot"],
                (f'runAsNonRoot != true (pod or container "{name}" must set securityContext.runAsNonRoot=true)'),
            )
        if _effective(context, pod, "runAsUser") == 0:
            yield context["runAsUser"], f'runAsUser=0 (container "{name}" must not set runAsUser=0)'
        profile = context["seccompProfile"]["type"].text or pod["seccompProfile"]["type"].text
        if profile not in ("RuntimeDefault", "Localhost"):
            yield (
                context["seccompProfile"],
                (
                    f'seccompProfile (pod or container "{name}" must set securityContext.seccompProfile.type to '
                    '"RuntimeDefault" or "Localhost")'
                ),
            )


def _effective(context: At, pod: At, name: str) -> Any:
    return context[name].value if context[name].given else pod[name].value
