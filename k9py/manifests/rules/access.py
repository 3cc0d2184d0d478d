"""Roles, their bindings, service accounts and what every object's metadata has to be."""

from __future__ import annotations

from collections.abc import Callable

from k9py.core import naming
from k9py.core.refs import ApiResource
from k9py.manifests.problems import At

RBAC = "rbac.authorization.k8s.io"
_LABEL_NAMES = frozenset({"Namespace", "Service"})
_FREE_NAMES = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_NAMED_BY_SERVER = frozenset({"LimitRange"})
_UNCHECKED_NAMES = frozenset({"PodDisruptionBudget"})
"""Kinds whose names the server takes as they come."""
_ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all annotations together."""


def metadata(obj: At, resource: ApiResource | None) -> None:
    """Check what all kinds have."""
    meta = obj["metadata"]
    name = meta["name"]
    kind = obj["kind"].text
    if not name.text and not meta["generateName"].text:
        if name.value in (None, "") and kind not in _NAMED_BY_SERVER:
            name.required("name or generateName is required")
    elif name.text:
        problem = _name_problem(kind, name.text)
        if kind in _UNCHECKED_NAMES and problem:
            name.warn(problem)
        else:
            name.fits(problem)
    elif kind not in _FREE_NAMES:
        prefix = meta["generateName"]
        prefix.fits(_name_problem(kind, prefix.text.removesuffix("-") + "a" if prefix.text.endswith("-") else
                                  prefix.text))  # fmt: skip
    namespace = meta["namespace"]
    if namespace.text:
        if resource is not None and not resource.namespaced:
            namespace.forbidden("not allowed on this type")
        else:
            namespace.label()
    meta["labels"].labels()
    size = 0
    for key, value in meta["annotations"].entries():
        if problem := naming.qualified(key.lower()):
            value.alias(meta["annotations"].path).report("FieldValueInvalid", f'Invalid value: "{key}": {problem}')
        size += len(key) + len(value.text)
    if size > _ANNOTATIONS_LIMIT:
        meta["annotations"].report("FieldValueTooLong", f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes")
    for finalizer in meta["finalizers"].items():
        finalizer.fits(naming.qualified(finalizer.text))
    _owners(meta["ownerReferences"])


def _name_problem(kind: str, name: str) -> str:
    if kind in _FREE_NAMES:
        return naming.path_segment(name)
    return naming.label(name) if kind in _LABEL_NAMES else naming.subdomain(name)


def _owners(owners: At) -> None:
    controllers = 0
    for owner in owners.items():
        version = owner["apiVersion"]
        if not version.text or version.text.count("/") > 1:
            version.invalid("version must not be empty")
        for field in ("kind", "name", "uid"):
            if not owner[field].text:
                owner[field].invalid("must not be empty")
        controllers += owner["controller"].value is True
    if controllers > 1:
        owners.invalid("Only one reference can have Controller set to true")


def role(obj: At) -> None:
    """Check a Role or a ClusterRole."""
    for rule in obj["rules"].items():
        if not rule["verbs"]:
            rule["verbs"].required("verbs must contain at least one value")
        if rule["nonResourceURLs"]:
            if obj["kind"].text == "Role":
                rule["nonResourceURLs"].invalid("namespaced rules cannot apply to non-resource URLs")
            if rule["apiGroups"] or rule["resources"] or rule["resourceNames"]:
                rule["nonResourceURLs"].invalid("rules cannot apply to both regular resources and non-resource URLs")
            continue
        if not rule["apiGroups"]:
            rule["apiGroups"].required("resource rules must supply at least one api group")
        if not rule["resources"]:
            rule["resources"].required("resource rules must supply at least one resource")


def binding(obj: At) -> None:
    """Check a RoleBinding or a ClusterRoleBinding."""
    reference = obj["roleRef"]
    if reference["apiGroup"].text != RBAC and reference["apiGroup"].text:
        reference["apiGroup"].unsupported([RBAC])
    kinds = ("ClusterRole",) if obj["kind"].text == "ClusterRoleBinding" else ("ClusterRole", "Role")
    if reference["kind"].text not in kinds:
        reference["kind"].unsupported(kinds)
    if reference["name"].needed():
        reference["name"].fits(naming.path_segment(reference["name"].text))
    for subject in obj["subjects"].items():
        _subject(subject, namespaced=obj["kind"].text == "RoleBinding")


def _subject(subject: At, *, namespaced: bool) -> None:
    kind, group = subject["kind"], subject["apiGroup"]
    subject["name"].needed()
    if kind.text == "ServiceAccount":
        if subject["name"].text:
            subject["name"].subdomain()
        if group.text:
            group.unsupported([""])
        if not subject["namespace"].text and not namespaced:
            subject["namespace"].required()
    elif kind.text in ("User", "Group"):
        if group.text not in ("", RBAC):
            group.unsupported([RBAC])
    else:
        kind.unsupported(["Group", "ServiceAccount", "User"])


def service_account(obj: At) -> None:
    """Check a ServiceAccount: the server asks for nothing; a reference without a name is no use."""
    for field in ("imagePullSecrets", "secrets"):
        for reference in obj[field].items():
            if not reference["name"]:
                reference.warn("a reference without a name")


RULES: dict[str, Callable[[At], None]] = {
    f"Role.{RBAC}": role,
    f"ClusterRole.{RBAC}": role,
    f"RoleBinding.{RBAC}": binding,
    f"ClusterRoleBinding.{RBAC}": binding,
    "ServiceAccount.": service_account,
}
