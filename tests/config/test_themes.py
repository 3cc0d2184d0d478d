"""Themes: readable on their background at every depth of colour, and strict files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pytest

from k9py.config.colours import ANSI16, components, contrast_ratio, nearest16, nearest256, palette256
from k9py.config.located import Problem
from k9py.config.themes import (
    ROLES,
    Role,
    Theme,
    check_choices,
    check_themes,
    load_theme,
    read_theme,
    shipped_themes,
    theme_files,
)
from k9py.core.errors import SettingsError

NAMES = sorted(theme_files())
COLOURED = [name for name in NAMES if name != "monochrome"]
TEXTS = ("text", "dim", "accent", "ok", "warn", "bad", "new", "mark")
Rgb = tuple[int, int, int]


def true_colours(theme: Theme) -> dict[str, Rgb]:
    return {name: components(role.colour) for name, role in theme.roles.items()}


def indexed_colours(theme: Theme) -> dict[str, Rgb]:
    return {name: palette256(role.ansi256) for name, role in theme.roles.items() if role.ansi256 is not None}


def test_there_are_ten_themes_with_the_ones_people_depend_on() -> None:
    assert len(NAMES) == 10
    assert {"dark", "light", "high-contrast-dark", "high-contrast-light", "monochrome"} <= set(NAMES)
    assert check_themes()[1] == []


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("depth", [true_colours, indexed_colours])
def test_every_text_keeps_the_contrast_its_theme_promises(name: str, depth: object) -> None:
    theme = load_theme(name)
    colours = depth(theme)  # type: ignore[operator]
    weak = {
        (role, ground): round(contrast_ratio(colours[role], colours[ground]), 2)
        for role in TEXTS
        for ground in ("background", "surface")
        if contrast_ratio(colours[role], colours[ground]) < theme.contrast
    }
    assert weak == {}
    assert contrast_ratio(colours["cursor_text"], colours["cursor"]) >= theme.contrast


@pytest.mark.parametrize("name", NAMES)
def test_no_theme_promises_less_than_wcag_aa_and_high_contrast_keeps_aaa(name: str) -> None:
    assert load_theme(name).contrast >= (7.0 if name.startswith("high-contrast") else 4.5)


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("depth", [true_colours, indexed_colours])
def test_good_warning_bad_and_plain_are_told_apart(name: str, depth: object) -> None:
    colours = depth(load_theme(name))  # type: ignore[operator]
    close = [
        pair
        for pair in combinations(("text", "ok", "warn", "bad"), 2)
        if distance(*(colours[role] for role in pair)) < 15
    ]
    assert close == []


@pytest.mark.parametrize("name", COLOURED)
def test_sixteen_colours_still_tell_good_warning_and_bad_apart(name: str) -> None:
    roles = load_theme(name).roles
    drawn = {(roles[role].ansi16, roles[role].styles) for role in ("text", "ok", "warn", "bad")}
    assert len(drawn) == 4


# Machado, Oliveira, Fernandes 2009, severity 1.0: linear RGB as each kind of colour blindness sees it.
BLINDNESS: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("name", ["colour-blind-dark", "colour-blind-light"])
@pytest.mark.parametrize("depth", [true_colours, indexed_colours])
def test_the_colour_blind_themes_hold_for_every_missing_cone(blindness: str, name: str, depth: object) -> None:
    colours = depth(load_theme(name))  # type: ignore[operator]
    seen = {role: as_seen(colours[role], BLINDNESS[blindness]) for role in ("ok", "warn", "bad")}
    assert all(distance(seen[one], seen[other]) > 20 for one, other in combinations(seen, 2))


def test_the_default_theme_shows_that_the_measure_can_fail() -> None:
    colours = true_colours(load_theme("dark"))
    seen = {role: as_seen(colours[role], BLINDNESS["deuteranopia"]) for role in ("ok", "bad")}
    assert distance(seen["ok"], seen["bad"]) < 20


def test_monochrome_says_everything_without_a_colour() -> None:
    theme = load_theme("monochrome")
    assert theme.monochrome
    assert all(role.ansi256 is None and role.ansi16 == "default" for role in theme.roles.values())
    assert theme.roles["cursor"].styles == {"reverse"}
    assert len({theme.roles[role].styles for role in ("text", "warn", "bad")}) == 3


def test_every_theme_has_one_accent_that_means_nothing_else() -> None:
    for name in COLOURED:
        colours = true_colours(load_theme(name))
        assert colours["accent"] not in [colours[role] for role in ("ok", "warn", "bad", "text", "dim")], name


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast_ratio((255, 255, 255), (118, 118, 118)) == pytest.approx(4.54, abs=0.01)
    assert contrast_ratio((9, 9, 9), (9, 9, 9)) == 1.0


def test_fallbacks_are_computed_where_a_theme_names_none() -> None:
    assert nearest256("#ff0000") == 196
    assert nearest256("#808080") in (102, 244)
    assert nearest256("default") is None
    assert (nearest16("#e03030"), nearest16("#a02020"), nearest16("#f5f5f5")) == ("bright_red", "red", "default")
    assert all(nearest16(f"#{r:02x}{g:02x}{b:02x}") in ANSI16 for r, g, b in [(0, 0, 0), (80, 80, 90), (1, 200, 3)])


# --- files of the user ---------------------------------------------------------------------------------------------


def write(directory: Path, text: str, name: str = "mine") -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_users_theme_may_change_a_few_roles_of_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, 'title: Mine\nbase: north\nroles:\n  accent: "#FF00FF"\n')
    theme = load_theme("mine", tmp_path)
    assert theme.roles["accent"] == Role("#ff00ff", 201, "bright_magenta")
    assert theme.roles["ok"] == load_theme("north").roles["ok"]
    assert theme.title == "Mine"


def test_a_users_theme_replaces_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, 'base: dark\nroles:\n  accent: "#123456"\n', "dark")
    assert load_theme("dark", tmp_path).roles["accent"].colour == "#123456"
    assert load_theme("dark").roles["accent"].colour != "#123456"


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("accnt: red", "3: unknown role 'accnt'; did you mean 'accent'?"),
        ("accent: red", "3: 'accent': colour must be '#rrggbb' in quotes, or default, not 'red'"),
        ("accent: #ff00ff", "3: 'accent': colour must be '#rrggbb' in quotes, or default, not nothing"),
        ('accent: {colour: "#ff00ff", ansi256: 7}', "3: 'accent': ansi256 must be 16 to 255 or default, not '7'"),
        (
            'accent: {colour: "#ff00ff", ansi16: brite_red}',
            "3: 'accent': ansi16 cannot be 'brite_red'; did you mean 'bright_red'?",
        ),
        (
            'accent: {colour: "#ff00ff", style: fat}',
            "3: 'accent': unknown style 'fat'; styles are bold, dim, italic, underline, reverse",
        ),
        ('accent: {color: "#ff00ff"}', "3: 'accent': unknown key 'color'; did you mean 'colour'?"),
    ],
)
def test_a_mistake_in_a_theme_is_told_with_its_line(tmp_path: Path, line: str, mistake: str) -> None:
    path = write(tmp_path, f"base: dark\nroles:\n  {line}\n")
    problems: list[Problem] = []
    assert read_theme(path, problems) is None
    assert str(problems[0]) == f"{path}:{mistake}"


def test_a_theme_without_a_base_needs_every_role(tmp_path: Path) -> None:
    path = write(tmp_path, 'roles:\n  accent: "#ff00ff"\n')
    problems: list[Problem] = []
    read_theme(path, problems)
    assert "no background, surface, text" in str(problems[0])
    assert "base: dark" in str(problems[0])


def test_a_bad_theme_costs_only_itself(tmp_path: Path) -> None:
    write(tmp_path, "roles: [", "broken")
    themes, problems = check_themes(tmp_path)
    assert sorted(themes) == NAMES
    assert len(problems) == 1


def test_an_unknown_theme_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no theme 'drak'") as caught:
        load_theme("drak", tmp_path)
    assert caught.value.remedy == "Did you mean 'dark'?"
    assert [str(problem) for problem in check_choices([("lihgt", 4), ("dark", 5)], "f")] == [
        "f:4: no theme 'lihgt'; did you mean 'light'?"
    ]


def test_every_role_says_what_it_means_and_is_in_every_file() -> None:
    for path in shipped_themes().glob("*.yaml"):
        text = path.read_text("utf-8")
        assert all(f"  {role}: " in text for role in ROLES), path


# --- how far apart two colours look --------------------------------------------------------------------------------


def linear(colour: Rgb) -> list[float]:
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)]


def as_seen(colour: Rgb, matrix: tuple[tuple[float, float, float], ...]) -> Rgb:
    mixed = [sum(a * b for a, b in zip(row, linear(colour), strict=True)) for row in matrix]
    clipped = [min(1.0, max(0.0, value)) for value in mixed]
    red, green, blue = (round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)) for v in clipped)
    return red, green, blue


def lab(colour: Rgb) -> tuple[float, float, float]:
    red, green, blue = linear(colour)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: Rgb, other: Rgb) -> float:
    """CIE76 colour difference; 2.3 is just noticeable side by side."""
    return float(sum((a - b) ** 2 for a, b in zip(lab(one), lab(other), strict=True)) ** 0.5)
