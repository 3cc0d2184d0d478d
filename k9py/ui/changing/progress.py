"""Where the steps of the gate stand, for one change and for all of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from k9py.changes.model import Stage, StageReport, StageState
from k9py.core.text import safe_line
from k9py.resources.model import Tone
from k9py.ui.glyphs import Glyphs
from k9py.ui.statusline import Spans

PLANNING = (Stage.PERMISSION, Stage.VALIDATE, Stage.DRY_RUN, Stage.DIFF)
WRITING = (Stage.JOURNAL, Stage.WRITE)


class Progress:
    """What the gate reported so far."""

    def __init__(self, stages: Sequence[Stage], count: int) -> None:
        """``count`` is how many changes there are."""
        self.stages = stages
        self.count = count
        self._state: dict[tuple[Stage, int], StageReport] = {}

    def take(self, report: StageReport) -> None:
        """Note a report."""
        self._state[report.stage, report.index] = report

    def of(self, index: int) -> list[StageReport]:
        """Return what is known of one change, in the order of the steps."""
        found = (self._state.get((stage, index)) for stage in self.stages)
        return [report for report in found if report is not None]

    def spans(self, glyphs: Glyphs) -> Spans:
        """Return every step with its sign; of several changes also how many are through."""
        spans: list[tuple[str, Tone]] = []
        for stage in self.stages:
            reports = [report for (of, _), report in self._state.items() if of is stage]
            states = Counter(report.state for report in reports)
            ended = states[StageState.DONE] + states[StageState.REFUSED]
            sign, tone = glyphs.separator, Tone.DIM
            if states[StageState.REFUSED]:
                sign, tone = glyphs.bad, Tone.BAD
            elif states[StageState.RUNNING]:
                sign, tone = glyphs.busy, Tone.PLAIN
            elif ended:
                sign, tone = glyphs.done, Tone.OK
            text = f"{sign} {stage.value}"
            if self.count > 1 and (ended or states[StageState.RUNNING]):
                text += f" {ended}/{self.count}"
            waits = next((one.text for one in reports if one.state is StageState.RUNNING and one.text), "")
            spans.append((f" {text}{': ' if waits else ''}{safe_line(waits)} ", tone))
        return tuple(spans)
