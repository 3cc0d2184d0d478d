"""Who is asking and whether they may: bearer tokens, impersonation, and the rules of RBAC objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from k9py.core.errors import ApiError
from k9py.sim.requests import ANONYMOUS, Target, User
from k9py.sim.store import Store

MASTERS = "system:masters"
"""The group that may do everything, whatever the rules say."""
AUTHENTICATED = "system:authenticated"
_RBAC = "rbac.authorization.k8s.io"
_PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/version")
"""Paths anybody may read: what system:public-info-viewer grants."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked to be allowed."""

    verb: str
    target: Target = field(default_factory=Target)
    path: str = ""
    """For requests outside the API groups."""


class Access:
    """Tokens and rules."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.tokens: dict[str, User] = {}
        """Bearer token to user; change it at any time."""
        self.rules_incomplete = False
        """True makes rules reviews say that they do not know everything, as webhook authorizers do."""
        self.nobody = ANONYMOUS
        """Who a request without credentials is from. kubectl sends none over plain HTTP."""

    # who

    def authenticate(self, request: web.BaseRequest) -> User:
        """Return who a request is from; raises 401 for credentials nobody knows, 403 for a refused impersonation."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            user = self.nobody
        else:
            found = self.tokens.get(token.strip()) if scheme.lower() == "bearer" else None
            if found is None:
                raise ApiError.of(401, "Unauthorized", reason="Unauthorized")
            user = replace(found, groups=(*found.groups, AUTHENTICATED))
        return self._impersonated(user, request)

    def _impersonated(self, user: User, request: web.BaseRequest) -> User:
        name = request.headers.get("Impersonate-User", "")
        groups = tuple(request.headers.getall("Impersonate-Group", []))
        uid = request.headers.get("Impersonate-Uid", "")
        if not name:
            if groups or uid:
                message = "requested uid or groups without impersonating a user"
                raise ApiError.of(400, message, reason="BadRequest")
            return user
        asked = [("users", name), *(("groups", group) for group in groups), *((("uids", uid),) if uid else ())]
        for resource, value in asked:
            target = Target(group="authentication.k8s.io" if resource == "uids" else "", version="v1",
                            resource=resource, name=value)  # fmt: skip
            if not self.allows(user, Attributes("impersonate", target)):
                message = (
                    f'{resource} "{value}" is forbidden: User "{user.name}" cannot impersonate resource '
                    f'"{resource}" in API group "{target.group}" at the cluster scope'
                )
                raise ApiError.of(403, message, reason="Forbidden", details={"name": value, "kind": resource})
        if name.startswith("system:serviceaccount:"):
            namespace = name.split(":")[2]
            groups = groups or ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        if name != ANONYMOUS.name:
            groups = (*groups, AUTHENTICATED)
        return User(name, groups, uid)

    # may they

    def allows(self, user: User, asked: Attributes) -> bool:
        """Say whether rules or membership of system:masters allow something."""
        if MASTERS in user.groups:
            return True
        if not asked.target.is_resource:
            if asked.path.rstrip("/").startswith(_PUBLIC_PATHS):
                return True
            return any(_rule_covers_path(rule, asked) for rule in self.rules(user, ""))
        return self._granting(user, asked) is not None

    def decide(self, user: User, asked: Attributes) -> tuple[bool, str]:
        """Say whether something is allowed and, where a binding allows it, which one."""
        if MASTERS in user.groups or not asked.target.is_resource:
            return self.allows(user, asked), ""
        found = self._granting(user, asked)
        return (False, self.doubt(user, asked.target.namespace)) if found is None else (True, _reason(found, user))

    def doubt(self, user: User, namespace: str) -> str:
        """Return which roles a user's bindings name that are not there; empty when all are."""
        missing = [
            f'{kind.lower()}.{_RBAC} "{name}" not found'
            for kind, name in self._references(user, namespace)
            if self._store.peek(f"{kind.lower()}s.{_RBAC}", namespace if kind == "Role" else "", name) is None
        ]
        text = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
        return f"RBAC: {text}" if missing else ""

    def _references(self, user: User, namespace: str) -> Iterator[tuple[str, str]]:
        bindings = [(binding, "") for binding in self._store.list(f"clusterrolebindings.{_RBAC}")]
        if namespace:
            bindings += [(binding, namespace) for binding in self._store.list(f"rolebindings.{_RBAC}", namespace)]
        for binding, where in bindings:
            if _subject(binding, user, where) is not None:
                yield binding["roleRef"]["kind"], binding["roleRef"]["name"]

    def _granting(self, user: User, asked: Attributes) -> Mapping[str, Any] | None:
        for binding, rules in self._bound(user, asked.target.namespace):
            if any(_rule_covers(rule, asked) for rule in rules):
                return binding
        return None

    def rules(self, user: User, namespace: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rules that hold for a user cluster-wide and, when one is given, in a namespace."""
        for _, rules in self._bound(user, namespace):
            yield from rules

    def _bound(self, user: User, namespace: str) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
        for binding in self._store.list(f"clusterrolebindings.{_RBAC}"):
            if _subject(binding, user, "") is not None:
                yield binding, self._role_rules(binding["roleRef"], "")
        if namespace:
            for binding in self._store.list(f"rolebindings.{_RBAC}", namespace):
                if _subject(binding, user, namespace) is not None:
                    yield binding, self._role_rules(binding["roleRef"], namespace)

    def _role_rules(self, reference: Mapping[str, str], namespace: str) -> list[Mapping[str, Any]]:
        if reference["kind"] == "ClusterRole":
            role = self._store.peek(f"clusterroles.{_RBAC}", "", reference["name"])
        else:
            role = self._store.peek(f"roles.{_RBAC}", namespace, reference["name"])
        if role is None:
            return []
        selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
        if not selectors:
            return role.get("rules") or []
        rules: list[Mapping[str, Any]] = []
        for part in self._store.list(f"clusterroles.{_RBAC}"):
            labels = part["metadata"].get("labels") or {}
            if any((item.get("matchLabels") or {}).items() <= labels.items() for item in selectors):
                rules += part.get("rules") or []
        return rules


def _subject(binding: Mapping[str, Any], user: User, namespace: str) -> Mapping[str, Any] | None:
    """Return the subject of a binding that is this user, or None."""
    for subject in binding.get("subjects") or ():
        kind, name = subject["kind"], subject["name"]
        if (kind == "User" and name == user.name) or (kind == "Group" and name in user.groups):
            return dict(subject)
        if kind == "ServiceAccount":
            where = subject.get("namespace") or namespace
            if user.name == f"system:serviceaccount:{where}:{name}":
                return dict(subject)
    return None


def _reason(binding: Mapping[str, Any], user: User) -> str:
    metadata, role = binding["metadata"], binding["roleRef"]
    namespace = metadata.get("namespace", "")
    subject = _subject(binding, user, namespace) or {}
    who = subject.get("name", "")
    if subject.get("kind") == "ServiceAccount":
        who = f"{who}/{subject.get('namespace') or namespace}"
    name = f"{metadata['name']}/{namespace}" if namespace else metadata["name"]
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return f'RBAC: allowed by {kind} "{name}" of {role["kind"]} "{role["name"]}" to {subject.get("kind")} "{who}"'


def _rule_covers(rule: Mapping[str, Any], asked: Attributes) -> bool:
    target = asked.target
    verbs, groups = rule.get("verbs") or (), rule.get("apiGroups") or ()
    if "*" not in verbs and asked.verb not in verbs:
        return False
    if "*" not in groups and target.group not in groups:
        return False
    names = rule.get("resourceNames")
    if names and target.name not in names:
        return False
    wanted = f"{target.resource}/{target.subresource}" if target.subresource else target.resource
    resources = rule.get("resources") or ()
    if "*" in resources or wanted in resources:
        return True
    return bool(target.subresource) and f"*/{target.subresource}" in resources


def _rule_covers_path(rule: Mapping[str, Any], asked: Attributes) -> bool:
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and asked.verb not in verbs:
        return False
    return any(
        path == asked.path or (path.endswith("*") and asked.path.startswith(path[:-1]))
        for path in rule.get("nonResourceURLs") or ()
    )
