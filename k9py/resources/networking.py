"""Traffic rules: Ingresses, their classes, and NetworkPolicies."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.kube.rows import Row
from k9py.resources.cells import NAME, TAIL, identity
from k9py.resources.model import HEALTHY, NONE_TEXT, ColumnMaker, Health, KindSpec, Level, RowContext, fixed, unreadable
from k9py.resources.projecting import AnnotatedMeta, Meta, ObjectProjection, Shared, intern
from k9py.resources.services import LoadBalancer, balancer_addresses
from k9py.resources.structs import IntOrString, LabelSelector, selector_of, with_more

OLD_CLASS = "kubernetes.io/ingress.class"
"""Annotation that named the class before there was a field."""

DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


class _ServicePort(msgspec.Struct, gc=False):
    name: str | None = None
    number: int | None = None


class _ServiceBackend(msgspec.Struct, gc=False):
    name: str | None = None
    port: _ServicePort | None = None


class _Backend(msgspec.Struct, gc=False):
    service: _ServiceBackend | None = None


class _Path(msgspec.Struct, gc=False):
    backend: _Backend | None = None


class _Http(msgspec.Struct, gc=False):
    paths: list[_Path] | None = None


class _Rule(msgspec.Struct, gc=False):
    host: str | None = None
    http: _Http | None = None


class IngressSpec(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of an ingress's specification."""

    ingress_class_name: str | None = None
    default_backend: _Backend | None = None
    rules: list[_Rule] | None = None
    tls: list[Any] | None = None


class IngressStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of an ingress's status."""

    load_balancer: LoadBalancer | None = None


class IngressObject(msgspec.Struct, gc=False):
    """An ingress."""

    metadata: AnnotatedMeta | None = None
    spec: IngressSpec | None = None
    status: IngressStatus | None = None


class IngressRow(Row, gc=False):
    """One ingress in a list."""

    ingress_class: str = ""
    hosts: str = ""
    address: str = ""
    ports: str = ""
    backends: tuple[str, ...] = ()
    """Names of the services it leads to."""


def _fill_ingress(row: IngressRow, ingress: IngressObject, shared: Shared) -> None:
    spec, status = ingress.spec or IngressSpec(), ingress.status or IngressStatus()
    annotations = (ingress.metadata.annotations if ingress.metadata else None) or {}
    row.ingress_class = intern(spec.ingress_class_name or annotations.get(OLD_CLASS, ""))
    hosts = [rule.host for rule in spec.rules or () if rule.host]
    row.hosts = with_more(hosts, len(hosts), empty="*")
    row.address = ",".join(balancer_addresses(status.load_balancer))
    row.ports = "80, 443" if spec.tls else "80"
    backends = [spec.default_backend]
    for rule in spec.rules or ():
        backends += [path.backend for path in (rule.http.paths if rule.http else None) or ()]
    names = {one.service.name or "": None for one in backends if one is not None and one.service is not None}
    row.backends = shared.texts(tuple(names))


_ingress = ColumnMaker(IngressRow)

_INGRESS = (
    *identity(namespaced=True),
    _ingress("class", "CLASS", lambda row, _: row.ingress_class or NONE_TEXT, rank=9, max_width=30),
    _ingress("hosts", "HOSTS", lambda row, _: row.hosts, rank=3, max_width=60),
    _ingress("address", "ADDRESS", lambda row, _: row.address, rank=7, max_width=50),
    _ingress("ports", "PORTS", lambda row, _: row.ports, rank=12),
    _ingress("backends", "BACKENDS", lambda row, _: ",".join(row.backends) or NONE_TEXT, wide=True, rank=60,
             max_width=50),
    *TAIL,
)  # fmt: skip


def _ingress_health(row: Row, _ctx: RowContext) -> Health:
    assert isinstance(row, IngressRow)
    if row.broken:
        return unreadable(row)
    if not row.address:
        return Health(Level.BUSY, "no controller has given it an address", "events")
    return HEALTHY


class _Parameters(msgspec.Struct, gc=False, rename="camel"):
    api_group: str | None = None
    kind: str | None = None
    name: str | None = None


class _ClassSpec(msgspec.Struct, gc=False):
    controller: str | None = None
    parameters: _Parameters | None = None


class IngressClassObject(msgspec.Struct, gc=False):
    """An ingress class."""

    metadata: AnnotatedMeta | None = None
    spec: _ClassSpec | None = None


class IngressClassRow(Row, gc=False):
    """One ingress class in a list."""

    controller: str = ""
    parameters: str = ""
    default: bool = False


def _fill_class(row: IngressClassRow, found: IngressClassObject, _shared: Shared) -> None:
    spec = found.spec or _ClassSpec()
    row.controller = spec.controller or ""
    wanted = spec.parameters
    if wanted is not None:
        group = f".{wanted.api_group}" if wanted.api_group else ""
        row.parameters = f"{wanted.kind}{group}/{wanted.name}"
    annotations = (found.metadata.annotations if found.metadata else None) or {}
    row.default = annotations.get(DEFAULT_CLASS) == "true"


_class = ColumnMaker(IngressClassRow)

_INGRESS_CLASS = (
    NAME,
    _class("controller", "CONTROLLER", lambda row, _: row.controller, rank=5, max_width=60),
    _class("parameters", "PARAMETERS", lambda row, _: row.parameters or NONE_TEXT, rank=12, max_width=60),
    _class("default", "DEFAULT", lambda row, _: str(row.default).lower(), wide=True, rank=60),
    *TAIL,
)


class _IpBlock(msgspec.Struct, gc=False):
    cidr: str | None = None


class _Peer(msgspec.Struct, gc=False, rename="camel"):
    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: _IpBlock | None = None


class _PolicyPort(msgspec.Struct, gc=False):
    port: IntOrString | None = None
    protocol: str | None = None


class _Ingress(msgspec.Struct, gc=False, rename="camel"):
    from_: list[_Peer] | None = msgspec.field(name="from", default=None)
    to: list[_Peer] | None = None
    ports: list[_PolicyPort] | None = None


class PolicySpec(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a network policy."""

    pod_selector: LabelSelector | None = None
    ingress: list[_Ingress] | None = None
    egress: list[_Ingress] | None = None
    policy_types: list[str] | None = None


class PolicyObject(msgspec.Struct, gc=False):
    """A network policy."""

    metadata: Meta | None = None
    spec: PolicySpec | None = None


class PolicyRow(Row, gc=False):
    """One network policy in a list."""

    selector: str = ""
    types: str = ""
    incoming: tuple[str, str, str] = ("", "", "")
    """Selectors, ports and address blocks let in."""
    outgoing: tuple[str, str, str] = ("", "", "")


def _fill_policy(row: PolicyRow, policy: PolicyObject, _shared: Shared) -> None:
    spec = policy.spec or PolicySpec()
    row.selector = selector_of(spec.pod_selector)
    row.types = ",".join(spec.policy_types or ())
    row.incoming = _rules(spec.ingress or [])
    row.outgoing = _rules(spec.egress or [])


def _rules(rules: list[_Ingress]) -> tuple[str, str, str]:
    selectors: list[str] = []
    ports: list[str] = []
    blocks: list[str] = []
    for rule in rules:
        ports += [f"{port.port or '*'}/{port.protocol or 'TCP'}" for port in rule.ports or ()]
        for peer in (rule.from_ or []) + (rule.to or []):
            if peer.namespace_selector is not None:
                selectors.append(f"ns:{selector_of(peer.namespace_selector) or '*'}")
            if peer.pod_selector is not None:
                selectors.append(f"po:{selector_of(peer.pod_selector) or '*'}")
            if peer.ip_block is not None:
                blocks.append(peer.ip_block.cidr or "")
    return ",".join(selectors), ",".join(ports), ",".join(blocks)


_policy = ColumnMaker(PolicyRow)

_POLICY = (
    *identity(namespaced=True),
    _policy("pod-selector", "POD-SELECTOR", lambda row, _: row.selector or NONE_TEXT, rank=3, max_width=50),
    _policy("types", "TYPES", lambda row, _: row.types or NONE_TEXT, rank=9),
    _policy("ing-selector", "ING-SELECTOR", lambda row, _: row.incoming[0], wide=True, rank=60, max_width=50),
    _policy("ing-ports", "ING-PORTS", lambda row, _: row.incoming[1], wide=True, rank=61, max_width=30),
    _policy("ing-block", "ING-BLOCK", lambda row, _: row.incoming[2], wide=True, rank=62, max_width=30),
    _policy("egr-selector", "EGR-SELECTOR", lambda row, _: row.outgoing[0], wide=True, rank=63, max_width=50),
    _policy("egr-ports", "EGR-PORTS", lambda row, _: row.outgoing[1], wide=True, rank=64, max_width=30),
    _policy("egr-block", "EGR-BLOCK", lambda row, _: row.outgoing[2], wide=True, rank=65, max_width=30),
    *TAIL,
)

INGRESSES = KindSpec(
    id="ingresses.networking.k8s.io",
    projection=lambda: ObjectProjection(IngressObject, IngressRow, _fill_ingress),
    columns=fixed(_INGRESS),
    health=_ingress_health,
    purpose="Ingresses lead requests from outside to Services by host and path.",
)
INGRESS_CLASSES = KindSpec(
    id="ingressclasses.networking.k8s.io",
    projection=lambda: ObjectProjection(IngressClassObject, IngressClassRow, _fill_class),
    columns=fixed(_INGRESS_CLASS),
    purpose="Ingress classes name the controller that serves an Ingress.",
)
NETWORK_POLICIES = KindSpec(
    id="networkpolicies.networking.k8s.io",
    projection=lambda: ObjectProjection(PolicyObject, PolicyRow, _fill_policy),
    columns=fixed(_POLICY),
    purpose="Network policies say who may talk to which pods.",
)

SPECS = (INGRESSES, INGRESS_CLASSES, NETWORK_POLICIES)
