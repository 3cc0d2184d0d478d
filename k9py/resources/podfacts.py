"""What a pod's row reads of its specification, worked out once for every specification.

A specification hardly ever changes while the status does all the time, so for most events of a watch it is neither
decoded nor looked through again: that halves what such an event costs.
"""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.resources.podamounts import Sums, amounts_of, gpus_of, requested_and_limited
from k9py.resources.podobject import Container, NameRef, PodSpec, referring_variables
from k9py.resources.projecting import SHARED_LIMIT, Shared, intern

SUMS_LIMIT = 4096
"""Distinct sets of requests remembered; pods of one workload ask for the same."""


class PodFacts(msgspec.Struct, gc=False, frozen=True):
    """A specification as its row reads it."""

    containers: int = 0
    inits: int = 0
    """Init containers, native sidecars included."""
    sidecars: tuple[str, ...] = ()
    """Names of the native sidecars."""
    memory_limits: tuple[str, ...] = ()
    """Name of a container, its limit as written, and so on for all that have one."""
    gates: tuple[str, ...] = ()
    """Condition types of the readiness gates."""
    node: str = ""
    service_account: str = ""
    sums: Sums = (0, 0, 0, 0)
    gpu: str = ""
    refs: tuple[str, ...] = ()
    """The objects the pod cannot do without, as ``prefix/name``."""

    def memory_limit(self, container: str | None) -> str:
        """Return a container's memory limit as written; empty without one."""
        for index in range(0, len(self.memory_limits), 2):
            if self.memory_limits[index] == container:
                return self.memory_limits[index + 1]
        return ""


NO_FACTS = PodFacts()
_SPECS: msgspec.json.Decoder[PodSpec | None] = msgspec.json.Decoder(PodSpec | None)


class Facts:
    """Facts by specification, for one projection."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._known: dict[int, PodFacts] = {}
        """By the hash of the specification's bytes: 64 bits, salted, so no two of one cluster meet."""
        self._sums: dict[tuple[Any, ...], Sums] = {}

    def of_raw(self, raw: msgspec.Raw, pod: str) -> PodFacts:
        """Return the facts of an undecoded specification; raises msgspec.ValidationError where it fits no pod."""
        text = bytes(raw)
        key = hash(text)
        facts = self._known.get(key)
        if facts is None:
            spec = _decoded(text)
            if spec is None:
                return NO_FACTS
            facts = self.of(spec, pod)
            if not any(volume.ephemeral is not None for volume in spec.volumes or ()):
                # An ephemeral volume's claim is named after the pod, so its facts are no other pod's.
                if len(self._known) >= SHARED_LIMIT:
                    self._known.clear()
                self._known[key] = facts
        return facts

    def of(self, spec: PodSpec, pod: str) -> PodFacts:
        """Return the facts of a specification; ``pod`` is the name of its pod."""
        containers, inits = spec.containers or [], spec.init_containers or []
        return PodFacts(
            containers=len(containers),
            inits=len(inits),
            sidecars=self._shared.texts(tuple([c.name or "" for c in inits if c.restart_policy == "Always"])),
            memory_limits=self._shared.texts(_memory_limits(containers) + _memory_limits(inits)),
            gates=self._shared.texts(tuple([gate.condition_type or "" for gate in spec.readiness_gates or ()])),
            node=intern(spec.node_name or ""),
            service_account=intern(spec.service_account_name or ""),
            sums=self._resources(spec),
            gpu=gpus_of(containers),
            refs=self._shared.texts(_references(pod, spec)),
        )

    def _resources(self, spec: PodSpec) -> Sums:
        key: list[Any] = []
        for container in spec.containers or ():
            key += amounts_of(container.resources)
        if spec.init_containers:
            for container in spec.init_containers:
                key.append(container.restart_policy == "Always")
                key += amounts_of(container.resources)
        if spec.overhead:
            key += (spec.overhead.get("cpu"), spec.overhead.get("memory"))
        if spec.resources:
            key.append("pod")
            key += amounts_of(spec.resources)
        memo = (len(spec.containers or ()), *key)
        sums = self._sums.get(memo)
        if sums is None:
            if len(self._sums) > SUMS_LIMIT:
                self._sums.clear()
            sums = self._sums[memo] = requested_and_limited(spec)
        return sums


def _decoded(text: bytes) -> PodSpec | None:
    try:
        return _SPECS.decode(text)
    except msgspec.ValidationError as error:
        # The reader sees the whole pod, so that is what the path must start from.
        raise msgspec.ValidationError(str(error).replace("`$.", "`$.spec.")) from error


def _memory_limits(containers: list[Container]) -> tuple[str, ...]:
    limits: list[str] = []
    for container in containers:
        resources = container.resources
        if resources is not None and resources.limits and "memory" in resources.limits:
            limits += (container.name or "", str(resources.limits["memory"]))
    return tuple(limits)


def _references(pod_name: str, spec: PodSpec) -> tuple[str, ...]:
    """Return the objects the pod cannot do without, each once, as ``prefix/name``."""
    refs: dict[str, None] = {}
    for volume in spec.volumes or ():
        if volume.config_map is not None:
            refs[f"cm/{volume.config_map.name}"] = None
        elif volume.secret is not None:
            refs[f"secret/{volume.secret.secret_name}"] = None
        elif volume.persistent_volume_claim is not None:
            refs[f"pvc/{volume.persistent_volume_claim.claim_name}"] = None
        elif volume.ephemeral is not None:
            refs[f"pvc/{pod_name}-{volume.name}"] = None
        elif volume.projected is not None:
            for source in volume.projected.sources or ():
                _refer(refs, source.config_map, source.secret)
    for group in (spec.containers, spec.init_containers):
        for container in group or ():
            for source_all in container.env_from or ():
                _refer(refs, source_all.config_map_ref, source_all.secret_ref)
            for variable in referring_variables(container.env):
                if variable.value_from is not None:
                    _refer(refs, variable.value_from.config_map_key_ref, variable.value_from.secret_key_ref)
    for secret in spec.image_pull_secrets or ():
        _refer(refs, None, secret)
    if spec.service_account_name:
        refs[f"sa/{spec.service_account_name}"] = None
    if spec.priority_class_name:
        refs[f"pc/{spec.priority_class_name}"] = None
    return tuple(refs)


def _refer(refs: dict[str, None], config_map: NameRef | None, secret: NameRef | None) -> None:
    if config_map is not None and config_map.name:
        refs[f"cm/{config_map.name}"] = None
    if secret is not None and secret.name:
        refs[f"secret/{secret.name}"] = None
