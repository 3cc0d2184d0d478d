"""Hand a ConfigMap or a Secret to a workload: as variables, or as mounted files."""

from __future__ import annotations

import argparse

from k9py.cli.changing import add_consent, add_following, add_namespace, at_desk
from k9py.cli.targets import parse_targets
from k9py.core.errors import NotFound, UsageError

EXAMPLES = """
k9py inject configmap/settings deploy/web --env
k9py inject secret/db deploy/api --key password=DB_PASSWORD
k9py inject configmap/settings deploy/web --mount /etc/web
k9py inject configmap/settings deploy/web --mount /etc/web.conf --file web.conf
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("source", metavar="configmap/NAME | secret/NAME", help="what to hand over")
    parser.add_argument("workload", metavar="KIND/NAME", help="deployment, statefulset, daemonset, job, cronjob …")
    parser.add_argument("--env", action="store_true", help="every key as a variable")
    parser.add_argument("--prefix", metavar="TEXT", default="", help="before each variable's name (--env)")
    parser.add_argument("--key", metavar="KEY[=VAR]", action="append", default=[], help="one key as a variable")
    parser.add_argument("--mount", metavar="PATH", default="", help="the directory in which each key is a file")
    parser.add_argument("--file", metavar="KEY", default="", help="mount this key alone, as the file PATH")
    parser.add_argument("-c", "--container", metavar="NAME", action="append", default=[], help="only this container")
    add_namespace(parser)
    add_consent(parser)
    add_following(parser)


def run(options: argparse.Namespace) -> int:
    """Change the workload's pod template through the gate."""
    source, workload = parse_targets([options.source])[0], parse_targets([options.workload])[0]
    if len(source.names) != 1 or len(workload.names) != 1:
        raise UsageError("one object each is named", remedy="k9py inject configmap/NAME deployment/NAME")
    if options.file and not options.mount:
        raise UsageError("--file needs --mount", remedy="--mount says where the file appears")
    from k9py.changes import edits
    from k9py.cli.runtime import run_async  # deferred: mistakes are told without loading anything
    from k9py.kube.verbs import get

    async def work() -> int:
        async with at_desk(options) as desk:
            kind, into = await desk.client.kind(source.kind), await desk.client.kind(workload.kind)
            if kind.kind not in ("ConfigMap", "Secret"):
                raise UsageError(f"a {kind.kind} cannot be injected", remedy="Name configmap/NAME or secret/NAME")
            namespace = desk.client.scope(options).single
            live = await get(desk.client.transport, into, namespace, workload.names[0])
            try:
                holder = await get(desk.client.transport, kind, namespace, source.names[0])
            except NotFound as error:
                error.remedy = "Make it first: pods that refer to it would not start"
                raise
            known = [*(holder.get("data") or {}), *(holder.get("binaryData") or {})]
            what = edits.Injection(
                "Secret" if kind.kind == "Secret" else "ConfigMap", source.names[0], options.env,
                tuple(_variable(text) for text in options.key), options.prefix, options.mount, options.file,
                tuple(options.container),
            )  # fmt: skip
            return await desk.carry_out(await desk.plan([edits.inject(live, what, known)]))

    return run_async(work)


def _variable(text: str) -> tuple[str, str]:
    from k9py.changes.edits import variable_name

    key, _, name = text.partition("=")
    return key, name or variable_name(key)
