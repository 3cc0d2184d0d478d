"""Logs and shells: from what a person points at to the containers behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from k9py.core.refs import ApiResource, Scope
from k9py.kube.loglines import LogSource
from k9py.kube.rows import Row
from k9py.kube.session import Session
from k9py.kube.wholes import WholeProjection, WholeRow

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Annotation that names the container kubectl picks."""


def container_names(pod: dict[str, Any]) -> list[str]:
    """Return a pod's containers, the ones that do the work first."""
    spec = pod.get("spec") or {}
    fields = ("containers", "initContainers", "ephemeralContainers")
    return [str(entry.get("name")) for name in fields for entry in spec.get(name) or ()]


def default_container(pod: dict[str, Any]) -> str:
    """Return the container the pod's owner marked as the one people mean, or the only one; empty when unclear."""
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    names = [str(entry.get("name")) for entry in (pod.get("spec") or {}).get("containers") or ()]
    named = annotations.get(DEFAULT_CONTAINER)
    if named in names:
        return str(named)
    return names[0] if len(names) == 1 else ""


class PodContainers:
    """The containers of some pods as they come and go: one pod by name, or all that a selector finds."""

    def __init__(
        self,
        session: Session,
        pods: ApiResource,
        namespace: str,
        *,
        name: str = "",
        label_selector: str = "",
        keep: Callable[[Row], bool] | None = None,
        container: str = "",
    ) -> None:
        """``keep`` drops pods the selector finds but that do not belong; ``container`` shows that one only."""
        self.on_wake: Callable[[], None] | None = None
        self.container = container
        self._keep = keep
        self._subscription = session.hub.subscribe(
            pods,
            Scope((namespace,)) if namespace else Scope(),
            WholeProjection(),
            label_selector=label_selector,
            field_selector=f"metadata.name={name}" if name else "",
        )
        self._subscription.on_wake = self._wake

    @property
    def trouble(self) -> str:
        """Why the pods cannot be read, empty when they can."""
        return self._subscription.status.detail

    @property
    def known(self) -> bool:
        """True once the server has said which pods there are."""
        return self._subscription.synced

    def pods(self) -> list[dict[str, Any]]:
        """Return the pods as they are now."""
        self._subscription.drain()
        rows = [row for row in self._subscription.rows().values() if self._keep is None or self._keep(row)]
        return [msgspec.json.decode(row.body) for row in rows if isinstance(row, WholeRow) and row.body]

    def sources(self) -> list[LogSource]:
        """Return the containers to read, pod by pod."""
        found: list[LogSource] = []
        for pod in self.pods():
            meta = pod.get("metadata") or {}
            for name in container_names(pod):
                if not self.container or name == self.container:
                    found.append(LogSource(str(meta.get("namespace") or ""), str(meta.get("name")), name))
        return found

    def close(self) -> None:
        """Stop following the pods."""
        self._subscription.on_wake = None
        self._subscription.close()

    def _wake(self) -> None:
        if self.on_wake is not None:
            self.on_wake()
