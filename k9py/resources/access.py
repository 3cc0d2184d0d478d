"""Who may do what: service accounts, roles and bindings."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.kube.rows import Row
from k9py.resources.cells import TAIL, identity
from k9py.resources.model import Column, ColumnMaker, Drill, KindSpec, Measure, Target, fixed
from k9py.resources.projecting import Meta, ObjectProjection, Shared
from k9py.resources.storage import users_of
from k9py.resources.structs import ObjectReference


class AccountObject(msgspec.Struct, gc=False):
    """A service account."""

    metadata: Meta | None = None
    secrets: list[Any] | None = None


class AccountRow(Row, gc=False):
    """One service account in a list."""

    secrets: int = 0


def _fill_account(row: AccountRow, account: AccountObject, _shared: Shared) -> None:
    row.secrets = len(account.secrets or ())


_account = ColumnMaker(AccountRow)

_ACCOUNT = (
    *identity(namespaced=True),
    _account("secrets", "SECRETS", lambda row, _: str(row.secrets), sort=lambda row, _: row.secrets, align="right",
             rank=5, measure=Measure.NUMBER),
    *TAIL,
)  # fmt: skip


class RoleObject(msgspec.Struct, gc=False):
    """A role or cluster role."""

    metadata: Meta | None = None
    rules: list[Any] | None = None


class RoleRow(Row, gc=False):
    """One role in a list."""

    rules: int = 0


def _fill_role(row: RoleRow, role: RoleObject, _shared: Shared) -> None:
    row.rules = len(role.rules or ())


_role = ColumnMaker(RoleRow)

_RULES = _role(
    "rules", "RULES", lambda row, _: str(row.rules), sort=lambda row, _: row.rules, align="right", rank=5,
    measure=Measure.NUMBER,
)  # fmt: skip


class BindingObject(msgspec.Struct, gc=False, rename="camel"):
    """A role binding or cluster role binding."""

    metadata: Meta | None = None
    role_ref: ObjectReference | None = None
    subjects: list[ObjectReference] | None = None


class BindingRow(Row, gc=False):
    """One binding in a list."""

    role: str = ""
    """``Kind/name``."""
    kinds: str = ""
    subjects: str = ""
    users: str = ""
    groups: str = ""
    accounts: str = ""


def _fill_binding(row: BindingRow, binding: BindingObject, _shared: Shared) -> None:
    role, subjects = binding.role_ref, binding.subjects or []
    row.role = f"{role.kind}/{role.name}" if role else ""
    row.kinds = ",".join(sorted({subject.kind or "" for subject in subjects}))
    row.subjects = ",".join(_subject(subject) for subject in subjects)
    row.users = ", ".join(subject.name or "" for subject in subjects if subject.kind == "User")
    row.groups = ", ".join(subject.name or "" for subject in subjects if subject.kind == "Group")
    row.accounts = ", ".join(_subject(subject) for subject in subjects if subject.kind == "ServiceAccount")


def _subject(subject: ObjectReference) -> str:
    return f"{subject.namespace}/{subject.name}" if subject.namespace else subject.name or ""


_binding = ColumnMaker(BindingRow)

_BINDING: tuple[Column, ...] = (
    _binding("role", "ROLE", lambda row, _: row.role, rank=3, max_width=60),
    _binding("subject-kind", "SUBJECT-KIND", lambda row, _: row.kinds, rank=12, max_width=24),
    _binding("subjects", "SUBJECTS", lambda row, _: row.subjects, rank=6, max_width=60),
    _binding("users", "USERS", lambda row, _: row.users, wide=True, rank=60, max_width=50),
    _binding("groups", "GROUPS", lambda row, _: row.groups, wide=True, rank=61, max_width=50),
    _binding("serviceaccounts", "SERVICEACCOUNTS", lambda row, _: row.accounts, wide=True, rank=62, max_width=60),
)


def _bound_role(row: Row) -> Target | None:
    assert isinstance(row, BindingRow)
    kind, _, name = row.role.partition("/")
    if kind == "ClusterRole":
        return Target("clusterroles.rbac.authorization.k8s.io", namespace="", name=name, title=f"role of {row.name}")
    if kind == "Role":
        return Target(
            "roles.rbac.authorization.k8s.io", namespace=row.namespace, name=name, title=f"role of {row.name}"
        )
    return None


def _rights(row: Row) -> Target:
    return Target(view="rights", title=f"rights of {row.name}")


def _roles(kind_id: str, *, namespaced: bool) -> KindSpec:
    return KindSpec(
        id=kind_id,
        projection=lambda: ObjectProjection(RoleObject, RoleRow, _fill_role),
        columns=fixed((*identity(namespaced=namespaced), _RULES, *TAIL)),
        drill=Drill("rights", "rights", _rights),
        purpose="Roles list what may be done; bindings say who may.",
    )


def _bindings(kind_id: str, *, namespaced: bool) -> KindSpec:
    return KindSpec(
        id=kind_id,
        projection=lambda: ObjectProjection(BindingObject, BindingRow, _fill_binding),
        columns=fixed((*identity(namespaced=namespaced), *_BINDING, *TAIL)),
        drill=Drill("role", "its role", _bound_role),
        purpose="Bindings give a role to users, groups and service accounts.",
    )


SERVICE_ACCOUNTS = KindSpec(
    id="serviceaccounts",
    projection=lambda: ObjectProjection(AccountObject, AccountRow, _fill_account),
    columns=fixed(_ACCOUNT),
    drill=Drill("rights", "rights", _rights),
    relations=(users_of("sa", "service account"),),
    purpose="Service accounts are what pods are known as to the API server.",
)

SPECS = (
    SERVICE_ACCOUNTS,
    _roles("roles.rbac.authorization.k8s.io", namespaced=True),
    _roles("clusterroles.rbac.authorization.k8s.io", namespaced=False),
    _bindings("rolebindings.rbac.authorization.k8s.io", namespaced=True),
    _bindings("clusterrolebindings.rbac.authorization.k8s.io", namespaced=False),
)
