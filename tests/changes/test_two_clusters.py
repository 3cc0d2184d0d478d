"""Two clusters that are called by one context name share neither drafts nor journal; what was kept before is found."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import msgspec

from k9py.changes.drafts import Draft, Drafts
from k9py.changes.journal import Journal
from k9py.changes.model import Deed, PlannedChange, Wish
from k9py.kube.target import Target, TlsSettings
from tests.changes.conftest import config_map

HERE, THERE = "https://10.0.0.1:6443 (CA 11111111)", "https://10.0.0.2:6443 (CA 22222222)"


def _drafts(directory: Path, server: str, *, pid: int = 1) -> Drafts:
    return Drafts(directory, now=lambda: 100.0, pid=pid, server=server, is_running=lambda pid: False)


def _draft(text: str, key: str = "edit/configmaps/shop/a") -> Draft:
    return Draft(key, "prod", "configmap shop/a", text, 0.0)


def _journal(path: Path, server: str) -> Journal:
    ids = itertools.count(1)
    return Journal(path, now=lambda: 1.0, new_id=lambda: f"{server[-3:]}{next(ids)}", server=server)


def _write_down(journal: Journal, name: str) -> None:
    wish = Wish(Deed.CREATE, config_map(name))
    journal.conclude(journal.intend(PlannedChange(wish, wish.ref), series="s", context="prod", user=""), "written")


def test_a_target_is_told_apart_by_its_server_and_whom_it_is_trusted_by() -> None:
    def target(server: str, authority: bytes) -> Target:
        return Target("prod", "c", "u", "default", server, TlsSettings(ca_data=authority))

    one = target("https://a:6443", b"one")
    assert one.identity == target("https://a:6443", b"one").identity
    assert (
        len({one.identity, target("https://a:6443", b"two").identity, target("https://b:6443", b"one").identity}) == 3
    )
    assert one.identity.startswith("https://a:6443 (CA ")


def test_the_same_text_of_two_clusters_is_kept_twice_and_found_on_each(tmp_path: Path) -> None:
    here, there = _drafts(tmp_path, HERE), _drafts(tmp_path, THERE)
    here.save(_draft("here"))
    there.save(_draft("there"))
    for drafts, text in ((here, "here"), (there, "there")):
        found = drafts.find("prod", "edit/configmaps/shop/a")
        assert found is not None
        assert (found.text, drafts.is_elsewhere(found)) == (text, False)
    here.discard("prod", "edit/configmaps/shop/a")
    assert [draft.text for draft in there.left("prod")] == ["there"]


def test_a_draft_of_another_cluster_of_that_name_is_offered_as_such_and_goes_on_here(tmp_path: Path) -> None:
    _drafts(tmp_path, THERE).save(_draft("typed there"))
    here = _drafts(tmp_path, HERE, pid=2)
    (found,) = here.left("prod")
    assert here.is_elsewhere(found)
    assert found.server == THERE
    ours = here.adopt(found)
    assert (ours.text, ours.server, ours.saved_at) == ("typed there", HERE, found.saved_at)
    assert [(draft.text, here.is_elsewhere(draft)) for draft in here.left("prod")] == [("typed there", False)]


def test_dropping_a_draft_of_another_cluster_leaves_our_own(tmp_path: Path) -> None:
    _drafts(tmp_path, THERE).save(_draft("there"))
    here = _drafts(tmp_path, HERE, pid=2)
    here.save(_draft("here"))
    assert [draft.text for draft in here.left("prod")] == ["here", "there"]
    here.drop(here.left("prod")[1])
    assert [draft.text for draft in here.left("prod")] == ["here"]


def test_a_draft_of_an_earlier_version_is_found_and_forgotten(tmp_path: Path) -> None:
    old = msgspec.to_builtins(_draft("old"))
    (tmp_path / "old.9.json").write_text(json.dumps(old), "utf-8")
    here = _drafts(tmp_path, HERE)
    found = here.find("prod", "edit/configmaps/shop/a")
    assert found is not None
    assert (found.text, here.is_elsewhere(found)) == ("old", False)
    here.drop(found)
    assert here.left("prod") == []


def test_a_journal_shows_and_takes_back_the_changes_of_its_own_cluster_only(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    here, there = _journal(path, HERE), _journal(path, THERE)
    _write_down(here, "a")
    _write_down(there, "b")
    assert [entry.ref.name for entry in here.entries()] == ["a"]
    assert [entry.ref.name for entry in there.entries()] == ["b"]
    assert here.elsewhere() == {THERE: 1}


def test_the_lines_of_an_earlier_version_count_as_ours(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _write_down(_journal(path, ""), "old")
    here = _journal(path, HERE)
    _write_down(here, "new")
    assert [(entry.ref.name, entry.state) for entry in here.entries()] == [("old", "written"), ("new", "written")]
    assert here.elsewhere() == {}
