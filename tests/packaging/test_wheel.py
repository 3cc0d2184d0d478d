"""The wheel: built without a network, it holds the themes and finds them where it is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from k9py import __version__
from k9py.config.themes import theme_files

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it comes with the extra 'test'")
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=50,
    )
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_every_theme_but_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name == f"k9py-{__version__}-py3-none-any.whl"
    assert {f"k9py/themes/{path.name}" for path in theme_files().values()} <= set(names)
    assert "k9py/cli/main.py" in names
    assert not [name for name in names if name.startswith(("tests/", "themes/"))]


def test_data_files_of_the_checkout_are_all_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "k9py"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    if tracked.returncode:
        pytest.skip("not a git checkout: nothing says which files belong to it")
    assert [name for name in tracked.stdout.split() if name not in names and (ROOT / name).exists()] == []


def test_an_installed_package_finds_its_own_themes(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    probe = "from k9py.config.themes import load_theme, shipped_themes; load_theme('north'); print(shipped_themes())"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", probe],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert Path(answer.stdout.strip()) == tmp_path / "site" / "k9py" / "themes"


def test_the_command_is_the_module(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "k9py", "version", "--client"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert answer.stdout.startswith(f"k9py {__version__} ")
