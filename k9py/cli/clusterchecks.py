"""What works with a cluster: reaching it, being somebody there, seeing its kinds, what one may do, metrics."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from statistics import median

from k9py.cli.findings import Finding, bad, note, ok, warn
from k9py.core.clock import Clock
from k9py.core.errors import (
    ApiError,
    CredentialError,
    Forbidden,
    K9Error,
    LinkError,
    NotFound,
    RubbishError,
    TlsError,
    Unauthorized,
)
from k9py.core.tasks import TaskSet
from k9py.kube.discovery import Discovery
from k9py.kube.health import server_version
from k9py.kube.permissions import Permissions, Verdict
from k9py.kube.target import Target
from k9py.kube.verbs import decode_object
from k9py.kube.wire import Transport

MOST_SKEW = 5.0
"""Seconds the clocks may differ: certificates and tokens are judged by the time, ages by the server's."""
SLOW = 0.3
"""Seconds per answer from which the link is called slow."""
PINGS = 5

MAIN_RIGHTS: tuple[tuple[str, str, str, str], ...] = (
    ("list", "pods", "", "see pods"),
    ("watch", "pods", "", "follow pods live"),
    ("list", "deployments.apps", "", "see deployments"),
    ("list", "events", "", "see events"),
    ("get", "pods", "log", "read logs"),
    ("create", "pods", "exec", "open a shell"),
    ("list", "namespaces", "", "list namespaces"),
    ("list", "nodes", "", "see nodes"),
)
"""Verb, kind, subresource, and what it is good for."""


async def cluster_findings(transport: Transport, target: Target, clock: Clock) -> AsyncIterator[Finding]:
    """Yield what works, from the outside in; stops where nothing further can work."""
    try:
        version = await server_version(transport)
    except K9Error as error:
        yield _unreachable(error, target)
        return
    yield ok("server", f"{version} at {target.server}")
    yield _verification(target)
    yield await _latency(transport, clock)
    yield _skew(transport)
    yield await _identity(transport, target)
    discovery = Discovery(transport, server=target.server, clock=clock, cache_dir=None)
    try:
        await discovery.refresh()
    except K9Error as error:
        yield bad("kinds", str(error), error.remedy or "Ask for the ClusterRole system:discovery")
        return
    for finding in _kinds(discovery):
        yield finding
    async for finding in _rights(transport, discovery, target, clock):
        yield finding
    yield await _metrics(transport)


def _unreachable(error: K9Error, target: Target) -> Finding:
    """Say why nothing answers, by the kind of failure."""
    where = f"{target.server}: {error}"
    if isinstance(error, TlsError):
        return bad("TLS", where, error.remedy or "Check certificate-authority and tls-server-name of the cluster entry")
    if isinstance(error, LinkError):
        remedy = "Check the network, VPN and proxy (HTTPS_PROXY, NO_PROXY, proxy-url)"
        return bad("server", where, error.remedy or remedy)
    if isinstance(error, (CredentialError, Unauthorized)):
        return bad("login", f"user {target.user or '(none)'}: {error}", error.remedy or "Log in anew with the plugin")
    if isinstance(error, RubbishError):
        return bad("server", where, "The address is not that of a Kubernetes API server")
    if isinstance(error, Forbidden):
        return warn("server", where, "Ask for the ClusterRole system:public-info-viewer")
    return bad("server", where, error.remedy or "Look at the API server's own log")


def _verification(target: Target) -> Finding:
    if target.server.startswith("http://"):
        local = target.server.startswith(("http://127.", "http://localhost", "http://[::1]"))
        text = "not encrypted"
        return note("TLS", f"{text}, on this machine only") if local else warn("TLS", text, "Use an https address")
    if target.tls.insecure:
        return warn("TLS", "the server's certificate is not verified", "Remove insecure-skip-tls-verify, add the CA")
    return ok("TLS", "the server's certificate is verified")


async def _latency(transport: Transport, clock: Clock) -> Finding:
    taken = []
    for _ in range(PINGS):
        start = clock.monotonic()
        try:
            await transport.request("GET", "/version")
        except K9Error as error:
            return warn("latency", f"the server answers only now and then: {error}", error.remedy or "Check the link")
        taken.append(clock.monotonic() - start)
    text = f"{median(taken) * 1000:.0f} ms per answer"
    if median(taken) > SLOW:
        return note("latency", f"{text}: a slow link", "K9PY_KUBE_REQUEST_TIMEOUT gives requests more time")
    return ok("latency", text)


def _skew(transport: Transport) -> Finding:
    skew = transport.clock_skew
    if abs(skew) <= MOST_SKEW:
        return ok("clock", "agrees with the server's")
    way = "ahead of" if skew > 0 else "behind"
    return warn(
        "clock",
        f"the server is {abs(skew):.0f} s {way} this machine",
        "Synchronise both with NTP; ages use the server's",
    )


async def _identity(transport: Transport, target: Target) -> Finding:
    body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}).encode()
    headers = {"Content-Type": "application/json"}
    try:
        answer = await transport.request(
            "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", headers=headers, body=body
        )
        user = decode_object(answer.body, "the review")["status"]["userInfo"]
        name = str(user.get("username") or "")
    except (ApiError, RubbishError, KeyError, TypeError) as error:
        return note("login", f"the server does not say who we are ({error})")
    except K9Error as error:
        return bad("login", str(error), error.remedy or "Log in anew")
    if name == "system:anonymous":
        return bad(
            "login", "the server takes us for system:anonymous", "The kubeconfig's user entry has no credentials"
        )
    acting = f" (as {target.impersonation.user})" if target.impersonation else ""
    return ok("login", f"{name}{acting}; groups {', '.join(user.get('groups') or ['none'])}")


def _kinds(discovery: Discovery) -> list[Finding]:
    findings = [ok("kinds", f"{len(discovery.resources)} kinds")]
    findings += [
        warn("kinds", f"{group} does not answer: {reason}", f"kubectl get apiservice, look for {group.split('/')[0]}")
        for group, reason in sorted(discovery.problems.items())
    ]
    return findings


async def _rights(transport: Transport, discovery: Discovery, target: Target, clock: Clock) -> AsyncIterator[Finding]:
    """Yield one line for what is allowed, and one for each right that is missing."""
    permissions = Permissions(transport, clock, TaskSet())
    allowed: list[str] = []
    unknown: list[str] = []
    for verb, kind, subresource, purpose in MAIN_RIGHTS:
        try:
            resource = discovery.resolve(kind)
        except K9Error:
            unknown.append(purpose)  # told above: its group does not answer
            continue
        namespace = target.namespace if resource.namespaced else ""
        verdict = await permissions.allowed(verb, resource, namespace, subresource=subresource)
        if verdict is Verdict.YES:
            allowed.append(purpose)
        elif verdict is Verdict.UNKNOWN:
            unknown.append(purpose)
        else:
            what = f"{kind}/{subresource}" if subresource else kind
            where = f" in {target.namespace}" if namespace else ""
            yield note("rights", f"may not {purpose}: {verb} {what}{where}", "Ask for it in a Role, if you need it")
    yield (
        ok("rights", f"may {', '.join(allowed)}")
        if allowed
        else bad("rights", f"nothing that k9py shows may be read in {target.namespace}", "Ask for the ClusterRole view")
    )
    if unknown:
        yield note("rights", f"the server cannot say whether we may {', '.join(unknown)}")


async def _metrics(transport: Transport) -> Finding:
    try:
        answer = await transport.request("GET", "/apis/metrics.k8s.io/v1beta1/nodes")
        count = len(decode_object(answer.body, "the metrics").get("items") or ())
    except NotFound:
        return note("metrics", "metrics.k8s.io is not there: no CPU and memory", "Install metrics-server")
    except Forbidden:
        return note(
            "metrics",
            "nodes.metrics.k8s.io may not be read",
            "Ask for the ClusterRole system:aggregated-metrics-reader",
        )
    except K9Error as error:
        return warn("metrics", str(error), error.remedy or "kubectl -n kube-system logs deploy/metrics-server")
    if not count:
        return warn("metrics", "metrics-server answers, but knows no node yet", "Wait a minute after its start")
    return ok("metrics", f"of {count} node{'s' if count != 1 else ''}")
