"""Quantities: exact, strict, and printed as people compare them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k9py.core import quantity
from k9py.core.errors import QuantityError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", Fraction(1, 2)), ("2", 2), ("0.1", Fraction(1, 10)), (".5", Fraction(1, 2)), ("5.", 5), ("+3", 3),
        ("-1.5", Fraction(-3, 2)), ("128Mi", 128 * 1024**2), ("1.5Gi", 1536 * 1024**2), ("1k", 1000), ("10G", 10**10),
        ("1E", 10**18), ("1e3", 1000), ("1E3", 1000), ("12e-1", Fraction(6, 5)), ("100n", Fraction(1, 10**7)),
        ("7u", Fraction(7, 10**6)), ("1Ei", 1024**6), ("0", 0),
    ],
)  # fmt: skip
def test_a_quantity_is_read_exactly(text: str, value: Fraction | int) -> None:
    assert quantity.parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1K", "1mi", "1 Mi", "Mi", "1e", "1.2.3", "--1", "1MiB", "0x10", "1e99999999999", "٣", "1_000",
     "9" * 100],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        quantity.parse(text)


def test_amounts_are_rounded_up_as_the_scheduler_does() -> None:
    assert quantity.milli("0.1") == 100
    assert quantity.milli("1n") == 1
    assert quantity.whole("1.1") == 2
    assert quantity.whole("64Mi") == 67_108_864


@pytest.mark.parametrize(
    ("value", "text"),
    [(Fraction(3, 2), "1500m"), (2, "2"), (1000, "1k"), (1500, "1500"), (Fraction(1, 10**9), "1n"), (0, "0"),
     (Fraction(-1, 2), "-500m"), (Fraction(1, 3 * 10**9), "1n")],
)  # fmt: skip
def test_the_decimal_form_is_the_servers(value: Fraction | int, text: str) -> None:
    assert quantity.format_decimal(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1024**3, "1Gi"), (1536 * 1024**2, "1536Mi"), (1000, "1k"), (1025, "1025"), (0, "0")]
)
def test_the_binary_form_is_the_servers(value: int, text: str) -> None:
    assert quantity.format_binary(value) == text


@given(st.fractions(min_value=-(10**15), max_value=10**15).map(lambda f: Fraction(round(f * 10**9), 10**9)))
def test_a_printed_quantity_reads_as_the_same_value(value: Fraction) -> None:
    assert quantity.parse(quantity.format_decimal(value)) == value
    assert quantity.parse(quantity.format_binary(value)) == value


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (640, "640"), (1024, "1Ki"), (98 * 1024**2, "98Mi"), (1.5 * 1024**3, "1.5Gi"), (12.3 * 1024**3, "12Gi"),
     (999 * 1024**2, "999Mi"), (1000 * 1024**2, "1Gi"), (-2048, "-2Ki"), (2**70, "1024Ei")],
)  # fmt: skip
def test_a_size_is_short(size: float, text: str) -> None:
    assert quantity.format_bytes(size) == text


def test_cpu_is_always_millicores() -> None:
    assert quantity.format_cpu(184.4) == "184m"
    assert quantity.format_cpu(12500) == "12500m"
