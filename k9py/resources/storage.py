"""Storage: volumes, claims and storage classes."""

from __future__ import annotations

import msgspec

from k9py.core import ages
from k9py.kube.rows import Row
from k9py.resources.cells import NAME, TAIL, identity
from k9py.resources.model import (
    HEALTHY,
    MISSING,
    TONE_OF,
    ColumnMaker,
    Drill,
    Health,
    KindSpec,
    Level,
    Measure,
    RowContext,
    Target,
    fixed,
    unreadable,
)
from k9py.resources.podamounts import amount
from k9py.resources.podobject import Condition, Quantities
from k9py.resources.pods import PodRow
from k9py.resources.projecting import AnnotatedMeta, ObjectProjection, Shared, intern
from k9py.resources.structs import ObjectReference, condition, message_of

ACCESS_MODES = {
    "ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP",
}  # fmt: skip
"""In the order kubectl prints them."""

OLD_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASSES = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")

PENDING_PATIENCE = 60.0
"""Seconds a claim may be pending before that is a problem."""


def access_modes(modes: list[str] | None) -> str:
    """Return access modes as kubectl abbreviates them."""
    return ",".join(short for mode, short in ACCESS_MODES.items() if mode in (modes or ()))


class _ClaimSpec(msgspec.Struct, gc=False, rename="camel"):
    volume_name: str | None = None
    storage_class_name: str | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    access_modes: list[str] | None = None


class _ClaimStatus(msgspec.Struct, gc=False, rename="camel"):
    phase: str | None = None
    access_modes: list[str] | None = None
    capacity: Quantities | None = None
    conditions: list[Condition] | None = None


class ClaimObject(msgspec.Struct, gc=False):
    """A persistent volume claim."""

    metadata: AnnotatedMeta | None = None
    spec: _ClaimSpec | None = None
    status: _ClaimStatus | None = None


class ClaimRow(Row, gc=False):
    """One claim in a list."""

    status: str = ""
    volume: str = ""
    capacity: str = ""
    modes: str = ""
    storage_class: str = ""
    attributes_class: str = ""
    volume_mode: str = ""
    message: str = ""
    """What a condition of the claim says, such as a resize that waits."""


def _fill_claim(row: ClaimRow, claim: ClaimObject, _shared: Shared) -> None:
    spec, status = claim.spec or _ClaimSpec(), claim.status or _ClaimStatus()
    annotations = (claim.metadata.annotations if claim.metadata else None) or {}
    row.status = "Terminating" if row.deleting else intern(status.phase or "")
    row.volume = spec.volume_name or ""
    if row.volume:
        row.capacity = str((status.capacity or {}).get("storage", "0"))
        row.modes = intern(access_modes(status.access_modes))
    row.storage_class = intern(annotations.get(OLD_STORAGE_CLASS) or spec.storage_class_name or "")
    row.attributes_class = intern(spec.volume_attributes_class_name or "<unset>")
    row.volume_mode = intern(spec.volume_mode or "<unset>")
    for kind in ("FileSystemResizePending", "Resizing"):
        found = condition(status.conditions, kind)
        if found is not None and found.status == "True":
            row.message = f"{kind}: {message_of(found)}"


_claim = ColumnMaker(ClaimRow)

_CLAIM = (
    *identity(namespaced=True),
    _claim("status", "STATUS", lambda row, _: row.status, width=7, rank=1,
           tone=lambda row, ctx: TONE_OF[claim_health(row, ctx).level]),
    _claim("volume", "VOLUME", lambda row, _: row.volume, width=14, rank=15, max_width=44),
    _claim("capacity", "CAPACITY", lambda row, _: row.capacity, align="right", rank=5, measure=Measure.BYTES,
           sort=lambda row, _: amount(row.capacity, "storage") if row.capacity else MISSING),
    _claim("access-modes", "ACCESS MODES", lambda row, _: row.modes, rank=12, short="MODES"),
    _claim("storageclass", "STORAGECLASS", lambda row, _: row.storage_class, rank=8, max_width=40, short="CLASS"),
    _claim("attributes-class", "VOLUMEATTRIBUTESCLASS", lambda row, _: row.attributes_class, wide=True, rank=80),
    _claim("volume-mode", "VOLUMEMODE", lambda row, _: row.volume_mode, wide=True, rank=70),
    *TAIL,
)  # fmt: skip


def claim_health(row: Row, ctx: RowContext) -> Health:
    """Return how a claim is doing."""
    assert isinstance(row, ClaimRow)
    if row.broken:
        return unreadable(row)
    if row.deleting:
        return Health(Level.BUSY, "being deleted; it goes when no pod uses it any more", "go.users")
    if row.status == "Lost":
        return Health(Level.BAD, f"its volume {row.volume or ''} is gone", "describe")
    if row.status == "Pending":
        age = ctx.now - row.created if row.created else 0.0
        level = Level.BAD if age > PENDING_PATIENCE else Level.BUSY
        cause = f"of class {row.storage_class}" if row.storage_class else "and it names no storage class"
        return Health(level, f"no volume for {ages.human(max(0.0, age))} {cause}", "events")
    if row.message:
        return Health(Level.BUSY, row.message, "describe")
    return HEALTHY


def users_of(prefix: str, kind: str) -> Drill:
    """Return the relation from an object to the pods that refer to it as ``prefix/NAME``."""

    def target(row: Row) -> Target:
        wanted = f"{prefix}/{row.name}"
        return Target(
            "pods",
            namespace=row.namespace,
            keep=lambda pod: isinstance(pod, PodRow) and wanted in pod.refs,
            title=f"pods that use {kind} {row.name}",
        )

    return Drill("users", "pods that use it", target)


class _VolumeSpec(msgspec.Struct, gc=False, rename="camel"):
    capacity: Quantities | None = None
    access_modes: list[str] | None = None
    persistent_volume_reclaim_policy: str | None = None
    claim_ref: ObjectReference | None = None
    storage_class_name: str | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None


class _VolumeStatus(msgspec.Struct, gc=False):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None


class VolumeObject(msgspec.Struct, gc=False):
    """A persistent volume."""

    metadata: AnnotatedMeta | None = None
    spec: _VolumeSpec | None = None
    status: _VolumeStatus | None = None


class VolumeRow(Row, gc=False):
    """One persistent volume in a list."""

    capacity: str = ""
    modes: str = ""
    reclaim_policy: str = ""
    status: str = ""
    claim: str = ""
    storage_class: str = ""
    attributes_class: str = ""
    reason: str = ""
    message: str = ""
    volume_mode: str = ""


def _fill_volume(row: VolumeRow, volume: VolumeObject, _shared: Shared) -> None:
    spec, status = volume.spec or _VolumeSpec(), volume.status or _VolumeStatus()
    annotations = (volume.metadata.annotations if volume.metadata else None) or {}
    row.capacity = str((spec.capacity or {}).get("storage", "0"))
    row.modes = intern(access_modes(spec.access_modes))
    row.reclaim_policy = intern(spec.persistent_volume_reclaim_policy or "")
    row.status = "Terminating" if row.deleting else intern(status.phase or "")
    if spec.claim_ref is not None:
        row.claim = f"{spec.claim_ref.namespace}/{spec.claim_ref.name}"
    row.storage_class = intern(annotations.get(OLD_STORAGE_CLASS) or spec.storage_class_name or "")
    row.attributes_class = intern(spec.volume_attributes_class_name or "<unset>")
    row.reason, row.message = status.reason or "", status.message or ""
    row.volume_mode = intern(spec.volume_mode or "<unset>")


_volume = ColumnMaker(VolumeRow)

_VOLUME = (
    NAME,
    _volume("capacity", "CAPACITY", lambda row, _: row.capacity, align="right", rank=3, measure=Measure.BYTES,
            sort=lambda row, _: amount(row.capacity, "storage")),
    _volume("access-modes", "ACCESS MODES", lambda row, _: row.modes, rank=12, short="MODES"),
    _volume("reclaim-policy", "RECLAIM POLICY", lambda row, _: row.reclaim_policy, rank=14, short="RECLAIM"),
    _volume("status", "STATUS", lambda row, _: row.status, width=9, rank=1,
            tone=lambda row, ctx: TONE_OF[_volume_health(row, ctx).level]),
    _volume("claim", "CLAIM", lambda row, _: row.claim, width=16, rank=4, max_width=60),
    _volume("storageclass", "STORAGECLASS", lambda row, _: row.storage_class, rank=8, max_width=40, short="CLASS"),
    _volume("attributes-class", "VOLUMEATTRIBUTESCLASS", lambda row, _: row.attributes_class, wide=True, rank=80),
    _volume("reason", "REASON", lambda row, _: row.reason, rank=25, max_width=40),
    _volume("volume-mode", "VOLUMEMODE", lambda row, _: row.volume_mode, wide=True, rank=70),
    *TAIL,
)  # fmt: skip


def _volume_health(row: Row, _ctx: RowContext) -> Health:
    assert isinstance(row, VolumeRow)
    if row.broken:
        return unreadable(row)
    if row.deleting:
        return Health(Level.BUSY, "being deleted; it goes when no claim is bound to it any more")
    if row.status == "Failed":
        return Health(Level.BAD, f"cannot be recycled or deleted: {row.message or row.reason}", "describe")
    if row.status == "Released":
        return Health(
            Level.WARN, f"its claim {row.claim} is gone and its data is kept: no other claim gets it", "describe"
        )
    return HEALTHY


def _claim_of(row: Row) -> Target | None:
    assert isinstance(row, VolumeRow)
    namespace, slash, name = row.claim.partition("/")
    if not slash:
        return None
    return Target("persistentvolumeclaims", namespace=namespace, name=name, title=f"claim of volume {row.name}")


class ClassObject(msgspec.Struct, gc=False, rename="camel"):
    """A storage class."""

    metadata: AnnotatedMeta | None = None
    provisioner: str | None = None
    reclaim_policy: str | None = None
    volume_binding_mode: str | None = None
    allow_volume_expansion: bool | None = None


class ClassRow(Row, gc=False):
    """One storage class in a list."""

    default: bool = False
    provisioner: str = ""
    reclaim_policy: str = ""
    binding_mode: str = ""
    expansion: bool = False


def _fill_class(row: ClassRow, found: ClassObject, _shared: Shared) -> None:
    annotations = (found.metadata.annotations if found.metadata else None) or {}
    row.default = any(annotations.get(name) == "true" for name in DEFAULT_CLASSES)
    row.provisioner = found.provisioner or ""
    row.reclaim_policy = found.reclaim_policy or "Delete"
    row.binding_mode = found.volume_binding_mode or "Immediate"
    row.expansion = bool(found.allow_volume_expansion)


_class = ColumnMaker(ClassRow)

_CLASS = (
    _class("name", "NAME", lambda row, _: f"{row.name} (default)" if row.default else row.name,
           sort=lambda row, _: row.name, width=12, flex=True, rank=0),
    _class("provisioner", "PROVISIONER", lambda row, _: row.provisioner, rank=3, max_width=50),
    _class("reclaimpolicy", "RECLAIMPOLICY", lambda row, _: row.reclaim_policy, rank=8),
    _class("volumebindingmode", "VOLUMEBINDINGMODE", lambda row, _: row.binding_mode, rank=9),
    _class("allowvolumeexpansion", "ALLOWVOLUMEEXPANSION", lambda row, _: str(row.expansion).lower(), rank=20),
    *TAIL,
)  # fmt: skip


def _claims_of_class(row: Row) -> Target:
    name = row.name
    return Target(
        "persistentvolumeclaims", namespace="", title=f"claims of storage class {name}",
        keep=lambda claim: isinstance(claim, ClaimRow) and claim.storage_class == name,
    )  # fmt: skip


CLAIMS = KindSpec(
    id="persistentvolumeclaims",
    projection=lambda: ObjectProjection(ClaimObject, ClaimRow, _fill_claim),
    columns=fixed(_CLAIM),
    health=claim_health,
    drill=users_of("pvc", "claim"),
    relations=(users_of("pvc", "claim"),),
    purpose="Claims ask for storage that outlives a pod.",
)
VOLUMES = KindSpec(
    id="persistentvolumes",
    projection=lambda: ObjectProjection(VolumeObject, VolumeRow, _fill_volume),
    columns=fixed(_VOLUME),
    health=_volume_health,
    drill=Drill("claim", "its claim", _claim_of),
    purpose="Volumes are the storage that claims are bound to.",
)
CLASSES = KindSpec(
    id="storageclasses.storage.k8s.io",
    projection=lambda: ObjectProjection(ClassObject, ClassRow, _fill_class),
    columns=fixed(_CLASS),
    drill=Drill("claims", "its claims", _claims_of_class),
    purpose="Storage classes say who makes volumes and how.",
)

SPECS = (CLAIMS, VOLUMES, CLASSES)
