"""An object against the cluster it is meant for: names taken, things it needs that are not there, limits it breaks.

Nothing is fetched here: :func:`needs` says what to look up, :func:`check_surroundings` judges by what was found, and
what is unknown is never reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k9py.core.errors import SelectorError
from k9py.core.selectors import Selector, of_labels, of_object
from k9py.manifests.budgets import check_limit_ranges, check_quotas
from k9py.manifests.kinds import Kinds
from k9py.manifests.podsecurity import LEVEL_LABEL, violations
from k9py.manifests.problems import At, Problem, Severity
from k9py.manifests.surroundings import UNKNOWN, Lookup, Need, Object, Recorder

WORKLOADS = {
    "Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps", "DaemonSet": "daemonsets.apps",
    "ReplicaSet": "replicasets.apps", "Job": "jobs.batch", "CronJob": "cronjobs.batch",
}  # fmt: skip
_OWNING = {kind: WORKLOADS[kind] for kind in ("Deployment", "StatefulSet", "DaemonSet")}
"""Workloads that stay, and take every pod their selector chooses for their own."""
_SHARED = "two controllers of one pod fight over it, and autoscalers count it twice: give each a label of its own"
_SELECTING = ("pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps")


def pod_spec_of(obj: At) -> At | None:
    """Return the pod spec in an object, None when it has none."""
    kind = obj["kind"].text
    if kind == "Pod":
        return obj["spec"]
    if kind == "CronJob":
        return obj.under("spec", "jobTemplate", "spec", "template", "spec")
    return obj.under("spec", "template", "spec") if kind in WORKLOADS else None


def needs(obj: dict[str, Any], kinds: Kinds, *, namespace: str, creating: bool, thorough: bool = False) -> list[Need]:
    """Return what has to be looked up to judge an object; ``namespace`` is used when it names none."""
    recorder = Recorder()
    check_surroundings(obj, kinds, recorder, namespace=namespace, creating=creating, thorough=thorough)
    return list(recorder.needs)


def check_surroundings(
    obj: dict[str, Any], kinds: Kinds, lookup: Lookup, *, namespace: str, creating: bool, thorough: bool = False
) -> list[Problem]:
    """Return what does not fit the cluster: errors for what it would refuse, warnings for what would not work.

    ``thorough`` looks through every workload of the namespace, too, which is for one who is typing and not for a write.
    """
    problems: list[Problem] = []
    root = At(problems, obj)
    resource = kinds.of(root["apiVersion"].text, root["kind"].text)
    if resource is None:
        return []
    where = (root["metadata"]["namespace"].text or namespace) if resource.namespaced else ""
    checker = _Checker(root, lookup, where)
    name = root["metadata"]["name"]
    if creating and name.text and _is_there(lookup.get(resource.id, where, name.text)):
        text = f'{resource.id} "{name.text}" already exists'
        name.report("AlreadyExists", text, "choose another name, or edit the one that is there")
    place = lookup.get("namespaces", "", where) if where else UNKNOWN
    if where and place is None:
        root["metadata"]["namespace"].report("NotFound", f'namespaces "{where}" not found', "create it first")
    spec = pod_spec_of(root)
    if spec is not None:
        checker.pod(spec)
        checker.security(spec, place)
        check_limit_ranges(spec, lookup, where, severity=checker.severity)
        check_quotas(root, spec, lookup, where, severity=checker.severity)
    if (creating or thorough) and root["kind"].text in _OWNING:
        checker.shared_pods()
    check = _CHECKS.get(root["kind"].text)
    if check is not None:
        check(checker)
    return problems


def _is_there(found: object) -> bool:
    return found is not None and found is not UNKNOWN


class _Checker:
    """The checks of one object."""

    def __init__(self, root: At, lookup: Lookup, namespace: str) -> None:
        self.root = root
        self.lookup = lookup
        self.namespace = namespace
        self.severity = Severity.ERROR if root["kind"].text == "Pod" else Severity.WARNING
        """A Pod is refused at once; a workload is taken, and its pods are refused later."""

    def _missing(self, at: At, kind_id: str, what: str, hint: str = "") -> Object | None:
        """Warn when something named is not there; return it when it is known."""
        if not at.text:
            return None
        cluster_wide = kind_id.partition(".")[0] in (
            "storageclasses",
            "priorityclasses",
            "ingressclasses",
            "clusterroles",
        )
        found = self.lookup.get(kind_id, "" if cluster_wide else self.namespace, at.text)
        if found is None:
            at.warn(f'{what} "{at.text}" not found', hint)
            return None
        return None if found is UNKNOWN else found

    # pods

    def pod(self, spec: At) -> None:
        account = spec["serviceAccountName"]
        named = account.text not in ("", "default")
        if named and self.lookup.get("serviceaccounts", self.namespace, account.text) is None:
            text = f"error looking up service account {self.namespace}/{account.text}: not found"
            if self.severity is Severity.ERROR:
                account.report("NotFound", text)
            else:
                account.warn(text)
        self._missing(spec["priorityClassName"], "priorityclasses.scheduling.k8s.io", "PriorityClass")
        for secret in spec["imagePullSecrets"].items():
            self._missing(secret["name"], "secrets", "Secret")
        templates = {claim.under("metadata", "name").text for claim in
                     self.root["spec"]["volumeClaimTemplates"].items()}  # fmt: skip
        for volume in spec["volumes"].items():
            self._volume(volume, templates)
        for group in ("initContainers", "containers"):
            for container in spec[group].items():
                self._environment(container)

    def _volume(self, volume: At, templates: set[str]) -> None:
        if volume["name"].text in templates:
            return
        self._missing(volume["persistentVolumeClaim"]["claimName"], "persistentvolumeclaims", "PersistentVolumeClaim")
        for kind, kind_id, field in (("configMap", "configmaps", "name"), ("secret", "secrets", "secretName")):
            source = volume[kind]
            if source["optional"].value is not True:
                found = self._missing(source[field], kind_id, "ConfigMap" if kind == "configMap" else "Secret")
                for item in source["items"].items():
                    self._key(item["key"], found)

    def _environment(self, container: At) -> None:
        for source in container["envFrom"].items():
            for kind, kind_id, what in (
                ("configMapRef", "configmaps", "ConfigMap"),
                ("secretRef", "secrets", "Secret"),
            ):
                if source[kind]["optional"].value is not True:
                    self._missing(source[kind]["name"], kind_id, what)
        for variable in container["env"].items():
            for kind, kind_id, what in (
                ("configMapKeyRef", "configmaps", "ConfigMap"),
                ("secretKeyRef", "secrets", "Secret"),
            ):
                reference = variable["valueFrom"][kind]
                if reference["optional"].value is not True:
                    self._key(reference["key"], self._missing(reference["name"], kind_id, what))

    def _key(self, key: At, holder: Object | None) -> None:
        if holder is None or not key.text:
            return
        keys = {name for field in ("data", "binaryData", "stringData") for name in holder.get(field) or {}}
        if key.text not in keys:
            listed = ", ".join(sorted(keys)[:8]) or "none"
            key.warn(f'key "{key.text}" is not in {(holder.get("metadata") or {}).get("name")}', f"its keys: {listed}")

    def security(self, spec: At, place: Any) -> None:
        if not _is_there(place):
            return
        level = ((place.get("metadata") or {}).get("labels") or {}).get(LEVEL_LABEL, "")
        for at, text in violations(spec, level):
            said = f'violates PodSecurity "{level}:latest": {text}'
            at.forbidden(said) if self.severity is Severity.ERROR else at.warn(said, "its pods would be refused")

    # selectors

    def _templates(self) -> list[tuple[dict[str, str], At]] | None:
        """Return labels and spec of every pod and pod template in the namespace; None when unknown."""
        found: list[tuple[dict[str, str], At]] = []
        known = False
        for kind_id in _SELECTING:
            listed = self.lookup.all(kind_id, self.namespace)
            if listed is UNKNOWN:
                continue
            known = True
            for obj in listed:
                at = At([], obj)
                template = at if kind_id == "pods" else at.under("spec", "template")
                found.append((template.under("metadata", "labels").map, template["spec"]))
        return found if known else None

    def service(self) -> None:
        spec = self.root["spec"]
        if spec["type"].text == "ExternalName" or not spec["selector"]:
            return
        templates = self._templates()
        if templates is None:
            return
        selector = of_labels(spec["selector"].map)
        chosen = [pod for labels, pod in templates if selector.matches(labels)]
        if not chosen:
            spec["selector"].warn("selects no pods and no workload's pods", "compare it with their labels")
            return
        for port in spec["ports"].items():
            target = port["targetPort"] if port["targetPort"].given else port["port"]
            if not any(_exposes(pod, target.value) for pod in chosen):
                said = f"no selected pod has the port {target.value}"
                names = sorted({str(number) for pod in chosen for number in _ports(pod)})
                target.warn(said, f"they have {', '.join(names)}" if names else "they declare no ports")

    def shared_pods(self) -> None:
        """Warn of another workload whose pods this one would choose too, or that would choose its pods."""
        selector = self.root["spec"]["selector"]
        own = _choice_of(self.root)
        if own is None:
            return
        labels = self.root.under("spec", "template", "metadata", "labels").map
        for kind, kind_id in _OWNING.items():
            listed = self.lookup.all(kind_id, self.namespace)
            for obj in () if listed is UNKNOWN else listed:
                other = At([], obj)
                name = other["metadata"]["name"].text
                if (kind, name) == (self.root["kind"].text, self.root["metadata"]["name"].text):
                    continue
                theirs = _choice_of(other)
                if own.matches(other.under("spec", "template", "metadata", "labels").map):
                    selector.warn(f'also chooses the pods of {kind} "{name}"', _SHARED)
                elif theirs is not None and theirs.matches(labels):
                    selector.warn(f'{kind} "{name}" chooses these pods too', _SHARED)

    def budget(self) -> None:
        self._selects(self.root["spec"]["selector"])

    def policy(self) -> None:
        selector = self.root["spec"]["podSelector"]
        if selector:
            self._selects(selector)

    def _selects(self, selector: At) -> None:
        templates = self._templates()
        if templates is None or not selector.given:
            return
        try:
            wanted = of_object(selector.map)
        except SelectorError:
            return  # reported by the rules
        if not any(wanted.matches(labels) for labels, _ in templates):
            selector.warn("selects no pods and no workload's pods", "compare it with their labels")

    # references

    def ingress(self) -> None:
        self._missing(self.root["spec"]["ingressClassName"], "ingressclasses.networking.k8s.io", "IngressClass")
        for backend in _backends(self.root["spec"]):
            service = self._missing(backend["service"]["name"], "services", "Service")
            port = backend["service"]["port"]
            if service is None:
                continue
            offered = At([], service)["spec"]["ports"]
            wanted = port["number"].value or port["name"].value
            if not any(wanted in (item["port"].value, item["name"].value) for item in offered.items()):
                listed = ", ".join(str(item["port"].value) for item in offered.items())
                port.warn(f"the Service has no port {wanted}", f"it has {listed or 'none'}")
        for entry in self.root["spec"]["tls"].items():
            self._missing(entry["secretName"], "secrets", "Secret")

    def claim(self) -> None:
        # A class that only volumes name is how they are bound by hand: nothing is missing then.
        wanted = self.root["spec"]["storageClassName"].text
        volumes = self.lookup.all("persistentvolumes", "") if wanted else UNKNOWN
        if volumes is not UNKNOWN and any((one.get("spec") or {}).get("storageClassName") == wanted for one in volumes):
            return
        self._missing(self.root["spec"]["storageClassName"], "storageclasses.storage.k8s.io", "StorageClass",
                      "it binds to a volume of this class only")  # fmt: skip

    def autoscaler(self) -> None:
        target = self.root["spec"]["scaleTargetRef"]
        kind_id = WORKLOADS.get(target["kind"].text)
        if kind_id is None:
            return
        found = self._missing(target["name"], kind_id, target["kind"].text)
        if found is None:
            return
        for metric in self.root["spec"]["metrics"].items():
            resource = metric["resource"]
            if not resource["target"]["averageUtilization"].given:
                continue
            name = resource["name"].text
            for container in At([], found).under("spec", "template", "spec")["containers"].items():
                asked = container["resources"]
                if not asked["requests"][name].given and not asked["limits"][name].given:
                    resource["target"]["averageUtilization"].warn(
                        f'container "{container["name"].text}" of the target requests no {name}',
                        "a percentage of nothing is never reached: set its request",
                    )

    def binding(self) -> None:
        reference = self.root["roleRef"]
        kind_id = {"Role": "roles", "ClusterRole": "clusterroles"}.get(reference["kind"].text)
        if kind_id is not None:
            self._missing(reference["name"], f"{kind_id}.rbac.authorization.k8s.io", reference["kind"].text)


def _choice_of(workload: At) -> Selector | None:
    """Return the selector of a workload; None for one that is not there or not right."""
    selector = workload["spec"]["selector"]
    if not selector.map:
        return None
    try:
        return of_object(selector.map)
    except SelectorError:
        return None  # reported by the rules


def _backends(spec: At) -> Iterator[At]:
    if spec["defaultBackend"].given:
        yield spec["defaultBackend"]
    for rule in spec["rules"].items():
        for path in rule["http"]["paths"].items():
            yield path["backend"]


def _ports(pod: At) -> Iterator[Any]:
    for group in ("containers", "initContainers"):
        for container in pod[group].items():
            for port in container["ports"].items():
                yield port["containerPort"].value


def _exposes(pod: At, wanted: Any) -> bool:
    """Return whether a pod has a port; a number counts also when no container declares any port at all."""
    declared = list(_ports(pod))
    if isinstance(wanted, int):
        return wanted in declared or not declared
    return any(port["name"].text == wanted for container in pod["containers"].items()
               for port in container["ports"].items())  # fmt: skip


_CHECKS = {
    "Service": _Checker.service,
    "PodDisruptionBudget": _Checker.budget,
    "NetworkPolicy": _Checker.policy,
    "Ingress": _Checker.ingress,
    "PersistentVolumeClaim": _Checker.claim,
    "HorizontalPodAutoscaler": _Checker.autoscaler,
    "RoleBinding": _Checker.binding,
    "ClusterRoleBinding": _Checker.binding,
}
