"""Where the steps of a write stand, as one line says it."""

from __future__ import annotations

from k9py.changes.model import Stage, StageReport, StageState
from k9py.ui.changing.progress import WRITING, Progress
from k9py.ui.glyphs import UNICODE


def test_what_a_step_waits_for_is_said_beside_it_until_it_ended() -> None:
    progress = Progress(WRITING, 1)
    progress.take(StageReport(Stage.JOURNAL, StageState.DONE, 0, "3f2a"))
    progress.take(StageReport(Stage.WRITE, StageState.RUNNING, 0, "looking whether it was written"))
    assert _line(progress).endswith("write: looking whether it was written")
    progress.take(StageReport(Stage.WRITE, StageState.DONE, 0, "looked up: it is written"))
    assert _line(progress).endswith("write")


def _line(progress: Progress) -> str:
    return "".join(text for text, _ in progress.spans(UNICODE)).strip()
