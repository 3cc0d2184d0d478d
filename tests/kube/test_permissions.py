from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, LinkError, Unreachable
from k9py.core.tasks import TaskSet
from k9py.kube.permissions import Permissions, Verdict
from tests.kube.fakes import NODES, PODS, Answer, Asked, FakeTransport, settle

RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def rule(verbs: list[str], resources: list[str], *names: str, groups: tuple[str, ...] = ("",)) -> dict[str, Any]:
    return {"verbs": verbs, "apiGroups": list(groups), "resources": resources, "resourceNames": list(names)}


class Reviewer:
    """Answers reviews: the rules given, and access by a table of verbs."""

    def __init__(self, *rules: dict[str, Any], incomplete: bool = False, error: str = "") -> None:
        self.rules: dict[str, Any] | BaseException = {
            "resourceRules": list(rules),
            "incomplete": incomplete,
            "evaluationError": error,
        }
        self.access: dict[str, dict[str, Any] | BaseException] = {}
        self.transport = FakeTransport(handler=self._answer)
        self.clock = ManualClock()
        self.permissions = Permissions(self.transport, self.clock, TaskSet())

    def asked(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(each.body or b"")["spec"] for each in self.transport.asked if each.path == path]

    def _answer(self, asked: Asked) -> Answer:
        spec = json.loads(asked.body or b"")["spec"]
        status = self.rules
        if asked.path == ACCESS:
            status = self.access.get(spec["resourceAttributes"]["verb"], {"allowed": False})
        return status if isinstance(status, BaseException) else json.dumps({"status": status}).encode()


async def test_what_the_rules_of_a_namespace_allow_is_known_after_one_review() -> None:
    reviewer = Reviewer(rule(["get", "list"], ["pods", "pods/log"]), rule(["*"], ["*"], groups=("apps",)))
    allowed = reviewer.permissions.allowed
    assert await allowed("list", PODS, "shop") is Verdict.YES
    assert await allowed("get", PODS, "shop", subresource="log") is Verdict.YES
    assert await allowed("delete", PODS, "shop") is Verdict.NO
    assert await allowed("create", PODS, "shop", subresource="exec") is Verdict.NO
    assert reviewer.asked(RULES) == [{"namespace": "shop"}]
    assert reviewer.asked(ACCESS) == []


async def test_an_incomplete_rules_review_asks_per_verb_and_believes_that() -> None:
    reviewer = Reviewer(rule(["list"], ["pods"]), incomplete=True)
    reviewer.access["delete"] = {"allowed": True}
    assert await reviewer.permissions.allowed("delete", PODS, "shop", "a") is Verdict.YES
    assert await reviewer.permissions.allowed("patch", PODS, "shop") is Verdict.NO
    assert reviewer.asked(ACCESS)[0] == {
        "resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": "shop", "name": "a"}
    }


@pytest.mark.parametrize(
    "answer",
    [
        {"allowed": False, "evaluationError": "webhook timed out"},
        Unreachable("refused"),
        ApiError.of(500, "boom"),
        ApiError.of(403, "reviews are forbidden"),
    ],
)
async def test_a_review_that_fails_is_unknown_and_never_no(answer: dict[str, Any] | BaseException) -> None:
    reviewer = Reviewer(error="rbac is half loaded")
    reviewer.access["delete"] = answer
    assert await reviewer.permissions.allowed("delete", PODS, "shop") is Verdict.UNKNOWN
    assert reviewer.permissions.known("delete", PODS, "shop") is Verdict.UNKNOWN


async def test_a_rules_review_that_fails_leaves_the_question_to_the_access_review() -> None:
    reviewer = Reviewer()
    reviewer.rules = ApiError.of(403, "no")
    reviewer.access["list"] = {"allowed": True}
    assert await reviewer.permissions.allowed("list", PODS, "shop") is Verdict.YES


async def test_rules_of_a_namespace_say_nothing_about_all_namespaces_or_the_cluster() -> None:
    reviewer = Reviewer(rule(["*"], ["*"], groups=("*",)))
    assert await reviewer.permissions.allowed("list", PODS) is Verdict.NO
    assert await reviewer.permissions.allowed("list", NODES, "shop") is Verdict.NO
    assert reviewer.asked(RULES) == []


async def test_a_rule_for_named_objects_covers_those_only() -> None:
    reviewer = Reviewer(rule(["get"], ["pods"], "mine"), incomplete=True)
    assert await reviewer.permissions.allowed("get", PODS, "shop", "mine") is Verdict.YES
    assert await reviewer.permissions.allowed("get", PODS, "shop", "other") is Verdict.NO
    assert len(reviewer.asked(ACCESS)) == 1


async def test_a_rule_for_a_subresource_of_every_kind_counts() -> None:
    reviewer = Reviewer(rule(["update"], ["*/scale"]))
    assert await reviewer.permissions.allowed("update", PODS, "shop", subresource="scale") is Verdict.YES
    assert await reviewer.permissions.allowed("update", PODS, "shop") is Verdict.NO


async def test_the_same_question_is_asked_once_at_a_time_and_remembered_for_five_minutes() -> None:
    reviewer = Reviewer(incomplete=True)
    reviewer.access["list"] = {"allowed": True}
    verdicts = await asyncio.gather(*(reviewer.permissions.allowed("list", PODS) for _ in range(5)))
    assert verdicts == [Verdict.YES] * 5
    await reviewer.clock.advance(299)
    assert reviewer.permissions.known("list", PODS) is Verdict.YES
    await reviewer.permissions.allowed("list", PODS)
    assert len(reviewer.asked(ACCESS)) == 1
    await reviewer.clock.advance(2)
    await reviewer.permissions.allowed("list", PODS)
    assert len(reviewer.asked(ACCESS)) == 2


async def test_rules_are_asked_again_once_they_are_old() -> None:
    reviewer = Reviewer(rule(["list"], ["pods"]))
    await reviewer.permissions.allowed("list", PODS, "shop")
    await reviewer.clock.advance(301)
    assert await reviewer.permissions.allowed("list", PODS, "shop") is Verdict.YES
    assert len(reviewer.asked(RULES)) == 2
    assert reviewer.asked(ACCESS) == []


async def test_a_failed_review_is_repeated_after_a_short_while_only() -> None:
    reviewer = Reviewer(incomplete=True)
    reviewer.access["list"] = Unreachable("refused")
    for _ in range(3):
        await reviewer.permissions.allowed("list", PODS)
    assert len(reviewer.asked(ACCESS)) == 1
    await reviewer.clock.advance(16)
    reviewer.access["list"] = {"allowed": True}
    assert await reviewer.permissions.allowed("list", PODS) is Verdict.YES


async def test_a_caller_that_gives_up_does_not_end_the_review_for_others() -> None:
    reviewer = Reviewer(incomplete=True)
    reviewer.transport = FakeTransport()
    permissions = Permissions(reviewer.transport, reviewer.clock, TaskSet())
    hasty = asyncio.create_task(permissions.allowed("list", PODS))
    patient = asyncio.create_task(permissions.allowed("list", PODS))
    await settle(reviewer.clock)
    hasty.cancel()
    await settle(reviewer.clock)
    assert not patient.done()
    assert len(reviewer.transport.asked) == 1
    patient.cancel()


async def test_another_user_is_asked_about_anew() -> None:
    reviewer = Reviewer(rule(["list"], ["pods"]))
    await reviewer.permissions.allowed("list", PODS, "shop")
    reviewer.permissions.forget()
    assert reviewer.permissions.known("list", PODS, "shop") is Verdict.UNKNOWN


async def test_a_question_that_comes_after_the_session_was_closed_is_refused_like_every_request() -> None:
    reviewer = Reviewer()
    tasks = TaskSet()
    permissions = Permissions(reviewer.transport, reviewer.clock, tasks)
    await tasks.close()
    with pytest.raises(LinkError):
        await permissions.prefetch(["shop"])
    with pytest.raises(LinkError):
        await permissions.allowed("list", PODS)
