"""What a trial shows and the write will give anew: addresses, node ports, names and identities the server makes up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from k9py.changes.model import Object
from k9py.core.diffs import ABSENT, Path, value_at, with_value

GIVEN = "(given by the server at the write)"
"""Stands for a value that is not known before the write."""

_ADDRESSES: tuple[Path, ...] = (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "healthCheckNodePort"))
_TOKEN_VOLUME = re.compile(r"kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}")
"""The volume the server adds to a pod; the end of its name is random, from the letters of apimachinery's ``rand``."""


def unsettled(tried: Object | None, asked: Object, live: Object | None) -> Object | None:
    """Return what a trial came to, with a word in place of each value that will be another one when it is written.

    ``asked`` is the document that was tried: what it says itself stays, and so does what ``live`` has already.
    """
    if tried is None:
        return None
    shown = tried
    meta = tried.get("metadata") or {}
    asked_meta = asked.get("metadata") or {}
    if live is None and asked_meta.get("generateName") and not asked_meta.get("name"):
        shown = with_value(shown, ("metadata", "name"), GIVEN)
    kind = (str(tried.get("apiVersion")), str(tried.get("kind")))
    if kind == ("v1", "Service"):
        shown = _service(shown, asked, live)
    elif kind == ("v1", "Pod") and live is None:
        mine = {volume.get("name") for volume in (asked.get("spec") or {}).get("volumes") or ()}
        shown = _replaced(shown, lambda text: text not in mine and bool(_TOKEN_VOLUME.fullmatch(text)))
    uid = meta.get("uid")
    if live is None and uid:
        # A Job's selector holds the identity of the Job.
        shown = {**shown, "metadata": {**shown["metadata"], "uid": ""}}
        shown = _replaced(shown, lambda text: text == uid)
    return shown


def _service(shown: Object, asked: Object, live: Object | None) -> Object:
    for path in _ADDRESSES:
        value = value_at(shown, path)
        known: tuple[Any, ...] = (ABSENT, [], "None", ["None"], value_at(asked, path), value_at(live or {}, path))
        if value not in known:
            shown = with_value(shown, path, GIVEN)
    ports = _ports(shown)
    there = {0, *(port.get("nodePort") for obj in (asked, live or {}) for port in _ports(obj))}
    if any(port.get("nodePort", 0) not in there for port in ports):
        marked = [{**port, "nodePort": GIVEN} if port.get("nodePort", 0) not in there else port for port in ports]
        shown = {**shown, "spec": {**shown["spec"], "ports": marked}}
    return shown


def _ports(service: Object) -> list[Object]:
    return (service.get("spec") or {}).get("ports") or []


def _replaced(value: Any, is_given: Callable[[str], bool]) -> Any:
    """Return a tree with a word in place of every text the function knows."""
    if isinstance(value, str):
        return GIVEN if is_given(value) else value
    if isinstance(value, Mapping):
        return {key: _replaced(inner, is_given) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, is_given) for inner in value]
    return value
