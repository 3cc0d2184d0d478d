"""Opens forms from the browser: new objects and bundles, copies, live objects, and what is injected into what."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from k9py.changes.drafts import LEFT_OUT, Draft
from k9py.changes.fates import Fate
from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource
from k9py.manifests.bundles import BUNDLES, bundle_of
from k9py.manifests.forms.model import FormModel
from k9py.manifests.forms.registry import form_for
from k9py.manifests.forms.sheet import Recipe, Sheet
from k9py.manifests.kinds import Kinds
from k9py.manifests.rendering import render
from k9py.manifests.secretvalues import opened
from k9py.ui.editor.keeping import drafts_of, fates_of, told_of
from k9py.ui.forms.ending import FORM_KEY, fresh_key
from k9py.ui.forms.live import template_of
from k9py.ui.forms.screen import FormScreen
from k9py.ui.forms.waiting import Then, WaitScreen
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen
from k9py.ui.sources import CONTAINERS, CONTEXTS, KINDS, LOCAL_VIEWS

if TYPE_CHECKING:
    from k9py.kube.rows import Row
    from k9py.kube.session import Session
    from k9py.ui.app import K9App

_LOG = logging.getLogger(__name__)

Fetched = Callable[["Session", ApiResource, dict[str, Any]], Awaitable[Then]]
"""Makes something ready of an object that was fetched."""

BUNDLE_WORDS = ("bundle", "bundles")


class FormWork:
    """What is made and changed by form."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._number = 0

    # ------------------------------------------------------------------ what is asked for

    def new_here(self) -> None:
        """Make an object of the kind on show; on the list of kinds, of the one under the cursor."""
        browser = self._app.browser
        view, row = browser.view, browser.table.cursor_row
        if view.kind == KINDS:
            if row is None:
                raise UsageError("there is no kind to make one of")
            self.new(row.name)
        elif view.kind in (CONTAINERS, CONTEXTS):
            raise UsageError(f"{view.kind} are not made here", remedy=":new KIND makes an object of any kind")
        else:
            self.new(view.kind)

    def command(self, words: str) -> None:
        """Carry out ``:new``: a kind and a name, or a bundle and a name; without words they are offered."""
        if self._app.session is None:
            self._app.do_when_connected(lambda: self.command(words))
            return
        what, _, rest = words.strip().partition(" ")
        if what in BUNDLE_WORDS:
            bundle, _, name = rest.strip().partition(" ")
            if bundle:
                self.new_bundle(bundle, name.strip())
            else:
                self._offer_everything(bundles_only=True)
        elif what:
            self.new(what, rest.strip())
        else:
            self._offer_everything(bundles_only=False)

    def _offer_everything(self, *, bundles_only: bool) -> None:
        choices = [Choice(f"bundle {bundle.id}", f"bundle {bundle.id}", bundle.why) for bundle in BUNDLES.values()]
        if not bundles_only:
            choices += [
                Choice(resource.id, resource.kind, resource.id, search=" ".join(resource.short_names))
                for resource in self._session().discovery.resources
                if "create" in resource.verbs and "list" in resource.verbs
            ]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                self._app.attempt(lambda: self.command(ids[0]))

        self._app.push_screen(PickScreen(self._app.look, "Make what?", choices), picked)

    def new(self, word: str, name: str = "") -> None:
        """Open the form of a new object of a kind; raises UsageError for a kind the server has not."""
        session = self._session()
        resource = session.discovery.resolve(word)
        if "create" not in resource.verbs:
            raise UsageError(f"{resource.id} cannot be created", remedy="The cluster makes them itself")
        self._start(self._new(session, resource, name))

    async def _new(self, session: Session, resource: ApiResource, name: str) -> Then:
        kinds = await self._kinds(session, resource)
        namespace = self.namespace if resource.namespaced else ""
        model = FormModel.new(form_for(resource, kinds), kinds, name, namespace=namespace)
        left = self._left(name, lambda draft: draft.extra.get("title") == resource.kind and "recipe" not in draft.extra)
        return await self._or_draft(left, self._opener(Sheet.of_models(kinds, [model]), resource.kind))

    def _left(self, name: str, is_alike: Callable[[Draft], bool]) -> list[Draft]:
        """Return what was typed and not written of something new of this sort, of this name where one is given."""
        return [
            draft for draft in drafts_of(self._app).left(self._app.context_name)
            if draft.base is None and draft.key.startswith(FORM_KEY) and is_alike(draft)
            and (not name or draft.title.endswith(f" {name}"))
        ]  # fmt: skip

    async def _or_draft(self, found: Sequence[Draft], open_new: Then) -> Then:
        """Return what opens a new form, or asks first whether one that was left is gone on with."""
        fates = await fates_of(self._app, found) if found else []
        # What got through before the program ended is there: to make it once more is no use.
        left = [(draft, fate) for draft, fate in zip(found, fates, strict=True) if fate is not Fate.WRITTEN]
        if not left:
            return open_new
        choices = [Choice("", "Begin a new one", "what was typed stays in :drafts")]
        choices += [
            Choice(str(number), f"Go on with {draft.title}", told_of(self._app, draft, fate))
            for number, (draft, fate) in enumerate(left)
        ]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids == ("",):
                open_new()
            elif ids:
                self._app.attempt(lambda: self.resume(left[int(ids[0])][0]))

        title = "Something like it was typed and not written"
        return lambda: _pushed(self._app, PickScreen(self._app.look, title, choices), picked)

    def new_bundle(self, word: str, name: str = "") -> None:
        """Open the form of a bundle; raises UsageError for one there is not."""
        bundle = bundle_of(word)
        session = self._session()

        async def make() -> Then:
            kinds = await self._kinds(session)
            sheet = Sheet.of_bundle(kinds, bundle, name or bundle.id, namespace=self.namespace)
            left = self._left(name, lambda draft: (draft.extra.get("recipe") or {}).get("bundle") == bundle.id)
            return await self._or_draft(left, self._opener(sheet, bundle.why.partition(":")[0]))

        self._start(make())

    def copy_here(self) -> None:
        """Make another object like the one under the cursor."""
        self._of_row(self._copy)

    async def _copy(self, session: Session, resource: ApiResource, live: dict[str, Any]) -> Then:
        kinds = await self._kinds(session, resource)
        fresh = template_of(live)
        name = str((live.get("metadata") or {}).get("name") or "")
        fresh["metadata"] = {**fresh["metadata"], "name": name}
        model = FormModel.of_text(render(opened(fresh), kinds.type_of(resource.api_version, resource.kind)), kinds)
        # Renamed through the form, so that labels and selectors that follow the name do.
        model.set("name", f"{name}-copy")
        return self._opener(Sheet.of_models(kinds, [model]), f"{resource.kind} like {name}")

    def edit_here(self) -> None:
        """Open the object under the cursor as a form."""
        self._of_row(self._edit)

    async def _edit(self, session: Session, resource: ApiResource, live: dict[str, Any]) -> Then:
        kinds = await self._kinds(session, resource)
        meta = live.get("metadata") or {}
        place = f"{meta.get('namespace') or ''}/{meta.get('name')}".lstrip("/")
        key = f"{FORM_KEY}{resource.id}/{place}"
        drafts = drafts_of(self._app)
        draft = drafts.find(self._app.context_name, key)

        def open_form() -> FormScreen:
            return self._open(self._editing(kinds, resource, live, key))

        if draft is None:
            return open_form
        fate = (await fates_of(self._app, [draft]))[0]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids == ("on",) and draft is not None:
                self._app.attempt(lambda: self.resume(draft))
            elif ids == ("anew",) and draft is not None:
                drafts.drop(draft)
                open_form()

        choices = [Choice("on", "Go on with what was typed"),
                   Choice("anew", "Begin anew from the object as it is; what was typed is thrown away")]  # fmt: skip
        title = f"{resource.kind} {place}: {told_of(self._app, draft, fate)}"
        return lambda: _pushed(self._app, PickScreen(self._app.look, title, choices), picked)

    def _editing(self, kinds: Kinds, resource: ApiResource, live: dict[str, Any], key: str) -> FormScreen:
        meta = live.get("metadata") or {}
        title, namespace = f"{resource.kind} {meta.get('name')}", str(meta.get("namespace") or "")
        return FormScreen(Sheet.of_object(kinds, live), title=title, namespace=namespace, verb="edit", draft_key=key)

    def resume(self, draft: Draft) -> None:
        """Go on with a form that was not written."""
        draft = drafts_of(self._app).adopt(draft)
        self._start(self._resume(self._session(), draft))

    async def _resume(self, session: Session, draft: Draft) -> Then:
        kinds = await self._kinds(session)
        base: dict[str, Any] | None = None
        made: dict[str, Any] = {}
        if draft.base is None:
            title = str(draft.extra.get("title") or draft.title.partition(" ")[2])
            sheet = _sheet_of(draft, kinds)
            made = _made_secret(sheet)
            screen = FormScreen(sheet, title=title, namespace=self.namespace, draft_key=draft.key)
        else:
            meta = draft.base.get("metadata") or {}
            resource = session.discovery.resolve(draft.key.removeprefix(FORM_KEY).partition("/")[0])
            base = draft.base
            if resource.id == "secrets":
                # Values are never kept: those of today stand for what they were.
                now = await session.get(resource, str(meta.get("namespace") or ""), str(meta.get("name")))
                base = {**base, "data": now.get("data") or {}}
            screen = self._editing(kinds, resource, base, draft.key)
        screen.start_with(unmasked(draft.text, kinds, base, made=made), draft.extra)

        def show() -> FormScreen:
            if draft.left_out:
                said = "Values of secrets that were typed are not kept; type them again"
                self._app.call_later(self._app.flash_text, said)
            return self._open(screen)

        return show

    def _opener(self, sheet: Sheet, title: str) -> Then:
        """Return what opens the form of something new."""
        self._number += 1
        screen = FormScreen(sheet, title=title, namespace=self.namespace, draft_key=fresh_key(self._number))
        return lambda: self._open(screen)

    def inject_here(self) -> None:
        """Hand the ConfigMap or Secret under the cursor to a workload."""
        from k9py.ui.forms.injecting import Injecting  # deferred: a few questions, asked by a key

        async def ask(_session: Session, resource: ApiResource, live: dict[str, Any]) -> Then:
            return await Injecting(self._app, resource, live).begin()

        self._of_row(ask)

    # ------------------------------------------------------------------ what it takes

    @property
    def namespace(self) -> str:
        """Where new objects go: the one namespace on show, else that of the context."""
        session = self._session()
        return self._app.browser.view.scope.single or self._app.scope.single or session.namespace

    def _session(self) -> Session:
        return self._app.rooms.session

    def _of_row(self, act: Fetched) -> None:
        browser = self._app.browser
        resource, row = browser.looking.resource, browser.table.cursor_row
        if resource is None or row is None or browser.view.kind in LOCAL_VIEWS:
            raise UsageError("there is no object to do that with")
        self._start(self._fetched(act, resource, row))

    async def _fetched(self, act: Fetched, resource: ApiResource, row: Row) -> Then:
        session = self._session()
        live = await session.get(resource, row.namespace, row.name)
        live.setdefault("apiVersion", resource.api_version)
        live.setdefault("kind", resource.kind)
        return await act(session, resource, live)

    async def _kinds(self, session: Session, resource: ApiResource | None = None) -> Kinds:
        """Return the kinds, that of ``resource`` among them as far as the server tells its fields."""
        desk = self._app.rooms.desk  # made here: a thread has no loop
        kinds: Kinds = await asyncio.to_thread(lambda: desk.kinds)
        if resource is not None and kinds.type_of(resource.api_version, resource.kind) is None:
            await kinds.learn(lambda path: _body(session, path), resource)
        return kinds

    def _start(self, work: Coroutine[Any, Any, Then]) -> None:
        """Do what it takes to open something, then open it; what is typed meanwhile is typed there."""
        app = self._app
        waiting = WaitScreen(app.look, lambda: _given_up(task))
        app.push_screen(waiting)

        async def run() -> None:
            try:
                waiting.hand_over(await work)
            except BaseException:
                waiting.dismiss()
                raise

        task = app.start_loudly(run(), name="form")

    def _open(self, screen: FormScreen) -> FormScreen:
        self._app.push_screen(screen)
        return screen


def _given_up(task: asyncio.Task[None]) -> None:
    task.cancel()


def _pushed(app: K9App, screen: PickScreen, picked: Callable[[tuple[str, ...] | None], None]) -> PickScreen:
    app.push_screen(screen, picked)
    return screen


def _sheet_of(draft: Draft, kinds: Kinds) -> Sheet:
    """Return the sheet of something new that was kept, told the options of its bundle again."""
    kept = draft.extra.get("recipe")
    if kept:
        try:
            return Sheet.of_recipe(kinds, Recipe.of_kept(kept))
        except (UsageError, KeyError) as error:
            _LOG.warning("the options of a kept bundle are lost: %s", error)
    return Sheet(kinds, draft.text)


def _made_secret(sheet: Sheet) -> dict[str, Any]:
    """Return the Secret a bundle makes by itself: what in it is no password was never typed."""
    made = sheet.recipe.objects().values() if sheet.recipe is not None else ()
    return next((obj for obj in made if obj["kind"] == "Secret"), {})


def unmasked(text: str, kinds: Kinds, base: dict[str, Any] | None, *, made: Mapping[str, Any] | None = None) -> str:
    """Return the text of a draft with the values of Secrets as they were, and empty where there was none.

    ``made`` is the Secret that a bundle makes.
    """
    sheet = Sheet(kinds, text, live=base)
    raw = dict(base or made or {})
    known = {"data": raw.get("data"), "stringData": opened(raw).get("stringData")}
    for model in sheet.models:
        if model.form.kind != "Secret" or model.broken is not None:
            continue
        value = dict(model.value)
        for field in ("data", "stringData"):
            held, before = value.get(field), known[field] or {}
            if isinstance(held, dict):
                value[field] = {key: before.get(key, "") if one == LEFT_OUT else one for key, one in held.items()}
        model.replace(value)
    return sheet.text


async def _body(session: Session, path: str) -> bytes:
    plain, _, query = path.partition("?")
    pairs = [(key, value) for key, _, value in (part.partition("=") for part in query.split("&") if part)]
    answer = await session.transport.request("GET", plain, query=pairs)
    return answer.body
