"""Cells of services, endpoints and what routes to them.

The server builds every cell of a row for the narrow and the wide table alike only when asked for wide output; over
HTTP it always fills all of them, so addresses are never shortened here.
"""

from __future__ import annotations

from typing import Any

from k9py.sim.objects import Object
from k9py.sim.printers.texts import (
    NONE,
    UNKNOWN,
    Printer,
    created,
    labels_text,
    name,
    selector_text,
    spec,
    status,
    with_more,
)

_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _addresses(obj: Object) -> str:
    ingress = (status(obj).get("loadBalancer") or {}).get("ingress") or []
    found = {item.get("ip") or item.get("hostname") for item in ingress}
    return ",".join(sorted(filter(None, found)))


def _external_ip(obj: Object) -> str:
    wanted = spec(obj)
    own = list(wanted.get("externalIPs") or ())
    kind = wanted.get("type")
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(own) or NONE
    if kind == "LoadBalancer":
        given = _addresses(obj)
        return ",".join(([given] if given else []) + own) or "<pending>"
    return str(wanted.get("externalName", "")) if kind == "ExternalName" else UNKNOWN


def _port(port: dict[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def _service(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    addresses = wanted.get("clusterIPs") or [NONE]
    return [
        name(obj),
        wanted.get("type", ""),
        addresses[0],
        _external_ip(obj),
        ",".join(map(_port, wanted.get("ports") or ())) or NONE,
        created(obj, now),
        labels_text(wanted.get("selector")),
    ]


def _ingress(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    rules = wanted.get("rules") or []
    hosts = [rule["host"] for rule in rules[:3] if rule.get("host")]
    text = ",".join(hosts) or "*"
    if hosts and len(rules) > 3:
        text = f"{text} + {len(rules) - 3} more..."
    return [
        name(obj),
        wanted.get("ingressClassName") or NONE,
        text,
        _addresses(obj),
        "80, 443" if wanted.get("tls") else "80",
        created(obj, now),
    ]


def _ingress_class(obj: Object, now: float) -> list[Any]:
    default = (obj["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    parameters = spec(obj).get("parameters")
    text = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        text = f"{parameters['kind']}{group}/{parameters['name']}"
    suffix = " (default)" if default else ""
    return [name(obj) + suffix, spec(obj).get("controller", ""), text, created(obj, now)]


def _endpoints(obj: Object, now: float) -> list[Any]:
    found: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = [item["ip"] for item in subset.get("addresses") or ()]
        ports = subset.get("ports")
        if not ports:
            found += addresses
        for port in ports or ():
            found += [f"[{ip}]:{port['port']}" if ":" in ip else f"{ip}:{port['port']}" for ip in addresses]
    empty = "" if obj.get("subsets") else NONE
    return [name(obj), with_more(found, len(found), empty=empty), created(obj, now)]


def _endpoint_slice(obj: Object, now: float) -> list[Any]:
    ports = [str(port.get("port") or port.get("name") or "*") for port in obj.get("ports") or ()]
    found = [address for item in obj.get("endpoints") or () for address in item.get("addresses") or ()]
    return [
        name(obj),
        obj.get("addressType", ""),
        with_more(ports, len(ports)),
        with_more(found, len(found)),
        created(obj, now),
    ]


def _network_policy(obj: Object, now: float) -> list[Any]:
    return [name(obj), selector_text(spec(obj).get("podSelector")), created(obj, now)]


def _service_cidr(obj: Object, now: float) -> list[Any]:
    return [name(obj), ",".join(spec(obj).get("cidrs") or ()), created(obj, now)]


def _ip_address(obj: Object, now: float) -> list[Any]:
    parent = spec(obj).get("parentRef")
    text = NONE
    if parent:
        group = f".{parent['group']}" if parent.get("group") else ""
        namespace = f"/{parent['namespace']}" if parent.get("namespace") else ""
        text = f"{(parent.get('resource', '') + group).lower()}{namespace}/{parent['name']}"
    return [name(obj), text, created(obj, now)]


PRINTERS: dict[str, Printer] = {
    "services": _service,
    "ingresses.networking.k8s.io": _ingress,
    "ingressclasses.networking.k8s.io": _ingress_class,
    "endpoints": _endpoints,
    "endpointslices.discovery.k8s.io": _endpoint_slice,
    "networkpolicies.networking.k8s.io": _network_policy,
    "servicecidrs.networking.k8s.io": _service_cidr,
    "ipaddresses.networking.k8s.io": _ip_address,
}
