"""Everything on one form screen: the documents of one text, each with its form, that agree with each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import count, pairwise
from typing import Any

from k9py.core import yamldoc
from k9py.core.errors import K9Error, UsageError, YamlError
from k9py.manifests.bundles import Bundle, Option, bundle_of
from k9py.manifests.forms.following import followed
from k9py.manifests.forms.merging import merged
from k9py.manifests.forms.model import FormModel
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import Path, Problem
from k9py.manifests.rendering import render
from k9py.manifests.secretvalues import opened

Object = dict[str, Any]

_MARK = re.compile(r"^---(?=\s|$)", re.MULTILINE)
"""The beginning of a document: nowhere else in YAML may a line begin so."""
_BARE_MARK = re.compile(r"---[ \t]*\r?\n")
_ROLE = "\x00"
"""Stands for a bundle's name in what its objects are known by, so that a new name changes no role."""
STATES = 200
"""Texts whose options are remembered, so that undoing a change takes its option back as well."""


@dataclass(eq=False, slots=True)
class Part:
    """One document of the text."""

    key: int
    """Tells the part apart from others for as long as it is there."""
    lead: str
    """The ``---`` line before it, or nothing."""
    raw: str
    """Its text while it has no form."""
    model: FormModel | None = None
    trouble: str = ""
    """Why it has no form; empty when it has one or holds nothing."""
    role: str = ""
    """What it is in its bundle."""
    checked: tuple[str, list[Problem]] = ("", [])
    """The text that was checked last, and what was wrong with it."""

    @property
    def text(self) -> str:
        """Its text as it stands."""
        return self.lead + (self.model.text if self.model is not None else self.raw)

    @property
    def title(self) -> str:
        """``Deployment web``, as far as it is known."""
        if self.model is None:
            return "YAML"
        name = (self.model.value.get("metadata") or {}).get("name") or ""
        return f"{self.model.form.kind} {name}".rstrip()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, with its part and the field that caused it."""

    part: Part
    problem: Problem
    owner: str = ""
    """Id of the field; empty when no field of the form is about it."""
    line: int = 0
    """In the whole text, counted from 1; 0 when it is not known."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a bundle was told so far."""

    bundle: Bundle
    name: str
    namespace: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    def objects(self) -> dict[str, Object]:
        """Return the objects by their roles; raises UsageError for an option of the wrong type."""
        made = self.bundle.make(self.name, self.given, namespace=self.namespace, unfinished=True)
        naming = {option.id for option in self.bundle.options if option.names}
        known = {key: value for key, value in self.given.items() if key not in naming}
        roles = self.bundle.make(_ROLE, known, namespace=self.namespace, unfinished=True)
        return {f"{role['kind']} {role['metadata']['name']}": obj for role, obj in zip(roles, made, strict=True)}

    def kept(self) -> dict[str, Any]:
        """Return what has to be kept to go on with it later: all but the values of secrets."""
        secret = {option.id for option in self.bundle.options if option.is_secret}
        given = {key: value for key, value in self.given.items() if key not in secret}
        return {"bundle": self.bundle.id, "name": self.name, "namespace": self.namespace, "given": given}

    @classmethod
    def of_kept(cls, kept: Mapping[str, Any]) -> Recipe:
        """Return a recipe that was kept; raises UsageError for a bundle or an option there is not any more."""
        recipe = cls(bundle_of(str(kept["bundle"])), str(kept["name"]), str(kept["namespace"]), dict(kept["given"]))
        recipe.objects()
        return recipe

    def value(self, option: Option) -> Any:
        """Return what an option is at."""
        return self.given.get(option.id, option.usual(self.name))


class Sheet:
    """The documents of one text. The text is the truth; the forms read it and write it."""

    def __init__(self, kinds: Kinds, text: str, *, live: Object | None = None) -> None:
        """``live`` is the object being edited; without one everything here is new."""
        self.kinds = kinds
        self.live = live
        self.parts: list[Part] = []
        self.recipe: Recipe | None = None
        self._keys = count(1)
        self._recipes: dict[str, Recipe] = {}
        self._take(text)

    @classmethod
    def of_models(cls, kinds: Kinds, models: Iterable[FormModel]) -> Sheet:
        """Return a sheet of new objects."""
        return cls(kinds, "---\n".join(model.text for model in models))

    @classmethod
    def of_object(cls, kinds: Kinds, obj: Object) -> Sheet:
        """Return a sheet on an object that is there; raises UsageError for a kind without a schema."""
        return cls(kinds, FormModel.of_object(obj, kinds).text, live=obj)

    @classmethod
    def of_bundle(cls, kinds: Kinds, bundle: Bundle, name: str, *, namespace: str = "") -> Sheet:
        """Return a sheet of the objects of a bundle, to be told its options."""
        return cls.of_recipe(kinds, Recipe(bundle, name, namespace))

    @classmethod
    def of_recipe(cls, kinds: Kinds, recipe: Recipe) -> Sheet:
        """Return a sheet of the objects of a bundle that was told some of its options."""
        sheet = cls(kinds, "")
        sheet.parts = []
        sheet._remake(recipe)
        return sheet

    # the text

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(part.text for part in self.parts)

    @text.setter
    def text(self, text: str) -> None:
        """Take a text somebody edited; documents that are as they were keep their forms."""
        if text == self.text:
            return
        self._take(text)
        if self.recipe is not None:
            self.recipe = self._recipes.get(text, self.recipe)
            self._recall_roles()

    def _take(self, text: str) -> None:
        chunks = list(_chunks(text))
        old = [part.text for part in self.parts]
        parts: list[Part] = []
        matcher = SequenceMatcher(None, old, [lead + body for lead, body in chunks], autojunk=False)
        for tag, a, a_end, b, b_end in matcher.get_opcodes():
            if tag == "equal":
                parts += self.parts[a:a_end]
                continue
            for place in range(b, b_end):
                # A document that was edited in its place keeps its form; any other is a new one.
                known = self.parts[a + place - b] if a + place - b < a_end else None
                parts.append(self._part(*chunks[place], known))
        self.parts = parts

    def _part(self, lead: str, body: str, known: Part | None) -> Part:
        if known is not None and known.model is not None:
            model = known.model
            model.text = body
            kind = (str(model.value.get("apiVersion", "")), str(model.value.get("kind", "")))
            if model.broken is not None or kind == (model.form.api_version, model.form.kind):
                known.lead = lead
                return known
        part = Part(known.key if known is not None else next(self._keys), lead, body)
        try:
            part.model = FormModel.of_text(body, self.kinds, live=self.live is not None)
        except YamlError as error:
            part.trouble = str(error) if _says_something(body) else ""
        except K9Error as error:
            part.trouble = str(error)
        return part

    # what there is

    @property
    def models(self) -> list[FormModel]:
        """The forms, in the order of the text."""
        return [part.model for part in self.parts if part.model is not None]

    @property
    def objects(self) -> list[Object]:
        """The objects as they stand; those of a broken text as they were last."""
        return [model.value for model in self.models]

    @property
    def broken(self) -> YamlError | None:
        """Why some of the text cannot be read; None when all of it can."""
        for part in self.parts:
            if part.model is not None and part.model.broken is not None:
                return part.model.broken
            if part.trouble:
                return YamlError(part.trouble)
        return None

    def part_of(self, key: int) -> Part | None:
        """Return a part by its key."""
        return next((part for part in self.parts if part.key == key), None)

    def first_line(self, part: Part) -> int:
        """Return how many lines of the whole text stand before a part's own text, its ``---`` line included."""
        before = 0
        for other in self.parts:
            if other is part:
                break
            before += other.text.count("\n")
        return before + part.lead.count("\n")

    def lines(self, part: Part, path: Path) -> tuple[int, int] | None:
        """Return the first and last line of a field in the whole text, counted from 0; None when it is not there."""
        if part.model is None:
            return None
        span = part.model.span(path)
        if span is None:
            return None
        offset = self.first_line(part)
        return offset + span.line - 1, offset + span.last_line - 1

    def place_at(self, line: int, column: int) -> tuple[Part, Path] | None:
        """Return the part and the path at a place of the whole text, counted from 0; None in one without a form."""
        for part in self.parts:
            height = part.text.count("\n")
            if line < height or part is self.parts[-1]:
                if part.model is None:
                    return None
                return part, part.model.path_at(line - part.lead.count("\n") + 1, column + 1)
            line -= height
        return None

    # changes

    def begin_from(self, live: Object) -> None:
        """Take another state of the object as what is there; the text stays."""
        self.live = live
        for part in self.parts:
            part.checked = ("", [])

    def set(self, part: Part, id: str, raw: Any) -> None:
        """Set a field; see :meth:`FormModel.set`. What has to agree with it follows."""
        self._changing(part, lambda model: model.set(id, raw))

    def change(self, part: Part, act: Callable[[FormModel], Any]) -> Any:
        """Change a document by its form; what has to agree follows. Returns what ``act`` returns."""
        return self._changing(part, act)

    def _changing(self, part: Part, act: Callable[[FormModel], Any]) -> Any:
        model = part.model
        if model is None:
            raise UsageError("this document has no form", remedy="Change it as YAML")
        before = model.value
        result = act(model)
        after = model.value
        if self.live is None and after is not before:
            others = [one for one in self.models if one is not model and one.broken is None]
            own, changed = followed(before, after, [one.value for one in others])
            if own is not after:
                model.replace(own)
            for other, value in zip(others, changed, strict=True):
                if value is not other.value:
                    other.replace(value)
        self._remember()
        return result

    def add(self, model: FormModel, *, after: Part | None = None, role: str = "") -> Part:
        """Add a document behind another, or at the end."""
        part = Part(next(self._keys), "", "", model, role=role)
        place = self.parts.index(after) + 1 if after is not None else len(self.parts)
        self.parts.insert(place, part)
        self._mend_marks()
        return part

    def remove(self, part: Part) -> None:
        """Take a document out."""
        self.parts.remove(part)
        self._mend_marks()
        self._remember()

    def _mend_marks(self) -> None:
        """Put a mark between documents, and an end of line before each mark."""
        for place, part in enumerate(self.parts):
            if place == 0 and part.model is not None and part.lead.strip() == "---":
                part.lead = ""
            elif place and not part.lead:
                part.lead = "---\n"
            is_last = place == len(self.parts) - 1
            if not is_last and not part.text.endswith("\n"):
                if part.model is not None:
                    part.model.text += "\n"
                else:
                    part.raw += "\n"

    # bundles

    def set_option(self, id: str, raw: Any) -> None:
        """Tell the bundle something else; its objects follow, and keep what was changed in them otherwise.

        Raises UsageError for a value of the wrong type and YamlError while a text is broken.
        """
        recipe = self.recipe
        assert recipe is not None
        if id == "name":
            self._remake(replace(recipe, name=str(raw)))
        elif id == "namespace":
            self._remake(replace(recipe, namespace=str(raw)))
        else:
            given = {key: value for key, value in recipe.given.items() if key != id}
            option = next(option for option in recipe.bundle.options if option.id == id)
            if raw != "" or (isinstance(option.default, str) and not option.names):
                given[id] = raw
            self._remake(replace(recipe, given=given))

    def _remake(self, recipe: Recipe) -> None:
        made = recipe.objects()
        base = self.recipe.objects() if self.recipe is not None else {}
        broken = next((model.broken for model in self.models if model.broken is not None), None)
        if broken is not None:
            raise broken
        by_role = {part.role: part for part in self.parts if part.role}
        last: Part | None = None
        for role, obj in made.items():
            part = by_role.get(role)
            if part is not None and part.model is not None:
                part.model.replace(merged(base[role], obj, part.model.value))
                last = part
            elif role not in base:
                type_ = self.kinds.type_of(obj["apiVersion"], obj["kind"])
                last = self.add(FormModel.of_text(render(obj, type_), self.kinds), after=last, role=role)
        for role in base.keys() - made.keys():
            if role in by_role:
                self.parts.remove(by_role[role])
        self._mend_marks()
        self.recipe = recipe
        self._remember()

    def _remember(self) -> None:
        if self.recipe is not None:
            self._recipes[self.text] = self.recipe
            while len(self._recipes) > STATES:
                del self._recipes[next(iter(self._recipes))]

    def _recall_roles(self) -> None:
        """Give documents that came back with an older text the roles they have in the bundle."""
        assert self.recipe is not None
        known = {(obj["kind"], obj["metadata"]["name"]): role for role, obj in self.recipe.objects().items()}
        taken = {part.role for part in self.parts}
        for part in self.parts:
            if part.model is not None and not part.role:
                name = (part.model.value.get("metadata") or {}).get("name")
                role = known.get((part.model.form.kind, str(name)), "")
                part.role = role if role not in taken else ""

    # what is wrong

    def findings(self) -> list[Finding]:
        """Return what is wrong with the documents themselves, one object named twice included."""
        found: list[Finding] = []
        seen: set[tuple[str, str, str]] = set()
        for part in self.parts:
            if part.model is None:
                if part.trouble:
                    problem = Problem((), "Yaml", part.trouble)
                    found.append(Finding(part, problem, line=self.first_line(part) + 1))
                continue
            problems = self._problems(part, part.model)
            identity = _identity(part.model.value)
            if identity[2] and identity in seen:
                text = f'{identity[0]} "{identity[2]}" stands here twice'
                problems.append(Problem(("metadata", "name"), "AlreadyExists", text, "choose another name"))
            seen.add(identity)
            found += self.owned(part, problems)
        return found

    def _problems(self, part: Part, model: FormModel) -> list[Problem]:
        if part.checked[0] != model.text or model.broken is not None:
            part.checked = (model.text, model.problems(old=opened(self.live) if self.live else None))
        return list(part.checked[1])

    def owned(self, part: Part, problems: Iterable[Problem]) -> list[Finding]:
        """Return problems of a part with the fields that caused them."""
        listed = list(problems)
        if not listed or part.model is None:
            return []
        offset = self.first_line(part)
        entries = part.model.entries(advanced=True)
        found = []
        for problem in listed:
            owner = part.model.owner(problem, entries)
            line = problem.line or part.model.line_of(problem.path)
            found.append(Finding(part, problem, owner.id if owner is not None else "", offset + line if line else 0))
        return found


def _chunks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the documents of a text, each with the bare ``---`` line before it."""
    starts = [match.start() for match in _MARK.finditer(text)]
    bounds = [0, *(start for start in starts if start), len(text)]
    for start, end in pairwise(bounds):
        chunk = text[start:end]
        bare = _BARE_MARK.match(chunk)
        lead = bare.group() if bare is not None else ""
        if chunk or end == len(text):
            yield lead, chunk[len(lead) :]


def _says_something(body: str) -> bool:
    try:
        return bool(yamldoc.load_all(body))
    except YamlError:
        return True


def _identity(obj: Object) -> tuple[str, str, str]:
    metadata = obj.get("metadata")
    meta = metadata if isinstance(metadata, dict) else {}
    return str(obj.get("kind")), str(meta.get("namespace") or ""), str(meta.get("name") or "")
