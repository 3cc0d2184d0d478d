"""The verbs beside ``get``, and what holds for all of them."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k9py import __version__
from k9py.cli import contexts
from k9py.cli.browse import options_of
from k9py.cli.main import main, overview, parse
from k9py.cli.verbs import VERBS, split_verb
from k9py.core.refs import Scope
from k9py.kube.kubeconfig import Kubeconfig
from tests.cli.conftest import Cluster, Command

# --- which verb ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "verb", "rest"),
    [
        ("", "ui", ""),
        ("pods -A", "ui", "pods -A"),
        ("ui pods", "ui", "pods"),
        ("get pods", "get", "pods"),
        ("--context prod get pods", "get", "--context prod pods"),
        ("--context=prod get pods", "get", "--context=prod pods"),
        ("-n get pods", "ui", "-n get pods"),
        ("pods get", "ui", "pods get"),
        ("-- get", "ui", "-- get"),
    ],
)
def test_the_first_word_that_is_no_flag_is_the_verb_or_a_kind(line: str, verb: str, rest: str) -> None:
    assert split_verb(line.split()) == (verb, rest.split())


def test_what_the_command_line_says_reaches_the_interface() -> None:
    line = (
        "deploy /api -n shop,web -n shop --context prod --as ann --as-group a --as-group b --as-uid 7 "
        "-l app=x --theme light --readonly --request-timeout 1m30s --kubeconfig /k --ascii"
    )
    wishes = options_of(parse(line.split()))
    assert (wishes.kind, wishes.words, wishes.scope) == ("deploy", ("/api",), Scope(("shop", "web")))
    assert (wishes.context, wishes.connection.as_user, wishes.connection.as_groups) == ("prod", "ann", ("a", "b"))
    assert (wishes.connection.as_uid, wishes.connection.request_timeout) == ("7", 90.0)
    assert (wishes.selector, wishes.theme, wishes.kubeconfig) == ("app=x", "light", "/k")
    assert (wishes.readonly, wishes.ascii) == (True, True)


def test_what_the_command_line_does_not_say_stays_open() -> None:
    wishes = options_of(parse([]))
    assert (wishes.kind, wishes.scope, wishes.readonly, wishes.ascii) == ("", None, None, None)
    assert wishes.connection.insecure_skip_tls_verify is None
    assert options_of(parse(["-A"])).scope == Scope()
    assert options_of(parse(["--write"])).readonly is False


# --- help, mistakes, failures --------------------------------------------------------------------------------------


def test_help_names_every_verb_on_one_screen(k9py: Command) -> None:
    run = k9py("--help")
    assert (run.status, run.out, run.err) == (0, overview(), "")
    lines = run.out.splitlines()
    assert {line.split()[0] for line in lines[2:-1]} == {verb.name for verb in VERBS.values() if verb.summary} - {"ui"}
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS.values() if verb.summary])
def test_every_verb_explains_itself_with_examples_that_work(verb: str, k9py: Command) -> None:
    run = k9py(verb, "--help")
    assert run.status == 0
    examples = run.out.partition("examples:\n")[2] if "examples:" in run.out else ""
    lines = [line.strip() for line in examples.splitlines() if line.strip().startswith("k9py")]
    assert lines or verb in ("completion",)
    for line in lines:
        parse(line.partition("|")[0].split()[1:])


def test_an_unexpected_failure_is_one_line_and_its_traceback_is_in_the_log(
    k9py: Command, home: Path, monkeypatch: pytest.MonkeyPatch, own_log: None
) -> None:
    def explode(_: object) -> int:
        raise ZeroDivisionError("token=s3cr3t")

    monkeypatch.setattr(contexts, "run", explode)
    run = k9py("contexts")
    log = home / "state" / "k9py.log"
    assert run.status == 1
    assert run.err == f"error: ZeroDivisionError: token=<hidden> (a defect of k9py; details in {log})\n"
    assert "Traceback" in log.read_text("utf-8")
    assert "s3cr3t" not in log.read_text("utf-8")


def test_settings_with_a_mistake_are_refused_before_anything_is_asked(on_cluster: Command, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.yaml").write_text("reedonly: true\n", "utf-8")
    run = on_cluster("get", "pods")
    assert run.status == 1
    assert run.err.startswith(f"error: {home}/config/config.yaml:1: unknown key 'reedonly'; did you mean 'readonly'?")


def test_without_a_kubeconfig_the_way_out_is_named(k9py: Command) -> None:
    run = k9py("get", "pods")
    assert run.status == 1
    assert "k9py demo" in run.err


@pytest.fixture
def own_log() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    before = list(root.handlers)
    for handler in before:
        root.removeHandler(handler)
    yield
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)


# --- contexts, config, version -------------------------------------------------------------------------------------


def test_contexts_are_listed_and_only_use_writes(on_cluster: Command, cluster: Cluster, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(cluster.kubeconfig.read_bytes())
    before = copy.read_bytes()
    listed = on_cluster("contexts", "--kubeconfig", str(copy))
    assert listed.lines[0].split() == ["CURRENT", "NAME", "CLUSTER", "USER", "NAMESPACE"]
    names = on_cluster("contexts", "-o", "name", "--kubeconfig", str(copy)).lines
    assert copy.read_bytes() == before
    other = next(name for name in names if name != Kubeconfig.load(copy).current_context)
    assert on_cluster("contexts", "use", other, "--kubeconfig", str(copy)).status == 0
    assert Kubeconfig.load(copy).current_context == other
    assert on_cluster("contexts", "use", "nope", "--kubeconfig", str(copy)).status == 1
    assert on_cluster("contexts", "prod", "--kubeconfig", str(copy)).err.endswith("Write: k9py contexts use NAME\n")


def test_config_check_lists_every_mistake_in_settings_keys_and_themes(k9py: Command, home: Path) -> None:
    assert k9py("config", "check").status == 0
    (home / "config" / "themes").mkdir(parents=True)
    (home / "config" / "config.yaml").write_text("theme: drak\nzzz: 1\nkeys:\n  lgos: L\n", "utf-8")
    (home / "config" / "themes" / "mine.yaml").write_text("base: dark\nroles: {accnt: '#ffffff'}\n", "utf-8")
    run = k9py("config", "check")
    assert run.status == 1
    assert [line.removeprefix(f"{home}/config/").split(": ", 1)[0] for line in run.lines] == [
        "config.yaml:2", "themes/mine.yaml:2", "config.yaml:1", "config.yaml:4",
    ]  # fmt: skip


def test_config_show_tells_what_holds_in_a_context(k9py: Command, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.yaml").write_text("contexts: {'prod*': {readonly: true}}\n", "utf-8")
    assert "readonly: true" in k9py("config", "show", "--context", "prod-eu").out
    assert "readonly: false" in k9py("config", "show", "--context", "test").out


def test_config_path_and_keys_and_themes_are_lists(k9py: Command, home: Path) -> None:
    assert f"{home}/config/config.yaml  (not there yet)" in k9py("config", "path").out
    assert any(line.split()[:3] == ["describe", "table", "d"] for line in k9py("config", "keys").lines)
    assert len(k9py("config", "themes").lines) == 10


def test_version_tells_ours_and_the_servers(on_cluster: Command) -> None:
    assert on_cluster("--version").lines[0].startswith(f"k9py {__version__} ")
    assert on_cluster("version").lines[1].startswith("server v1.")


# --- describe, top, logs -------------------------------------------------------------------------------------------


def test_describe_explains_an_object_with_its_events(on_cluster: Command) -> None:
    run = on_cluster("describe", "deploy/web", "pod/web-1", "-n", "shop")
    assert run.status == 0
    assert [line.split()[1] for line in run.lines if line.startswith("Name:")] == ["web", "web-1"]
    assert on_cluster("describe", "pod", "nope", "-n", "shop").status == 1
    by_label = on_cluster("describe", "pods", "-l", "app=web", "-n", "shop", "--no-events")
    assert by_label.out.count("Name:  ") == 2


def test_top_prints_what_was_measured(on_cluster: Command) -> None:
    pods = on_cluster("top", "pods", "-n", "shop", "--sort-by", "cpu")
    assert [line.split() for line in pods.lines] == [
        ["NAME", "CPU(cores)", "MEMORY(bytes)"],
        ["db-1", "202m", "80Mi"],
        ["web-1", "12m", "80Mi"],
    ]
    containers = on_cluster("top", "po", "-n", "shop", "--containers", "--no-headers")
    assert containers.lines[0].split() == ["db-1", "main", "200m", "64Mi"]
    nodes = on_cluster("top", "nodes")
    assert nodes.lines[1].split() == ["node-1", "500m", "25%", "1024Mi", "25%"]


def test_logs_come_from_the_default_container_without_their_stamps(on_cluster: Command) -> None:
    run = on_cluster("logs", "web-1", "-n", "shop")
    assert run.status == 0
    assert run.lines[0] == "first line"
    assert run.err == "# web-1: container main of main, proxy\n"


def test_logs_of_a_workload_name_their_pods(on_cluster: Command) -> None:
    run = on_cluster("logs", "deploy/web", "-n", "shop", "-c", "proxy", "--timestamps")
    assert sorted({line.split("]")[0] for line in run.lines}) == ["[web-1/proxy", "[web-2/proxy"]
    assert "2026-01-01T00:00:01Z first line" in run.lines[0]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["logs"], "error: name a pod, a workload or a selector"),
        (["logs", "a", "-f", "-p"], "error: a previous run has ended"),
        (
            ["logs", "web-1", "-c", "nope", "-n", "shop"],
            "error: pod web-1 has no container 'nope'\n  It has main, proxy",
        ),
        (["logs", "cm/settings", "-n", "shop"], "error: configmaps have no logs"),
        (["logs", "deploy/", "-n", "shop"], "error: 'deploy/' is not KIND/NAME"),
        (["logs", "web-1", "--since", "soon", "-n", "shop"], "error: --since: not a duration"),
        (["logs", "-l", "app=none", "-n", "shop"], "error: no pods with app=none in shop"),
        (["top", "deployments"], "error: 'deployments' is not measured"),
        (["top", "pods", "nope", "-n", "shop"], 'error: pods "nope" not found\n'),
        (["top", "pods", "--sort-by", "age"], "error: argument --sort-by: invalid choice"),
    ],
)
def test_what_cannot_be_done_says_why_in_one_line(on_cluster: Command, words: list[str], complaint: str) -> None:
    run = on_cluster(*words)
    assert run.status == 1
    assert run.err.startswith(complaint)
    assert "Traceback" not in run.err


# --- the process ---------------------------------------------------------------------------------------------------


def test_output_to_a_full_device_is_an_error_and_no_traceback() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "k9py", "--help"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_the_interface_is_not_opened_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pods", "--kubeconfig", "/nowhere"]) == 1
    assert "needs a terminal" in capsys.readouterr().err
    assert main(["gett", "pods", "--kubeconfig", "/nowhere"]) == 1
    assert "Did you mean k9py get?" in capsys.readouterr().err


def test_a_demo_serves_until_it_is_stopped_and_leaves_nothing(spawn: Callable[..., subprocess.Popen[str]]) -> None:
    serving = spawn("demo", "hitcounter", "--serve", "--fault", "403=secrets", stdin=subprocess.PIPE)
    assert serving.stdout is not None
    first = serving.stdout.readline().strip()
    assert first.startswith("KUBECONFIG=")
    kubeconfig = Path(first.removeprefix("KUBECONFIG="))
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    refused = spawn("get", "secrets", "-A", "--kubeconfig", str(kubeconfig))
    assert "forbidden" in refused.communicate(timeout=60)[1].lower()
    pods = spawn("get", "pods", "-A", "-o", "name", "--kubeconfig", str(kubeconfig))
    assert "pod/" in pods.communicate(timeout=60)[0]
    serving.terminate()
    serving.communicate(timeout=60)
    assert serving.returncode == 0
    assert not kubeconfig.parent.exists()


def test_a_demo_that_cannot_start_says_why(spawn: Callable[..., subprocess.Popen[str]]) -> None:
    out, err = spawn("demo", "brokn", "--serve").communicate(timeout=60)
    assert (out, err.splitlines()[0]) == ("", "error: there is no world 'brokn'")
