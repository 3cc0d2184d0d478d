"""Doctor: says what is wrong, what to do about it, and leaves with 1 only when k9py cannot work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from k9py.cli.findings import Finding, Outcome
from k9py.cli.terminalchecks import terminal_findings
from tests.cli.conftest import Cluster, Command

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_GB.UTF-8"}
TMUX = {
    "escape-time": "10", "focus-events": "on", "set-clipboard": "on", "default-terminal": "tmux-256color",
    "terminal-features": "xterm*:RGB",
}  # fmt: skip


def look(
    environ: Mapping[str, str], *, size: tuple[int, int] = (120, 40), tmux: Mapping[str, str] = TMUX
) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in terminal_findings(environ, interactive=True, size=size, tmux=lambda name: tmux.get(name, "")):
        found.setdefault(finding.subject, []).append(finding)
    return found


def outcome(environ: Mapping[str, str], subject: str, **more: object) -> Outcome:
    return look(environ, **more)[subject][0].outcome  # type: ignore[arg-type]


def test_a_good_terminal_needs_no_remedy() -> None:
    remedies = [finding.remedy for findings in look(GOOD).values() for finding in findings]
    assert not any(remedies)


@pytest.mark.parametrize(
    ("change", "subject", "expected", "remedy"),
    [
        ({"TERM": "dumb"}, "terminal", Outcome.BAD, "ssh -t"),
        ({"TERM": ""}, "terminal", Outcome.BAD, "ssh -t"),
        ({"COLORTERM": ""}, "colours", Outcome.NOTE, "COLORTERM=truecolor"),
        ({"COLORTERM": "", "TERM": "vt100"}, "colours", Outcome.NOTE, "TERM=xterm-256color"),
        ({"NO_COLOR": "1"}, "colours", Outcome.NOTE, ""),
        ({"LANG": "C"}, "signs", Outcome.NOTE, "C.UTF-8"),
        ({"TERM": "linux"}, "signs", Outcome.NOTE, ""),
        ({"TERM_PROGRAM": "Apple_Terminal"}, "clipboard", Outcome.NOTE, "file"),
        ({"SSH_CONNECTION": "1 2 3 4"}, "link", Outcome.OK, ""),
        ({"STY": "1.x"}, "screen", Outcome.NOTE, "tmux"),
    ],
)
def test_what_a_terminal_lacks_is_told_with_a_remedy(
    change: dict[str, str], subject: str, expected: Outcome, remedy: str
) -> None:
    finding = look({**GOOD, **change})[subject][0]
    assert finding.outcome is expected
    assert remedy in finding.remedy


def test_a_small_window_is_a_warning() -> None:
    assert outcome(GOOD, "size", size=(79, 24)) is Outcome.WARN
    assert outcome(GOOD, "size", size=(80, 24)) is Outcome.OK


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        ("escape-time", "500", "set -s escape-time 10"),
        ("focus-events", "off", "set -g focus-events on"),
        ("set-clipboard", "off", "set -s set-clipboard on"),
        ("default-terminal", "xterm-256color", "set -g default-terminal tmux-256color"),
        ("terminal-features", "", "set -as terminal-features ',*:RGB'"),
    ],
)
def test_each_setting_of_tmux_that_spoils_something_comes_with_the_line_to_add(
    option: str, value: str, line: str
) -> None:
    inside = {**GOOD, "TMUX": "/tmp/tmux-0/default,1,0"}
    assert [finding.remedy for finding in look(inside)["tmux"] if finding.remedy] == []
    remedies = [finding.remedy for finding in look(inside, tmux={**TMUX, option: value})["tmux"] if finding.remedy]
    assert remedies == [f"In ~/.tmux.conf: {line}"]


def test_all_well_on_a_good_cluster(on_cluster: Command) -> None:
    run = on_cluster("doctor", "-n", "shop")
    assert run.status == 0
    for line in (
        "ok server     v1.",
        "-- TLS        not encrypted",
        "ok login",
        "ok rights     may see pods",
        "ok metrics",
    ):
        assert f"  {line}" in run.out
    assert run.lines[-1] == "All well."


def test_rights_that_are_missing_are_named_each(on_cluster: Command) -> None:
    run = on_cluster("doctor", "-n", "shop", "--context", "simulated-restricted")
    assert "may not see deployments: list deployments.apps in shop" in run.out


def test_no_kubeconfig_is_bad_and_the_rest_is_judged_all_the_same(k9py: Command) -> None:
    run = k9py("doctor")
    assert run.status == 1
    assert "XX kubeconfig" in run.out
    assert "ok colours" in run.out or "-- colours" in run.out
    assert run.lines[-1].startswith("1 thing must be mended")


@pytest.mark.parametrize(
    ("fault", "line"),
    [("401", "XX login"), ("rubbish", "XX server")],
)
def test_a_cluster_that_does_not_answer_as_it_should(
    on_cluster: Command, cluster: Cluster, fault: str, line: str
) -> None:
    cluster.do(lambda: cluster.server.faults.switch(fault))
    run = on_cluster("doctor")
    assert run.status == 1
    assert line in run.out
    assert "->" in run.out.partition(line)[2]


def test_a_server_nobody_listens_at_is_bad(on_cluster: Command) -> None:
    run = on_cluster("doctor", "--server", "http://127.0.0.1:1")
    assert run.status == 1
    assert "XX server" in run.out


def test_a_slow_link_is_good_to_know(on_cluster: Command, cluster: Cluster) -> None:
    cluster.do(lambda: cluster.server.faults.switch("delay=0.35"))
    assert "-- latency" in on_cluster("doctor").out


def test_a_clock_that_differs_by_more_than_five_seconds_is_a_warning(
    on_cluster: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from k9py.kube.transport import AioTransport

    monkeypatch.setattr(AioTransport, "clock_skew", property(lambda _: -90.0))
    run = on_cluster("doctor")
    assert "!! clock      the server is 90 s behind this machine" in run.out
    assert run.status == 0


def test_settings_with_mistakes_are_bad(on_cluster: Command, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.yaml").write_text("theme: 1\nkeys: {lgos: x}\n", "utf-8")
    run = on_cluster("doctor")
    assert run.status == 1
    assert "XX settings" in run.out
    assert "no action 'lgos'" in run.out
