"""Colour arithmetic: palettes of terminals, nearest fallbacks, contrast."""

from __future__ import annotations

ANSI_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
"""The eight names of 16 colours; each also exists with ``bright_`` before it."""
ANSI16 = ("default", *ANSI_NAMES, *(f"bright_{name}" for name in ANSI_NAMES))
"""What ``ansi16`` may say; the order after ``default`` is the terminal's own, 0 to 15."""


def components(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue (0-255) of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def palette256(index: int) -> tuple[int, int, int]:
    """Return the colour of an index 16-255 as xterm defines it: a 6x6x6 cube, then 24 greys."""
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return grey, grey, grey
    red, rest = divmod(index - 16, 36)
    steps = (0, 95, 135, 175, 215, 255)
    return steps[red], steps[rest // 6], steps[rest % 6]


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def nearest256(colour: str) -> int | None:
    """Return the nearest index 16-255; None for the terminal's own colour."""
    if colour == "default":
        return None
    return min(range(16, 256), key=lambda number: _distance(palette256(number), components(colour)))


def nearest16(colour: str) -> str:
    """Return the nearest of the 16 colours; light or dark grey stay the terminal's own foreground."""
    if colour == "default":
        return "default"
    red, green, blue = components(colour)
    top = max(red, green, blue)
    if top - min(red, green, blue) < 40:
        return "default" if top < 64 or top > 170 else "bright_black"
    bits = (red > top * 0.7) + 2 * (green > top * 0.7) + 4 * (blue > top * 0.7)
    return ("bright_" if top > 200 else "") + ANSI_NAMES[bits]


def contrast_ratio(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance of sRGB)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
