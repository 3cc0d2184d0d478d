"""Check manifests without a cluster: every mistake at once, with its line, in the API server's words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from k9py.core.errors import UsageError

if TYPE_CHECKING:
    from k9py.manifests.kinds import Kinds

EXAMPLES = """
k9py validate -f deployment.yaml
k9py validate -f manifests/ -R
k9py generate deployment web --set image=nginx | k9py validate -
"""
SUFFIXES = (".yaml", ".yml", ".json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("words", nargs="*", metavar="FILE", help="files or directories; - for standard input")
    parser.add_argument("-f", "--filename", metavar="FILE", action="append", default=[], help="one more file")
    parser.add_argument("-R", "--recursive", action="store_true", help="directories with everything below them")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="text (default) or json")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing of what is right")


def run(options: argparse.Namespace) -> int:
    """Print what is wrong; 1 when the server would refuse anything."""
    names = [*options.words, *options.filename]
    if not names:
        raise UsageError("what is to be checked?", remedy="k9py validate -f FILE, or - for standard input")
    from k9py.manifests.kinds import bundled  # deferred: reads the schemas

    kinds = bundled()
    failed, checked, listed = False, 0, []
    for name, text in _texts(names, recursive=options.recursive):
        bad, count, rows = _check(name, text, kinds, options)
        failed |= bad
        checked += count
        listed += rows
    if options.output == "json":
        import json

        print(json.dumps(listed, indent=2, ensure_ascii=False))
    if not checked:
        # In a pipe nothing is what a command that failed hands on.
        raise UsageError("the manifests hold no object")
    return 1 if failed else 0


def _check(
    name: str, text: str, kinds: Kinds, options: argparse.Namespace
) -> tuple[bool, int, list[dict[str, object]]]:
    """Return whether anything is wrong, how many objects there are, and what is said of them."""
    from k9py.manifests.validation import validate_text

    failed, rows = False, []
    documents = validate_text(text, kinds)
    if not documents and options.output == "text" and not options.quiet:
        print(f"{name}: nothing in it")
    for document in documents:
        failed |= bool(document.errors)
        for problem in document.problems:
            rows.append({
                "file": name, "line": problem.line, "column": problem.column, "object": document.title,
                "severity": problem.severity.value, "field": problem.field, "reason": problem.reason,
                "message": problem.text, "hint": problem.hint,
            })  # fmt: skip
            if options.output == "text":
                print(f"{name}:{problem.line}:{problem.column}: {problem.severity.value}: {document.title}: {problem}")
        if not document.errors and options.output == "text" and not options.quiet:
            print(f"{name}: {document.title} is valid")
    return failed, len(documents), rows


def _texts(names: list[str], *, recursive: bool) -> Iterator[tuple[str, str]]:
    for name in names:
        if name == "-":
            yield "<stdin>", sys.stdin.read()
            continue
        path = Path(name)
        files = [path]
        if path.is_dir():
            found = path.rglob("*") if recursive else path.glob("*")
            files = sorted(file for file in found if file.suffix in SUFFIXES and file.is_file())
            if not files:
                raise UsageError(f"no manifests in {name}", remedy="" if recursive else "-R looks below it as well")
        for file in files:
            try:
                yield str(file), file.read_text()
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
