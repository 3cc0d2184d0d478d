"""Settings: strict reading, overrides per context and by environment, and their documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.config.documentation import as_yaml, describe_settings
from k9py.config.launch import within_settings
from k9py.config.loading import SettingsFile, check_settings, load_settings
from k9py.config.paths import Paths
from k9py.config.settings import Settings
from k9py.core.errors import SettingsError
from k9py.core.files import file_name
from k9py.kube.overrides import Overrides


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "config", tmp_path / "cache", tmp_path / "state")


def write(paths: Paths, text: str) -> None:
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text(text, "utf-8")


def mistakes(paths: Paths, text: str) -> list[str]:
    write(paths, text)
    return [str(problem).removeprefix(f"{paths.settings_file}:") for problem in check_settings(paths, {})[1]]


def test_without_a_file_every_default_holds(paths: Paths) -> None:
    assert load_settings(paths, {}).settings("any") == Settings()
    assert not paths.config.exists()


def test_an_unknown_key_names_its_line_and_the_nearest_one(paths: Paths) -> None:
    assert mistakes(paths, "theme: dark\nreedonly: true\n") == ["2: unknown key 'reedonly'; did you mean 'readonly'?"]
    assert mistakes(paths, "ui:\n  glyfs: ascii\n") == ["2: unknown key 'ui.glyfs'; did you mean 'glyphs'?"]


def test_an_unknown_key_like_no_other_lists_what_there_is(paths: Paths) -> None:
    (mistake,) = mistakes(paths, "kube:\n  zzz: 1\n")
    assert mistake == "2: unknown key 'kube.zzz'; kube knows request_timeout"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("readonly: ture", "1: 'readonly' must be true or false, not 'ture'"),
        ("logs:\n  tail: many", "2: 'logs.tail' must be a whole number, not 'many'"),
        ("logs:\n  tail: 1.5", "2: 'logs.tail' must be a whole number, not '1.5'"),
        ("logs:\n  tail: true", "2: 'logs.tail' must be a whole number, not 'True'"),
        ("ui:\n  change_mark: -1", "2: 'ui.change_mark' must be between 0 and 600, not -1"),
        (
            "ui:\n  glyphs: asci",
            "2: 'ui.glyphs' must be one of auto, unicode, ascii, not 'asci'; did you mean 'ascii'?",
        ),
        ("theme: 5", "1: 'theme' must be text, not '5'; put it in quotes"),
        ("ui: dark", "1: 'ui' must be a mapping, not 'dark'"),
        ("keys: [l]", "1: 'keys' must be a mapping, not a list"),
        ("contexts: prod", "1: 'contexts' must be a mapping, not 'prod'"),
        ("- theme", "1: the file must be a mapping, not a list"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_line(paths: Paths, text: str, mistake: str) -> None:
    assert mistakes(paths, text) == [mistake]


def test_every_mistake_is_found_at_once_and_loading_names_the_first(paths: Paths) -> None:
    write(paths, "theme: 1\nreadonly: 2\nzzz: 3\n")
    with pytest.raises(SettingsError, match=r"config\.yaml:1: 'theme' must be text.* \(and 2 more\)"):
        load_settings(paths, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("theme: dark\nui: ]\n", r"config\.yaml:2: not YAML"),
        ("theme: dark\ntheme: light\n", r"config\.yaml:2: 'theme' stands here a second time"),
        ("theme: !!python/object:os.system x\n", r"config\.yaml:1: not YAML"),
        ("a: &a [*a]\n", r"config\.yaml:1: nested too deeply"),
    ],
)
def test_a_file_that_is_not_clear_yaml_is_refused_with_its_line(paths: Paths, text: str, message: str) -> None:
    write(paths, text)
    with pytest.raises(SettingsError, match=message):
        load_settings(paths, {})


def test_a_file_that_is_not_text_is_refused(paths: Paths) -> None:
    paths.config.mkdir()
    paths.settings_file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_settings(paths, {})


def loaded(paths: Paths, text: str, **environ: str) -> SettingsFile:
    write(paths, text)
    return load_settings(paths, environ)


def test_a_context_overrides_only_what_it_names(paths: Paths) -> None:
    file = loaded(
        paths,
        "theme: light\nui: {mouse: true}\ncontexts:\n  prod: {readonly: true, ui: {glyphs: ascii}}\n",
    )
    assert file.settings("prod").readonly
    assert file.settings("prod").ui.glyphs == "ascii"
    assert file.settings("prod").ui.mouse
    assert file.settings("prod").theme == "light"
    assert not file.settings("staging").readonly


def test_context_names_may_be_patterns_and_the_last_match_wins(paths: Paths) -> None:
    file = loaded(
        paths,
        "contexts:\n  '*-prod': {readonly: true, theme: ember}\n  eu-prod: {theme: north}\n",
    )
    assert (file.settings("eu-prod").readonly, file.settings("eu-prod").theme) == (True, "north")
    assert (file.settings("us-prod").readonly, file.settings("us-prod").theme) == (True, "ember")
    assert file.settings("").theme == "dark"


def test_the_environment_wins_over_the_file(paths: Paths) -> None:
    environ = {"K9PY_THEME": "light", "K9PY_UI_COLOURS": "256", "K9PY_READONLY": "no", "K9PY_LOGS_TAIL": "7"}
    settings = loaded(paths, "theme: ember\nreadonly: true\n", **environ).settings("any")
    assert (settings.theme, settings.ui.colours, settings.readonly, settings.logs.tail) == ("light", "256", False, 7)


def test_a_bad_variable_is_named_with_what_it_must_be(paths: Paths) -> None:
    _, problems = check_settings(paths, {"K9PY_LOGS_TAIL": "lots", "K9PY_READONLY": "maybe"})
    assert [str(problem) for problem in problems] == [
        "environment variable K9PY_READONLY: must be true or false, not 'maybe'",
        "environment variable K9PY_LOGS_TAIL: must be a whole number, not 'lots'",
    ]


def test_keys_and_aliases_of_a_context_are_added_to_the_others_with_their_lines(paths: Paths) -> None:
    file = loaded(
        paths,
        "keys: {logs: [L], yaml: Y}\naliases: {bad: pods !}\ncontexts:\n  prod:\n    keys:\n      wide: [ctrl+e]\n",
    )
    assert file.settings("prod").keys == {"logs": ("L",), "yaml": ("Y",), "wide": ("ctrl+e",)}
    assert file.settings("other").keys == {"logs": ("L",), "yaml": ("Y",)}
    assert file.settings().aliases == {"bad": "pods !"}
    assert (file.lines["keys.logs"], file.lines["aliases.bad"], file.lines["keys.wide"]) == (1, 2, 6)


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        Settings().theme = "x"  # type: ignore[misc]


def test_what_config_show_prints_reads_back_as_the_same_settings(paths: Paths) -> None:
    original = loaded(
        paths, "theme: ember\nui: {colours: none, change_mark: 2.5}\nkeys: {logs: [L]}\naliases: {a: 'po x=1'}\n"
    ).settings()
    assert loaded(paths, as_yaml(original)).settings() == original


def test_every_setting_says_what_it_does() -> None:
    silent = [doc.name for doc in describe_settings() if len(doc.text) < 15 or not doc.text.endswith(".")]
    assert silent == []


def test_the_environment_names_the_directories() -> None:
    environ = {"K9PY_CONFIG_DIR": "/c", "K9PY_CACHE_DIR": "/k", "K9PY_STATE_DIR": "/s"}
    paths = Paths.of(environ)
    assert (paths.settings_file, paths.cache, paths.log_file) == (
        Path("/c/config.yaml"), Path("/k"), Path("/s/k9py.log"),
    )  # fmt: skip


def test_file_names_of_contexts_are_safe_and_never_the_same() -> None:
    names = ["arn:aws:eks:eu-1:1:cluster/Shop", "arn:aws:eks:eu-1:1:cluster/shop", "../../etc/passwd", "", "a" * 300]
    made = [file_name(name) for name in names]
    assert len({name.lower() for name in made}) == len(names)
    assert all("/" not in name and not name.startswith(".") and len(name) < 100 for name in made)


def test_a_limit_nobody_set_is_absent_and_can_be_given_by_file_environment_and_command_line(paths: Paths) -> None:
    assert Settings().kube.request_timeout is None
    set_by_file = loaded(paths, "kube: {request_timeout: 12}\n").settings()
    set_by_environment = loaded(paths, "", K9PY_KUBE_REQUEST_TIMEOUT="7.5").settings()
    assert (set_by_file.kube.request_timeout, set_by_environment.kube.request_timeout) == (12.0, 7.5)
    assert within_settings(Overrides(), set_by_file).request_timeout == 12.0
    assert within_settings(Overrides(request_timeout=3.0), set_by_file).request_timeout == 3.0
    assert mistakes(paths, "kube: {request_timeout: 0}") == [
        "1: 'kube.request_timeout' must be between 1 and 600, not 0"
    ]
