"""Services, Ingresses, NetworkPolicies."""

from __future__ import annotations

from collections.abc import Callable

from k9py.core import naming
from k9py.manifests.problems import At
from k9py.manifests.rules.selectors import check_selector

SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
NODE_PORTS = range(30000, 32768)
"""The range a server uses unless told otherwise (``--service-node-port-range``)."""
_SESSION_SECONDS_LIMIT = 86400


def service(obj: At) -> None:
    """Check a Service."""
    obj["metadata"]["name"].label()
    spec = obj["spec"]
    kind = spec["type"]
    kind.one_of(*SERVICE_TYPES)
    external = kind.text == "ExternalName"
    headless = spec["clusterIP"].text == "None"
    if not spec["ports"] and not headless and not external:
        spec["ports"].required()
    if external:
        if spec["externalName"].needed():
            spec["externalName"].fits(naming.subdomain(spec["externalName"].text.removesuffix(".")))
        if spec["clusterIP"].text:
            spec["clusterIPs"].forbidden("may not be set when `type` is 'ExternalName'")
    elif spec["externalName"].text and spec["externalName"].text != spec["externalName"].text.strip():
        spec["externalName"].invalid("must not have whitespace")
    spec["selector"].labels()
    _affinity(spec)
    _ports(spec, kind.text)
    if headless and kind.text in ("NodePort", "LoadBalancer"):
        spec["clusterIP"].invalid(f"may not be set to 'None' for {kind.text} services")
    address = spec["clusterIP"]
    if address.text and not headless:
        address.fits(naming.ip_address(address.text))
    for item in spec["externalIPs"].items():
        item.fits(naming.ip_address(item.text))
    _traffic(spec, kind.text)


def _affinity(spec: At) -> None:
    affinity, config = spec["sessionAffinity"], spec["sessionAffinityConfig"]
    affinity.one_of("ClientIP", "None")
    seconds = config.under("clientIP", "timeoutSeconds")
    if affinity.text == "ClientIP" and seconds.number is not None and not 0 < seconds.number <= _SESSION_SECONDS_LIMIT:
        seconds.invalid(f"must be greater than 0 and less than {_SESSION_SECONDS_LIMIT}")


def _ports(spec: At, kind: str) -> None:
    ports = list(spec["ports"].items())
    names: set[str] = set()
    pairs: set[tuple[object, str]] = set()
    nodes: set[tuple[int, str]] = set()
    for port in ports:
        name = port["name"]
        if len(ports) > 1:
            name.needed()
        if name.text:
            name.label()
            if name.text in names:
                name.duplicate()
            names.add(name.text)
        number, protocol = port["port"], port["protocol"]
        number.port()
        protocol.one_of("SCTP", "TCP", "UDP")
        if port["targetPort"].given and port["targetPort"].value not in (0, ""):
            port["targetPort"].port_or_name()
        pair = (number.value, protocol.text or "TCP")
        if pair in pairs:
            port.duplicate()
        pairs.add(pair)
        _node_port(port["nodePort"], kind, nodes, pair[1])
        if port["appProtocol"].text:
            port["appProtocol"].fits(naming.qualified(port["appProtocol"].text))


def _node_port(port: At, kind: str, seen: set[tuple[int, str]], protocol: str) -> None:
    number = port.number
    if not number:
        return
    if kind in ("", "ClusterIP", "ExternalName"):
        port.forbidden("may not be used when `type` is 'ClusterIP'" if kind != "ExternalName" else
                       "may not be used when `type` is 'ExternalName'")  # fmt: skip
    elif number not in NODE_PORTS:
        text = f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
        if 0 < number < 65536:
            port.warn(text, "unless the server was started with another range")
        else:
            port.invalid(text)
    elif (number, protocol) in seen:
        port.duplicate()
    seen.add((number, protocol))


def _traffic(spec: At, kind: str) -> None:
    external, internal = spec["externalTrafficPolicy"], spec["internalTrafficPolicy"]
    exposed = kind in ("NodePort", "LoadBalancer") or bool(spec["externalIPs"])
    external.one_of("Cluster", "Local")
    internal.one_of("Cluster", "Local")
    if external.text and not exposed:
        external.invalid("may only be set for externally-accessible services")
    spec["ipFamilyPolicy"].one_of("PreferDualStack", "RequireDualStack", "SingleStack")
    for family in spec["ipFamilies"].items():
        family.one_of("IPv4", "IPv6")
    check = spec["healthCheckNodePort"]
    if check.number and not (kind == "LoadBalancer" and external.text == "Local"):
        check.invalid("may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
    for name in ("loadBalancerClass", "allocateLoadBalancerNodePorts"):
        if spec[name].given and kind != "LoadBalancer":
            spec[name].forbidden("may only be used when `type` is 'LoadBalancer'")
    if spec["loadBalancerSourceRanges"] and kind != "LoadBalancer":
        spec["loadBalancerSourceRanges"].forbidden("may only be used when `type` is 'LoadBalancer'")
    for network in spec["loadBalancerSourceRanges"].items():
        network.fits(naming.cidr(network.text.strip()))
    spec["trafficDistribution"].one_of("PreferClose", "PreferSameNode", "PreferSameZone")


def ingress(obj: At) -> None:
    """Check an Ingress."""
    spec = obj["spec"]
    if not spec["rules"] and not spec["defaultBackend"].given:
        spec.invalid("either `defaultBackend` or `rules` must be specified")
    if spec["defaultBackend"].given:
        _backend(spec["defaultBackend"])
    for rule in spec["rules"].items():
        _host(rule["host"])
        if not rule["http"].given:
            continue
        if rule["http"]["paths"].needed():
            for path in rule["http"]["paths"].items():
                _path(path)
    for entry in spec["tls"].items():
        for host in entry["hosts"].items():
            host.fits(naming.wildcard_subdomain(host.text))
        entry["secretName"].subdomain()
    name = spec["ingressClassName"]
    if name.given:
        name.fits(naming.subdomain(name.text))


def _host(host: At) -> None:
    if not host.text:
        return
    if not naming.ip_address(host.text):
        host.invalid("must be a DNS name, not an IP address")
    elif host.text.startswith("*"):
        if not host.text.startswith("*.") or naming.subdomain(host.text[2:]):
            host.invalid("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
                         "must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric "
                         "character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*"
                         "[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")  # fmt: skip
    else:
        host.subdomain()


def _path(path: At) -> None:
    kind, text = path["pathType"], path["path"]
    if not kind.text:
        kind.required("pathType must be specified")
    elif kind.one_of("Exact", "ImplementationSpecific", "Prefix"):
        if kind.text in ("Exact", "Prefix"):
            if not text.text.startswith("/"):
                text.invalid("must be an absolute path")
            for bad in ("//", "/./", "/../", "%2f", "%2F"):
                if bad in text.text:
                    text.invalid(f"must not contain '{bad}'")
            for bad in ("/..", "/."):
                if text.text.endswith(bad):
                    text.invalid(f"cannot end with '{bad}'")
        elif text.text and not text.text.startswith("/"):
            text.invalid("must be an absolute path")
    _backend(path["backend"])


def _backend(backend: At) -> None:
    service, resource = backend["service"], backend["resource"]
    if service.given and resource.given:
        backend.invalid("cannot set both resource and service backends")
    elif not service.given and not resource.given:
        backend.required("must specify a service or a resource as the backend")
    elif service.given:
        if service["name"].needed():
            service["name"].fits(naming.label(service["name"].text))
        port = service["port"]
        if port["name"].text and port["number"].number:
            port.invalid("cannot set both port name & port number")
        elif port["name"].text:
            port["name"].fits(naming.port_name(port["name"].text))
        elif port["number"].number:
            port["number"].port()
        else:
            port.required("port name or number is required")
    else:
        for name in ("kind", "name"):
            resource[name].needed()


def ingress_class(obj: At) -> None:
    """Check an IngressClass."""
    obj["spec"]["controller"].needed()


def network_policy(obj: At) -> None:
    """Check a NetworkPolicy."""
    spec = obj["spec"]
    check_selector(spec["podSelector"])
    types = spec["policyTypes"]
    if len(list(types.items())) > 2:
        types.invalid("may not specify more than two policyTypes")
    for kind in types.items():
        kind.one_of("Egress", "Ingress")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec[direction].items():
            for port in rule["ports"].items():
                _policy_port(port)
            for peer in rule[peers].items():
                _peer(peer)


def _policy_port(port: At) -> None:
    port["protocol"].one_of("SCTP", "TCP", "UDP")
    number, end = port["port"], port["endPort"]
    if number.given:
        number.port_or_name()
        if end.given and isinstance(number.value, str):
            end.invalid("may not be specified when `port` is non-numeric")
        elif end.number is not None and (number.number or 0) > end.number:
            end.invalid("must be greater than or equal to `port`")
        if end.number is not None:
            end.port()
    elif end.given:
        end.invalid("may not be specified when `port` is not specified")


def _peer(peer: At) -> None:
    block = peer["ipBlock"]
    pods, namespaces = peer["podSelector"], peer["namespaceSelector"]
    if block.given:
        if pods.given or namespaces.given:
            peer.forbidden("may not specify both ipBlock and another peer")
        if not block["cidr"].text:
            block["cidr"].required()
        else:
            block["cidr"].fits(naming.cidr(block["cidr"].text))
            for hole in block["except"].items():
                hole.fits(naming.cidr(hole.text))
    elif not pods.given and not namespaces.given:
        peer.required("must specify a peer")
    check_selector(pods)
    check_selector(namespaces)


RULES: dict[str, Callable[[At], None]] = {
    "Service.": service,
    "Ingress.networking.k8s.io": ingress,
    "IngressClass.networking.k8s.io": ingress_class,
    "NetworkPolicy.networking.k8s.io": network_policy,
}
