"""An object as a text and back: what was hidden is kept, and a Secret keeps what nobody touched, byte for byte."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from k9py.changes.editing import HIDDEN, EditView
from k9py.changes.model import Deed
from k9py.core import yamldoc
from k9py.core.encoded import binary_word
from k9py.core.errors import InputError

BINARY = base64.b64encode(bytes(range(256))).decode()


def encoded(text: str) -> str:
    """Return a text in base64."""
    return base64.b64encode(text.encode()).decode()


def live(**parts: Any) -> dict[str, Any]:
    """Return an object as a server has it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "c",
            "namespace": "shop",
            "uid": "u-1",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{}}', "note": "mine"},
        },
        **parts,
    }


def secret(**data: str) -> dict[str, Any]:
    """Return a Secret with these values, in base64."""
    return {**live(kind="Secret", data=data), "type": "Opaque"}


def test_noise_is_hidden_and_comes_back_untouched() -> None:
    base = live(data={"a": "1"}, status={"phase": "fine"})
    view = EditView(base)
    text = view.text()
    for noise in ("managedFields", "status", "uid", "resourceVersion", "last-applied", "creationTimestamp"):
        assert noise not in text
    assert view.read(yamldoc.load(text)) == base
    assert yamldoc.load(text)["metadata"]["annotations"] == {"note": "mine"}


def test_what_is_taken_out_of_the_text_is_gone_and_what_was_hidden_is_not() -> None:
    view = EditView(live(data={"a": "1"}))
    document = yamldoc.load(view.text())
    del document["metadata"]["annotations"]
    mine = view.read(document)
    assert list(mine["metadata"]["annotations"]) == ["kubectl.kubernetes.io/last-applied-configuration"]
    assert mine["metadata"]["managedFields"] == [{"manager": "kubectl"}]


def test_secrets_are_masked_until_asked_for_and_kept_when_nobody_asks() -> None:
    base = secret(user=encoded("zoe"), key=BINARY)
    view = EditView(base)
    assert "zoe" not in view.text()
    assert encoded("zoe") not in view.text()
    assert yamldoc.load(view.text())["stringData"] == {"user": HIDDEN}
    assert view.read(yamldoc.load(view.text())) == base
    assert yamldoc.load(view.text(revealed=("user",)))["stringData"] == {"user": "zoe"}
    assert view.read(yamldoc.load(view.text(revealed=("user",)))) == base


def test_a_binary_value_is_shown_by_its_size_and_hash_and_kept_byte_for_byte() -> None:
    view = EditView(secret(key=BINARY))
    word = yamldoc.load(view.text())["data"]["key"]
    assert word == binary_word(BINARY)
    assert "256 bytes, sha256 40aff2e9d2d8" in word
    assert view.read(yamldoc.load(view.text()))["data"]["key"] == BINARY


def test_a_secret_value_that_is_typed_is_encoded_and_one_taken_out_is_gone() -> None:
    view = EditView(secret(user=encoded("zoe"), password=encoded("old")))
    document = yamldoc.load(view.text())
    document["stringData"]["password"] = "n\u00e9w\n"
    del document["stringData"]["user"]
    document["data"] = {"raw": encoded("typed")}
    mine = view.read(document)
    assert mine["data"] == {"password": encoded("n\u00e9w\n"), "raw": encoded("typed")}
    assert "stringData" not in mine


@pytest.mark.parametrize(
    ("key", "value"), [("user", f"{HIDDEN}x"), ("user", f"{HIDDEN[:3]}x"), ("user", HIDDEN[1:]), ("other", HIDDEN)]
)
def test_dots_are_never_written_as_a_value(key: str, value: str) -> None:
    view = EditView(secret(user=encoded("zoe")))
    document = yamldoc.load(view.text())
    document["stringData"][key] = value
    with pytest.raises(InputError, match=key) as told:
        view.read(document)
    assert told.value.path == ("stringData", key)


def test_a_value_that_has_a_dot_of_its_own_may_be_changed_and_keep_it() -> None:
    view = EditView(secret(user=encoded("zoe \u2022")))
    document = yamldoc.load(view.text(revealed=("user",)))
    document["stringData"]["user"] = "ada \u2022"
    assert view.read(document)["data"] == {"user": encoded("ada \u2022")}


def test_another_name_is_another_object_without_the_marks_of_the_first() -> None:
    view = EditView(live(data={"a": "1"}))
    document = yamldoc.load(view.text())
    assert view.wish(document).deed is Deed.UPDATE
    document["metadata"]["name"] = "d"
    wish = view.wish(document)
    assert wish.deed is Deed.APPLY
    assert not {"uid", "resourceVersion", "managedFields"} & set(wish.document["metadata"])
