"""How long a key takes to show in the editor: the whole program, a document of 2,000 lines, highlighting on."""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from k9py.core.clock import SystemClock
from k9py.sim.server import SimServer
from k9py.sim.store import Store
from tests.bench.at_terminal import Figures
from tests.bench.pty_host import FRAME_END, Program

LINES = 2000
KEYS = 80
"""Keys pressed for the figure; every tenth comes after a pause in which the text is checked and kept."""

PAUSE = 0.8
"""Seconds of such a pause: longer than the editor waits before it looks at what was typed."""

FIRST = 3.0
"""Seconds after the editor opened until its keys are measured."""

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}   # one of many
  labels: {{app: web-{number}, tier: "front"}}
  annotations:
    example.com/script: |
      #!/bin/sh
      echo "not: yaml"
spec:
  replicas: {number}
  selector:
    matchLabels:
      app: web-{number}
  template:
    metadata:
      labels: {{app: web-{number}, tier: "front"}}
    spec:
      containers:
      - name: main
        image: ghcr.io/shop/web:1.4.{number}
        args: ["--port", '8080', "--verbose"]
        ports:
        - containerPort: 8080
        resources:
          requests: {{cpu: 100m, memory: 64Mi}}
          limits: {{cpu: 200m, memory: 128Mi}}
---
"""


@contextmanager
def _cluster() -> Iterator[str]:
    """Run a cluster in a thread of its own; yields its kubeconfig."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="cluster")
    thread.start()

    async def start() -> SimServer:
        return await SimServer(Store(SystemClock())).start()

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    try:
        yield server.kubeconfig_text()
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def document() -> str:
    """Return a text of 2,000 lines and many objects."""
    lines: list[str] = []
    number = 0
    while len(lines) < LINES:
        number += 1
        lines += _DEPLOYMENT.format(number=number).splitlines()
    return "\n".join(lines[:LINES]) + "\n"


def keys() -> Figures:
    """Return the 95th percentile from key to painted character."""
    with tempfile.TemporaryDirectory() as folder, _cluster() as kubeconfig:
        home = Path(folder)
        (home / "kubeconfig").write_text(kubeconfig)
        (home / "big.yaml").write_text(document())
        environ = {**os.environ, "HOME": folder, "KUBECONFIG": str(home / "kubeconfig")}
        environ |= {f"K9PY_{part}_DIR": str(home / part.lower()) for part in ("CONFIG", "STATE", "CACHE")}
        program = Program([sys.executable, "-m", "k9py", "ui", "pods"], environ)
        try:
            program.until(b"live")
            program.settle()
            program.press(f":edit {home}/big.yaml\r".encode())
            program.until_shown("apiVersion: apps/v1")
            # The types of the server are read once a session, when something is first edited.
            program.listen(FIRST)
            program.settle(1.5)
            waits = _latencies(program)
        finally:
            program.close()
    return {"editor.key_p95_ms": quantiles(waits, n=100, method="inclusive")[94]}


def _latencies(program: Program) -> list[float]:
    """Return the milliseconds from key to painted letter, typed at lines all over the text."""
    rng = random.Random(1)
    waits = []
    for number in range(KEYS):
        if number % 10 == 0:
            # Another line, then a pause: the text is checked and kept while the next keys come.
            program.press(f"\x07{rng.randrange(1, LINES)}\r".encode())
            program.listen(PAUSE / 2)
            program.press(b"\x1b[F #")
            program.listen(PAUSE)
        program.listen(0.05 + 0.013 * (number % 7))
        letter = "QWZJKV"[number % 6].encode()
        program.press(letter)
        waits.append(program.until(letter + rb"(?s:.*?)" + re.escape(FRAME_END)) * 1000)
    return waits
