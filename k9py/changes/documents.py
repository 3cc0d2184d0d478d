"""Manifests from files, directories, kustomizations and standard input, in the order in which they can be made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from k9py.changes.model import Object
from k9py.core import yamldoc
from k9py.core.errors import InputError, UsageError

SUFFIXES = (".yaml", ".yml", ".json")
"""Files read in a directory, as kubectl reads them."""
KUSTOMIZE_TIMEOUT = 120.0
"""Seconds a kustomization may take to build; remote bases are fetched."""

_KLOG = re.compile(r'^E\d{4} \S+ +\d+ \S+\] "command failed" err="((?:[^"\\]|\\.)*)"')

_FIRST = (
    "Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass", "IngressClass", "RuntimeClass",
    "ResourceQuota", "LimitRange", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount", "Secret", "ConfigMap",
    "PersistentVolume", "PersistentVolumeClaim", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Service",
)  # fmt: skip
"""Kinds others need to be there, in the order in which they are made."""
_LAST = (
    "Ingress", "HorizontalPodAutoscaler", "VerticalPodAutoscaler", "APIService", "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration", "MutatingAdmissionPolicy", "ValidatingAdmissionPolicy",
)  # fmt: skip
"""Kinds that look at others, or judge them."""
_PLACE = {kind: index for index, kind in enumerate(_FIRST)} | {kind: 200 + i for i, kind in enumerate(_LAST)}
_BETWEEN = 100


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a text and where it stood."""

    body: Object = field(repr=False)
    source: str
    """File name, ``-`` for standard input, or a directory with a kustomization."""
    number: int = 1
    """Which document of the source, counted from 1."""

    @property
    def origin(self) -> str:
        """The place for a person: the file, and which document of it when it has several."""
        return f"{self.source} (document {self.number})" if self.number > 1 else self.source


@dataclass(frozen=True, slots=True)
class Text:
    """A text that was read, as it stood."""

    source: str
    text: str = field(repr=False)


def read_texts(paths: Sequence[str], *, recursive: bool = False, stdin: str | None = None) -> list[Text]:
    """Return the texts of files, of the manifests in directories, and of standard input for ``-``.

    Raises UsageError for a path that is not there or a directory without manifests.
    """
    texts: list[Text] = []
    for path in paths:
        if path == "-":
            texts.append(Text("-", sys.stdin.read() if stdin is None else stdin))
        elif os.path.isdir(path):
            files = sorted(_manifests(Path(path), recursive=recursive))
            if not files:
                hint = "" if recursive else ", or add -R for the directories below"
                raise UsageError(f"{path} holds no manifests", remedy=f"They end in {', '.join(SUFFIXES)}{hint}")
            texts += [_read(str(file)) for file in files]
        else:
            texts.append(_read(path))
    return texts


def _manifests(directory: Path, *, recursive: bool) -> Iterable[Path]:
    found = directory.rglob("*") if recursive else directory.iterdir()
    return (path for path in found if path.suffix in SUFFIXES and path.is_file())


def _read(path: str) -> Text:
    try:
        return Text(path, Path(path).read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise UsageError(f"{path} is not there", remedy="Check the name and the directory") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text") from error


def kustomized(directory: str, environ: Mapping[str, str]) -> Text:
    """Build a kustomization with kubectl; raises UsageError where there is no kubectl or it refuses."""
    kubectl = environ.get("K9PY_KUBECTL") or shutil.which("kubectl", path=environ.get("PATH"))
    if not kubectl:
        raise UsageError(
            "a kustomization is built by kubectl, and there is none on PATH",
            remedy="Install kubectl, or build it elsewhere and hand it to -f -",
        )
    try:
        built = subprocess.run(
            [kubectl, "kustomize", directory],
            capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=KUSTOMIZE_TIMEOUT, check=False,
            stdin=subprocess.DEVNULL, env=dict(environ),
        )  # fmt: skip
    except OSError as error:
        raise UsageError(f"{kubectl} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"kubectl kustomize {directory} took more than {KUSTOMIZE_TIMEOUT:g} s") from error
    if built.returncode:
        said = _klog_said(" ".join(built.stderr.split()))[:500] or f"exit status {built.returncode}"
        raise UsageError(f"kubectl kustomize {directory}: {said}")
    return Text(directory, built.stdout)


def _klog_said(text: str) -> str:
    """Return what a line of kubectl's log says, without its head; any other text as it is."""
    match = _KLOG.match(text)
    return match[1].replace('\\"', '"') if match else text.removeprefix("error: ").removeprefix("Error: ")


def parse_texts(texts: Iterable[Text]) -> list[Document]:
    """Return every object of the texts, those of a List one by one.

    Raises YamlError with the file in its message, InputError for a document that is no object of Kubernetes.
    """
    documents: list[Document] = []
    for text in texts:
        try:
            parts = yamldoc.load_all(text.text)
        except InputError as error:
            error.args = (f"{_shown(text.source)}: {error}",)
            raise
        for number, part in enumerate(parts, 1):
            documents += _objects(part, Document({}, text.source, number))
    return documents


def _shown(source: str) -> str:
    return "standard input" if source == "-" else source


def _objects(part: Any, place: Document) -> list[Document]:
    where = f"{_shown(place.source)}, document {place.number}"
    if not isinstance(part, dict):
        raise InputError(f"{where}: a map with apiVersion and kind was expected")
    kind, version = part.get("kind"), part.get("apiVersion")
    if not isinstance(kind, str) or not kind or not isinstance(version, str) or not version:
        missing = "kind" if not isinstance(kind, str) or not kind else "apiVersion"
        raise InputError(f"{where}: {missing} is missing", remedy="Every object says its apiVersion and kind")
    items = part.get("items")
    if kind == "List" or (kind.endswith("List") and isinstance(items, list)):
        return [one for item in items or () for one in _objects(item, place)]
    metadata = part.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        raise InputError(f"{where}: {kind} has no metadata.name", remedy="Give it a name")
    if not isinstance(metadata.get("name", ""), str) or not isinstance(metadata.get("namespace") or "", str):
        raise InputError(f"{where}: {kind}: name and namespace are texts", remedy="Put them in quotes")
    return [Document(part, place.source, place.number)]


def place_of(document: Mapping[str, Any]) -> int:
    """Return where an object stands in the order of making: what others need comes first."""
    return _PLACE.get(str(document.get("kind")), _BETWEEN)


def in_order(documents: Iterable[Document], *, deleting: bool = False) -> list[Document]:
    """Return documents in the order in which they can be made, or the reverse for deleting them."""
    ordered = sorted(documents, key=lambda one: place_of(one.body))
    return ordered[::-1] if deleting else ordered
