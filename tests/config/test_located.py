"""YAML with positions: the plain reader says what PyYAML says, or nothing."""

from __future__ import annotations

import subprocess
import sys
from itertools import product

import pytest

from k9py.config import located
from k9py.config.located import Located, read_located, read_plain
from k9py.config.themes import theme_files
from k9py.core.errors import SettingsError

NASTY = (
    "a", "a b", "a  b", "a-b", "-a", "- a", "yes", "Off", "null", "~", "", "1", "01", "0", "1.5", ".5", "1e3",
    "1_0", "0x1f", "1:30", "2026-01-05", "inf", ".inf", "a: b", "a:b", "a #b", "#b", '"#b"', '"a', 'a"', '"a" "b"',
    '"\\n"', "'a'", "[a]", "{}", "{a: 1}", "{a: 1, b: x}", "{a: 1, a: 2}", "{a: {b: 1}}", '{a: "x, y"}', "{a}",
    "{a: }", "{ a: 1 }", "*a", "&a b", "!t a", "|", ">", "%a", "@a", "`a`", "a, b", "ä", "\x85", "\t a", "a\t",
    "a ", "a\r", "y", "n", "True", "a_b", "_a",
)  # fmt: skip
SHAPES = (
    "k: {}\n", "k: {}", "{}: 1\n", "a: 1\nk: {}\n", "k:\n  x: {}\n", "k:\n  {}: 1\n", "k:\n  x: 1\n  y: {}\nz: 2\n",
    "k: {}\n  x: 1\n", "k:\n    x: {}\n", "# {}\nk: 1\n", "\nk: {}\n\n", "k:\n{}\n", "k: 1\nk: {}\n",
    "{}\n", "k:\nx: {}\n", "k:\n  x: 1\n {}: 2\n", "k:{}\n", "k :{}\n", "k:\n  # {}\n  x: 1\n",
)  # fmt: skip


def by_pyyaml(text: str, monkeypatch: pytest.MonkeyPatch) -> Located | None:
    """Return what PyYAML reads, None where it refuses."""
    with monkeypatch.context() as patch:
        patch.setattr(located, "read_plain", lambda _: None)
        try:
            return read_located(text, "file")
        except SettingsError:
            return None


def test_the_plain_reader_never_says_what_pyyaml_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = 0
    for shape, word in product(SHAPES, NASTY):
        text = shape.replace("{}", word)
        plain = read_plain(text)
        if plain is not None:
            answered += 1
            assert repr(plain) == repr(by_pyyaml(text, monkeypatch)), text
    assert answered > 100


@pytest.mark.parametrize("name", sorted(theme_files()))
def test_every_shipped_theme_is_plain(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = theme_files()[name].read_text("utf-8")
    plain = read_plain(text)
    assert plain is not None
    assert plain == by_pyyaml(text, monkeypatch)


def test_the_default_theme_is_read_without_pyyaml() -> None:
    code = "import sys; from k9py.config.themes import load_theme; load_theme('dark'); print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
