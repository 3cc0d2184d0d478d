"""What a world is: nodes, images, and the steps of its past and future, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from k9py.core.ages import parse_duration
from k9py.sim.workloads.images import Image

if TYPE_CHECKING:
    from k9py.sim.simulation import Simulation

Object = dict[str, Any]
Deed = Callable[["Simulation"], None]
"""Something done to the cluster by its people or by fate."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened ``ago`` (``94d``, ``3h``, ``50m``) before the world opens; ``+2m`` is after."""

    ago: str
    objects: Sequence[Object] = ()
    """Created in this order."""
    deed: Deed | None = None
    """Done after the objects were created."""

    @property
    def offset(self) -> float:
        """Seconds after the world opens; negative for the past."""
        if self.ago.startswith("+"):
            return parse_duration(self.ago[1:])
        return -parse_duration(self.ago)


@dataclass(frozen=True, slots=True)
class Wave:
    """Load on one workload: so many clients or requests per second from some seconds after the opening on."""

    at: float
    backend: str
    """``namespace/app``"""
    rate: float = 0.0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """One cluster to simulate."""

    name: str
    title: str
    """One line for a list of worlds."""
    steps: Sequence[Step]
    images: Mapping[str, Image] = field(default_factory=dict)
    """What the cluster's own images are; well-known ones need no entry."""
    waves: Sequence[Wave] = ()
    repeat_waves: float = 0.0
    """Seconds after which the waves begin again; 0: never."""
    rehearsal: float = 3600.0
    """Seconds before the opening that are played through without a gap: how long events live."""
    seed: int = 1
    living: bool = True
    """False: no controllers and no kubelets, objects stay as they were made."""
