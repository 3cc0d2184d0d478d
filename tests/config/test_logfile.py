"""The log file: rotated, private, and no secret in it."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from k9py.config.logfile import HIDDEN, open_log, redact
from k9py.config.paths import Paths
from k9py.config.settings import LogFileSettings

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "config", tmp_path / "cache", tmp_path / "state")


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcdef.123456", "abcdef"),
        ("headers {'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        (f"the plugin said {JWT} and left", JWT),
        ("token: s3cr3t-value", "s3cr3t"),
        ('{"password": "hun ter2", "user": "ann"}', "hun ter2"),
        ("id-token=abc&client_secret=def", "def"),
        ("client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1"),
        ("https://ann:hunter2@proxy.example:3128/", "hunter2"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("--token=s3cr3t get pods", "s3cr3t"),
    ],
)
def test_what_looks_like_a_credential_is_hidden(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert HIDDEN in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/namespaces/shop/secrets/web-tls 200",
        "pod web-1 uses secretName web-tls",
        "the token expired an hour ago",
        "https://10.0.0.1:6443/version",
        "watch deployments.apps resumed at 12345",
    ],
)
def test_what_is_no_credential_stays_readable(text: str) -> None:
    assert redact(text) == text


def test_secrets_are_hidden_in_messages_arguments_and_tracebacks(paths: Paths) -> None:
    open_log(paths, LogFileSettings())
    logger = logging.getLogger("test")
    logger.info("sent %s", {"Authorization": "Bearer abcdefghij"})
    try:
        raise ValueError(f"cannot use {JWT}")
    except ValueError:
        logger.exception("failed")
    text = paths.log_file.read_text("utf-8")
    assert "abcdefghij" not in text
    assert JWT not in text
    assert "ValueError: cannot use" in text


def test_the_file_is_private_rotated_and_few_old_ones_are_kept(paths: Paths) -> None:
    open_log(paths, LogFileSettings(size=16, keep=2))
    for number in range(600):
        logging.getLogger("test").info("line %d %s", number, "x" * 100)
    files = sorted(path.name for path in paths.state.iterdir())
    assert files == ["k9py.log", "k9py.log.1", "k9py.log.2"]
    assert all(path.stat().st_size <= 16 * 1024 for path in paths.state.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths.state.iterdir()} == {0o600}
    assert "line 599" in paths.log_file.read_text("utf-8")


def test_the_level_of_the_settings_holds(paths: Paths) -> None:
    open_log(paths, LogFileSettings(level="warning"))
    logging.getLogger("test").info("quiet")
    logging.getLogger("test").warning("loud")
    text = paths.log_file.read_text("utf-8")
    assert "loud" in text
    assert "quiet" not in text


def test_text_that_is_not_unicode_does_not_stop_the_log(paths: Paths) -> None:
    handler = open_log(paths, LogFileSettings())
    # Handed to the handler alone: pytest-xdist cannot carry such a text in its report.
    handler.handle(logging.LogRecord("test", logging.WARNING, "", 0, "odd \udcff byte", None, None))
    assert "odd \\udcff byte" in paths.log_file.read_text("utf-8")
