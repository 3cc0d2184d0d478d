"""What is said of a draft whose text may have got through before the program ended."""

from __future__ import annotations

from k9py.changes.drafts import LEFT_OUT, Draft
from k9py.changes.fates import Fate, fate_of
from k9py.changes.journal import JournalEntry
from k9py.changes.model import Deed
from k9py.core import yamldoc
from k9py.core.refs import ObjectRef
from tests.changes.conftest import Object, config_map, secret

SAVED = 100.0


def _draft(*documents: Object, base: Object | None = None) -> Draft:
    return Draft("edit/x", "prod", "x", yamldoc.dump_all(list(documents)), SAVED, base=base)


def _entry(
    after: Object | None, *, before: Object | None = None, state: str = "written", at: float = SAVED + 2
) -> JournalEntry:
    obj = after or before or {}
    meta = obj["metadata"]
    ref = ObjectRef(obj["kind"], meta["namespace"], meta["name"], obj["apiVersion"])
    return JournalEntry("i", "s", at, Deed.UPDATE, state, "prod", "", ref, before, after)


def test_what_nobody_sent_is_not_written() -> None:
    draft = _draft(config_map("a", x="mine"), base=config_map("a", x="1"))
    assert fate_of(draft, []) is Fate.UNWRITTEN
    assert fate_of(draft, [_entry(config_map("b", x="mine"))]) is Fate.UNWRITTEN
    assert fate_of(draft, [_entry(config_map("a", x="mine"), at=SAVED - 60)]) is Fate.UNWRITTEN


def test_what_got_through_is_not_called_unwritten() -> None:
    base = config_map("a", x="1")
    draft = _draft(config_map("a", x="mine"), base=base)
    assert fate_of(draft, [_entry(config_map("a", x="mine"), before=base)]) is Fate.WRITTEN


def test_what_was_sent_and_never_answered_is_to_be_looked_at() -> None:
    base = config_map("a", x="1")
    draft = _draft(config_map("a", x="mine"), base=base)
    for state in ("intent", "uncertain"):
        assert fate_of(draft, [_entry(config_map("a", x="mine"), before=base, state=state)]) is Fate.SENT
    failed = _entry(config_map("a", x="mine"), before=base, state="failed")
    assert fate_of(draft, [failed]) is Fate.UNWRITTEN


def test_another_change_of_the_object_is_not_taken_for_the_draft() -> None:
    base = config_map("a", x="1", y="1")
    draft = _draft(config_map("a", x="mine", y="1"), base=base)
    assert fate_of(draft, [_entry(config_map("a", x="1", y="2"), before=base)]) is Fate.UNWRITTEN


def test_of_several_new_objects_some_may_be_written() -> None:
    draft = _draft(config_map("a"), config_map("b"))
    assert fate_of(draft, [_entry(config_map("a"))]) is Fate.PARTLY
    assert fate_of(draft, [_entry(config_map("a")), _entry(config_map("b"))]) is Fate.WRITTEN
    assert fate_of(draft, [_entry(config_map("a")), _entry(config_map("b"), state="intent")]) is Fate.SENT


def test_a_secret_is_known_by_its_name_since_its_values_are_kept_nowhere() -> None:
    base = secret("keys")
    draft = _draft(secret("keys", a=LEFT_OUT), base=base)
    assert fate_of(draft, [_entry(secret("keys", a="***"), before=base)]) is Fate.WRITTEN


def test_half_a_text_was_never_sent() -> None:
    draft = Draft("edit/x", "prod", "x", "kind: [", SAVED)
    assert fate_of(draft, [_entry(config_map("a"))]) is Fate.UNWRITTEN
