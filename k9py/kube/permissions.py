"""What we may do: asked of the server, remembered for a while, and never guessed to be forbidden."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, NamedTuple

from k9py.core.clock import Clock
from k9py.core.errors import K9Error, LinkError, RubbishError
from k9py.core.refs import ApiResource
from k9py.core.tasks import TaskSet
from k9py.kube.wire import Transport

KEEP = 300.0
"""Seconds an answer is believed; rights change rarely."""
KEEP_UNKNOWN = 15.0
"""Seconds a failed review is not repeated."""

_ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}

_LOG = logging.getLogger(__name__)


class Verdict(Enum):
    """Whether something is allowed."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """The server could not say; the action stays available and the server decides when it is tried."""


class Question(NamedTuple):
    """What is asked."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    subresource: str


@dataclass(frozen=True, slots=True)
class _Rule:
    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]

    def allows(self, question: Question) -> bool:
        """True when this rule alone allows it."""
        resource = f"{question.resource}/{question.subresource}" if question.subresource else question.resource
        anything = f"*/{question.subresource}" if question.subresource else "*"
        return (
            _has(self.verbs, question.verb)
            and _has(self.groups, question.group)
            and (_has(self.resources, resource) or anything in self.resources)
            and (not self.names or question.name in self.names)
        )


def _has(values: frozenset[str], value: str) -> bool:
    return "*" in values or value in values


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a rules review said of one namespace; ``complete`` when nothing outside the rules is allowed."""

    rules: tuple[_Rule, ...]
    complete: bool


class Permissions:
    """Reviews of our own access, each asked once at a time."""

    def __init__(self, transport: Transport, clock: Clock, tasks: TaskSet) -> None:
        self._transport = transport
        self._clock = clock
        self._tasks = tasks
        self._known: dict[Question, tuple[Verdict, float]] = {}
        self._rules: dict[str, tuple[_Rules, float]] = {}
        self._asking: dict[Question | str, asyncio.Task[Any]] = {}

    def known(
        self, verb: str, resource: ApiResource, namespace: str = "", name: str = "", subresource: str = ""
    ) -> Verdict:
        """Return what is known without asking; UNKNOWN when nothing is."""
        return self._recall(_question(verb, resource, namespace, name, subresource))

    async def allowed(
        self, verb: str, resource: ApiResource, namespace: str = "", name: str = "", subresource: str = ""
    ) -> Verdict:
        """Return whether we may; an empty namespace of a namespaced kind means in all of them."""
        question = _question(verb, resource, namespace, name, subresource)
        now = self._clock.monotonic()
        if question in self._known and now < self._known[question][1]:
            return self._known[question][0]
        _, until = self._rules.get(question.namespace, (None, 0.0))
        if question.namespace and now >= until:
            await self._once(question.namespace, partial(self._review_rules, question.namespace))
        verdict = self._recall(question)
        if verdict is not Verdict.UNKNOWN:
            return verdict
        answer: Verdict = await self._once(question, partial(self._review_access, question))
        return answer

    async def prefetch(self, namespaces: Iterable[str]) -> None:
        """Ask for the rules of namespaces somebody is about to look at."""
        await asyncio.gather(*(self._once(ns, partial(self._review_rules, ns)) for ns in namespaces if ns))

    def forget(self) -> None:
        """Ask everything anew, because the user changed."""
        self._known.clear()
        self._rules.clear()

    def _recall(self, question: Question) -> Verdict:
        now = self._clock.monotonic()
        verdict, until = self._known.get(question, (Verdict.UNKNOWN, 0.0))
        if now < until and verdict is not Verdict.UNKNOWN:
            return verdict
        review, until = self._rules.get(question.namespace, (_Rules((), complete=False), 0.0))
        if now < until and question.namespace:
            if any(rule.allows(question) for rule in review.rules):
                return Verdict.YES
            if review.complete:
                return Verdict.NO
        return Verdict.UNKNOWN

    async def _once(self, key: Question | str, review: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run a review unless the same one is under way; a caller that gives up does not end it for others."""
        task = self._asking.get(key)
        if task is None:
            if self._tasks.closed:
                raise LinkError("The session is closed")
            task = self._tasks.start(review(), name=f"review {key}")
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _review_access(self, question: Question) -> Verdict:
        attributes = {key: value for key, value in question._asdict().items() if value}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        verdict = Verdict.UNKNOWN
        try:
            status = await self._post(_ACCESS, body)
            if status.get("allowed") is True:
                verdict = Verdict.YES
            elif not status.get("evaluationError"):
                verdict = Verdict.NO
        except K9Error as error:
            _LOG.info("access review failed: %s", error)
        keep = KEEP_UNKNOWN if verdict is Verdict.UNKNOWN else KEEP
        self._known[question] = (verdict, self._clock.monotonic() + keep)
        return verdict

    async def _review_rules(self, namespace: str) -> None:
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        review, keep = _Rules((), complete=False), KEEP_UNKNOWN
        try:
            status = await self._post(_RULES, body)
            complete = not status.get("incomplete") and not status.get("evaluationError")
            review, keep = _Rules(tuple(map(_rule, status.get("resourceRules") or ())), complete), KEEP
        except K9Error as error:
            _LOG.info("rules review failed: %s", error)
        self._rules[namespace] = (review, self._clock.monotonic() + keep)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self._transport.request("POST", path, headers=_JSON, body=json.dumps(body).encode())
        try:
            status = json.loads(answer.body)["status"]
        except (ValueError, KeyError, TypeError) as error:
            raise RubbishError("the review has no status") from error
        if not isinstance(status, dict):
            raise RubbishError("the review's status is not an object")
        return status


def _question(verb: str, resource: ApiResource, namespace: str, name: str, subresource: str) -> Question:
    where = namespace if resource.namespaced else ""
    return Question(verb, resource.gvr.group, resource.gvr.resource, where, name, subresource)


def _rule(raw: dict[str, Any]) -> _Rule:
    return _Rule(
        verbs=frozenset(raw.get("verbs") or ()),
        groups=frozenset(raw.get("apiGroups") or ()),
        resources=frozenset(raw.get("resources") or ()),
        names=frozenset(raw.get("resourceNames") or ()),
    )
