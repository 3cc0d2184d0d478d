"""generate, validate and explain as a person runs them."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path

import pytest
import yaml

from k9py.cli.main import main


def run(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(shlex.split(line))
    said = capsys.readouterr()
    return status, said.out, said.err


def test_generate_prints_a_manifest_with_names_that_agree(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run("generate deployment test --set image=nginx --set labels.app=myapp", capsys)
    assert status == 0
    made = yaml.safe_load(out)
    assert made["spec"]["selector"]["matchLabels"] == made["spec"]["template"]["metadata"]["labels"] == {"app": "myapp"}


def test_a_port_out_of_range_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run("generate service test --set app=myapp --set port=70000", capsys)
    assert (status, out) == (1, "")
    assert err.startswith("error: port (spec.ports[0].port): Invalid value: 70000: must be between 1 and 65535")


def test_a_kind_of_the_whole_cluster_is_in_no_namespace_whatever_the_flag_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run("generate persistentvolume v --set capacity=1Gi --set hostPath=/data -n shop", capsys)
    assert (status, yaml.safe_load(out)["metadata"]) == (0, {"name": "v"})


def test_manifests_without_an_object_are_not_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("# what a generator that failed leaves\n")
    status, out, err = run(f"validate -f {empty}", capsys)
    assert (status, out) == (1, f"{empty}: nothing in it\n")
    assert "the manifests hold no object" in err


def test_values_come_from_a_file_and_flags_win(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("image: nginx\nreplicas: 2\nports:\n- containerPort: 80\nlabels: {tier: front}\n")
    status, out, _ = run(f"generate deployment web -f {values} --set replicas=3 -o json", capsys)
    made = json.loads(out)
    assert status == 0
    assert made["spec"]["replicas"] == 3
    assert made["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80}]
    assert made["metadata"]["labels"] == {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("generate deploymnt x", "Did you mean deployment"),
        ("generate deployment x --set imag=a", "Did you mean image"),
        ("generate deployment x --set resources.requests.cpu=1", "Did you mean cpu?"),
        ("generate deployment x --set limits.memory=1", "Did you mean memoryLimit?"),
        ("generate deployment x --set image", "is no FIELD=VALUE"),
        ("generate deployment", "what is the Deployment called?"),
        ("generate bundle web x", "needs image"),
        ("generate bundle wob x", "there is no bundle"),
        ("explain pod.spec.contaners", "Did you mean containers"),
        ("validate", "what is to be checked?"),
        ("validate -f /nowhere.yaml", "cannot read /nowhere.yaml"),
    ],
)
def test_a_mistake_says_what_to_do(line: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(line, capsys)
    assert (status, out) == (1, "")
    assert told in err


def test_the_three_tiers_know_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run("generate bundle tiers dogs --set apiImage=a:1 --set password=x --set rootPassword=y", capsys)
    made = {(obj["kind"], obj["metadata"]["name"]): obj for obj in yaml.safe_load_all(out)}
    api = made["Deployment", "dogs-api"]["spec"]["template"]["spec"]["containers"][0]
    assert api["livenessProbe"] == {
        "httpGet": {"path": "/health", "port": 2222}, "initialDelaySeconds": 8, "periodSeconds": 10,
        "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3,
    }  # fmt: skip
    assert api["resources"] == {"requests": {"cpu": "100m", "memory": "64Mi"},
                                "limits": {"cpu": "200m", "memory": "128Mi"}}  # fmt: skip
    assert {kind for kind, _ in made} == {
        "Secret", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "Service", "HorizontalPodAutoscaler",
        "NetworkPolicy",
    }  # fmt: skip
    assert [made["Service", name]["spec"]["type"] for name in ("dogs-web", "dogs-api", "mysql")] == [
        "NodePort", "LoadBalancer", "ClusterIP",
    ]  # fmt: skip


def test_validate_names_file_line_and_column_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "below" / "bad.yaml"
    bad.parent.mkdir()
    bad.write_text("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - port: 70000\n")
    status, out, _ = run(f"validate -R -f {tmp_path}", capsys)
    assert status == 1
    assert out.startswith(f"{bad}:6:5: error: Service/a: spec.ports[0].port: Invalid value: 70000")


def test_what_generate_prints_validate_takes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run("generate cronjob test --set image=busybox --set schedule='*/5 * * * *'", capsys)
    monkeypatch.setattr("sys.stdin", io.StringIO(out))
    assert run("validate -", capsys)[:2] == (0, "<stdin>: CronJob/test is valid\n")


def test_explain_says_type_choices_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run("explain service.spec.type", capsys)
    assert "FIELD:    spec.type <string>" in out
    assert "ONE OF:   ClusterIP, ExternalName, LoadBalancer, NodePort" in out
    _, out, _ = run("generate service --explain", capsys)
    assert "targetPort" in out
