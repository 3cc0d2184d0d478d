"""A pod as far as its row reads it: the structs msgspec decodes; every field optional and nullable."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.resources.projecting import NOTHING, Meta

Quantities = dict[str, str | int | float]


class Resources(msgspec.Struct, gc=False):
    """A container's requests and limits."""

    requests: Quantities | None = None
    limits: Quantities | None = None


class NameRef(msgspec.Struct, gc=False):
    """A reference by name in the same namespace."""

    name: str | None = None


class KeyRef(msgspec.Struct, gc=False, rename="camel"):
    """Where an environment variable takes its value from."""

    config_map_key_ref: NameRef | None = None
    secret_key_ref: NameRef | None = None


class EnvVar(msgspec.Struct, gc=False, rename="camel"):
    """An environment variable, as far as it refers to something."""

    value_from: KeyRef | None = None


class EnvFrom(msgspec.Struct, gc=False, rename="camel"):
    """A source of many environment variables."""

    config_map_ref: NameRef | None = None
    secret_ref: NameRef | None = None


_VARIABLES = msgspec.json.Decoder(list[EnvVar] | None)


def referring_variables(raw: msgspec.Raw) -> list[EnvVar]:
    """Return a container's environment when one of its variables comes from a ConfigMap or Secret, else nothing."""
    text = bytes(raw)
    if b'"secretKeyRef"' not in text and b'"configMapKeyRef"' not in text:
        return []
    return _VARIABLES.decode(text) or []


class Container(msgspec.Struct, gc=False, rename="camel"):
    """What a pod's row reads of a container's specification."""

    name: str | None = None
    image: str | None = None
    restart_policy: str | None = None
    resources: Resources | None = None
    env: msgspec.Raw = NOTHING
    """Left as it is: a pod may have hundreds of variables, and few of them refer to something."""
    env_from: list[EnvFrom] | None = None


class SecretVolume(msgspec.Struct, gc=False, rename="camel"):
    """A volume of a Secret."""

    secret_name: str | None = None


class ClaimVolume(msgspec.Struct, gc=False, rename="camel"):
    """A volume of a claim."""

    claim_name: str | None = None


class ProjectedSource(msgspec.Struct, gc=False, rename="camel"):
    """One source of a projected volume."""

    config_map: NameRef | None = None
    secret: NameRef | None = None


class ProjectedVolume(msgspec.Struct, gc=False):
    """A volume made of several sources."""

    sources: list[ProjectedSource] | None = None


class Volume(msgspec.Struct, gc=False, rename="camel"):
    """What relations read of a volume."""

    config_map: NameRef | None = None
    secret: SecretVolume | None = None
    persistent_volume_claim: ClaimVolume | None = None
    ephemeral: dict[str, Any] | None = None
    name: str | None = None
    projected: ProjectedVolume | None = None


class Gate(msgspec.Struct, gc=False, rename="camel"):
    """A readiness gate."""

    condition_type: str | None = None


class Running(msgspec.Struct, gc=False, rename="camel"):
    """A container that runs."""

    started_at: str | None = None


class Terminated(msgspec.Struct, gc=False, rename="camel"):
    """A container that ended."""

    exit_code: int = 0
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    finished_at: str | None = None


class Waiting(msgspec.Struct, gc=False):
    """A container that has not started."""

    reason: str | None = None
    message: str | None = None


class ContainerState(msgspec.Struct, gc=False):
    """Exactly one is set; none means waiting."""

    running: Running | None = None
    terminated: Terminated | None = None
    waiting: Waiting | None = None


class ContainerStatus(msgspec.Struct, gc=False, rename="camel"):
    """The state of one container."""

    name: str | None = None
    ready: bool | None = None
    started: bool | None = None
    restart_count: int | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class Condition(msgspec.Struct, gc=False, rename="camel"):
    """One condition of any object."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class PodSpec(msgspec.Struct, gc=False, rename="camel"):
    """What a pod's row reads of its specification."""

    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    volumes: list[Volume] | None = None
    node_name: str | None = None
    service_account_name: str | None = None
    image_pull_secrets: list[NameRef] | None = None
    readiness_gates: list[Gate] | None = None
    priority_class_name: str | None = None
    overhead: Quantities | None = None
    resources: Resources | None = None


class PodStatus(msgspec.Struct, gc=False, rename="camel"):
    """What a pod's row reads of its status."""

    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    pod_ip: str | None = msgspec.field(name="podIP", default=None)
    nominated_node_name: str | None = None
    qos_class: str | None = None
    raw_conditions: msgspec.Raw = msgspec.field(name="conditions", default=NOTHING)
    """Left as they are: nothing is read from those of a pod that runs."""
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None

    @property
    def conditions(self) -> list[Condition]:
        """The conditions, decoded each time; raises ValidationError where they are none."""
        return _CONDITIONS.decode(self.raw_conditions) or []


_CONDITIONS = msgspec.json.Decoder(list[Condition] | None)


class PodMeta(Meta, gc=False, rename="camel"):
    """A pod's metadata, with what may hold it when it is deleted."""

    finalizers: list[str] | None = None


class PodObject(msgspec.Struct, gc=False):
    """A pod as far as its row reads it."""

    metadata: PodMeta | None = None
    spec: msgspec.Raw = NOTHING
    """Left as it is: a specification seen before is not decoded again."""
    status: PodStatus | None = None
