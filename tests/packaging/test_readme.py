"""README says what is there, and nothing that is not."""

from __future__ import annotations

import re
import shlex

import pytest

from k9py.cli.verbs import VERBS
from tests.packaging.readme import README, fill, parts

TEXT = README.read_text("utf-8")


def test_the_generated_parts_are_those_of_the_registries() -> None:
    assert fill(TEXT) == TEXT, "python -m tests.packaging.readme writes them anew"


@pytest.mark.parametrize("name", list(parts()))
def test_every_generated_part_has_its_markers_once(name: str) -> None:
    assert (TEXT.count(f"<!-- {name} -->"), TEXT.count(f"<!-- /{name} -->")) == (1, 1)


def test_every_command_line_it_shows_is_understood() -> None:
    from k9py.cli.main import parse

    shown = re.findall(r"^ {4}(?:\.venv/bin/)?(k9py[^#\n]*)", TEXT, re.M)
    shown += [command for command in re.findall(r"`(k9py [^`]*)`", TEXT) if "\\|" not in command]
    assert len(shown) > 8
    for command in shown:
        words = [word for word in shlex.split(command)[1:] if word not in ("...", "…")]
        if words and words[0] in VERBS and "[" not in command and "|" not in command and "VERB" not in words:
            parse(words)


def test_its_links_lead_somewhere() -> None:
    missing = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if not (README.parent / link).exists()]
    assert [link for link in missing if not link.startswith("http")] == []
