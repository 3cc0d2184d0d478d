"""Versions so old that nobody remembers them: 410 for lists of the past and for pages."""

from __future__ import annotations

import base64
import json

from tests.contract.client import Answer, eventually
from tests.contract.objects import config_map
from tests.contract.space import Space, good

OLD = "1"
"""A version from before there was anything; both servers have forgotten it."""


async def test_a_list_of_a_past_nobody_remembers_is_410(space: Space) -> None:
    answer = await _expired(space, resourceVersion=OLD, resourceVersionMatch="Exact")
    assert answer.message == "The resourceVersion for the provided list is too old."


async def test_a_page_of_a_list_nobody_remembers_offers_the_rest_as_it_is_now(space: Space) -> None:
    for name in ("one", "two"):
        await space.create("configmaps", config_map(name))
    body = good(await space.api.get(space.path("configmaps"), limit="2"))
    answer = await _expired(space, limit="2", **{"continue": _aged(body["metadata"]["continue"])})
    assert "Continuing with the provided token results in an inconsistent list" in answer.message
    await space.create("configmaps", config_map("unseen"))
    token = answer.body["metadata"]["continue"]
    rest = good(await space.api.get(space.path("configmaps"), limit="5", **{"continue": token}))
    assert [item["metadata"]["name"] for item in rest["items"]] == ["two", "unseen"]
    assert int(rest["metadata"]["resourceVersion"]) > int(body["metadata"]["resourceVersion"])


async def _expired(space: Space, **query: str) -> Answer:
    """Ask until the answer is that the version is forgotten: a young cluster still remembers everything."""

    async def look() -> Answer | None:
        answer = await space.api.get(space.path("configmaps"), **query)
        return answer if answer.status == 410 else None

    answer: Answer = await eventually(look, "410")
    assert answer.reason == "Expired"
    return answer


def _aged(token: str) -> str:
    """Return a continue token as if it had been given in a version long ago."""
    content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    return base64.urlsafe_b64encode(json.dumps({**content, "rv": int(OLD)}).encode()).decode().rstrip("=")
