"""How the interface gets a session: the kubeconfig's contexts, and a connection to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import msgspec

from k9py.config.launch import UiOptions, within_settings
from k9py.config.loading import SettingsFile
from k9py.config.paths import Paths
from k9py.config.state import recall
from k9py.core.clock import Clock
from k9py.core.tasks import FailureHandler
from k9py.kube.overrides import Overrides

if TYPE_CHECKING:
    from k9py.kube.aio import TerminalLoan
    from k9py.kube.kubeconfig import Kubeconfig
    from k9py.kube.session import Session


class ContextEntry(msgspec.Struct, frozen=True):
    """One context a person can switch to."""

    name: str
    cluster: str
    user: str
    namespace: str


class Connector(Protocol):
    """What the application needs to know of kubeconfigs and connections; tests pass their own."""

    def contexts(self) -> tuple[ContextEntry, ...]:
        """Return every context, as the files are now; raises KubeconfigError."""

    async def open(self, context: str, loan: TerminalLoan, generation: int) -> Session:
        """Connect to a context (empty: the current one). Raises a member of the tree in ``core.errors``."""


class KubeconfigConnector:
    """Opens the contexts of the user's kubeconfig, with what the command line overrides."""

    def __init__(
        self,
        options: UiOptions,
        environ: Mapping[str, str],
        paths: Paths,
        clock: Clock,
        on_failure: Callable[[], FailureHandler],
        settings: SettingsFile,
    ) -> None:
        self._options = options
        self._environ = environ
        self._paths = paths
        self._clock = clock
        self._on_failure = on_failure
        self._settings = settings

    def _load(self) -> Kubeconfig:
        from k9py.kube.kubeconfig import Kubeconfig  # deferred: 10 ms the first frame does not wait for

        return Kubeconfig.load(self._options.kubeconfig or None, self._environ)

    def contexts(self) -> tuple[ContextEntry, ...]:
        """Return every context of the kubeconfig."""
        return tuple(ContextEntry(info.name, info.cluster, info.user, info.namespace) for info in self._load().contexts)

    async def open(self, context: str, loan: TerminalLoan, generation: int) -> Session:
        """Resolve the context and connect."""
        # Deferred, and imported beside the loop: the client layer and every kind, 150 ms after the first frame.
        await asyncio.to_thread(import_module, "k9py.ui.opening")
        from k9py.kube.session import Session

        overrides = self._options.connection
        if context and context != overrides.context:
            # What the command line says of a cluster or its user belongs to the context it was given with: a token
            # must not travel to another server. Who to act as is the person's choice everywhere.
            overrides = Overrides(
                context=context,
                as_user=overrides.as_user,
                as_groups=overrides.as_groups,
                as_uid=overrides.as_uid,
                as_extra=overrides.as_extra,
                request_timeout=overrides.request_timeout,
            )
        config = self._load()
        settings = self._settings.settings(context or overrides.context or config.current_context)
        target = config.target(overrides=within_settings(overrides, settings))
        state = recall(self._paths, target.context).state
        neighbours = [info.namespace for info in config.contexts if info.cluster == target.cluster and info.namespace]
        known = (*(state.namespaces or ()), *state.favourites, *self._options.namespaces, *neighbours)
        return await Session.open(
            target,
            clock=self._clock,
            prompt=loan,
            cache_dir=self._paths.cache,
            known_namespaces=known,
            generation=generation,
            on_failure=self._on_failure(),
        )
