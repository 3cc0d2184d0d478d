"""The test cluster behaves like a cluster: checked with the kubectl built beside it.

Skipped, with the reason, where no real control plane can be had; see the package's docstring.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from . import Cluster, ClusterError, ForeignCluster, available, prometheus, running_cluster, wait_for
from .foreign import KUBECONFIG_VARIABLE

UNAVAILABLE = available()

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("a cluster of its own"),
    pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or ""),
    pytest.mark.timeout(180),
]

STEP_SECONDS = 30.0
METRICS_SECONDS = 60.0
"""metrics-server needs two scrapes, ten seconds apart, to know a rate."""


@pytest.fixture(scope="module")
def any_cluster() -> Iterator[Cluster | ForeignCluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def cluster(any_cluster: Cluster | ForeignCluster) -> Cluster:
    """Our own cluster: its pods act by their images' names, and its parts can be stopped."""
    if isinstance(any_cluster, ForeignCluster):
        pytest.skip(f"{KUBECONFIG_VARIABLE} names a cluster without our nodes")
    return any_cluster


class Kubectl:
    """kubectl in one namespace of the test's own."""

    def __init__(self, binary: Path, kubeconfig: Path, namespace: str) -> None:
        self._prefix = [str(binary), f"--kubeconfig={kubeconfig}", f"--namespace={namespace}"]

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl to its end whatever it says."""
        return subprocess.run(
            [*self._prefix, *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what kubectl prints; its failure fails the test with its own words."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    @contextmanager
    def streaming(self, *arguments: str) -> Iterator[IO[str]]:
        """Give the output of a command that runs until it is ended."""
        process = subprocess.Popen(
            [*self._prefix, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def get(self, *arguments: str) -> dict[str, Any]:
        return dict(json.loads(self("get", *arguments, "--output=json")))

    def pod(self, name: str, image: str, *arguments: str) -> None:
        """Start a pod and wait until its container runs."""
        self("run", name, f"--image={image}", *arguments)
        self("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=20s")


@pytest.fixture
def kubectl(cluster: Cluster) -> Iterator[Kubectl]:
    namespace = f"test-{secrets.token_hex(4)}"
    client = Kubectl(cluster.kubectl, cluster.kubeconfig, namespace)
    client("create", "namespace", namespace)
    wait_for(
        "default service account",
        lambda: client.run("get", "serviceaccount", "default").returncode == 0,
        limit_seconds=STEP_SECONDS,
    )
    yield client
    client("delete", "namespace", namespace, "--wait=false")


def container_status(kubectl: Kubectl, pod: str) -> dict[str, Any]:
    return dict(kubectl.get("pod", pod)["status"].get("containerStatuses", [{}])[0])


def waiting_reason(status: dict[str, Any]) -> str:
    return str(status.get("state", {}).get("waiting", {}).get("reason", ""))


def wait_status(kubectl: Kubectl, pod: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        status = container_status(kubectl, pod)
        return status if holds(status) else None

    return wait_for(f"status of pod {pod}", look, limit_seconds=STEP_SECONDS)


def test_three_nodes_are_ready_and_the_server_says_the_pinned_version(kubectl: Kubectl) -> None:
    nodes = kubectl.get("nodes")["items"]
    assert [node["metadata"]["name"] for node in nodes] == ["node-1", "node-2", "node-3"]
    assert all({"Ready": "True"}.items() <= conditions(node).items() for node in nodes)
    version = json.loads(kubectl("version", "--output=json"))
    assert version["serverVersion"]["gitVersion"] == version["clientVersion"]["gitVersion"]


def conditions(manifest: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["status"] for each in manifest["status"]["conditions"]}


def test_a_deployment_rolls_out_to_running_pods_with_addresses(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=3")
    kubectl("rollout", "status", "deployment/web", "--timeout=25s")
    pods = kubectl.get("pods")["items"]
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert len({pod["status"]["podIP"] for pod in pods}) == 3


def test_logs_are_told_apart_by_pod_and_cut_by_tail(kubectl: Kubectl) -> None:
    kubectl.pod("one", "nginx:1")
    kubectl.pod("two", "nginx:1")
    assert "/one/one run 0: starting" in kubectl("logs", "one").splitlines()[0]
    assert "/two/two run 0: starting" in kubectl("logs", "two").splitlines()[0]
    assert len(kubectl("logs", "one", "--tail=2").splitlines()) == 2


def test_following_a_log_ends_when_its_container_ends(kubectl: Kubectl) -> None:
    kubectl("run", "short", "--image=complete:1", "--restart=Never", "--annotations=k9py.dev/run-for=3s")
    wait_status(kubectl, "short", lambda status: "running" in status.get("state", {}))
    followed = kubectl("logs", "--follow", "short")
    assert "serving" in followed
    assert kubectl.get("pod", "short")["status"]["phase"] == "Succeeded"


def test_exec_keeps_exit_codes_and_runs_as_nobody(kubectl: Kubectl) -> None:
    kubectl.pod("shell", "nginx:1")
    failed = kubectl.run("exec", "shell", "--", "sh", "-c", "exit 7")
    assert failed.returncode == 7
    assert kubectl("exec", "-i", "shell", "--", "cat", stdin="typed").endswith("typed")
    user = kubectl("exec", "shell", "--", "id", "-u").strip()
    assert user == ("65534" if os.geteuid() == 0 else str(os.geteuid()))


def test_cp_brings_a_file_into_a_pod_and_back(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl.pod("box", "nginx:1")
    sent, returned = tmp_path / "sent", tmp_path / "returned"
    sent.write_text("content\n")
    kubectl("cp", str(sent), "box:/tmp/file" if os.geteuid() == 0 else "box:file")
    kubectl("cp", "box:/tmp/file" if os.geteuid() == 0 else "box:file", str(returned))
    assert returned.read_text() == "content\n"


def test_a_crashing_container_backs_off_and_its_restarts_are_counted(kubectl: Kubectl) -> None:
    kubectl("run", "bad", "--image=crash:1", "--annotations=k9py.dev/run-for=500ms")
    status = wait_status(
        kubectl,
        "bad",
        lambda seen: waiting_reason(seen) == "CrashLoopBackOff" and seen["restartCount"] >= 1,
    )
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert "exit code 1" in kubectl("logs", "--previous", "bad").splitlines()[-1]


def test_a_container_out_of_memory_says_so(kubectl: Kubectl) -> None:
    kubectl("run", "hungry", "--image=oom:1", "--restart=Never")
    ended = wait_status(kubectl, "hungry", lambda status: "terminated" in status.get("state", {}))
    assert ended["state"]["terminated"]["reason"] == "OOMKilled"
    assert ended["state"]["terminated"]["exitCode"] == 137
    assert kubectl.get("pod", "hungry")["status"]["phase"] == "Failed"


def test_an_image_that_cannot_be_pulled_keeps_the_pod_pending(kubectl: Kubectl) -> None:
    kubectl("run", "absent", "--image=missing:1")
    wait_status(kubectl, "absent", lambda status: waiting_reason(status) == "ImagePullBackOff")
    assert kubectl.get("pod", "absent")["status"]["phase"] == "Pending"


def test_a_job_completes(kubectl: Kubectl) -> None:
    kubectl("create", "job", "once", "--image=busybox:1")
    kubectl("wait", "--for=condition=Complete", "job/once", "--timeout=25s")
    assert kubectl.get("job", "once")["status"]["succeeded"] == 1


def test_a_pod_is_resized_in_place_and_debugged(kubectl: Kubectl) -> None:
    kubectl("run", "sized", "--image=nginx:1", f"--overrides={json.dumps(sized_pod('100m'))}")
    kubectl("wait", "--for=condition=Ready", "pod/sized", "--timeout=20s")
    before = container_status(kubectl, "sized")["containerID"]
    kubectl("patch", "pod", "sized", "--subresource=resize", "--patch", json.dumps(sized_pod("250m")))
    wait_status(kubectl, "sized", lambda status: status["resources"].get("requests", {}).get("cpu") == "250m")
    kubectl("debug", "sized", "--image=busybox:1", "--container=debugger", "--", "sleep", "60")
    wait_for(
        "debug container runs",
        lambda: kubectl.get("pod", "sized")["status"].get("ephemeralContainerStatuses"),
        limit_seconds=STEP_SECONDS,
    )
    assert container_status(kubectl, "sized")["containerID"] == before


def sized_pod(cpu: str) -> dict[str, Any]:
    container = {"name": "sized", "image": "nginx:1", "resources": {"requests": {"cpu": cpu}}}
    return {"spec": {"containers": [container]}}


def test_services_and_pods_are_reached_through_the_api_server(kubectl: Kubectl) -> None:
    kubectl.pod("web", "nginx:1", "--port=8080")
    namespace = kubectl.get("pod", "web")["metadata"]["namespace"]
    base = f"/api/v1/namespaces/{namespace}"
    assert "GET /hello" in kubectl("get", "--raw", f"{base}/pods/web:8080/proxy/hello")
    refused = kubectl.run("get", "--raw", f"{base}/pods/web:81/proxy/")
    assert refused.returncode != 0
    summary = json.loads(kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/stats/summary"))
    assert summary["node"]["nodeName"] == "node-1"


def test_an_autoscaler_follows_the_load_put_on_its_workload(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "api", "--image=nginx:1")
    kubectl("set", "resources", "deployment/api", "--requests=cpu=100m")
    kubectl("autoscale", "deployment", "api", "--cpu=80%", "--min=1", "--max=5")
    kubectl("annotate", "deployment", "api", "k9py.dev/load-cpu=400m")
    wait_for(
        "five replicas",
        lambda: kubectl.get("deployment", "api")["status"].get("readyReplicas") == 5,
        limit_seconds=METRICS_SECONDS,
    )
    usage = kubectl("top", "pods", "--no-headers")
    assert "api-" in usage


def test_more_memory_load_than_the_limit_kills_the_container_once_more(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "api", "--image=nginx:1")
    kubectl("set", "resources", "deployment/api", "--limits=memory=64Mi")
    kubectl("annotate", "deployment", "api", "k9py.dev/load-memory=200Mi")

    def killed() -> bool:
        pods = kubectl.get("pods")["items"]
        lives = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
        reasons = [life.get("lastState", {}).get("terminated", {}).get("reason") for life in lives]
        return "OOMKilled" in reasons

    wait_for("a container killed for memory", killed, limit_seconds=STEP_SECONDS)


def test_a_forwarded_port_answers_for_the_pod(kubectl: Kubectl) -> None:
    kubectl.pod("web", "nginx:1", "--port=8080")
    with kubectl.streaming("port-forward", "pod/web", ":8080", "--address=127.0.0.1") as forward:
        address = forward.readline().split()[2]
        connection = http.client.HTTPConnection(address, timeout=STEP_SECONDS)
        try:
            connection.request("GET", "/hello")
            assert connection.getresponse().read().endswith(b"/web port 8080: GET /hello\n")
        finally:
            connection.close()


def test_attaching_shows_what_the_container_writes_from_now_on(kubectl: Kubectl) -> None:
    kubectl("run", "web", "--image=nginx:1", "--annotations=k9py.dev/log-lines-per-second=10")
    kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
    with kubectl.streaming("attach", "web") as output:
        lines = [output.readline() for _ in range(3)]
    assert all(" request " in line for line in lines)


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="NO PROMETHEUS: install the package `prometheus`")
def test_prometheus_scrapes_every_node_and_the_api_server(cluster: Cluster) -> None:
    address = prometheus.start(cluster.layout)

    def all_up() -> bool:
        with urllib.request.urlopen(f"{address}/api/v1/query?query=up", timeout=STEP_SECONDS) as answer:
            targets = json.load(answer)["data"]["result"]
        up = [target for target in targets if target["value"][1] == "1"]
        return len(up) == 4

    wait_for("four targets up", all_up, limit_seconds=STEP_SECONDS)


def test_the_restricted_user_reads_pods_of_one_namespace_only(cluster: Cluster) -> None:
    restricted = Kubectl(cluster.kubectl, cluster.restricted_kubeconfig, "restricted")
    assert restricted.get("pods")["kind"] == "List"
    for forbidden in (("get", "secrets"), ("get", "nodes"), ("delete", "pod", "any")):
        answer = restricted.run(*forbidden)
        assert answer.returncode == 1
        assert "Forbidden" in answer.stderr
    assert '"code":403' in cluster.audit_log.read_text()


@pytest.mark.parametrize("component", ["kube-apiserver", "etcd"])
def test_a_killed_component_comes_back_with_what_was_stored(cluster: Cluster, kubectl: Kubectl, component: str) -> None:
    kubectl("create", "configmap", "kept", "--from-literal=key=value")
    cluster.stop_component(component)
    assert not cluster.status()[component]
    assert kubectl.run("get", "configmap", "kept", "--request-timeout=2s").returncode != 0
    cluster.start_component(component)
    wait_for(
        "an answer",
        lambda: kubectl.run("get", "configmap", "kept").returncode == 0,
        limit_seconds=STEP_SECONDS,
    )
    assert kubectl.get("configmap", "kept")["data"] == {"key": "value"}


def test_down_leaves_no_process_and_no_folder() -> None:
    with running_cluster() as running:
        if isinstance(running, ForeignCluster):
            pytest.skip(f"{KUBECONFIG_VARIABLE} names a cluster that is not ours to end")
        root = running.layout.root
        assert processes_of(root)
    assert not processes_of(root)
    assert not root.exists()


def processes_of(root: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes()
        except OSError:  # It ended while being looked at.
            continue
        if os.fsencode(root) in arguments:
            found.append(arguments.decode(errors="replace"))
    return found


def test_an_unknown_component_is_refused_by_name(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="no component 'kube-proxy'"):
        cluster.stop_component("kube-proxy")
