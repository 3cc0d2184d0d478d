"""Descriptions of services, ingresses and network policies."""

from __future__ import annotations

from typing import Any

from k9py.resources.describe.common import conditions, identity, selector_line
from k9py.resources.describe.page import Page, at, fields, items, shown
from k9py.resources.describe.workloads import Related
from k9py.resources.model import NONE_TEXT, Tone


def service(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a service and the addresses behind it."""
    spec = fields(obj, "spec")
    identity(page, obj)
    page.pair("Selector", selector_line(spec.get("selector")))
    page.pair("Type", spec.get("type"))
    page.optional("IP Family Policy", spec.get("ipFamilyPolicy"))
    page.optional("IP Families", ",".join(map(str, items(spec, "ipFamilies"))))
    page.several("IP", [str(one) for one in items(spec, "clusterIPs")] or [shown(spec.get("clusterIP"))])
    page.optional("External IPs", ",".join(map(str, items(spec, "externalIPs"))))
    page.optional("External Name", spec.get("externalName"))
    balancers = [shown(at(one, "ip") or at(one, "hostname")) for one in items(obj, "status", "loadBalancer", "ingress")]
    if balancers or spec.get("type") == "LoadBalancer":
        page.several("LoadBalancer Ingress", balancers, absent="<pending>")
    page.pair("Session Affinity", spec.get("sessionAffinity"))
    page.optional("External Traffic Policy", spec.get("externalTrafficPolicy"))
    page.optional("Internal Traffic Policy", spec.get("internalTrafficPolicy"))
    slices = related.get("endpointslices.discovery.k8s.io")
    with page.section("Ports"):
        rows = [_port_row(port, slices) for port in items(spec, "ports")]
        titles = ("NAME", "PORT", "TARGET", "NODE PORT", "ENDPOINTS")
        if rows:
            page.table(titles, rows, lambda row: Tone.WARN if row[4] == NONE_TEXT else Tone.PLAIN)
        else:
            page.text(NONE_TEXT)
    page.blank()
    conditions(page, obj, now)


def _port_row(port: dict[str, Any], slices: list[dict[str, Any]] | None) -> tuple[str, ...]:
    protocol = port.get("protocol", "TCP")
    if slices is None:
        endpoints = "not read"
    else:
        addresses = _addresses(port, slices)
        more = f" + {len(addresses) - 3} more" if len(addresses) > 3 else ""
        endpoints = ", ".join(addresses[:3]) + more if addresses else NONE_TEXT
    return (
        shown(port.get("name"), "<unset>"),
        f"{port.get('port')}/{protocol}",
        f"{port.get('targetPort', port.get('port'))}/{protocol}",
        shown(port.get("nodePort"), ""),
        endpoints,
    )


def _addresses(port: dict[str, Any], slices: list[dict[str, Any]]) -> list[str]:
    """Return the ready addresses that serve this port of the service."""
    texts = []
    for piece in slices:
        numbers = [
            at(one, "port") for one in items(piece, "ports") if (at(one, "name") or "") == (port.get("name") or "")
        ]
        for endpoint in items(piece, "endpoints"):
            if at(endpoint, "conditions", "ready") is False:
                continue
            for address in items(endpoint, "addresses"):
                texts += [f"[{address}]:{number}" if ":" in address else f"{address}:{number}" for number in numbers]
    return texts


def backend_text(backend: Any) -> str:
    """Return ``service:port`` or the resource an ingress leads to."""
    found = fields(backend, "service")
    if found:
        port = at(found, "port", "number") or at(found, "port", "name")
        return f"{found.get('name')}:{port}"
    resource = fields(backend, "resource")
    return f"{resource.get('kind')}/{resource.get('name')}" if resource else NONE_TEXT


def ingress(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe an ingress: hosts, paths and what they lead to."""
    spec = fields(obj, "spec")
    identity(page, obj)
    page.pair("Address", ",".join(shown(at(one, "ip") or at(one, "hostname")) for one in _balancers(obj)))
    page.pair("Ingress Class", spec.get("ingressClassName"))
    page.pair("Default Backend", backend_text(spec.get("defaultBackend")), absent="<default>")
    if items(spec, "tls"):
        with page.section("TLS"):
            for one in items(spec, "tls"):
                hosts = ",".join(map(str, items(one, "hosts"))) or "*"
                page.text(f"{shown(at(one, 'secretName'), 'the default certificate')} terminates {hosts}")
    with page.section("Rules"):
        rows = []
        for rule in items(spec, "rules"):
            host = shown(at(rule, "host"), "*")
            for path in items(rule, "http", "paths"):
                kind = shown(at(path, "pathType"), "")
                rows.append((host, shown(at(path, "path"), "/"), kind, backend_text(at(path, "backend"))))
                host = ""
        if rows:
            page.table(("HOST", "PATH", "TYPE", "BACKEND"), rows)
        else:
            page.text("every request goes to the default backend")


def _balancers(obj: dict[str, Any]) -> list[Any]:
    return items(obj, "status", "loadBalancer", "ingress")


def network_policy(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a network policy in sentences: what may come in, what may go out."""
    spec = fields(obj, "spec")
    identity(page, obj)
    selector = selector_line(spec.get("podSelector"))
    page.pair("Pod Selector", f"{selector} (all pods in the namespace)" if selector == NONE_TEXT else selector)
    kinds = [str(one) for one in items(spec, "policyTypes")] or ["Ingress"]
    page.pair("Policy Types", ", ".join(kinds))
    for kind, key, peers in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
        if kind not in kinds:
            continue
        with page.section(f"Allowed {kind.lower()} traffic"):
            _rules(page, items(spec, key), peers)


def _rules(page: Page, rules: list[Any], peers: str) -> None:
    if not rules:
        page.text("none: the selected pods are cut off", tone=Tone.WARN)
    for rule in rules:
        ports = ", ".join(_policy_port(port) for port in items(rule, "ports")) or "any port"
        others = [_peer(one) for one in items(rule, peers)] or ["anywhere"]
        page.text(f"{ports} {peers} {' or '.join(others)}")


def _policy_port(port: dict[str, Any]) -> str:
    end = f"-{port['endPort']}" if port.get("endPort") else ""
    return f"port {shown(port.get('port'), 'any')}{end}/{port.get('protocol', 'TCP')}"


def _peer(peer: dict[str, Any]) -> str:
    block = fields(peer, "ipBlock")
    if block:
        without = ",".join(map(str, items(block, "except")))
        return f"{block.get('cidr')}{f' except {without}' if without else ''}"
    texts = []
    if "podSelector" in peer:
        selector = selector_line(peer["podSelector"])
        texts.append("all pods" if selector == NONE_TEXT else f"pods {selector}")
    if "namespaceSelector" in peer:
        selector = selector_line(peer["namespaceSelector"])
        texts.append("in all namespaces" if selector == NONE_TEXT else f"in namespaces {selector}")
    return " ".join(texts)
