"""Forms of ServiceAccount, Role, ClusterRole and their bindings."""

from __future__ import annotations

from typing import Any

from k9py.manifests.forms.common import choice, identity, switch
from k9py.manifests.forms.fields import Codec, Field, Form, Group, Input, Preset, Repeat, When

RBAC = "rbac.authorization.k8s.io"
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*")


def _plain(_name: str) -> dict[str, Any]:
    return {"metadata": {}}


def _role(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "rules": []}


def _binding(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "subjects": []}


SERVICE_ACCOUNT = Form(
    "ServiceAccount", "v1", "who pods are to the API server",
    (
        identity(),
        Group("account", "Account", (
            switch("automountToken", "automountServiceAccountToken", "Mount its token", "off when pods ask nothing",
                   basic=True),
            Repeat("pullSecrets", "imagePullSecrets", "Pull secrets", "how pods of it log in to registries",
                   (Field("name", "name", "Secret", "of type registry", pick="secrets"),)),
        )),
    ),
    _plain,
)  # fmt: skip


def _rules(*, cluster: bool) -> Repeat:
    urls = (Field("urls", "nonResourceURLs", "URLs", "paths of the server, such as /healthz", Input.LIST, basic=False),)
    return Repeat("rules", "rules", "Rules", "what may be done; they add up", (
        Field("verbs", "verbs", "May", "what is done", Input.LIST, choices=VERBS, required=True),
        Field("resources", "resources", "On", "such as pods, deployments, pods/log", Input.LIST, pick="resources"),
        Field("groups", "apiGroups", "Of groups", "empty text is the core group", Input.LIST),
        Field("names", "resourceNames", "Only named", "none: every object", Input.LIST, basic=False),
        *(urls if cluster else ()),
    ), new={"apiGroups": [""]}, lends=True)  # fmt: skip


_READ = {"rules[0].verbs": ["get", "list", "watch"], "rules[0].resources": ["pods", "services", "configmaps"]}
ROLE = Form("Role", f"{RBAC}/v1", "rights within a namespace", (identity(), _rules(cluster=False)), _role,
            presets=(Preset("read", "Look, not touch", _READ),))  # fmt: skip
CLUSTER_ROLE = Form("ClusterRole", f"{RBAC}/v1", "rights in the whole cluster, or to hand out by namespace",
                    (identity(namespaced=False), _rules(cluster=True)), _role, namespaced=False,
                    presets=(Preset("read", "Look, not touch", _READ),))  # fmt: skip


def _read_reference(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"apiGroup", "kind", "name"} and value["apiGroup"] == RBAC:
        return f"{str(value['kind']).lower()}/{value['name']}"
    return value


def _write_reference(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    kind, slash, name = text.partition("/")
    if not slash:
        kind, name = "clusterrole", text
    full = {"role": "Role", "clusterrole": "ClusterRole"}.get(kind.lower(), kind)
    return {"apiGroup": RBAC, "kind": full, "name": name}


ROLE_REFERENCE = Codec(_read_reference, _write_reference)
"""``role/reader`` or ``clusterrole/view`` for the reference to a role."""


def _subjects() -> Repeat:
    return Repeat("subjects", "subjects", "To whom", "people, groups and service accounts", (
        choice("subjectKind", "kind", "Sort", "who it is", "ServiceAccount", "User", "Group", basic=True),
        Field("subject", "name", "Name", "as the server knows it", required=True),
        Field("subjectNamespace", "namespace", "Namespace", "of the service account", pick="namespaces",
              when=When("kind", ("ServiceAccount",))),
        Field("subjectGroup", "apiGroup", "API group", "filled in by the server", basic=False),
    ), new={"kind": "ServiceAccount"}, lends=True)  # fmt: skip


def _bound(kind: str, why: str, *, namespaced: bool) -> Form:
    reference = Field("role", "roleRef", "Role", "such as role/reader or clusterrole/view; fixed once it is there",
                      required=True, pick="roles", codec=ROLE_REFERENCE)  # fmt: skip
    items = (identity(namespaced=namespaced), Group("role", "Role", (reference,)), _subjects())
    return Form(kind, f"{RBAC}/v1", why, items, _binding, namespaced=namespaced)


ROLE_BINDING = _bound("RoleBinding", "gives rights within a namespace", namespaced=True)
CLUSTER_ROLE_BINDING = _bound("ClusterRoleBinding", "gives rights in the whole cluster", namespaced=False)

FORMS = (SERVICE_ACCOUNT, ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING)
