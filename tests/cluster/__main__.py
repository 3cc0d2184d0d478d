"""`python -m tests.cluster build|up|down|status|kubeconfig|prometheus|kill|start`: a real control plane by hand.

`build` only fills the cache: a CI run calls it before the tests, whose time limits do not allow for it. `kill etcd`
ends one part without warning, as a crash would; `start etcd` starts it again and waits until it answers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import foreign_kubeconfig, prometheus
from .build import build, cache_root
from .errors import ClusterError
from .running import Cluster, down, find, up

PART_COMMANDS = ("kill", "start")
"""What is done to one component."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; say errors on stderr in one line and return 1."""
    options = _parser().parse_args(arguments)
    try:
        if options.command in PART_COMMANDS:
            return _run_part(options.command, options.dir.absolute(), options.part)
        return _run(options.command, options.dir.absolute(), restricted=options.restricted)
    except ClusterError as error:
        print(f"tests.cluster: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    commands = ["build", "up", "down", "status", "kubeconfig", "prometheus", *PART_COMMANDS]
    parser.add_argument("command", choices=commands)
    parser.add_argument("part", nargs="?", default="", help="kill, start: the component, as `status` names it")
    parser.add_argument(
        "--dir", type=Path, default=cache_root() / "default", help="the cluster's folder; one cluster per folder"
    )
    parser.add_argument("--restricted", action="store_true", help="kubeconfig: the user with few rights")
    return parser


def _run(command: str, root: Path, *, restricted: bool) -> int:
    foreign = foreign_kubeconfig()
    if foreign is not None:
        print("tests.cluster: K9PY_TEST_KUBECONFIG is set, nothing is started or stopped", file=sys.stderr)
        print(f"KUBECONFIG={foreign}")
        return 0
    if command == "build":
        print(f"KUBECTL={build().kubectl}")
        return 0
    if command == "up":
        print(f"KUBECONFIG={up(root).kubeconfig}")
        return 0
    if command == "down":
        if not down(root):
            print(f"tests.cluster: no cluster in {root}", file=sys.stderr)
        return 0
    cluster = find(root)
    if cluster is None:
        print(f"tests.cluster: no cluster in {root}", file=sys.stderr)
        return 1
    if command == "kubeconfig":
        print(f"KUBECONFIG={cluster.restricted_kubeconfig if restricted else cluster.kubeconfig}")
    elif command == "prometheus":
        print(f"PROMETHEUS={prometheus.start(cluster.layout)}")
    else:
        return _print_status(cluster)
    return 0


def _run_part(command: str, root: Path, part: str) -> int:
    cluster = find(root)
    if cluster is None:
        raise ClusterError(f"no cluster in {root}")
    if command == "kill":
        cluster.stop_component(part)
    else:
        cluster.start_component(part)
    return 0


def _print_status(cluster: Cluster) -> int:
    status = cluster.status()
    for name, alive in status.items():
        print(f"{name}: {'running' if alive else 'stopped'}")
    print(f"server: {cluster.server}\naudit log: {cluster.audit_log}")
    return 0 if all(status.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
