"""``k9py get``: what kubectl prints, in every format, with its exit status."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable

import pytest
import yaml

from tests.cli.conftest import Cluster, Command, pod


def columns(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("   ") if cell.strip()]


def test_a_table_has_the_kinds_own_columns_three_spaces_apart(on_cluster: Command) -> None:
    run = on_cluster("get", "pods", "-n", "shop")
    assert run.status == 0
    assert columns(run.lines[0])[:4] == ["NAME", "READY", "STATUS", "RESTARTS"]
    assert [columns(line)[0] for line in run.lines[1:]] == ["db-1", "web-1", "web-2"]
    assert run.lines[0].index("READY") == run.lines[1].index("0/2")
    assert all(line == line.rstrip() for line in run.lines)


def test_samples_nobody_took_have_no_columns(on_cluster: Command) -> None:
    header = on_cluster("get", "pods", "-n", "shop").lines[0]
    assert "CPU" not in header
    assert "%L" not in header


def test_wide_adds_columns_and_labels_come_when_asked_for(on_cluster: Command) -> None:
    plain = on_cluster("get", "pods", "-n", "shop").lines[0]
    wide = on_cluster("get", "pods", "-n", "shop", "-o", "wide").lines[0]
    labels = on_cluster("get", "pods", "-n", "shop", "--show-labels")
    assert len(columns(wide)) > len(columns(plain))
    assert "LABELS" not in wide
    assert "app=db" in labels.lines[1]


def test_the_namespace_is_a_column_when_several_are_shown(on_cluster: Command) -> None:
    assert columns(on_cluster("get", "pods", "-A").lines[0])[0] == "NAMESPACE"
    assert columns(on_cluster("get", "pods", "-n", "shop,bare").lines[0])[0] == "NAMESPACE"
    assert columns(on_cluster("get", "pods", "-n", "shop").lines[0])[0] == "NAME"


def test_other_kinds_show_what_the_server_prints(on_cluster: Command) -> None:
    run = on_cluster("get", "cm", "settings", "-n", "shop")
    assert columns(run.lines[0]) == ["NAME", "DATA", "AGE"]
    assert columns(run.lines[1])[:2] == ["settings", "2"]


def test_several_kinds_come_one_after_the_other_with_their_kind_in_the_name(on_cluster: Command) -> None:
    run = on_cluster("get", "deploy,po", "-n", "shop")
    assert run.lines[1].startswith("deployment.apps/web ")
    assert run.lines[2] == ""
    assert run.lines[4].startswith("pod/db-1 ")


def test_names_and_kind_slash_name_are_the_same(on_cluster: Command) -> None:
    by_name = on_cluster("get", "pods", "web-1", "web-2", "-n", "shop", "--no-headers")
    by_slash = on_cluster("get", "pod/web-1", "po/web-2", "-n", "shop", "-o", "name")
    assert [columns(line)[0] for line in by_name.lines] == ["web-1", "web-2"]
    assert by_slash.lines == ["pod/web-1", "pod/web-2"]


def test_a_name_that_is_not_there_hides_none_of_the_others(on_cluster: Command) -> None:
    run = on_cluster("get", "pods", "nope", "web-1", "nada", "-n", "shop", "-o", "name")
    assert (run.status, run.lines) == (1, ["pod/web-1"])
    assert run.err.splitlines() == ['error: pods "nope" not found', 'error: pods "nada" not found']
    ignored = on_cluster("get", "pods", "nope", "web-1", "-n", "shop", "--no-headers", "--ignore-not-found")
    assert (ignored.status, len(ignored.lines), ignored.err) == (0, 1, "")


def test_selectors_narrow_on_the_server(on_cluster: Command) -> None:
    assert on_cluster("get", "pods", "-n", "shop", "-l", "app=db", "-o", "name").lines == ["pod/db-1"]
    by_field = on_cluster("get", "pods", "-n", "shop", "--field-selector", "metadata.name=web-2", "-o", "name")
    assert by_field.lines == ["pod/web-2"]


def test_json_of_one_object_is_the_object_and_of_several_a_list(on_cluster: Command) -> None:
    one = json.loads(on_cluster("get", "pod", "web-1", "-n", "shop", "-o", "json").out)
    many = json.loads(on_cluster("get", "pods", "-n", "shop", "-o", "json").out)
    assert (one["kind"], one["metadata"]["name"]) == ("Pod", "web-1")
    assert (many["kind"], many["apiVersion"]) == ("List", "v1")
    assert {(item["kind"], item["apiVersion"]) for item in many["items"]} == {("Pod", "v1")}


def test_yaml_reads_back_as_the_same_object(on_cluster: Command) -> None:
    words = ("get", "deploy", "web", "-n", "shop", "-o")
    listed = json.loads(on_cluster(*words, "json").out)
    assert yaml.safe_load(on_cluster(*words, "yaml").out) == listed
    assert list(listed) == sorted(listed), "keys come in order, as kubectl's do"
    assert list(listed["metadata"]) == sorted(listed["metadata"])


def test_custom_columns_take_paths_with_filters(on_cluster: Command) -> None:
    run = on_cluster(
        "get", "pods", "-n", "shop", "-o",
        'custom-columns=N:.metadata.name,IMAGES:.spec.containers[*].image,P:.spec.containers[?(@.name=="proxy")].image,X:.no',
    )  # fmt: skip
    assert columns(run.lines[0]) == ["N", "IMAGES", "P", "X"]
    assert columns(run.lines[1]) == ["db-1", "web:1,p:1", "p:1", "<none>"]


def test_rows_can_be_sorted_by_a_column_or_as_people_write_it_for_kubectl(on_cluster: Command) -> None:
    by_status = on_cluster("get", "pods", "-n", "shop", "--sort-by", "status", "--no-headers")
    assert columns(by_status.lines[0])[0] == "web-2"
    by_path = on_cluster("get", "pods", "-n", "shop", "--sort-by", ".metadata.name", "--no-headers")
    assert [columns(line)[0] for line in by_path.lines] == ["db-1", "web-1", "web-2"]
    wrong = on_cluster("get", "pods", "-n", "shop", "--sort-by", "statsu")
    assert (wrong.status, wrong.err.splitlines()[1].strip()) == (1, "Did you mean status?")


def test_nothing_found_is_said_on_standard_error_and_is_no_failure(on_cluster: Command) -> None:
    run = on_cluster("get", "pods", "-n", "bare")
    assert (run.status, run.out, run.err) == (0, "", "No resources found in namespace bare.\n")
    assert on_cluster("get", "pods", "-n", "bare", "-o", "json").out.count("items") == 1


def test_a_missing_object_fails_and_the_others_are_printed(on_cluster: Command) -> None:
    run = on_cluster("get", "pod/nope", "cm/settings", "-n", "shop")
    assert run.status == 1
    assert run.err.startswith('error: pods "nope" not found')
    assert "settings" in run.out
    ignored = on_cluster("get", "pod", "nope", "-n", "shop", "--ignore-not-found")
    assert (ignored.status, ignored.out) == (0, "")


def test_an_unknown_kind_is_refused_with_the_nearest(on_cluster: Command) -> None:
    run = on_cluster("get", "pdos")
    assert run.status == 1
    assert run.err.startswith("error: the server has no kind called 'pdos'\n  Nearest: pods")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["get"], "error: no kind is named"),
        (["get", "pods", "-o", "jsn"], "error: unknown output format 'jsn'\n  Did you mean json?"),
        (["get", "pods", "-o", "custom-columns=NAME"], "error: not a column: 'NAME'"),
        (["get", "pods", "-o", "custom-columns=N:.a[?(b)]"], "error: not a JSONPath: '.a[?(b)]'"),
        (["get", "pods", "a", "-A"], "error: names exclude -A and selectors"),
        (["get", "pods", "-A", "-n", "x"], "error: -n and -A exclude each other"),
        (["get", "pods", "deploy/web"], "error: 'pods' is not KIND/NAME"),
        (["get", "pods,svc", "-w"], "error: --watch follows one kind or one object"),
        (["get", "pods", "--selctor", "a=b"], "error: unknown flag --selctor\n  Did you mean --selector?"),
    ],
)
def test_a_wrong_command_line_is_told_without_asking_any_server(
    k9py: Command, words: list[str], complaint: str
) -> None:
    run = k9py(*words)
    assert (run.status, run.out) == (1, "")
    assert run.err.startswith(complaint)


def test_a_long_list_comes_in_pages_and_whole(on_cluster: Command, cluster: Cluster) -> None:
    names = [f"many-{number:04}" for number in range(1100)]
    cluster.do(lambda: [cluster.store.create("pods", pod(name, namespace="bare")) for name in names])
    try:
        run = on_cluster("get", "pods", "-n", "bare", "-o", "name")
        assert run.lines == [f"pod/{name}" for name in names]
    finally:
        cluster.remove(*names, namespace="bare")


def test_what_a_name_or_label_says_never_reaches_the_terminal_as_an_order(
    on_cluster: Command, cluster: Cluster
) -> None:
    evil = pod("evil", namespace="bare", reason="\x1b[2Jgone", phase="Failed")
    cluster.do(lambda: cluster.store.create("pods", evil))
    try:
        assert "\x1b" not in on_cluster("get", "pods", "-n", "bare", "-o", "wide").out
    finally:
        cluster.remove("evil", namespace="bare")


def test_a_page_that_is_no_list_is_an_error_in_one_line(on_cluster: Command, cluster: Cluster) -> None:
    on_cluster("get", "pods", "-n", "shop")
    cluster.do(lambda: cluster.server.faults.switch("rubbish"))
    run = on_cluster("get", "pods", "-n", "shop")
    assert run.status == 1
    assert run.err.startswith("error: ")
    assert "Traceback" not in run.err


def test_watching_prints_the_list_then_each_change_until_interrupted(
    on_cluster: Command, cluster: Cluster, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    watching = spawn("get", "pods", "-n", "shop", "-w", "--kubeconfig", str(cluster.kubeconfig))
    assert watching.stdout is not None
    first = [watching.stdout.readline() for _ in range(4)]
    assert [columns(line)[0] for line in first] == ["NAME", "db-1", "web-1", "web-2"]
    cluster.do(lambda: cluster.store.patch_status("pods", "shop", "web-2", {"phase": "Running"}))
    changed = watching.stdout.readline()
    assert columns(changed)[0] == "web-2"
    assert first[0].index("STATUS") == changed.index(columns(changed)[2])
    cluster.do(lambda: cluster.store.create("pods", pod("late")))
    assert columns(watching.stdout.readline())[0] == "late"
    cluster.remove("late")
    cluster.do(lambda: cluster.store.patch_status("pods", "shop", "web-2", {"phase": "Pending"}))
    watching.send_signal(signal.SIGINT)
    _, complaint = watching.communicate(timeout=60)
    assert (watching.returncode, complaint) == (130, "")


def test_a_closed_pipe_ends_quietly(cluster: Cluster, spawn: Callable[..., subprocess.Popen[str]]) -> None:
    process = spawn("get", "pods", "-n", "shop", "-w", "-o", "json", "--kubeconfig", str(cluster.kubeconfig))
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    cluster.do(lambda: cluster.store.patch_status("pods", "shop", "web-1", {"message": "x" * 200_000}))
    assert process.stderr.read() == ""
    assert process.wait(60) == 141
