"""The program before the simulated cluster or a real control plane, in a namespace of its own."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from k9py.config.launch import UiOptions
from k9py.core.clock import SystemClock
from k9py.kube.aio import connect
from k9py.kube.kubeconfig import Kubeconfig
from tests.cluster import shared_cluster
from tests.ui.harness import Seen, running, shown

PATIENCE = 60.0
"""Seconds for a condition to come about on a busy machine that runs a control plane."""
JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def on_cluster(which: str, tmp_path: Path, size: tuple[int, int]) -> AsyncIterator[tuple[Seen, str]]:
    """Run the program on ``simulated`` or ``real``; yields it and the namespace it shows, which is empty."""
    if which == "simulated":
        async with running(tmp_path, size=size) as driver:
            yield driver, "shop"
        return
    kubeconfig = (await asyncio.to_thread(shared_cluster)).kubeconfig
    transport = await connect(Kubeconfig.load([str(kubeconfig)], dict(os.environ)).target(), clock=SystemClock())
    name = f"forms-{secrets.token_hex(3)}"
    try:
        body = json.dumps({"metadata": {"name": name}}).encode()
        await transport.request("POST", "/api/v1/namespaces", headers=JSON, body=body)
        options, text = UiOptions(namespaces=(name,)), kubeconfig.read_text()
        async with shown(tmp_path, text, options=options, size=size) as (app, pilot):
            k9 = Seen(app, pilot)
            k9.patience = PATIENCE
            yield k9, name
    finally:
        await transport.request("DELETE", f"/api/v1/namespaces/{name}")
        await transport.close()
