"""What may stand in a field: its words, or the names of live objects and of those made on the same form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from k9py.manifests.forms.fields import Input
from k9py.manifests.forms.following import POD_SPECS, pod_labels
from k9py.manifests.forms.paths import get
from k9py.manifests.forms.sheet import Part
from k9py.manifests.surroundings import UNKNOWN, Known, Need, beside
from k9py.ui.forms.rows import OPTIONS, FormRow, RowKind
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

Object = Mapping[str, Any]
Namer = Callable[[Object], Iterator[tuple[str, str]]]
"""Yields what an object offers, each with a hint."""

UNSET = "\x00unset"
"""Id of the choice that takes a value back."""

KINDS: dict[str, tuple[str, ...]] = {
    "namespaces": ("namespaces",),
    "secrets": ("secrets",),
    "configmaps": ("configmaps",),
    "persistentvolumeclaims": ("persistentvolumeclaims",),
    "persistentvolumes": ("persistentvolumes",),
    "serviceaccounts": ("serviceaccounts",),
    "services": ("services",),
    "nodes": ("nodes",),
    "priorityclasses": ("priorityclasses.scheduling.k8s.io",),
    "storageclasses": ("storageclasses.storage.k8s.io",),
    "ingressclasses": ("ingressclasses.networking.k8s.io",),
    "scalable": ("deployments.apps", "statefulsets.apps", "replicasets.apps"),
    "roles": ("roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"),
    "pods": ("pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps"),
}
"""What a field names to the kinds that are looked up for it."""
_CLUSTER_WIDE = frozenset({"namespaces", "nodes", "persistentvolumes", "priorityclasses", "storageclasses",
                           "ingressclasses", "clusterroles"})  # fmt: skip


class Picker:
    """Opens the list of what may stand in a field."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen

    def choose(self, row: FormRow, ahead: str) -> None:
        """Offer what may stand in a row; ``ahead`` was typed already. Lists of live objects are read first."""
        screen = self._screen
        if row.refusal:
            screen.refuse(row.refusal)
        elif row.choices:
            self._open(row, [Choice(word, word) for word in row.choices], ahead)
        elif row.pick:
            screen.k9.start_loudly(self._offer_live(row, ahead), name="choices")
        else:
            screen.refuse(f"Nothing is known that {row.label} could be chosen from")

    async def _offer_live(self, row: FormRow, ahead: str) -> None:
        offered = await self.live(row)
        if self._screen.k9.screen is not self._screen or self._screen.list.row is None:
            return
        if self._screen.list.row.place == row.place:
            self._open(row, [Choice(name, name, hint) for name, hint in offered], ahead)

    def _open(self, row: FormRow, choices: list[Choice], ahead: str) -> None:
        screen = self._screen
        several = row.input is Input.LIST
        marked = [word.strip() for word in screen.list.typed.split(",") if word.strip()] if several else []
        if not several and row.text and not row.required:
            choices.append(Choice(UNSET, "(nothing)", f"otherwise {row.hint}" if row.hint else "take it back"))

        def typed(text: str) -> Choice:
            return Choice(text, text, "as typed")

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids is not None:
                self._take(row, ids)

        overlay = PickScreen(
            screen.k9.look, row.label, choices, several=several, marked=marked, current=row.text,
            empty=f"there is none in {screen.namespace}" if row.pick else "nothing to choose from",
            free_text=None if row.is_choice else typed,
        )  # fmt: skip
        screen.k9.push_screen(overlay, picked)
        overlay.type_ahead(ahead)

    def _take(self, row: FormRow, ids: tuple[str, ...]) -> None:
        screen = self._screen
        text = "" if ids == (UNSET,) else ",".join(ids)
        if row.kind is RowKind.MAP:
            text = ids[0]
        screen.list.forget()
        screen.take(row, text)

    # ------------------------------------------------------------------ live objects

    async def live(self, row: FormRow) -> list[tuple[str, str]]:
        """Return what live objects offer for a row, each with a hint, those made on the same form first."""
        what, _, of = row.pick.partition(":")
        part = self._screen.sheet.part_of(row.part) if row.part != OPTIONS else None
        if what == "volumes" and part is not None:
            return list(_volumes(part, row))
        if what == "resources":
            return self._resources()
        namespace = self._namespace(part)
        needs = [
            Need(kind_id, "" if kind_id.partition(".")[0] in _CLUSTER_WIDE else namespace)
            for kind_id in KINDS.get(what, ())
        ]
        known = await self._screen.k9.rooms.desk.surroundings.known(needs)
        others = [obj for obj in self._screen.sheet.objects if part is None or part.model is None
                  or obj is not part.model.value]  # fmt: skip
        made = beside(others, self._screen.sheet.kinds, self._screen.namespace)
        offered: dict[str, str] = {}
        # A field for one label is offered the values of that label, a map of labels whole pairs.
        label = f"{row.path[-1]}=" if of == "labels" and row.kind is not RowKind.MAP and row.path else ""
        for name, hint in _offered(what, of, _objects(known.with_beside(made), needs), self._holder(part, row)):
            if name and name.startswith(label):
                offered.setdefault(name.removeprefix(label), hint)
        return sorted(offered.items())

    def _namespace(self, part: Part | None) -> str:
        if part is not None and part.model is not None:
            named = (part.model.value.get("metadata") or {}).get("namespace")
            if isinstance(named, str) and named:
                return named
        return self._screen.namespace

    def _holder(self, part: Part | None, row: FormRow) -> str:
        """Return the name beside a key or a port: that of the Secret, ConfigMap or Service it belongs to."""
        if part is None or part.model is None or not row.path:
            return ""
        name = get(part.model.value, (*row.path[:-1], "name"))
        return name if isinstance(name, str) else ""

    def _resources(self) -> list[tuple[str, str]]:
        session = self._screen.k9.session
        listed = session.discovery.resources if session is not None else ()
        return sorted({(resource.gvr.resource, resource.gvr.group or "core") for resource in listed})


def _objects(known: Known, needs: Iterable[Need]) -> Iterator[tuple[str, Object]]:
    for need in needs:
        listed = known.all(need.id, need.namespace)
        for obj in listed if listed is not UNKNOWN else ():
            yield need.id, obj


def _offered(what: str, of: str, objects: Iterable[tuple[str, Object]], holder: str) -> Iterator[tuple[str, str]]:
    for kind_id, obj in objects:
        name = str((obj.get("metadata") or {}).get("name") or "")
        if of == "keys":
            if not holder or name == holder:
                yield from (
                    (key, name) for field in ("data", "binaryData", "stringData") for key in obj.get(field) or {}
                )
        elif of == "labels":
            yield from _labels(what, obj)
        elif of == "ports":
            yield from _ports(what, obj, holder)
        elif what == "scalable":
            yield f"{str(kind_id).partition('.')[0].removesuffix('s')}/{name}", f"{get(obj, ('spec', 'replicas'))} pods"
        elif what == "roles":
            yield f"{str(kind_id).partition('.')[0].removesuffix('s')}/{name}", ""
        else:
            yield name, _hint(what, obj)


def _hint(what: str, obj: Object) -> str:
    if what == "secrets":
        return str(obj.get("type") or "")
    if what == "configmaps":
        return f"{len(obj.get('data') or {})} keys"
    if what == "persistentvolumeclaims":
        return str(get(obj, ("status", "phase")) or "")
    if what == "services":
        ports = ", ".join(str(port.get("port")) for port in get(obj, ("spec", "ports")) or ())
        return f"port {ports}" if ports else ""
    if what == "storageclasses":
        default = "storageclass.kubernetes.io/is-default-class"
        return "default" if ((obj.get("metadata") or {}).get("annotations") or {}).get(default) == "true" else ""
    return ""


def _labels(what: str, obj: Object) -> Iterator[tuple[str, str]]:
    """Offer labels as ``key=value`` of nodes, and of the pods that workloads make."""
    metadata = obj.get("metadata") or {}
    if what == "nodes" or obj.get("kind") not in POD_SPECS:
        labels = metadata.get("labels") or {}
    else:
        labels = pod_labels(obj) or metadata.get("labels") or {}
    for key, value in labels.items():
        if key not in ("pod-template-hash", "controller-revision-hash"):
            yield f"{key}={value}", str(metadata.get("name") or "")


def _ports(what: str, obj: Object, holder: str) -> Iterator[tuple[str, str]]:
    metadata = obj.get("metadata") or {}
    if what == "services":
        if holder in ("", metadata.get("name")):
            for port in get(obj, ("spec", "ports")) or ():
                yield str(port.get("port")), str(port.get("name") or metadata.get("name"))
        return
    path = POD_SPECS.get(str(obj.get("kind")), ("spec",))
    for container in get(obj, (*path, "containers")) or ():
        for port in container.get("ports") or ():
            yield str(port.get("containerPort")), str(port.get("name") or metadata.get("name"))
            if port.get("name"):
                yield str(port["name"]), str(port.get("containerPort"))


def _volumes(part: Part, row: FormRow) -> Iterator[tuple[str, str]]:
    """Offer the volumes of the pod a mount is in, and the claims a StatefulSet makes."""
    model = part.model
    base: Sequence[str | int] = POD_SPECS.get(model.form.kind, ()) if model is not None else ()
    if model is None:
        return
    for volume in get(model.value, (*base, "volumes")) or ():
        yield str(volume.get("name")), next((key for key in volume if key != "name"), "")
    for claim in get(model.value, ("spec", "volumeClaimTemplates")) or ():
        yield str((claim.get("metadata") or {}).get("name")), "claim of each pod"
