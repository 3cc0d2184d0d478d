"""Hands a ConfigMap or Secret to a workload: which one, as what, which keys, where; then the change is reviewed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from k9py.changes import edits
from k9py.core import naming
from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource
from k9py.kube import verbs
from k9py.manifests.crosschecks import WORKLOADS
from k9py.manifests.forms.following import POD_SPECS
from k9py.manifests.forms.paths import get
from k9py.resources.structs import plural
from k9py.ui.changing.askline import AskScreen
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.ui.app import K9App

Object = dict[str, Any]

WAYS = (
    ("env", "every key as a variable", "envFrom: a restart takes new keys"),
    ("keys", "single keys as variables", "each under the name you like"),
    ("mount", "a directory with each key as a file", "changes reach the files while it runs"),
    ("file", "one key as a file", "beside what is in the directory already"),
)
"""How values get into a container: id, name, and what follows from it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was answered so far."""

    workload: Object
    way: str = ""
    containers: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    path: str = ""


class Injecting:
    """Asks one question after the other."""

    def __init__(self, app: K9App, resource: ApiResource, source: Object) -> None:
        self._app = app
        self._kind: Literal["ConfigMap", "Secret"] = "Secret" if resource.kind == "Secret" else "ConfigMap"
        self._name = str(source["metadata"]["name"])
        self._namespace = str(source["metadata"].get("namespace") or "")
        self._keys = [*(source.get("data") or {}), *(source.get("binaryData") or {})]

    async def begin(self) -> Callable[[], PickScreen]:
        """Return what offers the workloads of its namespace. Raises UsageError when there is none."""
        found = await self._workloads()
        if not found:
            raise UsageError(f"there is no workload in {self._namespace}", remedy="Make one first: :new deployment")
        choices = [
            Choice(key, key, plural(len(get(obj, (*POD_SPECS[obj["kind"]], "containers")) or ()), "container"))
            for key, obj in found.items()
        ]
        title = f"Hand {self._kind} {self._name} to"
        return lambda: self._pick(title, choices, lambda ids: self._ask_way(_Plan(found[ids[0]])))

    async def _workloads(self) -> dict[str, Object]:
        session = self._app.session
        found: dict[str, Object] = {}
        for kind, kind_id in WORKLOADS.items():
            if kind in ("ReplicaSet", "Job") or session is None:
                continue  # a ReplicaSet's template is its Deployment's, and a Job's cannot change
            resource = session.discovery.resolve(kind_id)
            async for page in verbs.list_pages(session.transport, resource, self._namespace):
                for obj in page.get("items") or ():
                    obj = {"apiVersion": resource.api_version, "kind": kind, **obj}
                    found[f"{resource.singular}/{obj['metadata']['name']}"] = obj
        return dict(sorted(found.items()))

    def _pick(
        self,
        title: str,
        choices: list[Choice],
        go_on: Callable[[tuple[str, ...]], None],
        *,
        marked: tuple[str, ...] | None = None,
    ) -> PickScreen:
        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                self._app.attempt(lambda: go_on(ids))

        look = self._app.look
        picker = PickScreen(look, title, choices, several=marked is not None, marked=marked or ())
        self._app.push_screen(picker, picked)
        return picker

    # ------------------------------------------------------------------ questions

    def _ask_way(self, plan: _Plan) -> None:
        choices = [Choice(way, name, why) for way, name, why in WAYS]
        self._pick("How?", choices, lambda ids: self._ask_containers(replace(plan, way=ids[0])))

    def _ask_containers(self, plan: _Plan) -> None:
        found = get(plan.workload, (*POD_SPECS[plan.workload["kind"]], "containers")) or ()
        names = [str(container["name"]) for container in found]
        if len(names) < 2:
            self._ask_keys(plan)
            return
        choices = [Choice(name, name) for name in names]
        self._pick("Into which containers?", choices, lambda ids: self._ask_keys(replace(plan, containers=ids)),
                   marked=tuple(names))  # fmt: skip

    def _ask_keys(self, plan: _Plan) -> None:
        if plan.way == "env":
            self._review(plan)
        elif plan.way == "mount":
            self._ask_path(plan)
        elif not self._keys:
            raise UsageError(f"{self._kind} {self._name} has no keys", remedy="Add one to it first")
        elif plan.way == "file":
            choices = [Choice(key, key) for key in self._keys]
            self._pick("Which key?", choices, lambda ids: self._ask_path(replace(plan, keys=((ids[0], ""),))))
        else:
            choices = [Choice(key, key, edits.variable_name(key)) for key in self._keys]
            self._pick("Which keys? tab marks several", choices, lambda ids: self._ask_variable(plan, list(ids)),
                       marked=())  # fmt: skip

    def _ask_variable(self, plan: _Plan, left: list[str]) -> None:
        """Ask for the name of one variable after the other."""
        if not left:
            self._review(plan)
            return

        def typed(name: str | None) -> None:
            if name is not None:
                self._ask_variable(replace(plan, keys=(*plan.keys, (left[0], name))), left[1:])

        self._app.push_screen(
            AskScreen(self._app.look, f"Variable for the key {left[0]}", edits.variable_name(left[0]),
                      check=_variable_wrong, hopeless=naming.env_name, replace=True), typed,
        )  # fmt: skip

    def _ask_path(self, plan: _Plan) -> None:
        key = plan.keys[0][0] if plan.keys else ""
        title = f"Path of the file with {key}" if key else "Directory for the files"

        def typed(path: str | None) -> None:
            if path is not None:
                self._review(replace(plan, path=path))

        self._app.push_screen(
            AskScreen(self._app.look, title, f"/etc/{self._name}{f'/{key}' if key else ''}", check=_path_wrong,
                      hopeless=_path_hopeless, replace=True), typed,
        )  # fmt: skip

    # ------------------------------------------------------------------ the change

    def _review(self, plan: _Plan) -> None:
        what = edits.Injection(
            self._kind, self._name, env=plan.way == "env", keys=plan.keys if plan.way == "keys" else (),
            mount=plan.path, file=plan.keys[0][0] if plan.way == "file" else "", containers=plan.containers,
        )  # fmt: skip
        workload = f"{plan.workload['kind']} {plan.workload['metadata']['name']}"
        self._app.attempt(lambda: self._app.rooms.desk.review(
            [edits.inject(plan.workload, what, self._keys)], title=f"{self._kind} {self._name} into {workload}"
        ))  # fmt: skip


def _variable_wrong(text: str) -> str:
    return naming.env_name(text) if text else "it needs a name"


def _path_wrong(text: str) -> str:
    if not text.startswith("/"):
        return "begin it with /"
    return "the whole file system cannot be replaced" if text.strip("/") == "" else _path_hopeless(text)


def _path_hopeless(text: str) -> str:
    return "a path has no :" if ":" in text else ""
