from __future__ import annotations

import random

import pytest

from k9py.kube.loglines import LONGEST_SHOWN, LineCutter, StampReader, since_time, text_of

BASE = 1_795_318_417 * 1_000_000_000


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        (b"2026-11-22T03:33:37Z hello", BASE),
        (b"2026-11-22T03:33:37.5Z hello", BASE + 500_000_000),
        (b"2026-11-22T03:33:37.123456789Z hello", BASE + 123_456_789),
        (b"2026-11-22T04:33:37.1+01:00 hello", BASE + 100_000_000),
        (b"2026-11-22T03:33:37.000000001Z hello", BASE + 1),
    ],
)
def test_a_stamp_is_read_to_the_nanosecond(line: bytes, stamp: int) -> None:
    assert StampReader().split(line) == (stamp, b"hello")


def test_stamps_with_zeros_trimmed_are_in_the_order_of_time() -> None:
    reader = StampReader()
    earlier, _ = reader.split(b"2026-11-22T03:33:37.09Z a")
    later, _ = reader.split(b"2026-11-22T03:33:37.1Z b")
    assert earlier < later


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"unable to retrieve container logs for containerd://abc",
        b"2026-11-22 03:33:37 not a stamp",
        b"2026-99-22T03:33:37Z month",
        b"2026-11-22T03:33:37.x9Z fraction",
        b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6T\xf5\xf4\xf3\xf2\xf1\xf0\xef\xee\xedZ bytes",
    ],
)
def test_what_is_no_stamp_stays_text(line: bytes) -> None:
    assert StampReader().split(line) == (0, line)


def test_an_empty_line_keeps_its_stamp() -> None:
    assert StampReader().split(b"2026-11-22T03:33:37Z ") == (BASE, b"")


def test_resuming_asks_for_the_whole_second() -> None:
    assert since_time(BASE + 999_999_999) == "2026-11-22T03:33:37Z"


def test_lines_come_out_whole_however_the_bytes_are_cut() -> None:
    rng = random.Random(3)
    lines = [bytes([65 + rng.randrange(26)]) * rng.randrange(60) for _ in range(200)]
    body = b"".join(line + b"\n" for line in lines)
    cutter = LineCutter()
    found: list[tuple[bytes, int]] = []
    while body:
        cut = rng.randrange(1, 100)
        found += cutter.feed(body[:cut])
        body = body[cut:]
    assert found == [(line, 0) for line in lines]
    assert cutter.flush() == (b"", 0)


def test_a_very_long_line_is_cut_counted_and_does_not_touch_the_next() -> None:
    cutter = LineCutter()
    for _ in range(50):
        assert cutter.feed(b"x" * 100_000) == []
    (long, dropped), (following, nothing) = cutter.feed(b"y\nnext\n")
    assert len(long) == LONGEST_SHOWN
    assert dropped == 5_000_001 - LONGEST_SHOWN
    assert (following, nothing) == (b"next", 0)


def test_a_carriage_return_before_the_line_end_goes_with_it() -> None:
    assert LineCutter().feed(b"windows\r\n") == [(b"windows", 0)]


def test_a_character_cut_in_two_does_no_harm() -> None:
    assert text_of("grün".encode()[:3]) == "gr\ufffd"
