"""The lines a review is made of, and which keys are an answer: pure."""

from __future__ import annotations

import pytest

from k9py.changes.advice import Move, advice_for
from k9py.changes.model import (
    Deed,
    Effect,
    Notice,
    NoticeKind,
    Plan,
    PlannedChange,
    Question,
    Stage,
    Trouble,
    Weight,
    Wish,
)
from k9py.changes.steps import Step, StepState
from k9py.core.diffs import Diff, with_value
from k9py.resources.model import Tone
from k9py.ui.changing.attention import PAUSE, Attention
from k9py.ui.changing.difflines import counts_text, diff_lines, yaml_path
from k9py.ui.changing.laying import hanging
from k9py.ui.changing.refusedtext import field_path
from k9py.ui.changing.reviewtext import change_lines, question_lines
from k9py.ui.glyphs import ASCII, UNICODE
from k9py.ui.textview import Line, line_text
from tests.changes.conftest import Object, deployment

IMAGE = ("spec", "template", "spec", "containers", "[main]", "image")
OLD = deployment("web", "web:1")
NEW = with_value(OLD, IMAGE, "web:2")


def texts(lines: list[Line]) -> list[str]:
    return [line_text(line) for line in lines]


def test_a_difference_below_names_the_path_and_shows_what_goes_before_what_comes() -> None:
    lines = texts(diff_lines(Diff(OLD, NEW), UNICODE, width=80, sides=False))
    assert lines[0] == "  … spec.template.spec.containers[main]"
    gone, come = (next(i for i, text in enumerate(lines) if text.startswith(sign)) for sign in "-+")
    assert (lines[gone].split(), lines[come].split()) == (["-", "image:", "web:1"], ["+", "image:", "web:2"])
    assert gone < come


def test_a_difference_beside_has_both_values_on_one_line_of_the_width() -> None:
    lines = texts(diff_lines(Diff(OLD, NEW), UNICODE, width=120, sides=True))
    (line,) = (text for text in lines if "web:1" in text)
    assert "web:2" in line
    assert all(len(text) <= 120 for text in lines)


def test_an_object_that_is_made_has_one_side_only() -> None:
    lines = texts(diff_lines(Diff(None, OLD), UNICODE, width=160, sides=True))
    assert all(text.startswith("+ ") for text in lines)
    assert counts_text(Diff(None, OLD)) == f"+{len(lines)}"


def refused(document: Object, *troubles: Trouble) -> list[str]:
    wish = Wish(Deed.APPLY, document)
    change = PlannedChange(wish, wish.ref, troubles=troubles, diff=Diff(None, document))
    return texts(change_lines(change, UNICODE, width=80, sides=False, whole=False))


def test_a_refused_new_object_shows_what_is_wrong_and_the_lines_around_it_only() -> None:
    field = "spec.template.spec.containers[0].image"
    lines = refused(OLD, Trouble(Stage.VALIDATE, f"{field}: Required value", "Give it an image", field=field))
    assert [line.strip() for line in lines[:2]] == [f"✖ {field}: Required value", "Give it an image"]
    assert [line for line in lines if line.startswith("✖ ")] == [f"✖ {' ' * 8}image: web:1"]
    assert not any(line.startswith("+") for line in lines)
    assert len(lines) < 10


def test_a_missing_field_marks_the_line_of_what_it_is_missing_in() -> None:
    lines = refused(OLD, Trouble(Stage.DRY_RUN, "wrong", field="spec.template.spec.containers[0].ports[0].name"))
    assert [line.split() for line in lines if line.startswith("✖ ")] == [["✖", "-", "name:", "main"]]


def test_what_may_not_be_written_is_shown_whole_and_plain() -> None:
    lines = refused(OLD, Trouble(Stage.PERMISSION, "not allowed"))
    assert any("replicas" in line for line in lines)
    assert not any(line.startswith(("+", "✖ ")) for line in lines)


def test_a_refused_secret_hides_its_values_even_when_its_version_is_mistyped() -> None:
    document = {"apiVersion": "v2", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hunter2"}}
    lines = refused(document, Trouble(Stage.PERMISSION, "no kind Secret in v2", field="apiVersion"))
    assert "hunter2" not in "".join(lines)


def test_a_field_with_dots_in_its_key_is_found() -> None:
    labels = {"metadata": {"labels": {"a.example/b": "1", "a": "2"}}}
    assert field_path("metadata.labels[a.example/b]", labels) == ("metadata", "labels", "a.example/b")
    assert field_path("metadata.labels.a.example/b", labels) == ("metadata", "labels", "a.example/b")
    assert field_path("metadata.labels[c]", labels) == ("metadata", "labels")


def test_what_is_the_same_has_no_lines() -> None:
    assert diff_lines(Diff(OLD, OLD), UNICODE, width=80, sides=False) == []


def test_long_values_are_broken_within_their_side() -> None:
    long = with_value(NEW, ("metadata", "annotations", "a"), "word " * 60)
    lines = texts(diff_lines(Diff(OLD, long), ASCII, width=120, sides=True))
    assert all(len(text) <= 120 for text in lines)
    assert sum("word" in text for text in lines) > 3


@pytest.mark.parametrize(
    ("number", "path"),
    [(0, ""), (2, "spec"), (4, "spec.items[first]"), (5, "spec.items[first].deep"), (7, "spec.items[second]")],
)
def test_a_line_of_yaml_knows_where_it_stands(number: int, path: str) -> None:
    lines = [
        "kind: X",
        "spec:",
        "  items:",
        "  - name: first",
        "    deep:",
        "      key: value",
        "  - size: 1",
        "    name: second",
    ]
    assert yaml_path(lines, number) == path


def test_a_long_line_hangs_under_what_it_belongs_to_and_keeps_its_tones() -> None:
    line: Line = ((" ! note: ", Tone.WARN), ("one two three four five six", Tone.PLAIN))
    lines = hanging([line], 24, 3)
    assert texts(lines) == [" ! note: one two three", "   four five six"]
    assert lines[0][0] == (" ! note: ", Tone.WARN)
    assert hanging([()], 24) == [()]


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert texts(hanging([(("x" * 50, Tone.PLAIN),)], 20, 3)) == ["x" * 20, "   " + "x" * 20, "   " + "x" * 10]


def test_keys_count_once_the_question_was_there_for_a_moment_without_any() -> None:
    attention = Attention()
    assert not attention.takes(10.0)
    attention.painted(10.0)
    assert not attention.takes(9.9)
    assert not attention.takes(10.0 + PAUSE / 2)
    assert not attention.takes(10.0 + PAUSE)
    assert attention.takes(10.0 + PAUSE / 2 + 2 * PAUSE)


def test_a_blocked_pull_offers_the_image_that_ran_and_then_undo() -> None:
    change = PlannedChange(Wish(Deed.UPDATE, NEW), Wish(Deed.UPDATE, NEW).ref, diff=Diff(OLD, NEW))
    change = PlannedChange(change.wish, change.ref, diff=change.diff, effect=Effect.CHANGES)
    found = advice_for(change, Step("pulled", StepState.BLOCKED, "", (), "web-1", "main"))
    assert [one.move for one in found] == [Move.IMAGE, Move.EVENTS, Move.UNDO]
    assert found[0].value == "web:1"


@pytest.mark.parametrize(
    ("step", "move"),
    [
        ("started", Move.LOGS),
        ("ready", Move.LOGS),
        ("scheduled", Move.POD),
        ("pods", Move.EVENTS),
    ],
)
def test_every_way_of_being_blocked_has_a_next_step(step: str, move: Move) -> None:
    change = PlannedChange(Wish(Deed.APPLY, NEW), Wish(Deed.APPLY, NEW).ref, diff=Diff(None, NEW))
    assert advice_for(change, Step(step, StepState.BLOCKED, ""))[0].move is move
    held = Step("gone", StepState.BLOCKED, "", finalizers=("example.com/guard",))
    assert [one.move for one in advice_for(change, held)] == [Move.OBJECT, Move.OBJECT]


def test_what_is_to_know_of_several_objects_alike_is_said_once() -> None:
    anew, address = Notice(NoticeKind.LOST, "it is a new object"), Notice(NoticeKind.LOST, "another address")
    told = {"a": (anew, address), "b": (anew,), "c": (anew,)}
    wishes = [(Wish(Deed.CREATE, deployment(name, "web:1")), notices) for name, notices in told.items()]
    changes = tuple(
        PlannedChange(wish, wish.ref, effect=Effect.CREATES, diff=Diff(None, wish.document), notices=notices)
        for wish, notices in wishes
    )
    lines = texts(question_lines(Question(Plan(changes, "c", "s"), "?", Weight.ADDS), UNICODE))
    assert [line.split("lost: ")[1] for line in lines if "lost: " in line] == [
        "it is a new object  (each)", "another address  (Deployment/a)",
    ]  # fmt: skip
