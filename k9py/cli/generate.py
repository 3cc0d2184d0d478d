"""Make a manifest from a few values, or a bundle of manifests that agree."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k9py.core.errors import UsageError

if TYPE_CHECKING:
    from k9py.manifests.forms.fields import Form, Item
    from k9py.manifests.forms.model import FormModel

EXAMPLES = """
k9py generate deployment web --set image=nginx:1.29 --set labels.app=shop --set replicas=3
k9py generate service web --set app=shop --set port=80 --set targetPort=8080
k9py generate configmap settings --set data.level=info -o json
k9py generate deployment --explain
k9py generate bundle web shop --set image=nginx:1.29 --set host=shop.example --set hpa=yes
k9py generate bundle
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("words", nargs="+", metavar="KIND [NAME] | bundle NAME [NAME]", help="what, and its name")
    parser.add_argument(
        "--set", dest="sets", metavar="FIELD=VALUE", action="append", default=[],
        help="a field's value: a short name, or a path such as spec.replicas; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "-f", "--values", metavar="FILE", action="append", default=[],
        help="YAML with fields and values; - for standard input",
    )  # fmt: skip
    parser.add_argument("--preset", metavar="NAME", default="", help="begin with a preset of the form")
    parser.add_argument("-n", "--namespace", metavar="NS", default="", help="namespace to write into it")
    parser.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="yaml (default) or json")
    parser.add_argument("--explain", action="store_true", help="list the fields that can be set")


def run(options: argparse.Namespace) -> int:
    """Print the manifest; 1 when it would be refused, and then nothing is printed on standard output."""
    given = _given(options)
    if options.words[0] in ("bundle", "bundles"):
        return _bundle(options, given)
    if len(options.words) > 2:
        raise UsageError(f"one word too many: {options.words[2]!r}", remedy="Values are given with --set FIELD=VALUE")
    from k9py.manifests.forms.model import FormModel  # deferred: reads the schemas
    from k9py.manifests.forms.registry import form_for
    from k9py.manifests.kinds import bundled
    from k9py.manifests.rendering import render_json

    kinds = bundled()
    form = form_for(kinds.resolve(options.words[0]), kinds)
    if options.explain:
        _explain(form)
        return 0
    name = options.words[1] if len(options.words) > 1 else str(given.pop("name", ""))
    if not name:
        raise UsageError(f"what is the {form.kind} called?", remedy=f"k9py generate {options.words[0]} NAME")
    model = FormModel.new(form, kinds, name, namespace=options.namespace, preset=options.preset)
    model.apply(given)
    refused = [_told(model, problem) for problem in model.problems() if problem.is_error]
    for line in refused:
        print(f"error: {line}", file=sys.stderr)
    if refused:
        return 1
    print(model.text if options.output == "yaml" else render_json([model.value]), end="")
    return 0


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return fields and values, files first, so that a flag wins; raises UsageError."""
    from k9py.core import yamldoc

    given: dict[str, Any] = {}
    for name in options.values:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from error
        values = yamldoc.load(text)
        if not isinstance(values, dict):
            raise UsageError(f"{name} holds no fields", remedy="Write FIELD: VALUE on each line")
        given.update(_flat(values))
    for pair in options.sets:
        field, equals, value = pair.partition("=")
        if not equals or not field:
            raise UsageError(f"{pair!r} is no FIELD=VALUE", remedy="Write it like --set image=nginx:1.29")
        given[field] = value
    return given


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested maps and lists of maps as one map of paths."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, dict) and value:
            flat.update(_flat(value, path))
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for index, item in enumerate(value):
                flat.update(_flat(item, f"{path}[{index}]"))
        else:
            flat[path] = value
    return flat


def _told(model: FormModel, problem: Any) -> str:
    """Return a problem by the name of the field it was set with."""
    owner = model.owner(problem)
    hint = f" ({problem.hint})" if problem.hint else ""
    if owner is None:
        return f"{problem.field}: {problem.text}{hint}"
    short = owner.id.rpartition(".")[2] or owner.id
    return f"{short} ({problem.field}): {problem.text}{hint}"


def _bundle(options: argparse.Namespace, given: dict[str, Any]) -> int:
    from k9py.core import yamldoc
    from k9py.manifests.bundles import BUNDLES, bundle_of
    from k9py.manifests.kinds import bundled
    from k9py.manifests.rendering import arranged, render_json
    from k9py.manifests.validation import validate_object

    if len(options.words) == 1:
        for bundle in BUNDLES.values():
            print(f"{bundle.id:<10} {bundle.why}")
        return 0
    if len(options.words) > 3:
        raise UsageError(f"one word too many: {options.words[3]!r}", remedy="Values are given with --set FIELD=VALUE")
    bundle = bundle_of(options.words[1])
    if options.explain:
        width = max(len(option.id) for option in bundle.options)
        for option in bundle.options:
            said = " (required)" if option.required else f" [{_shown(option.default)}]" if option.default != "" else ""
            print(f"{option.id:<{width}}  {option.why}{said}")
        return 0
    name = options.words[2] if len(options.words) > 2 else str(given.pop("name", bundle.id))
    made = bundle.make(name, given, namespace=options.namespace)
    kinds = bundled()
    refused = False
    for obj in made:
        for problem in validate_object(obj, kinds):
            if problem.is_error:
                print(f"error: {obj['kind']}/{obj['metadata']['name']}: {problem}", file=sys.stderr)
                refused = True
    if refused:
        return 1
    arranged_ = [arranged(obj, kinds.type_of(obj["apiVersion"], obj["kind"])) for obj in made]
    print(yamldoc.dump_all(arranged_) if options.output == "yaml" else render_json(arranged_), end="")
    return 0


def _shown(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _explain(form: Form) -> None:
    print(f"{form.kind} ({form.api_version}): {form.why}\n")
    _explain_items(form.items, "")
    for preset in form.presets:
        print(f"\n  --preset {preset.id:<16} {preset.label}", end="")
    if form.presets:
        print()


def _explain_items(items: tuple[Item, ...], prefix: str) -> None:
    from k9py.manifests.forms.fields import Field, Repeat, fields_of

    for item in fields_of(items):
        if isinstance(item, Repeat):
            if item.lends:
                _explain_items(item.items, prefix)
            else:
                print(f"  {prefix + item.id + '[N]':<32} {item.why}")
                _explain_items(item.items, f"{prefix}{item.id}[N].")
        elif isinstance(item, Field):
            notes = [item.why, *(["required"] if item.required else [])]
            if item.choices:
                notes.append(f"one of {', '.join(item.choices)}")
            if item.default is not None:
                notes.append(f"otherwise {item.default}")
            print(f"  {prefix + item.id:<32} {'; '.join(notes)}")
