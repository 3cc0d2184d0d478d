"""The client layer without a screen: ``python -m tests.bench.headless ceiling|memory``; prints figures as JSON."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import sys
import time
import urllib.request

from k9py.core.clock import SystemClock
from k9py.core.refs import Scope
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.session import Session
from k9py.kube.states import SyncState
from k9py.kube.subscription import Subscription
from k9py.resources.registry import spec_for

EVENTS = 40_000
"""Watch events sent at once to find the ceiling."""


async def opened() -> tuple[Session, Subscription]:
    """Open a session and subscribe to the pods of all namespaces; returns once they are all there."""
    kubeconfig = Kubeconfig.load(None, os.environ)
    session = await Session.open(kubeconfig.target(), clock=SystemClock())
    await session.discovery.refresh()
    pods = session.discovery.resolve("pods")
    subscription = session.hub.subscribe(pods, Scope(), spec_for(pods).projection())
    while subscription.status.state is not SyncState.LIVE:
        await asyncio.sleep(0.01)
        subscription.drain()
    return session, subscription


async def ceiling() -> dict[str, float]:
    """Return how many events a second the client decodes and stores when they come as fast as they can."""
    session, subscription = await opened()
    server = session.server
    loop = asyncio.get_running_loop()
    subscription.drain()
    done = loop.run_in_executor(None, urllib.request.urlopen, f"{server}/bench/burst?events={EVENTS}")
    await done
    last = f"{_newest(subscription) + EVENTS}"
    begin = time.perf_counter()
    while True:
        changes = subscription.drain()
        if any(row.resource_version == last for row in changes.upserts.values()):
            break
        await asyncio.sleep(0.05)
    elapsed = time.perf_counter() - begin
    await session.close()
    return {"watch.ceiling_eps": EVENTS / elapsed}


def _newest(subscription: Subscription) -> int:
    return max(int(row.resource_version) for row in subscription.rows().values()) + 1


async def memory() -> dict[str, float]:
    """Return the resident bytes of the process once all pods are there."""
    session, subscription = await opened()
    assert subscription.rows()
    resident = _resident()
    await session.close()
    return {"resident": resident}


def _resident() -> int:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    figures = asyncio.run({"ceiling": ceiling, "memory": memory}[sys.argv[1]]())
    sys.stdout.write(json.dumps(figures) + "\n")
