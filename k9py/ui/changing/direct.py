"""Changes of one key on rows of a table: delete, scale, restart, set image. Each becomes a wish and is reviewed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from k9py.changes import edits
from k9py.core import naming
from k9py.core.refs import ApiResource
from k9py.kube.rows import Row
from k9py.resources.action import Named
from k9py.ui.changing.askline import AskScreen
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.ui.changing.desk import ChangeDesk, Done

REPLICA_LIMIT = 2**31 - 1
"""The server's integers end here."""
Object = dict[str, Any]


class DirectChanges:
    """What the keys of a table change."""

    def __init__(self, desk: ChangeDesk) -> None:
        self._desk = desk

    # ------------------------------------------------------------------ delete

    def delete(self, resource: ApiResource, rows: Sequence[Row]) -> None:
        """Review the deletion of these very objects: others under the same names are spared."""
        wishes = [edits.delete(_named(resource, row), uid=row.uid) for row in rows]
        self._desk.review(wishes, title=f"delete {_what(resource, rows)}", ask=True)

    # ------------------------------------------------------------------ scale, restart

    def scale(self, resource: ApiResource, rows: Sequence[Row]) -> None:
        """Ask for the number of replicas, then review it."""
        self._desk.app.start_loudly(self._scale(resource, rows), name="scale")

    async def _scale(self, resource: ApiResource, rows: Sequence[Row]) -> None:
        objects = await self._read(resource, rows)
        counts = {_replicas(obj) for obj in objects}
        now = str(counts.pop()) if len(counts) == 1 else ""
        hint = f"now {now}" if now else "they differ now"

        def typed(text: str | None) -> None:
            if text is None:
                return
            wishes = [edits.scale(obj, int(text)) for obj in objects]
            self._desk.app.attempt(
                lambda: self._desk.review(wishes, title=f"scale {_what(resource, rows)} to {text}", ask=True)
            )

        self._desk.app.push_screen(
            AskScreen(
                self._desk.app.look, f"Replicas of {_what(resource, rows)}", now, check=replicas_wrong,
                hopeless=replicas_hopeless, hint=hint, replace=True,
            ),
            typed,
        )  # fmt: skip

    def restart(self, resource: ApiResource, rows: Sequence[Row]) -> None:
        """Review new pods, one after the other."""
        self._desk.app.start_loudly(self._restart(resource, rows), name="restart")

    async def _restart(self, resource: ApiResource, rows: Sequence[Row]) -> None:
        objects = await self._read(resource, rows)
        now = self._desk.app.now()
        wishes = [edits.restart(obj, now) for obj in objects]
        self._desk.review(wishes, title=f"restart {_what(resource, rows)}", ask=True)

    # ------------------------------------------------------------------ image

    def image(
        self, resource: ApiResource, row: Named, *, container: str = "", offer: str = "", done: Done | None = None
    ) -> None:
        """Choose a container where there are several, ask for its image, then review it.

        ``offer`` is the image the line starts with instead of the one it has, ``done`` as for the desk's review.
        """
        self._desk.app.start_loudly(self._image(resource, row, container, offer, done), name="set image")

    async def _image(self, resource: ApiResource, row: Named, container: str, offer: str, done: Done | None) -> None:
        obj = (await self._read(resource, [row]))[0]
        images = edits.images_of(obj)
        earlier = await asyncio.to_thread(self._images_before, resource, row)

        def ask(name: str) -> None:
            self._ask_image(resource, row, obj, name, offer=offer, earlier=earlier.get(name, ()), done=done)

        if container in images or len(images) == 1:
            ask(container if container in images else next(iter(images)))
            return

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                ask(ids[0])

        choices = [Choice(name, name, image) for name, image in images.items()]
        title = f"Image of which container of {_what(resource, [row])}?"
        self._desk.app.push_screen(PickScreen(self._desk.app.look, title, choices), picked)

    def _ask_image(
        self,
        resource: ApiResource,
        row: Named,
        obj: Object,
        container: str,
        *,
        offer: str,
        earlier: Sequence[str],
        done: Done | None,
    ) -> None:
        now = edits.images_of(obj)[container]

        def typed(text: str | None) -> None:
            if text is None:
                return
            self._desk.app.attempt(
                lambda: self._desk.review(
                    [edits.set_image(obj, {container: text})],
                    title=f"set image of {_what(resource, [row])}",
                    done=done,
                    ask=True,
                )
            )

        self._desk.app.push_screen(
            AskScreen(
                self._desk.app.look, f"Image of {container} in {_what(resource, [row])}", offer or now,
                check=image_wrong, hopeless=image_hopeless, earlier=[now, *earlier], hint=f"now {now}" if offer else "",
            ),
            typed,
        )  # fmt: skip

    def _images_before(self, resource: ApiResource, row: Named) -> dict[str, list[str]]:
        """Return the images each container had before, newest first, as far as the journal knows."""
        images: dict[str, list[str]] = {}
        for entry in reversed(self._desk.journal.about(resource.kind, row.namespace, row.name)):
            for state in (entry.after, entry.before):
                for container, image in (edits.images_of(state) if state is not None else {}).items():
                    known = images.setdefault(container, [])
                    if image not in known:
                        known.append(image)
        return images

    # ------------------------------------------------------------------ reading

    async def _read(self, resource: ApiResource, rows: Sequence[Named]) -> list[Object]:
        session = self._desk.session
        return [await session.get(resource, row.namespace, row.name) for row in rows]


def _named(resource: ApiResource, row: Named) -> Object:
    metadata = {"name": row.name} | ({"namespace": row.namespace} if row.namespace else {})
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}


def _what(resource: ApiResource, rows: Sequence[Named]) -> str:
    word = resource.singular or resource.kind.lower()
    return f"{word} {rows[0].name}" if len(rows) == 1 else f"{len(rows)} {resource.gvr.resource}"


def _replicas(obj: Object) -> int:
    replicas = (obj.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def replicas_hopeless(text: str) -> str:
    """Return what is wrong with a number of replicas whatever follows."""
    if text and not (text.isascii() and text.isdigit()):
        return "a whole number, 0 or more"
    return f"at most {REPLICA_LIMIT}" if text and int(text) > REPLICA_LIMIT else ""


def replicas_wrong(text: str) -> str:
    """Return what is wrong with a number of replicas."""
    return replicas_hopeless(text) or ("" if text else "a whole number, 0 or more")


def image_hopeless(text: str) -> str:
    """Return what is wrong with an image whatever follows: a sign that no image has."""
    wrong = sorted({char for char in text if char.isspace() or char in "\\\"'`$!#%&*()=+,;<>?|{}~^"})
    if wrong:
        named = "blank" if wrong[0].isspace() else wrong[0]
        return f"an image has no {named} in it"
    return ""


def image_wrong(text: str) -> str:
    """Return what is wrong with an image."""
    if not text:
        return "an image such as nginx:1.29"
    return image_hopeless(text) or naming.image(text)
