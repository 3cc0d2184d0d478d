"""``k9py get`` beside the real ``kubectl get``: every kind the server lists, every column, on the same objects."""

from __future__ import annotations

import asyncio
import re
import secrets
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from k9py.cli.main import main
from k9py.core.ages import human, parse_duration, parse_time
from k9py.core.errors import InputError
from tests.contract import asking
from tests.contract.client import Object, eventually, open_api
from tests.contract.servers import Server
from tests.contract.space import CLUSTER_WIDE, PREFIX, Space, good, path_of

AGES = {"AGE", "LAST SEEN", "FIRST SEEN", "DURATION", "LAST SCHEDULE"}
"""Columns of how long ago something was: one command is later than the other."""
AGE_SLACK = (3.0, 0.05)
"""Seconds, and the share of an age, by which two commands may differ; ``47h`` becomes ``2d`` within it."""
AGREEMENT_SECONDS = 20.0
"""For two commands that ask at different moments to see the same: controllers and samplers go on working."""
NOT_MADE = {"nodes", "apiservices", "ipaddresses"}
"""Samples that would be felt by the cases beside: pods would run there, discovery would fail."""
OF_TESTS = (".example.com", ".k9py.dev")
"""How the groups of kinds end that cases make: those of others may be gone at any moment."""
SAMPLES = {name: case for name, case in asking.load_cases("samples").items() if case["of"] not in NOT_MADE}
_TITLE = re.compile(r"\S+(?: \S+)*")
Rows = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Shown:
    """A namespace with an object of nearly every kind, and how to ask for them."""

    server: Server
    namespace: str
    home: Path

    def has(self, name: str, words: Sequence[str]) -> bool:
        """Say whether a name that was asked for with these words is of an object made here."""
        return "-n" in words or self.namespace in name

    def kubectl(self, *words: str) -> str:
        cache = f"--cache-dir={self.home / 'kubectl'}"
        command = [str(self.server.kubectl), f"--kubeconfig={self.server.kubeconfig}", cache, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=AGREEMENT_SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def shown(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Make every sample, and what a status they carry says."""
    if server.kubectl is None:
        pytest.skip("there is no kubectl: python -m tests.cluster build")
    namespace = f"shown-{secrets.token_hex(4)}"
    made = asyncio.run(_make(server, namespace))
    yield Shown(server, namespace, tmp_path_factory.mktemp("home"))
    asyncio.run(_remove(server, made))


async def _make(server: Server, namespace: str) -> list[str]:
    """Return the paths of what has to be removed again: what is in the namespace goes with it."""
    made = [path_of("namespaces", name=namespace)]
    async with open_api(str(server.kubeconfig)) as api:
        space = Space(api, namespace)
        await space.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        await space.until("serviceaccounts", "default", bool)
        for case in sorted(SAMPLES.values(), key=lambda case: case["of"] == "resourcequotas"):  # It refuses pods.
            made += await _make_one(space, case)
        await _make_custom(space)
    return made


async def _make_one(space: Space, case: Object) -> list[str]:
    plural, obj = case["of"], asking.complete(case, space)
    if plural == "storageclasses":
        del obj["metadata"]["annotations"]  # Claims of other cases would be given to the default class.
    name = good(await space.try_create(plural, obj))["metadata"]["name"]
    if "status" in case:
        await space.try_patch(plural, name, {"status": case["status"]}, sub="status")
    return [space.path(plural, name)] if plural in CLUSTER_WIDE else []


async def _make_custom(space: Space) -> None:
    """Make an object of the sample's kind as soon as it is served."""
    group = group_of(space.name)
    path = f"/apis/{group}/v1/namespaces/{space.name}/tests"
    body = {"apiVersion": f"{group}/v1", "kind": "Test", "metadata": {"name": "mine"}}

    async def made() -> bool:
        return (await space.api.send("POST", path, body)).status == 201

    await eventually(made, "the kind is served")


def group_of(namespace: str) -> str:
    """Return the group of the sample's own kind."""
    return f"{namespace}x.example.com"


async def _remove(server: Server, paths: list[str]) -> None:
    async with open_api(str(server.kubeconfig)) as api:
        for path in paths:
            await api.send("DELETE", path, {"propagationPolicy": "Background"})


@pytest.fixture
def k9py(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The surroundings of a command of ours."""
    monkeypatch.setenv("KUBECONFIG", str(shown.server.kubeconfig))
    monkeypatch.setenv("HOME", str(shown.home))
    for kind in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"K9PY_{kind}_DIR", str(shown.home / kind.lower()))


def rows_of(printed: str) -> Rows:
    """Return a printed table: cells by title, rows by name (and by place where names repeat)."""
    lines = printed.splitlines()
    titles = list(_TITLE.finditer(lines[0])) if lines else []
    ends: list[int | None] = [*(title.start() for title in titles[1:]), None]
    found: Rows = {}
    for line in lines[1:]:
        cells = {title[0]: " ".join(line[title.start() : end].split()) for title, end in zip(titles, ends, strict=True)}
        found[cells.get("NAME") or str(len(found))] = cells
    return found


def different(theirs: Rows, ours: Rows) -> list[tuple[str, str, str | None, str]]:
    """Return row, column, our text and theirs, wherever ours does not say the same."""
    return [
        (name, title, ours[name].get(title), text)
        for name, cells in theirs.items()
        if name in ours  # What comes and goes beside this case is in one list only.
        for title, text in map(as_age, cells, cells.values())
        if not same(title, ours[name].get(title), text)
    ]


def as_age(title: str, text: str) -> tuple[str, str]:
    """Turn CREATED AT into the AGE that we show in its place."""
    return ("AGE", human(time.time() - parse_time(text))) if title == "CREATED AT" else (title, text)


def same(title: str, ours: str | None, theirs: str) -> bool:
    if ours is None or title not in AGES | {"RESTARTS"}:
        return ours == theirs
    (count, our_age), (their_count, their_age) = (_split_age(title, text) for text in (ours, theirs))
    if count != their_count or (our_age is None) != (their_age is None):
        return False
    seconds, share = AGE_SLACK
    return our_age is None or their_age is None or abs(our_age - their_age) <= max(seconds, share * their_age)


def _split_age(title: str, text: str) -> tuple[str, float | None]:
    """Take ``7 (5m ago)`` apart, and give an age as seconds."""
    count, _, age = text.partition(" (") if title == "RESTARTS" else ("", "", text)
    try:
        return count, parse_duration(age.removesuffix(" ago)")) if age else None
    except InputError:
        return text, None


def agreed(shown: Shown, capsys: pytest.CaptureFixture[str], kind: str, *words: str) -> tuple[Rows, Rows]:
    """Ask both until they say the same of what both show; return both tables."""
    limit = time.monotonic() + AGREEMENT_SECONDS
    while True:
        theirs = rows_of(shown.kubectl("get", kind, "-o", "wide", *words))
        assert main(["get", kind, "-o", "wide", *words]) == 0
        ours = rows_of(capsys.readouterr().out)
        differences = different(theirs, ours)
        missing = {name for name in theirs if shown.has(name, words) and name not in ours}
        if not differences and not missing and bool(theirs) == bool(ours):
            return theirs, ours
        assert time.monotonic() < limit, (
            f"row, column, ours, kubectl's: {differences}, {sorted(theirs)}, {sorted(ours)}"
        )


@pytest.mark.usefixtures("k9py")
@pytest.mark.parametrize("plural", sorted(set(PREFIX) - {"bindings"}))
def test_a_kind_is_shown_as_kubectl_shows_it(shown: Shown, capsys: pytest.CaptureFixture[str], plural: str) -> None:
    group = PREFIX[plural].split("/")[2] if PREFIX[plural].startswith("/apis") else ""
    kind = f"{plural}.{group}" if group else plural
    words = () if plural in CLUSTER_WIDE else ("-n", shown.namespace)
    theirs, _ = agreed(shown, capsys, kind, *words)
    # A pod of a node that is not there is collected after a while.
    samples = [case for case in SAMPLES.values() if case["of"] == plural and "nodeName" not in case.get("pod", ())]
    assert sum(shown.has(name, words) for name in theirs) >= len(samples)


@pytest.mark.usefixtures("k9py")
def test_every_other_kind_is_shown_as_kubectl_shows_it(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    listed = set(shown.kubectl("api-resources", "--verbs=list", "-o", "name").split())
    known = {plural if prefix == "/api/v1" else f"{plural}.{prefix.split('/')[2]}" for plural, prefix in PREFIX.items()}
    others = {kind for kind in listed - known if not kind.endswith(OF_TESTS) or shown.namespace in kind}
    assert "pods.metrics.k8s.io" in others
    for kind in sorted(others):
        agreed(shown, capsys, kind, "-A")


@pytest.mark.usefixtures("k9py")
def test_a_kind_of_ones_own_is_shown_as_kubectl_shows_it(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, ours = agreed(shown, capsys, f"tests.{group_of(shown.namespace)}", "-n", shown.namespace)
    assert list(theirs) == list(ours) == ["mine"]
