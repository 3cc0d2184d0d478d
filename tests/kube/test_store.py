from __future__ import annotations

from k9py.kube.rows import Row
from k9py.kube.store import Changes, Feed, Store


def row(name: str, version: int = 1, *, uid: str = "") -> Row:
    return Row(uid or f"uid-{name}", "shop", name, str(version), 0.0, None, (), deleting=False, broken="")


def drained(feed: Feed) -> Changes:
    changes = Changes()
    feed.drain_into(changes)
    return changes


def opened(store: Store) -> tuple[Feed, list[int]]:
    wakes: list[int] = []
    return store.open_feed(lambda: wakes.append(1)), wakes


def test_the_newest_row_wins_however_often_it_changed() -> None:
    store = Store()
    feed, _ = opened(store)
    for version in range(100):
        store.put(row("a", version))
    changes = drained(feed)
    assert changes.upserts == {"shop/a": row("a", 99)}
    assert not changes.removed


def test_an_add_followed_by_a_delete_is_nothing_and_takes_no_memory() -> None:
    store = Store()
    feed, _ = opened(store)
    for number in range(1000):
        store.put(row(f"short-lived-{number}"))
        store.remove(f"shop/short-lived-{number}")
    assert len(feed) == 0
    assert not drained(feed)


def test_a_row_seen_before_and_deleted_is_removed_with_its_uid() -> None:
    store = Store()
    store.put(row("a"))
    feed, _ = opened(store)
    store.put(row("a", 2))
    store.remove("shop/a")
    changes = drained(feed)
    assert changes.removed == {"shop/a": "uid-a"}
    assert not changes.upserts


def test_an_object_replaced_under_its_name_is_one_upsert_with_the_new_uid() -> None:
    store = Store()
    store.put(row("a", uid="old"))
    feed, _ = opened(store)
    store.remove("shop/a")
    store.put(row("a", uid="new"))
    changes = drained(feed)
    assert changes.upserts["shop/a"].uid == "new"
    assert not changes.removed


def test_a_feed_wakes_once_until_it_is_drained() -> None:
    store = Store()
    feed, wakes = opened(store)
    store.put(row("a"))
    store.put(row("b"))
    assert len(wakes) == 1
    drained(feed)
    store.put(row("c"))
    assert len(wakes) == 2


def test_each_subscriber_reads_at_its_own_pace() -> None:
    store = Store()
    quick, _ = opened(store)
    slow, _ = opened(store)
    store.put(row("a"))
    assert drained(quick).upserts.keys() == {"shop/a"}
    store.remove("shop/a")
    assert drained(quick).removed == {"shop/a": "uid-a"}
    assert not drained(slow)


def test_a_closed_feed_records_nothing() -> None:
    store = Store()
    feed, wakes = opened(store)
    store.close_feed(feed)
    store.put(row("a"))
    assert not wakes
    assert len(feed) == 0


def test_new_contents_are_told_as_their_difference() -> None:
    store = Store()
    for name in ("same", "changed", "gone", "replaced"):
        store.put(row(name))
    same = store.rows["shop/same"]
    feed, _ = opened(store)
    fresh = [row("same"), row("changed", 2), row("replaced", uid="other"), row("new")]
    store.replace({each.key: each for each in fresh})
    changes = drained(feed)
    assert changes.upserts.keys() == {"shop/changed", "shop/replaced", "shop/new"}
    assert changes.removed == {"shop/gone": "uid-gone"}
    assert store.rows.keys() == {"shop/same", "shop/changed", "shop/replaced", "shop/new"}
    assert store.rows["shop/same"] is same


def test_unread_memory_is_bounded_by_the_number_of_objects() -> None:
    store = Store()
    for number in range(10):
        store.put(row(str(number)))
    feed, _ = opened(store)
    for version in range(2, 1000):
        store.put(row(str(version % 10), version))
        store.put(row(f"passing-{version}"))
        store.remove(f"shop/passing-{version}")
    assert len(feed) == 10
