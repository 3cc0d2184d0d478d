"""Ages as kubectl prints them, and times as the server writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k9py.core import ages
from k9py.core.errors import InputError

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 31_536_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"), (-1.5, "0s"), (-0.5, "0s"), (0, "0s"), (119.9, "119s"), (120, "2m"), (121, "2m1s"),
        (9 * MINUTE + 59, "9m59s"), (10 * MINUTE + 59, "10m"), (179 * MINUTE + 59, "179m"), (3 * HOUR, "3h"),
        (3 * HOUR + MINUTE, "3h1m"), (7 * HOUR + 59 * MINUTE, "7h59m"), (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR + 3599, "47h"), (2 * DAY, "2d"), (2 * DAY + HOUR, "2d1h"), (8 * DAY - 1, "7d23h"),
        (8 * DAY + 23 * HOUR, "8d"), (2 * YEAR - 1, "729d"), (2 * YEAR, "2y"), (2 * YEAR + DAY, "2y1d"),
        (8 * YEAR - 1, "7y364d"), (8 * YEAR + 300 * DAY, "8y"),
    ],
)  # fmt: skip
def test_a_duration_is_printed_as_kubectl_prints_it(seconds: float, text: str) -> None:
    assert ages.human(seconds) == text


def test_an_object_without_a_creation_time_has_an_unknown_age() -> None:
    assert ages.age(0.0, 1e9) == "<unknown>"
    assert ages.age(1e9 - 5, 1e9) == "5s"


@given(st.floats(min_value=0, max_value=10 * YEAR))
def test_the_text_stands_until_it_is_said_to_change(seconds: float) -> None:
    wait = ages.until_change(seconds)
    assert wait > 0
    assert ages.human(seconds + wait * 0.999) == ages.human(seconds) or wait < 1e-3
    changed = ages.human(seconds + wait + 1e-3)
    assert changed != ages.human(seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T00:00:10.500000Z", 10.5),
        ("1970-01-01T00:00:10.123456789Z", 10.123456),
        ("1970-01-01T01:00:10+01:00", 10.0),
        ("1970-01-01t00:00:10z", 10.0),
    ],
)
def test_a_time_is_read_in_every_form_the_server_writes(text: str, seconds: float) -> None:
    assert ages.parse_time(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "12"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        ages.parse_time(text)
    assert ages.time_or_zero(text) == 0.0


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_a_time_survives_writing_and_reading(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert ages.parse_time(ages.format_time(whole.timestamp())) == whole.timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h30m", 5400), ("3d4h", 3 * DAY + 4 * HOUR), ("2y", 2 * YEAR), ("1.5h", 5400), ("100ms", 0.1)],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert ages.parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "h", "1h x", "-1h", "1 h", "1mo"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        ages.parse_duration(text)
