"""Services and what is behind them: Endpoints and EndpointSlices."""

from __future__ import annotations

import msgspec

from k9py.kube.rows import Row
from k9py.resources.cells import TAIL, identity, labels_text
from k9py.resources.model import (
    HEALTHY,
    NONE_TEXT,
    Column,
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
from k9py.resources.projecting import Meta, ObjectProjection, Shared, intern
from k9py.resources.structs import IntOrString, plural, with_more

SLICE_OWNER = "kubernetes.io/service-name"
"""Label of an EndpointSlice that names its Service."""


class _Port(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    port: int | None = None
    node_port: int | None = None
    protocol: str | None = None
    target_port: IntOrString | None = None


class ServiceSpec(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a service's specification."""

    type: str | None = None
    cluster_i_p: str | None = msgspec.field(name="clusterIP", default=None)
    cluster_i_ps: list[str] | None = msgspec.field(name="clusterIPs", default=None)
    external_i_ps: list[str] | None = msgspec.field(name="externalIPs", default=None)
    external_name: str | None = None
    ports: list[_Port] | None = None
    selector: dict[str, str] | None = None


class _Ingress(msgspec.Struct, gc=False):
    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(msgspec.Struct, gc=False):
    """The addresses a load balancer gave."""

    ingress: list[_Ingress] | None = None


class ServiceStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a service's status."""

    load_balancer: LoadBalancer | None = None


class ServiceObject(msgspec.Struct, gc=False):
    """A service."""

    metadata: Meta | None = None
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


class ServiceRow(Row, gc=False):
    """One service in a list."""

    type: str = ""
    cluster_ip: str = ""
    external: str = ""
    """Addresses from outside as kubectl prints them; ``<pending>`` for a balancer that has none yet."""
    ports: str = ""
    selector: str = ""
    """Empty when the service selects no pods."""


def balancer_addresses(balancer: LoadBalancer | None) -> list[str]:
    """Return the addresses and host names of a load balancer."""
    return [one.ip or one.hostname or "" for one in (balancer.ingress if balancer else None) or ()]


def _fill_service(row: ServiceRow, service: ServiceObject, _shared: Shared) -> None:
    spec, status = service.spec or ServiceSpec(), service.status or ServiceStatus()
    row.type = intern(spec.type or "ClusterIP")
    addresses = spec.cluster_i_ps or ([spec.cluster_i_p] if spec.cluster_i_p else [])
    row.cluster_ip = addresses[0] if addresses else ""
    row.external = _external(row.type, spec, status)
    row.ports = ",".join(_port_text(port) for port in spec.ports or ())
    row.selector = labels_text(spec.selector) if spec.selector else ""


def _external(kind: str, spec: ServiceSpec, status: ServiceStatus) -> str:
    if kind == "ExternalName":
        return spec.external_name or ""
    own = list(spec.external_i_ps or ())
    if kind != "LoadBalancer":
        return ",".join(own) or NONE_TEXT
    given = balancer_addresses(status.load_balancer)
    return ",".join(given + own) or "<pending>"


def _port_text(port: _Port) -> str:
    node = f":{port.node_port}" if port.node_port else ""
    return f"{port.port}{node}/{port.protocol or 'TCP'}"


_service = ColumnMaker(ServiceRow)

_SERVICE = (
    *identity(namespaced=True),
    _service("type", "TYPE", lambda row, _: row.type, width=len("ClusterIP"), rank=5),
    _service("cluster-ip", "CLUSTER-IP", lambda row, _: row.cluster_ip or NONE_TEXT, width=len("10.100.100.10"),
             rank=8, max_width=39),
    _service("external-ip", "EXTERNAL-IP", lambda row, _: row.external, rank=9, max_width=50, short="EXT-IP"),
    _service("ports", "PORT(S)", lambda row, _: row.ports or NONE_TEXT, rank=7, max_width=40),
    _service("endpoints", "ENDPOINTS", lambda row, ctx: _endpoint_count(row, ctx), rank=12, align="right", live=True,
             short="EP", description="Ready addresses behind the service"),
    _service("selector", "SELECTOR", lambda row, _: row.selector or NONE_TEXT, wide=True, rank=60, max_width=50),
    *TAIL,
)  # fmt: skip


def _ready(row: ServiceRow, ctx: RowContext) -> int | None:
    if not row.selector or ctx.ready_endpoints is None:
        return None
    return ctx.ready_endpoints(row.namespace, row.name)


def _endpoint_count(row: ServiceRow, ctx: RowContext) -> str:
    count = _ready(row, ctx)
    return "-" if count is None else str(count)


def service_health(row: Row, ctx: RowContext) -> Health:
    """Return how a service is doing, as far as its endpoints are known."""
    assert isinstance(row, ServiceRow)
    if row.broken:
        return unreadable(row)
    if row.deleting:
        return Health(Level.BUSY, "being deleted")
    if _ready(row, ctx) == 0:
        return Health(Level.BAD, f"no ready pod matches {row.selector}, so nothing answers", "open")
    if row.external == "<pending>":
        return Health(Level.BUSY, "waits for an address from the load balancer", "events")
    return HEALTHY


def _service_pods(row: Row) -> Target | None:
    assert isinstance(row, ServiceRow)
    if not row.selector:
        return None
    title = f"pods of service {row.name}"
    return Target("pods", namespace=row.namespace, label_selector=row.selector, title=title)


def _service_slices(row: Row) -> Target:
    return Target(
        "endpointslices.discovery.k8s.io", namespace=row.namespace, label_selector=f"{SLICE_OWNER}={row.name}",
        title=f"endpoint slices of service {row.name}",
    )  # fmt: skip


class _Address(msgspec.Struct, gc=False):
    ip: str | None = None


class _Subset(msgspec.Struct, gc=False, rename="camel"):
    addresses: list[_Address] | None = None
    not_ready_addresses: list[_Address] | None = None
    ports: list[_Port] | None = None


class EndpointsObject(msgspec.Struct, gc=False):
    """Endpoints: the older list of addresses behind a service."""

    metadata: Meta | None = None
    subsets: list[_Subset] | None = None


class AddressesRow(Row, gc=False):
    """One Endpoints or EndpointSlice in a list."""

    endpoints: str = ""
    ports: str = ""
    address_type: str = ""
    ready: int = 0
    not_ready: int = 0


def _fill_endpoints(row: AddressesRow, endpoints: EndpointsObject, _shared: Shared) -> None:
    texts: list[str] = []
    for subset in endpoints.subsets or ():
        addresses = [one.ip or "" for one in subset.addresses or ()]
        row.ready += len(addresses)
        row.not_ready += len(subset.not_ready_addresses or ())
        if subset.ports:
            texts += [_host_port(address, port.port or 0) for port in subset.ports for address in addresses]
        else:
            texts += addresses
    row.endpoints = with_more(texts, len(texts))


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class _SliceConditions(msgspec.Struct, gc=False):
    ready: bool | None = None


class _SliceEndpoint(msgspec.Struct, gc=False):
    addresses: list[str] | None = None
    conditions: _SliceConditions | None = None


class EndpointSliceObject(msgspec.Struct, gc=False, rename="camel"):
    """One slice of the addresses behind a service."""

    metadata: Meta | None = None
    address_type: str | None = None
    endpoints: list[_SliceEndpoint] | None = None
    ports: list[_Port] | None = None


def _fill_slice(row: AddressesRow, piece: EndpointSliceObject, _shared: Shared) -> None:
    row.address_type = intern(piece.address_type or "")
    ports = ["*" if port.port is None and not port.name else str(port.port or port.name) for port in piece.ports or ()]
    row.ports = with_more(ports, len(ports), empty="<unset>")
    texts: list[str] = []
    for endpoint in piece.endpoints or ():
        texts += endpoint.addresses or ()
        # An endpoint without the condition counts as ready: the API says to read an unknown state so.
        if endpoint.conditions is None or endpoint.conditions.ready is not False:
            row.ready += 1
        else:
            row.not_ready += 1
    row.endpoints = with_more(texts, len(texts), empty="<unset>")


_addresses = ColumnMaker(AddressesRow)


def _addresses_column(rank: int) -> Column:
    return _addresses("endpoints", "ENDPOINTS", lambda row, _: row.endpoints, rank=rank, max_width=80)


_READY = _addresses(
    "ready", "READY", lambda row, _: str(row.ready), sort=lambda row, _: row.ready, align="right", wide=True, rank=60,
    measure=Measure.NUMBER,
)  # fmt: skip
_NOT_READY = _addresses(
    "not-ready", "NOT READY", lambda row, _: str(row.not_ready), sort=lambda row, _: row.not_ready, align="right",
    wide=True, rank=61, measure=Measure.NUMBER,
)  # fmt: skip
_ENDPOINTS = (*identity(namespaced=True), _addresses_column(2), _READY, _NOT_READY, *TAIL)
_SLICE = (
    *identity(namespaced=True),
    _addresses("address-type", "ADDRESSTYPE", lambda row, _: row.address_type, rank=20),
    _addresses("ports", "PORTS", lambda row, _: row.ports, rank=8, max_width=40),
    _addresses_column(3),
    _READY,
    _NOT_READY,
    *TAIL,
)


def _addresses_health(row: Row, _ctx: RowContext) -> Health:
    assert isinstance(row, AddressesRow)
    if row.broken:
        return unreadable(row)
    if row.not_ready and not row.ready:
        return Health(Level.BAD, f"{plural(row.not_ready, 'address', 'addresses')} and none is ready", "describe")
    if row.not_ready:
        return Health(Level.WARN, f"{row.not_ready} of {row.ready + row.not_ready} addresses are not ready", "describe")
    return HEALTHY


SERVICES = KindSpec(
    id="services",
    projection=lambda: ObjectProjection(ServiceObject, ServiceRow, _fill_service),
    columns=fixed(_SERVICE),
    health=service_health,
    drill=Drill("pods", "its pods", _service_pods),
    relations=(Drill("endpointslices", "its endpoint slices", _service_slices),),
    purpose="Services give pods one address.",
)
ENDPOINTS = KindSpec(
    id="endpoints",
    projection=lambda: ObjectProjection(EndpointsObject, AddressesRow, _fill_endpoints),
    columns=fixed(_ENDPOINTS),
    health=_addresses_health,
    purpose="Endpoints list the addresses behind a Service.",
)
ENDPOINT_SLICES = KindSpec(
    id="endpointslices.discovery.k8s.io",
    projection=lambda: ObjectProjection(EndpointSliceObject, AddressesRow, _fill_slice),
    columns=fixed(_SLICE),
    health=_addresses_health,
    purpose="EndpointSlices list the addresses behind a Service.",
)

SPECS = (SERVICES, ENDPOINTS, ENDPOINT_SLICES)
