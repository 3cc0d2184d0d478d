"""Drafts: private, whole, without the values of Secrets, and found again."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k9py.changes.drafts import KEPT_DAYS, LEFT_OUT, Draft, Drafts, without_secrets

SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"data":{"password":"c2VjcmV0"}}
    note: kept
type: Opaque
data:
  password: c2VjcmV0
stringData:
  # a comment
  user: s3cret
  "quoted": 's3cret'
  cert: |
    s3cret line

    s3cret line 2
immutable: true
"""


class Now:
    """A time moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def drafts(tmp_path: Path, *, pid: int = 1, running: frozenset[int] = frozenset({1}), now: Any = None) -> Drafts:
    """Return the drafts a program of this process number sees."""
    return Drafts(tmp_path / "drafts", now=now or Now(), pid=pid, is_running=lambda other: other in running)


def draft(text: str = "a: 1", key: str = "edit/pods/shop/web", **more: Any) -> Draft:
    """Return a draft."""
    return Draft(key, "prod", "pod shop/web", text, 0.0, **more)


def test_a_draft_is_private_and_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = drafts(tmp_path)
    kept.save(draft("a: 1\n", line=3, column=4, base={"kind": "Pod", "metadata": {"name": "web", "uid": "u"}}))
    (file,) = (tmp_path / "drafts").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    found = drafts(tmp_path, pid=2, running=frozenset({2})).find("prod", "edit/pods/shop/web")
    assert found is not None
    assert (found.text, found.line, found.column, found.saved_at) == ("a: 1\n", 3, 4, 1000.0)
    assert found.base == {"kind": "Pod", "metadata": {"name": "web", "uid": "u"}}
    assert drafts(tmp_path).find("test", "edit/pods/shop/web") is None


def test_what_is_written_or_thrown_away_is_not_offered_again(tmp_path: Path) -> None:
    drafts(tmp_path).save(draft())
    later = drafts(tmp_path, pid=2, running=frozenset({2}))
    later.save(draft("a: 2"))
    found = later.find("prod", "edit/pods/shop/web")
    assert found is not None
    later.discard("prod", "edit/pods/shop/web")
    assert later.left("prod") == []
    assert list((tmp_path / "drafts").iterdir()) == []


def test_the_drafts_of_another_program_at_work_are_its_own(tmp_path: Path) -> None:
    drafts(tmp_path, pid=1).save(draft())
    other = drafts(tmp_path, pid=2, running=frozenset({1, 2}))
    assert other.left("prod") == []
    other.save(draft("b: 2"))
    other.discard("prod", "edit/pods/shop/web")
    found = drafts(tmp_path, pid=1).find("prod", "edit/pods/shop/web")
    assert found is not None
    assert found.text == "a: 1"


def test_the_newest_draft_is_offered_and_the_oldest_forgotten(tmp_path: Path) -> None:
    now = Now()
    drafts(tmp_path, pid=1, now=now).save(draft("old"))
    now.at += 10
    drafts(tmp_path, pid=2, now=now).save(draft("new"))
    drafts(tmp_path, pid=2, now=now).save(draft("other", key="new/1"))
    later = drafts(tmp_path, pid=3, running=frozenset({3}), now=now)
    assert sorted(one.text for one in later.left("prod")) == ["new", "other"]
    now.at += KEPT_DAYS * 86400 + 1
    assert later.left("prod") == []


def test_a_damaged_file_is_passed_over(tmp_path: Path) -> None:
    kept = drafts(tmp_path)
    kept.save(draft())
    (tmp_path / "drafts" / "half.json").write_bytes(b'{"key": "a"')
    assert len(kept.left("prod")) == 1


def test_the_values_of_secrets_never_reach_the_disk(tmp_path: Path) -> None:
    base = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"password": "c2VjcmV0"}}
    drafts(tmp_path).save(draft(SECRET, base=base))
    (file,) = (tmp_path / "drafts").iterdir()
    body = file.read_bytes()
    assert b"s3cret" not in body
    assert b"c2VjcmV0" not in body
    kept = msgspec.json.decode(body, type=Draft)
    assert kept.left_out
    for word in ("name: db", "note: kept", "type: Opaque", "immutable: true", f"user: {LEFT_OUT}", f"cert: {LEFT_OUT}"):
        assert word in kept.text, word


@pytest.mark.parametrize(
    "text",
    [
        "kind: Secret\ndata: {a: s3cret}\n",
        "kind: Secre\nstringData:\n  a: s3cret",
        "data:\n  a: s3cret\n",
        "stringData:\n  a: s3cret\n  b:\n    - s3cret\n",
        "kind: List\nitems:\n- kind: Secret\n  stringData:\n    a: s3cret\n",
        '{"kind": "Secret", "stringData": {"a": "s3cret"}}',
        "kind: ConfigMap\n---\nkind: Secret\nstringData:\n  a: >-\n    s3cret\n\n    s3cret\n",
        "kind: Secret\nstringData:\n  a: 's3cret\n    s3cret'\n",
        "kind: Secret\nstringData:\n  ? a\n  : s3cret\n",
        "stringData: &x\n  a: s3cret\nkind: Secret\n",
        "kind: 'Secret'\nstringData:\n\ta: s3cret\n",
    ],
)
def test_no_way_of_writing_a_secret_lets_its_value_through(text: str) -> None:
    kept, left_out = without_secrets(text)
    assert "s3cret" not in kept
    assert left_out


@pytest.mark.parametrize(
    "text",
    [
        "kind: ConfigMap\ndata:\n  a: b\n",
        "kind: Deployment\nspec:\n  data: x\n",
        "apiVersion: v1\nkind: Pod\n---\nkind: ConfigMap\ndata: {a: b}",
    ],
)
def test_what_is_no_secret_is_kept_whole(text: str) -> None:
    assert without_secrets(text) == (text, False)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(SECRET)), st.text(alphabet="ab:\n -|'{", max_size=5))
def test_a_half_typed_secret_is_as_safe_as_a_whole_one(cut: int, typed: str) -> None:
    head = SECRET.split("type: Opaque")[0]
    at = max(cut, len(head))
    kept, _ = without_secrets(SECRET[:at] + typed)
    assert "s3cret" not in kept
    assert "c2VjcmV0" not in kept
