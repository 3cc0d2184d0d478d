"""What roles allow: rules as one line per resource, and which roles a user, group or service account has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from k9py.core.errors import UsageError
from k9py.core.refs import ObjectRef

VERBS = ("get", "list", "watch", "create", "patch", "update", "delete", "deletecollection")
"""Verbs with a column of their own, in kubectl's order of use."""

SUBJECTS = {"u": "User", "user": "User", "g": "Group", "group": "Group", "s": "ServiceAccount", "sa": "ServiceAccount"}
"""Words in front of a subject's name, as k9s has them, and a few people guess."""

Object = dict[str, Any]


class Grant(msgspec.Struct, frozen=True):
    """What one rule allows on one resource."""

    resource: str
    """``pods``, ``pods/log``, a path such as ``/healthz``; with ``[names]`` where only some objects are meant."""
    group: str
    verbs: frozenset[str]
    binding: str = ""
    """The binding it comes from; empty when a role itself is looked at."""
    namespace: str = ""
    """Where it holds; empty everywhere."""

    def allows(self, verb: str) -> bool:
        """Return whether the verb is among the granted ones."""
        return verb in self.verbs or "*" in self.verbs

    @property
    def extras(self) -> str:
        """The verbs without a column."""
        return ",".join(sorted(self.verbs.difference(VERBS)))


def grants_of(role: Object, *, binding: str = "", namespace: str = "") -> list[Grant]:
    """Return what a role allows, one entry per resource of each rule."""
    return [grant for rule in role.get("rules") or () for grant in _of_rule(rule, binding, namespace)]


def _of_rule(rule: Object, binding: str, namespace: str) -> Iterator[Grant]:
    verbs = frozenset(rule.get("verbs") or ())
    names = ",".join(rule.get("resourceNames") or ())
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            yield Grant(f"{resource} [{names}]" if names else resource, group, verbs, binding, namespace)
    for path in rule.get("nonResourceURLs") or ():
        yield Grant(path, "", verbs, binding, namespace)


def merged(grants: Iterable[Grant]) -> list[Grant]:
    """Return one grant per resource, place and binding, with the verbs of all the rules that name it."""
    found: dict[tuple[str, str, str, str], Grant] = {}
    for grant in grants:
        key = (grant.resource, grant.group, grant.namespace, grant.binding)
        known = found.get(key)
        found[key] = grant if known is None else replace(grant, verbs=grant.verbs | known.verbs)
    return [found[key] for key in sorted(found)]


def subject_of(text: str) -> ObjectRef:
    """Read a subject as typed: ``u:NAME``, ``g:NAME``, ``sa:NAMESPACE/NAME``, or a user's bare name."""
    head, colon, rest = text.strip().partition(":")
    # Names of users and groups hold colons themselves: system:masters.
    kind = SUBJECTS.get(head) if colon else "User"
    name = rest if colon and kind else text.strip()
    namespace = ""
    if kind == "ServiceAccount":
        namespace, _, name = name.partition("/")
    if not name:
        raise UsageError("whose rights?", remedy="Write can u:USER, g:GROUP or sa:NAMESPACE/NAME")
    return ObjectRef(kind or "User", namespace, name)


def grants_to(subject: ObjectRef, bindings: Iterable[Object], roles: Iterable[Object]) -> list[Grant]:
    """Return what a subject may do by these bindings and roles, the groups it is always in included."""
    known = {_key(role.get("kind"), role): role for role in roles}
    names = _identities(subject)
    found: list[Grant] = []
    for binding in bindings:
        subjects = binding.get("subjects") or ()
        if names.isdisjoint(_identity(s.get("kind"), s.get("namespace"), s.get("name")) for s in subjects):
            continue
        meta, ref = binding.get("metadata") or {}, binding.get("roleRef") or {}
        namespace = meta.get("namespace") or ""
        role = known.get((ref.get("kind"), "" if ref.get("kind") == "ClusterRole" else namespace, ref.get("name")))
        if role is not None:
            found += grants_of(role, binding=meta.get("name") or "", namespace=namespace)
    return found


def _key(kind: Any, role: Object) -> tuple[Any, str, Any]:
    meta = role.get("metadata") or {}
    return (kind, meta.get("namespace") or "", meta.get("name"))


def _identity(kind: Any, namespace: Any, name: Any) -> tuple[str, str, str]:
    return (str(kind), str(namespace or "") if kind == "ServiceAccount" else "", str(name))


def _identities(subject: ObjectRef) -> set[tuple[str, str, str]]:
    """Return the subject and the groups the server puts it in."""
    found = {_identity(subject.kind, subject.namespace, subject.name)}
    if subject.kind != "Group":
        found.add(_identity("Group", "", "system:authenticated"))
    if subject.kind == "ServiceAccount":
        found.add(_identity("User", "", f"system:serviceaccount:{subject.namespace}:{subject.name}"))
        found.add(_identity("Group", "", "system:serviceaccounts"))
        found.add(_identity("Group", "", f"system:serviceaccounts:{subject.namespace}"))
    return found
