"""What roles allow, and to whom bindings give them."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.core.errors import UsageError
from k9py.core.refs import ObjectRef
from k9py.resources.rules import grants_of, grants_to, merged, subject_of


def role(kind: str, name: str, *rules: dict[str, Any], namespace: str = "") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "rules": list(rules)}


def rule(verbs: str, resources: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), **more}


def bound(name: str, role: str, subject: dict[str, str], namespace: str = "") -> dict[str, Any]:
    kind, _, of = role.partition("/")
    return {"metadata": {"name": name, "namespace": namespace}, "roleRef": {"kind": kind, "name": of},
            "subjects": [subject]}  # fmt: skip


READER = role("ClusterRole", "reader", rule("get list", "pods pods/log"))
OWNER = role("Role", "owner", rule("*", "deployments", "apps"), namespace="shop")
ELSEWHERE = role("Role", "owner", rule("*", "secrets"), namespace="bank")


def test_a_rule_is_one_line_per_resource_with_every_verb_it_allows() -> None:
    grants = grants_of(role("Role", "r", rule("get bind", "pods secrets", resourceNames=["a", "b"]),
                            {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}))  # fmt: skip
    assert [(g.resource, g.group) for g in grants] == [("pods [a,b]", ""), ("secrets [a,b]", ""), ("/healthz", "")]
    assert grants[0].allows("get")
    assert not grants[0].allows("list")
    assert grants[0].extras == "bind"
    assert all(grants_of(OWNER)[0].allows(verb) for verb in ("get", "deletecollection"))


def test_a_subject_has_the_roles_of_its_bindings_and_of_the_groups_it_is_always_in() -> None:
    account = {"kind": "ServiceAccount", "namespace": "shop", "name": "web"}
    bindings = [
        bound("owners", "Role/owner", account, "shop"),
        bound("everybody", "ClusterRole/reader", {"kind": "Group", "name": "system:authenticated"}),
        bound("others", "ClusterRole/reader", {"kind": "User", "name": "bob"}),
        bound("dangling", "Role/gone", account, "shop"),
    ]
    found = grants_to(ObjectRef("ServiceAccount", "shop", "web"), bindings, (READER, OWNER, ELSEWHERE))
    assert [(g.resource, g.binding, g.namespace) for g in found] == [
        ("deployments", "owners", "shop"),
        ("pods", "everybody", ""),
        ("pods/log", "everybody", ""),
    ]
    assert not grants_to(ObjectRef("Group", "", "nobody"), bindings, (READER, OWNER))


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("u:alice", ObjectRef("User", "", "alice")),
        ("alice", ObjectRef("User", "", "alice")),
        ("g:system:masters", ObjectRef("Group", "", "system:masters")),
        ("system:admin", ObjectRef("User", "", "system:admin")),
        ("sa:shop/web", ObjectRef("ServiceAccount", "shop", "web")),
    ],
)
def test_a_subject_is_read_as_typed(text: str, subject: ObjectRef) -> None:
    assert subject_of(text) == subject


@pytest.mark.parametrize("text", ["", "u:", "sa:shop"])
def test_a_subject_without_a_name_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError, match="whose"):
        subject_of(text)


def test_rules_that_name_one_resource_twice_are_one_line_and_groups_stay_apart() -> None:
    many = role("ClusterRole", "r", rule("get", "pods deployments"), rule("create", "pods"),
                rule("list", "deployments", "apps"))  # fmt: skip
    lines = merged(grants_of(many))
    assert [(g.resource, g.group, sorted(g.verbs)) for g in lines] == [
        ("deployments", "", ["get"]),
        ("deployments", "apps", ["list"]),
        ("pods", "", ["create", "get"]),
    ]
