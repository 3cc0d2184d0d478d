"""Fixtures of the credential tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from k9py.core.clock import Clock, SystemClock
from k9py.kube import aio
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.overrides import Overrides
from k9py.kube.target import Target
from k9py.kube.transport import AioTransport
from tests.kube_auth.pki import Pki, make_pki

Connect = Callable[..., Awaitable[AioTransport]]
"""Connects to a target; closed when the test ends."""


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates, made once per process."""
    return make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect, and close afterwards."""
    opened: list[AioTransport] = []

    async def connecting(
        target: Target, *, clock: Clock | None = None, prompt: aio.TerminalLoan | None = None
    ) -> AioTransport:
        transport = await aio.connect(target, clock=clock or SystemClock(), prompt=prompt)
        opened.append(transport)
        return transport

    yield connecting
    for transport in opened:
        await transport.close()


class ConfigFile:
    """A kubeconfig with one context, written as JSON (which is YAML) and changed by the test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cluster: dict[str, Any] = {}
        self.user: dict[str, Any] = {}
        self.context: dict[str, Any] = {"cluster": "c", "user": "u"}

    def write(self, **cluster: Any) -> ConfigFile:
        """Write the file, with these cluster fields added."""
        self.cluster |= cluster
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "k",
            "contexts": [{"name": "k", "context": self.context}],
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": self.user}],
        }
        self.path.write_text(json.dumps(document, indent=1))
        return self

    def target(self, environ: Mapping[str, str] | None = None, overrides: Overrides | None = None) -> Target:
        """Return the target of the file's context; without an environment it sees an empty one."""
        return Kubeconfig.load(self.path, environ or {}).target(overrides=overrides)


@pytest.fixture
def config(tmp_path: Path) -> ConfigFile:
    """Return an empty kubeconfig to fill."""
    return ConfigFile(tmp_path / "config")
