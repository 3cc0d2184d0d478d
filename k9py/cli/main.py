"""The edge of the program: find the verb, run it, and turn every failure into one line and an exit status.

Nothing heavy is imported here: ``k9py --help`` loads neither textual, aiohttp nor kubernetes.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence

from k9py.cli.flags import Parser, add_connection, scope_of
from k9py.cli.verbs import VERBS, Verb, split_verb
from k9py.core.errors import ExecPluginError, K9Error

INTERRUPTED = 130
"""128 + SIGINT."""
PIPE_CLOSED = 141
"""128 + SIGPIPE: what a program that dies of a closed pipe returns."""

_log = logging.getLogger("k9py")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; never raises, never shows a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(words)
        sys.stdout.flush()
        return status
    except K9Error as error:
        return _report(error, VERBS[split_verb(words)[0]].failed)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whatever Python flushes on its way out must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the edge of the program
        return _report_unexpected(error, VERBS[split_verb(words)[0]].failed)


def _run(words: list[str]) -> int:
    name, rest = split_verb(words)
    if name == "ui" and any(word in ("-h", "--help") for word in rest) and "ui" not in words:
        print(overview(), end="")
        return 0
    if rest and rest[0] == "--version":
        name, rest = "version", ["--client", *rest[1:]]
    verb = VERBS[name]
    module = importlib.import_module(f"k9py.cli.{verb.module}")
    if name == "__complete":
        return int(module.run(rest))
    try:
        options = parse([name, *rest])
    except SystemExit as leaving:  # argparse ends the process after --help
        return int(leaving.code or 0)
    return int(module.run(options))


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return what a command line says, its verb included; raises UsageError where it cannot be understood."""
    name, rest = split_verb(words)
    verb = VERBS[name]
    # Deferred: each verb loads what it needs and nothing of the others.
    module = importlib.import_module(f"k9py.cli.{verb.module}")
    parser = _parser(verb, module.__doc__ or "", getattr(module, "EXAMPLES", ""))
    module.arguments(parser)
    if verb.connects:
        add_connection(parser)
    options = parser.parse_strictly(rest)
    if "all_namespaces" in options:
        scope_of(options)  # flags that exclude each other are told before anything is loaded
    return options


def _parser(verb: Verb, doc: str, examples: str) -> Parser:
    epilog = "examples:\n" + "\n".join(f"  {line}" for line in examples.strip().splitlines()) if examples else ""
    return Parser(f"k9py {verb.name}", f"k9py {verb.usage} [flags]", doc.partition("\n")[0], epilog)


def overview() -> str:
    """Return the text of ``k9py --help``: one screen of 80x24; what a verb takes is in its own help."""
    listed = [verb for verb in VERBS.values() if verb.summary and verb.name != "ui"]
    width = max(len(verb.name) for verb in listed)
    lines = [
        "k9py [KIND] [-n NS | -A] [--context NAME] [flags]   open the terminal interface",
        "k9py VERB [flags]                                   do one thing:",
        *(f"  {verb.name:<{width}}  {verb.summary}" for verb in listed),
        "Each verb explains itself: k9py VERB --help. Without a cluster: k9py demo.",
    ]
    return "\n".join(lines) + "\n"


def _report(error: K9Error, status: int) -> int:
    """Print what went wrong, and the next step, on standard error."""
    _log.info("failed: %s", error.with_remedy(), exc_info=error)
    print(f"error: {error}", file=sys.stderr)
    if isinstance(error, ExecPluginError) and error.stderr.strip():
        print("\n".join(f"  | {line}" for line in error.stderr.strip().splitlines()), file=sys.stderr)
    if error.remedy:
        print(f"  {error.remedy}", file=sys.stderr)
    return status


def _report_unexpected(error: Exception, status: int) -> int:
    """Print one line for a defect of ours; its traceback goes to the log file."""
    # Deferred: only when something is broken.
    from k9py.config.logfile import log_is_open, open_log, redact
    from k9py.config.paths import Paths
    from k9py.config.settings import LogFileSettings

    where = ""
    try:
        if not log_is_open():
            open_log(Paths.of(os.environ), LogFileSettings())
        _log.error("unexpected failure", exc_info=error)
        where = f"; details in {Paths.of(os.environ).log_file}"
    except OSError as unwritable:
        where = f"; no details: {unwritable}"
    print(f"error: {type(error).__name__}: {redact(str(error))} (a defect of k9py{where})", file=sys.stderr)
    return status


def run_as_program() -> None:
    """Run and exit; a second Ctrl-C while leaving ends at once."""
    status = main()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(status)
