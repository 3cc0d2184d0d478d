"""What the verbs that change a cluster share: manifests, the gate, the question on the terminal, what is printed."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import termios
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from k9py.core.errors import ChangeError, InputError, UsageError
from k9py.core.text import safe_line

if TYPE_CHECKING:
    from k9py.changes.documents import Document
    from k9py.changes.follow import Follower
    from k9py.changes.gate import Gate
    from k9py.changes.model import Answer, Outcome, Plan, PlannedChange, Question, Report, StageReport, Wish
    from k9py.cli.runtime import Client

FOLLOWED = "5m"
"""How long a change is followed unless --timeout says otherwise."""


def add_manifests(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name manifests."""
    group = parser.add_argument_group("which manifests")
    group.add_argument(
        "-f", "--filename", metavar="FILE", action="append", default=[],
        help="a file, a directory, or - for standard input; may be repeated",
    )  # fmt: skip
    group.add_argument("-R", "--recursive", action="store_true", help="the directories below a directory too")
    group.add_argument("-k", "--kustomize", metavar="DIR", default="", help="a kustomization, built by kubectl")


def add_namespace(parser: argparse.ArgumentParser) -> None:
    """Add the one namespace a change goes to."""
    parser.add_argument("-n", "--namespace", metavar="NS", action="append", default=[],
                        help="namespace of what names none")  # fmt: skip
    parser.set_defaults(all_namespaces=False)


def add_consent(parser: argparse.ArgumentParser) -> None:
    """Add the flags that answer the question beforehand."""
    group = parser.add_argument_group("consent")
    group.add_argument("-y", "--yes", action="store_true", help="do it without asking")
    group.add_argument("--confirm", metavar="NAME", default="", help="the name to be typed, where one is asked for")
    group.add_argument("--dry-run", action="store_true", help="let the server try it, and change nothing")
    # As scripts for kubectl write it; looked up whole, so that a file may follow the bare flag.
    for value, constant in (("server", True), ("none", False)):
        group.add_argument(f"--dry-run={value}", action="store_const", const=constant, dest="dry_run",
                           help=argparse.SUPPRESS)  # fmt: skip


def add_following(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how long to follow what happens."""
    parser.add_argument("--no-wait", action="store_true", help="leave once the server has it")
    parser.add_argument("--timeout", metavar="TIME", default=FOLLOWED, help=f"how long to follow it ({FOLLOWED})")


def read_manifests(options: argparse.Namespace, *, files: Sequence[str] = ()) -> list[Document]:
    """Return the documents the flags name. Raises UsageError when they name none."""
    from k9py.changes.documents import kustomized, parse_texts, read_texts

    paths = [*options.filename, *files]
    if not paths and not options.kustomize:
        raise UsageError("no manifest is named", remedy="Name one with -f FILE, -k DIR, or - for standard input")
    if paths and options.kustomize:
        raise UsageError("-f and -k exclude each other", remedy="Leave one of them out")
    texts = read_texts(paths, recursive=options.recursive)
    if options.kustomize:
        texts.append(kustomized(options.kustomize, os.environ))
    documents = parse_texts(texts)
    if not documents:
        raise UsageError("the manifests hold no object")
    _check_namespaces(documents, options)
    return documents


def _check_namespaces(documents: Sequence[Document], options: argparse.Namespace) -> None:
    """Raise InputError when a document goes elsewhere than -n says, as kubectl does."""
    asked = options.namespace[0] if options.namespace else ""
    for document in documents:
        own = (document.body.get("metadata") or {}).get("namespace")
        if asked and own and own != asked:
            name = f"{document.body.get('kind')} {document.body['metadata'].get('name')}"
            raise InputError(f"{name} is for namespace {own}, and -n says {asked}", remedy="Leave out one of them")


@dataclass(frozen=True, slots=True)
class Desk:
    """The gate to one cluster, with the person at the terminal."""

    client: Client
    gate: Gate
    options: argparse.Namespace
    limit: float
    """Seconds a change is followed."""

    async def plan(self, wishes: Sequence[Wish]) -> Plan:
        """Return the plan of some wishes."""
        return await self.gate.plan(wishes)

    async def carry_out(self, plan: Plan) -> int:
        """Show a plan, ask, write and follow it; return the exit status."""
        refused = tell_refusals(plan)
        if refused:
            return 1
        for change in plan.changes:
            for notice in change.notices:
                note(f"{change.title}: {notice.kind.word}: {notice.text}")
        if self.options.dry_run:
            for change in plan.changes:
                if not _was_not_there(change):
                    print(f"{change.title} {change.effect.value} (server dry run)")
            return 0
        report = await self.gate.carry_out(plan, self._confirm, on_stage=lambda stage: _tell_wait(plan, stage))
        tell_outcomes(report)
        if not report.done or getattr(self.options, "no_wait", False):
            return 0 if report.done else 1
        return await self._follow(report)

    async def _confirm(self, question: Question) -> Answer:
        from k9py.changes.model import Answer, Effect

        for reason in question.unseen:
            note(reason)
        if self.options.yes:
            return Answer(go=True, typed=self.options.confirm or await self._typed(question))
        if self.options.confirm:
            return Answer(go=True, typed=self.options.confirm)
        terminal = open_terminal()
        if terminal is None:
            raise ChangeError(f"{question.text} There is no terminal to ask at", remedy="Add --yes to do it")
        with terminal:
            for change in question.plan.pending:
                if change.effect is Effect.CHANGES:
                    print_diff(change.diff.unified(title=change.title), file=sys.stderr)
            if question.type_this:
                answer = await ask(terminal, f"{question.text} Type {question.type_this} to do it: ")
                return Answer(go=bool(answer), typed=answer)
            answer = await ask(terminal, f"{question.text} [y/N] ")
            return Answer(go=answer.strip().lower() in ("y", "yes"))

    async def _typed(self, question: Question) -> str:
        """Have a name typed that --yes cannot stand for."""
        if not question.type_this:
            return ""
        terminal = open_terminal()
        if terminal is None:
            raise ChangeError(
                f"{question.text} A name has to be typed for it",
                remedy=f"Add --confirm {question.type_this}",
            )
        with terminal:
            return await ask(terminal, f"{question.text} Type {question.type_this} to do it: ")

    async def _follow(self, report: Report) -> int:
        """Follow everything that was written until it has come true, or say why it does not."""
        from k9py.changes.follow import Follower
        from k9py.changes.model import State

        # One for all: it looks at a few objects at a time.
        follower = Follower(self.client.transport, self.client.discovery, clock=self.client.clock)
        limit = self.limit
        written = [outcome for outcome in report.outcomes if outcome.state is State.WRITTEN]
        came = await asyncio.gather(*(self._follow_one(follower, outcome, limit) for outcome in written))
        return 0 if all(came) else 1

    async def _follow_one(self, follower: Follower, outcome: Outcome, limit: float) -> bool:
        from k9py.changes.steps import BoardState

        last, said = None, ""
        async for board in follower.follow(outcome, limit=limit):
            last = board
            step = board.current
            if board.state is BoardState.RUNNING and step is not None and step.text != said:
                said = step.text
                progress(f"{board.title}: {said}")
        if last is None or last.state is BoardState.CONVERGED:
            if said:
                progress(f"{outcome.change.title}: done")
            return True
        blocked = last.blocked
        if blocked is not None:
            _tell(f"{last.title}: {blocked.text}", *blocked.evidence)
        elif last.state is BoardState.RUNNING:
            _tell(f"{last.title}: {said or 'not done'} after {self.options.timeout}")
        else:
            _tell(f"{last.title}: {last.steps[-1].text}")
        return False


@asynccontextmanager
async def at_desk(options: argparse.Namespace) -> AsyncIterator[Desk]:
    """Connect, and open the gate to the cluster the flags choose."""
    from k9py.changes.gate import Gate, Policy
    from k9py.changes.journal import Journal
    from k9py.changes.surroundings import Surroundings
    from k9py.changes.validating import ManifestValidator
    from k9py.cli.runtime import connected
    from k9py.config.paths import Paths
    from k9py.core.tasks import TaskSet
    from k9py.kube.permissions import Permissions
    from k9py.manifests.kinds import bundled

    limit = _seconds(getattr(options, "timeout", FOLLOWED))
    async with connected(options) as client:
        target, settings = client.target, client.settings
        tasks = TaskSet()
        around = Surroundings(client.transport, client.discovery, client.clock)
        journal = Journal(
            Paths.of(os.environ).journal_file(target.context), now=client.clock.now,
            new_id=lambda: secrets.token_hex(4), server=target.identity,
        )  # fmt: skip
        gate = Gate(
            client.transport, client.discovery, Permissions(client.transport, client.clock, tasks),
            clock=client.clock, journal=journal,
            policy=Policy(target.context, target.user, settings.readonly, settings.protected),
            namespace=client.scope(options).single or target.namespace, validator=ManifestValidator(bundled, around),
        )  # fmt: skip
        try:
            yield Desk(client, gate, options, limit)
        finally:
            await tasks.close()


# the terminal


def open_terminal() -> TextIO | None:
    """Return the person's terminal, which standard input need not be; None when there is none."""
    if not sys.stderr.isatty():
        return None
    try:
        return open("/dev/tty", encoding="utf-8", errors="replace")
    except OSError:
        return None


async def ask(terminal: TextIO, text: str) -> str:
    """Return the line typed after a question; what was typed before it is thrown away."""
    sys.stdout.flush()
    termios.tcflush(terminal.fileno(), termios.TCIFLUSH)
    print(safe_line(text), end="", file=sys.stderr, flush=True)
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(terminal.fileno(), ready.set)
    try:
        await ready.wait()  # cancelled by Ctrl-C, where a thread in readline would not be
    finally:
        loop.remove_reader(terminal.fileno())
    return terminal.readline().strip()


# what is printed


def tell_refusals(plan: Plan) -> bool:
    """Print what stands in the way of a plan; return whether anything does."""
    from k9py.changes.owners import describe_conflict

    refused = False
    for change in plan.changes:
        where = f" ({change.wish.origin})" if change.wish.origin else ""
        for trouble in change.troubles:
            text = trouble.text.removeprefix(f"{change.title} ").removeprefix(f"{change.title}: ")
            _tell(f"{change.title}{where}: {text}", trouble.remedy)
        for conflict in change.conflicts:
            _tell(f"{change.title}{where}: {describe_conflict(conflict)}")
        if change.conflicts:
            note("--force-conflicts takes these fields over; left out of the manifest they stay with their owners")
        refused = refused or not change.ready
    return refused


def tell_outcomes(report: Report) -> None:
    """Print one line per object, as kubectl does; failures on standard error."""
    for outcome in report.outcomes:
        if _was_not_there(outcome.change):
            continue  # nobody asked to hear of it: --ignore-not-found
        if outcome.done:
            print(f"{outcome.change.title} {outcome.verb}")
            if outcome.text:
                note(f"{outcome.change.title}: {outcome.text}")
        else:
            remedy = outcome.error.remedy if outcome.error is not None else ""
            _tell(f"{outcome.change.title} {outcome.verb}: {outcome.text}", remedy)


def _was_not_there(change: PlannedChange) -> bool:
    """Return whether a deletion has nothing to delete."""
    from k9py.changes.model import Deed, Effect

    return change.wish.deed is Deed.DELETE and change.effect is Effect.NOTHING


def _tell_wait(plan: Plan, stage: StageReport) -> None:
    """Say what a write waits for: looking up one whose answer was lost may take half a minute."""
    from k9py.changes.model import StageState

    if stage.text and stage.state is StageState.RUNNING and 0 <= stage.index < len(plan.changes):
        note(f"{plan.changes[stage.index].title}: {stage.text}")


def print_diff(lines: Sequence[str], *, file: TextIO | None = None) -> None:
    """Print a unified diff, with colours on a terminal that wants them."""
    out = file if file is not None else sys.stdout
    coloured = out.isatty() and not os.environ.get("NO_COLOR")
    for line in lines:
        text = safe_line(line)
        colour = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}.get(line[:1], "") if coloured else ""
        print(f"{colour}{text}\x1b[0m" if colour else text, file=out)


def note(text: str) -> None:
    """Print something worth knowing on standard error."""
    sys.stdout.flush()
    print(f"# {safe_line(text)}", file=sys.stderr)


def progress(text: str) -> None:
    """Print how far it is on standard error."""
    sys.stdout.flush()
    print(safe_line(text), file=sys.stderr)


def _tell(text: str, *more: str) -> None:
    sys.stdout.flush()
    print(f"error: {safe_line(text)}", file=sys.stderr)
    for line in more:
        if line:
            print(f"  {safe_line(line)}", file=sys.stderr)


def _seconds(text: str) -> float:
    """Return the seconds of --timeout; 0 is no limit. Raises UsageError."""
    from k9py.kube.overrides import parse_request_timeout

    try:
        return parse_request_timeout(text) or float("inf")
    except UsageError as error:
        raise UsageError(f"--timeout {text!r} is not a duration", remedy=error.remedy) from error
