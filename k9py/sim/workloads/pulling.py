"""Getting a container's image onto its node: present, pulled, refused, backed off from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from k9py.sim.workloads.backoff import Backoff
from k9py.sim.workloads.images import Image

if TYPE_CHECKING:
    from k9py.sim.workloads.containerlife import ContainerLife

SYNC = 12.0
"""Seconds between two tries of the kubelet at a pod that waits; each counts its event once more."""
CACHED_PULL = 0.4
"""Seconds to find that a tag still means what the node has."""


class Pull:
    """The pulls of one container."""

    def __init__(self, container: ContainerLife, done: Callable[[], None]) -> None:
        self._container = container
        self._done = done
        self._backoff = Backoff()

    def begin(self) -> None:
        """Pull if the policy asks for it; ends in ``done``, or goes on trying."""
        image = self._container.image
        assert image is not None
        if image.invalid:
            self._container.wait("InvalidImageName", image.invalid)
            self._container.fail("InspectFailed", image.invalid)
            self._container.fail("Failed", "Error: InvalidImageName")
            self._container.later(SYNC, self.begin)
            return
        policy = self._container.spec.get("imagePullPolicy") or _default_policy(image)
        if self._container.host.present(image) and policy != "Always":
            self._container.tell(
                "Pulled",
                f'Container image "{image.reference}" already present on machine and can be accessed by the pod',
            )
            self._done()
            return
        if policy == "Never":
            text = f'Container image "{image.reference}" is not present with pull policy of Never'
            self._container.wait("ErrImageNeverPull", text)
            self._container.fail("ErrImageNeverPull", text)
            self._container.fail("Failed", "Error: ErrImageNeverPull")
            self._container.later(SYNC, self.begin)
            return
        self._container.tell("Pulling", f'Pulling image "{image.reference}"')
        cached = self._container.host.present(image)
        self._container.later(CACHED_PULL if cached else image.pull, lambda: self._ends(image))

    def _ends(self, image: Image) -> None:
        if not image.error:
            took = written_precisely(CACHED_PULL if self._container.host.present(image) else image.pull)
            self._container.host.pulled(image)
            self._container.tell(
                "Pulled",
                f'Successfully pulled image "{image.reference}" in {took} ({took} including waiting). '
                f"Image size: {image.size} bytes.",
            )
            self._done()
            return
        self._container.fail("Failed", f'Failed to pull image "{image.reference}": {image.error}')
        self._container.fail("Failed", "Error: ErrImagePull")
        self._container.wait("ErrImagePull", image.error)
        self._backoff.next(self._container.host.engine.now)
        failed_at = self._container.host.engine.now
        self._container.later(SYNC, lambda: self._waits(image, failed_at))

    def _waits(self, image: Image, failed_at: float) -> None:
        """Back off from a registry that said no."""
        if not self._backoff.holds(failed_at, self._container.host.engine.now):
            self.begin()
            return
        text = f'Back-off pulling image "{image.reference}"'
        self._container.wait("ImagePullBackOff", f"{text}: ErrImagePull: {image.error}")
        self._container.tell("BackOff", text)
        self._container.fail("Failed", "Error: ImagePullBackOff")
        left = failed_at + self._backoff.wait - self._container.host.engine.now
        self._container.later(min(SYNC, left + 0.1), lambda: self._waits(image, failed_at))


def _default_policy(image: Image) -> str:
    last = image.canonical.rsplit("/", 1)[-1]
    return "Always" if last.endswith(":latest") and "@" not in last else "IfNotPresent"


def written_precisely(seconds: float) -> str:
    """Write a duration as the kubelet logs a pull: ``1.234s`` or ``412ms``."""
    return f"{seconds:.3f}s".replace(".000s", "s") if seconds >= 1 else f"{int(seconds * 1000)}ms"
