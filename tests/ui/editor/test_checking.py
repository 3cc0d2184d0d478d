"""What is wrong with a text of several documents: each stands at its place, and only what changed is looked at."""

from __future__ import annotations

import pytest

from k9py.manifests.kinds import Kinds, bundled
from k9py.ui.editor.checking import Checks
from k9py.ui.editor.subjects import Subject

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: A_\n"


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    """Return the recorded kinds."""
    return bundled()


def found(checks: Checks, text: str, kinds: Kinds) -> list[tuple[int, int]]:
    """Return the places of what is wrong."""
    checks.look(text.split("\n"), kinds)
    return [(note.line, note.column) for note in checks.notes]


def test_problems_stand_in_their_documents(kinds: Kinds) -> None:
    checks = Checks(Subject("t", ""))
    assert found(checks, f"{GOOD}---\n{BAD}", kinds) == [(8, 2)]
    assert found(checks, f"# note\n---\n{BAD}--- # two\n{GOOD}", kinds) == [(5, 2)]
    assert found(checks, f"---\n{BAD}", kinds) == [(4, 2)]


def test_yaml_that_breaks_in_one_document_leaves_the_others_judged(kinds: Kinds) -> None:
    checks = Checks(Subject("t", ""))
    assert found(checks, f"{BAD}---\na: [\n---\n{BAD}", kinds)[0] == (3, 2)
    lines = {line for line, _ in found(checks, f"{BAD}---\na: [\n---\n{BAD}", kinds)}
    assert {3, 10} <= lines
    assert len(lines) == 3


def test_a_document_that_did_not_change_is_not_looked_at_again(kinds: Kinds) -> None:
    checks = Checks(Subject("t", ""))
    checks.look(f"{GOOD}---\n{BAD}".split("\n"), kinds)
    before = [part for _, part in checks.parts]
    assert found(checks, f"# more\n{GOOD}---\n{BAD}", kinds) == [(9, 2)]
    after = [part for _, part in checks.parts]
    assert after[1] is before[1]
    assert after[0] is not before[0]
