"""Reading several small lists at once: what stands around an object when it is described."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

from k9py.core.errors import K9Error
from k9py.core.refs import ApiResource
from k9py.kube.session import Session

GATHERED = 500
"""Objects read of each list: more than a description shows."""


class Wish(Protocol):
    """One list somebody wants, such as ``resources.describe.Wanted``."""

    @property
    def resource(self) -> str:
        """Kind id."""

    @property
    def namespace(self) -> str:
        """Empty for all namespaces."""

    @property
    def label_selector(self) -> str:
        """Empty for any labels."""

    @property
    def field_selector(self) -> str:
        """Empty for any fields."""


async def gather_lists(session: Session, wishes: Iterable[Wish]) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Return the objects by kind id, and why some lists are missing; what is missing is left out, never guessed."""
    wanted = list(wishes)
    results = await asyncio.gather(*(_read(session, wish) for wish in wanted), return_exceptions=True)
    found: dict[str, list[dict[str, Any]]] = {}
    missing: list[str] = []
    for wish, result in zip(wanted, results, strict=True):
        if isinstance(result, K9Error):
            missing.append(f"{wish.resource} not read: {result}")
        elif isinstance(result, BaseException):
            raise result
        else:
            found[wish.resource] = result
    return found, missing


async def _read(session: Session, wish: Wish) -> list[dict[str, Any]]:
    resource: ApiResource = session.discovery.resolve(wish.resource)
    pages = session.list_raw(
        resource,
        wish.namespace if resource.namespaced else "",
        label_selector=wish.label_selector,
        field_selector=wish.field_selector,
    )
    items: list[dict[str, Any]] = []
    async for page in pages:
        items += page.get("items") or ()
        if len(items) >= GATHERED:
            break
    return items
