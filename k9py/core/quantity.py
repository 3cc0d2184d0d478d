"""Kubernetes quantities: exact parsing, and the forms people read.

The grammar is that of ``k8s.io/apimachinery`` resource quantities: a signed decimal number followed by a binary suffix
(Ki … Ei), a decimal one (n u m k M G T P E) or an exponent.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

from k9py.core.errors import QuantityError

_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII
)
_BINARY = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4, "Pi": 1024**5, "Ei": 1024**6}
_DECIMAL: dict[str, Fraction | int] = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "k": 10**3, "M": 10**6,
    "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
}  # fmt: skip
_SMALL = ((1, ""), (1000, "m"), (10**6, "u"), (10**9, "n"))
_LARGE = ((10**18, "E"), (10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))

MAX_LENGTH = 64
"""Characters; a longer text is a mistake, and an endless exponent would take endless time."""

MAX_EXPONENT = 30
"""The API server itself stops at about 10^18."""


@lru_cache(maxsize=8192)
def parse(text: str) -> Fraction:
    """Return the exact value; raises QuantityError."""
    match = _NUMBER.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        raise QuantityError(
            f"not a quantity: {text[:MAX_LENGTH]!r}",
            remedy="Write a number with a unit, such as 500m, 2, 128Mi, 1.5Gi or 10G",
        )
    number, suffix = Fraction(match["number"].removeprefix("+")), match["suffix"] or ""
    if suffix in _BINARY:
        return number * _BINARY[suffix]
    if suffix in _DECIMAL:
        return number * _DECIMAL[suffix]
    if not suffix:
        return number
    exponent = int(suffix[1:])
    if abs(exponent) > MAX_EXPONENT:
        raise QuantityError(f"the exponent is out of range: {text!r}")
    return number * Fraction(10) ** exponent


@lru_cache(maxsize=8192)
def milli(text: str) -> int:
    """Return thousandths, rounded up as the scheduler does: the millicores of a CPU quantity."""
    return math.ceil(parse(text) * 1000)


@lru_cache(maxsize=8192)
def whole(text: str) -> int:
    """Return the whole value, rounded up: the bytes of a memory quantity."""
    return math.ceil(parse(text))


def format_decimal(value: Fraction | int) -> str:
    """Return the canonical decimal form: the largest unit that leaves no fraction, such as ``1500m`` or ``2``."""
    exact = Fraction(value)
    if exact.denominator == 1:
        number = exact.numerator
        for factor, suffix in _LARGE:
            if number and number % factor == 0:
                return f"{number // factor}{suffix}"
        return str(number)
    for factor, suffix in _SMALL:
        if (exact * factor).denominator == 1:
            return f"{(exact * factor).numerator}{suffix}"
    return f"{math.ceil(exact * 10**9)}n"


def format_binary(value: Fraction | int) -> str:
    """Return the canonical binary form: the largest unit that leaves no fraction, such as ``1536Mi``."""
    exact = Fraction(value)
    if exact.denominator != 1 or abs(exact) < 1024:
        return format_decimal(exact)
    number = exact.numerator
    for suffix in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        if number % _BINARY[suffix] == 0:
            return f"{number // _BINARY[suffix]}{suffix}"
    return str(number)


def is_binary(text: str) -> bool:
    """Return True when the quantity is written with a binary suffix, whose sums are printed the same way."""
    return text.endswith("i")


def format_cpu(millicores: float) -> str:
    """Return millicores as people compare them: ``184m``, never in another unit."""
    return f"{round(millicores)}m"


def format_bytes(size: float) -> str:
    """Return a size in at most three digits and its binary unit: ``98Mi``, ``1.5Gi``, ``12Gi``, ``640``."""
    negative, size = size < 0, abs(size)
    if size < 1024:
        text = str(round(size))
    else:
        unit = 0
        value = float(size)
        while (value >= 999.5 or unit == 0) and unit < 6:
            value /= 1024
            unit += 1
        text = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
        text = text.removesuffix(".0") + ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")[unit - 1]
    return f"-{text}" if negative else text
