"""Objects and events as lines of text."""

from __future__ import annotations

from k9py.kube.happenings import Happening
from k9py.ui.documents import event_lines
from k9py.ui.textview import line_text

NOW = 1_000_000.0


def test_events_stand_with_the_newest_first_and_say_who_said_it_at_the_end() -> None:
    events = [
        Happening("Normal", "Pulled", "Image is there", 1, NOW - 90, NOW - 90, "kubelet, node-1", ""),
        Happening("Warning", "Unhealthy", "Liveness probe failed", 3, NOW - 60, NOW - 5, "", ""),
    ]
    titles, newest, oldest = (line_text(line) for line in event_lines(events, NOW))
    assert titles.split() == ["LAST", "SEEN", "TYPE", "REASON", "MESSAGE"]
    assert newest.split(maxsplit=4) == ["5s", "(x3", "over", "60s)", "Warning  Unhealthy  Liveness probe failed"]
    assert oldest.endswith("Image is there (kubelet, node-1)")
    assert newest.index("Liveness") == titles.index("MESSAGE") == oldest.index("Image")
