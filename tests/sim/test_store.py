"""The store: versions, grace and finalizers, the order of announcements, what is remembered."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import Conflict, Gone, NotFound
from k9py.sim.deletion import Options
from k9py.sim.history import Change, StoredKind
from k9py.sim.store import Store

PODS = StoredKind("pods", "v1", "Pod", True)
MAPS = StoredKind("configmaps", "v1", "ConfigMap", True)


@pytest.fixture
def bare() -> Store:
    """A store with two kinds and no namespaces to check."""
    store = Store(ManualClock(), history=5)
    store.register(PODS)
    store.register(MAPS)
    return store


def make(store: Store, name: str, resource: str = "configmaps", **fields: Any) -> dict[str, Any]:
    """Create an object in namespace ``one``."""
    return store.create(resource, {"metadata": {"name": name, "namespace": "one"}, **fields})


def test_every_write_takes_the_next_version_of_one_counter(bare: Store) -> None:
    versions = [int(make(bare, name)["metadata"]["resourceVersion"]) for name in ("a", "b")]
    versions.append(int(make(bare, "p", "pods")["metadata"]["resourceVersion"]))
    assert versions == [versions[0], versions[0] + 1, versions[0] + 2]


def test_writing_an_equal_object_changes_nothing(bare: Store) -> None:
    made = make(bare, "a", data={"k": "v"})
    seen: list[Change] = []
    bare.subscribe(seen.append)
    again = bare.replace("configmaps", bare.get("configmaps", "one", "a"))
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert seen == []


def test_a_stale_version_is_refused(bare: Store) -> None:
    old = make(bare, "a")
    bare.modify("configmaps", "one", "a", lambda obj: obj.update(data={"k": "v"}))
    with pytest.raises(Conflict, match="the object has been modified"):
        bare.replace("configmaps", {**old, "data": {"k": "other"}})


def test_generation_counts_changes_of_the_spec_and_not_of_the_status(bare: Store) -> None:
    make(bare, "p", "pods", spec={"a": 1})
    bare.patch_status("pods", "one", "p", {"phase": "Running"})
    assert bare.get("pods", "one", "p")["metadata"]["generation"] == 1
    bare.modify("pods", "one", "p", lambda obj: obj["spec"].update(a=2))
    assert bare.get("pods", "one", "p")["metadata"]["generation"] == 2


def test_a_running_pod_gets_its_grace_and_goes_when_it_is_over(bare: Store) -> None:
    make(bare, "p", "pods", spec={"nodeName": "n", "terminationGracePeriodSeconds": 7})
    obj, gone = bare.delete("pods", "one", "p")
    assert (gone, obj["metadata"]["deletionGracePeriodSeconds"]) == (False, 7)
    assert obj["metadata"]["deletionTimestamp"] == "2023-11-14T22:13:27Z"
    assert bare.delete("pods", "one", "p", options=Options(grace=0))[1]
    assert bare.find("pods", "one", "p") is None


def test_a_finalizer_holds_an_object_until_it_is_removed(bare: Store) -> None:
    bare.create("configmaps", {"metadata": {"name": "a", "namespace": "one", "finalizers": ["x.io/hold"]}})
    assert not bare.delete("configmaps", "one", "a")[1]
    seen: list[str] = []
    bare.subscribe(lambda change: seen.append(change.type))
    bare.modify("configmaps", "one", "a", lambda obj: obj["metadata"].pop("finalizers"))
    assert seen == ["DELETED"]
    with pytest.raises(NotFound):
        bare.get("configmaps", "one", "a")


def test_a_failed_precondition_deletes_nothing(bare: Store) -> None:
    make(bare, "a")
    with pytest.raises(Conflict, match="does not match the UID in record"):
        bare.delete("configmaps", "one", "a", options=Options(uid="another"))
    assert bare.find("configmaps", "one", "a") is not None


def test_a_write_made_by_a_subscriber_is_announced_after_the_change_it_answers(bare: Store) -> None:
    order: list[str] = []

    def answering(change: Change) -> None:
        if change.current.name == "a":
            make(bare, "b")

    bare.subscribe(answering)
    bare.subscribe(lambda change: order.append(change.current.name))
    make(bare, "a")
    assert order == ["a", "b"]


def test_changes_since_a_version_are_kept_until_the_ring_is_full(bare: Store) -> None:
    first = int(make(bare, "a")["metadata"]["resourceVersion"])
    for number in range(5):
        make(bare, f"m{number}")
    collection = bare.collection("configmaps")
    assert [change.current.name for change in collection.since(first)] == [f"m{n}" for n in range(5)]
    with pytest.raises(Gone, match="too old resource version"):
        collection.since(first - 1)


def test_an_older_version_of_the_whole_collection_can_be_read(bare: Store) -> None:
    make(bare, "a", data={"k": "1"})
    make(bare, "b")
    then = bare.version
    bare.delete("configmaps", "one", "b")
    bare.modify("configmaps", "one", "a", lambda obj: obj.update(data={"k": "2"}))
    make(bare, "c")
    keys, objects = bare.collection("configmaps").as_of(then)
    assert keys == ["one/a", "one/b"]
    assert objects["one/a"].copy()["data"] == {"k": "1"}


def test_encoded_objects_are_stored_under_a_new_version_without_other_change(bare: Store) -> None:
    make(bare, "a", data={"resourceVersion": "1"})
    raw = bare.stored("configmaps", "one", "a").raw
    stored = bare.put_encoded("configmaps", raw)
    assert stored.copy()["metadata"]["resourceVersion"] == str(bare.version)
    assert stored.copy()["data"] == {"resourceVersion": "1"}


def test_what_peek_returns_is_forgotten_when_many_others_were_read() -> None:
    store = Store(ManualClock())
    store.register(MAPS)
    store._recent = type(store._recent)(maxlen=2)
    for name in "abc":
        make(store, name)
    views = [store.peek("configmaps", "one", name) for name in "abc"]
    assert store.peek("configmaps", "one", "a") is not views[0]
    assert store.peek("configmaps", "one", "c") is views[2]


def test_one_seed_gives_one_set_of_uids() -> None:
    uids = []
    for _ in range(2):
        store = Store(ManualClock(), seed=7)
        store.register(MAPS)
        uids.append(make(store, "a")["metadata"]["uid"])
    assert uids[0] == uids[1]


def test_generated_names_start_with_their_base(bare: Store) -> None:
    made = bare.create("configmaps", {"metadata": {"generateName": "web-", "namespace": "one"}})
    assert made["metadata"]["name"].startswith("web-")
    assert len(made["metadata"]["name"]) == 9
