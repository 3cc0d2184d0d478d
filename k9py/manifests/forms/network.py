"""Forms of Service, Ingress and NetworkPolicy."""

from __future__ import annotations

from typing import Any

from k9py.manifests.forms.common import SERVICE_PORT, choice, identity, number, switch
from k9py.manifests.forms.fields import Field, Form, Group, Input, Preset, Repeat, When
from k9py.manifests.forms.podfields import PROTOCOLS

_EXPOSED = When("spec.type", ("NodePort", "LoadBalancer"))
_BALANCED = When("spec.type", ("LoadBalancer",))


def _service(name: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": name}}, "spec": {"selector": {"app": name}, "ports": []}}


def _ingress(name: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": name}}, "spec": {"rules": []}}


def _policy(name: str) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}


SERVICE = Form(
    "Service", "v1", "one address for the pods with certain labels",
    (
        identity(app=("spec.selector.app",)),
        Group("service", "Service", (
            Field("app", "spec.selector.app", "Of the app", "pods labelled app with this value", pick="pods:labels",
                  also=("metadata.labels.app",)),
            Field("selector", "spec.selector", "Selects", "labels of the pods it sends to", Input.MAP,
                  pick="pods:labels"),
            choice("type", "spec.type", "Type", "who can reach it", "ClusterIP", "NodePort", "LoadBalancer",
                   "ExternalName", basic=True, default="ClusterIP"),
            Field("externalName", "spec.externalName", "Other name", "the DNS name it stands for",
                  when=When("spec.type", ("ExternalName",))),
            Field("clusterIP", "spec.clusterIP", "Address", "None for a headless Service", basic=False),
        )),
        Repeat("ports", "spec.ports", "Ports", "what it listens on and where it sends", (
            Field("port", "port", "Port", "the port of the Service", Input.NUMBER, required=True),
            Field("targetPort", "targetPort", "Target port", "number or name on the pods; empty: the same",
                  Input.PORT, pick="pods:ports"),
            choice("protocol", "protocol", "Protocol", "TCP unless the program speaks another", *PROTOCOLS, basic=True,
                   default="TCP"),
            Field("portName", "name", "Name", "needed when there are several"),
            number("nodePort", "nodePort", "Node port", "30000-32767; empty: one is chosen"),
            Field("appProtocol", "appProtocol", "Speaks", "such as http or grpc", basic=False),
        ), lends=True),
        Group("traffic", "Traffic", (
            choice("sessionAffinity", "spec.sessionAffinity", "Stick to a pod", "by the client's address", "None",
                   "ClientIP", default="None"),
            Field("externalTrafficPolicy", "spec.externalTrafficPolicy", "From outside", "Local keeps client addresses",
                  Input.CHOICE, choices=("Cluster", "Local"), when=_EXPOSED),
            choice("internalTrafficPolicy", "spec.internalTrafficPolicy", "From inside", "Local stays on the node",
                   "Cluster", "Local"),
            Field("sourceRanges", "spec.loadBalancerSourceRanges", "Only from", "networks that may connect", Input.LIST,
                  when=_BALANCED),
            Field("loadBalancerClass", "spec.loadBalancerClass", "Balancer", "which implementation", when=_BALANCED),
            switch("publishNotReady", "spec.publishNotReadyAddresses", "Also unready pods", "for peers that start"),
            choice("ipFamilyPolicy", "spec.ipFamilyPolicy", "IP families", "one or both", "SingleStack",
                   "PreferDualStack", "RequireDualStack"),
        ), basic=False),
    ),
    _service,
    presets=(
        Preset("headless", "Headless (for a StatefulSet)", {"clusterIP": "None"}),
        Preset("nodeport", "Reachable on every node", {"type": "NodePort"}),
        Preset("loadbalancer", "Reachable from outside", {"type": "LoadBalancer"}),
    ),
)  # fmt: skip

INGRESS = Form(
    "Ingress", "networking.k8s.io/v1", "HTTP from outside, by host and path",
    (
        identity(),
        Group("ingress", "Ingress", (
            Field("class", "spec.ingressClassName", "Class", "which controller serves it; empty: the default one",
                  pick="ingressclasses"),
        )),
        Repeat("rules", "spec.rules", "Hosts", "names it answers to", (
            Field("host", "host", "Host", "such as shop.example; empty: every host"),
            Repeat("paths", "http.paths", "Paths", "what goes where", (
                Field("path", "path", "Path", "what the URL begins with"),
                choice("pathType", "pathType", "How", "Prefix: this and all below", "Prefix", "Exact",
                       "ImplementationSpecific", basic=True),
                Field("service", "backend.service.name", "Service", "who answers", pick="services", required=True),
                Field("port", "backend.service.port", "Port", "number or name of the Service's port", Input.PORT,
                      required=True, pick="services:ports", codec=SERVICE_PORT),
            ), new={"path": "/", "pathType": "Prefix"}, lends=True),
        ), lends=True),
        Repeat("tls", "spec.tls", "TLS", "certificates", (
            Field("hosts", "hosts", "Hosts", "names in the certificate", Input.LIST),
            Field("secret", "secretName", "Secret", "of type TLS", pick="secrets"),
        )),
        Group("fallback", "Otherwise", (
            Field("defaultService", "spec.defaultBackend.service.name", "Service", "when no rule fits",
                  pick="services"),
            Field("defaultPort", "spec.defaultBackend.service.port", "Port", "number or name", Input.PORT,
                  codec=SERVICE_PORT),
        ), basic=False),
    ),
    _ingress,
)  # fmt: skip


def _peers(id: str, path: str, label: str) -> Repeat:
    return Repeat(id, path, label, "any one of them; none: everybody", (
        Field("pods", "podSelector.matchLabels", "Pods with", "labels; in this namespace unless one is chosen",
              Input.MAP, pick="pods:labels"),
        Field("namespaces", "namespaceSelector.matchLabels", "Namespaces with", "labels of the namespace", Input.MAP),
        Field("cidr", "ipBlock.cidr", "Network", "such as 10.0.0.0/8"),
        Field("except", "ipBlock.except", "Except", "parts of the network", Input.LIST, basic=False),
    ))  # fmt: skip


_POLICY_PORTS = Repeat("ports", "ports", "Ports", "none: all ports", (
    Field("port", "port", "Port", "number or name", Input.PORT),
    choice("protocol", "protocol", "Protocol", "TCP unless said", *PROTOCOLS, basic=True, default="TCP"),
    number("endPort", "endPort", "Up to", "last port of a range"),
))  # fmt: skip

NETWORK_POLICY = Form(
    "NetworkPolicy", "networking.k8s.io/v1", "who may talk to the pods, and whom they may talk to",
    (
        identity(),
        Group("policy", "Policy", (
            Field("pods", "spec.podSelector.matchLabels", "For pods with", "labels; none: every pod here", Input.MAP,
                  pick="pods:labels"),
            Field("types", "spec.policyTypes", "Directions", "what it restricts", Input.LIST,
                  choices=("Ingress", "Egress")),
        )),
        Repeat("ingress", "spec.ingress", "May come in", "none: nothing may", (_peers("from", "from", "From"),
                                                                              _POLICY_PORTS)),
        Repeat("egress", "spec.egress", "May go out", "none: nothing may, if restricted", (_peers("to", "to", "To"),
                                                                                          _POLICY_PORTS)),
    ),
    _policy,
    presets=(
        Preset("deny", "Let nothing in", {"types": ["Ingress"]}),
        Preset("deny-all", "Let nothing in or out", {"types": ["Ingress", "Egress"]}),
        Preset("same-namespace", "Only from this namespace", {"ingress[0].from[0].pods": {}}),
    ),
)  # fmt: skip

FORMS = (SERVICE, INGRESS, NETWORK_POLICY)
