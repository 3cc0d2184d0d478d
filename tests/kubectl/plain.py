"""What kubectl printed without what differs from run to run: ages, names made up, addresses, versions, times."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_AGE = r"(?:\d+y)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?"
_REPLACED: tuple[tuple[str, str], ...] = (
    (r"\b(LIVE|MERGED)-\d+", r"\1-NUMBER"),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "TIME"),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"kube-api-access-[a-z0-9]{5}", "kube-api-access"),
    (rf"-[{_LETTERS}]{{8,10}}-[{_LETTERS}]{{5}}\b", "-HASH-ID"),
    (rf"-[{_LETTERS}]{{8,10}}\b", "-HASH"),
    (rf"-[{_LETTERS}]{{5}}\b", "-ID"),
    (r"(pod-template-hash=|pod-template-hash: \"?)[\w-]{8,10}", r"\1HASH"),
    (r"(\"pod-template-hash\": \")[\w-]{8,10}", r"\1HASH"),
    (r"(controller-revision-hash[=:] ?)[\w-]+", r"\1HASH"),
    (r"\bhttps?://127\.0\.0\.1:\d+", "SERVER"),
    (r"\[::1\]:\d+", "LOOPBACK"),
    (r"\b127\.0\.0\.1:\d+", "LOOPBACK"),
    (r"\b(?:\d{1,3}\.){3}\d{1,3}\b(?!/)", "IP"),
    (r"(resourceVersion[\\]*\"?: ?[\\]*[\"']?)\d+", r"\1VERSION"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000", "TIME"),
    (r"^([WEI])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ", r"\1 "),
    (r"^[WEI] reflector\.go.*\n", ""),
    (r"patch: Invalid value: \".*\}\": ", "patch: Invalid value: OBJECT: "),
    (r"sha256:[0-9a-f]{64}", "DIGEST"),
    (r"containerd://[0-9a-f]{64}", "CONTAINER"),
    (r"\bnode-[123]\b", "NODE"),
    (r"endpoints.kubernetes.io/last-change-trigger-time: TIME", "<none>"),
    (r"^tar: ?(?:Removing.*)?(?:\n|\Z)", ""),  # A stream may end before the rest of the line is there.
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", "TIME"),
    (r"failed to exec in container: .* process: ", ""),
    (r"\b[\dsmh]+ \(x\d+ over \w+\)", "AGE"),
    (r"^ {2}PodReadyToStartContainers .*\n", ""),
    (r" {2,}Zone:.*", "    Zone: PLACE"),
    (r"\b(zone|region)=[\w-]+", r"\1=PLACE"),
    (r"(topology.kubernetes.io/(?:zone|region)\"?: \"?)[\w-]+", r"\1PLACE"),
    (r"default-scheduler-[\w-]+", "default-scheduler-HOST"),
    (r"\.[0-9a-f]{16}\b", ".NUMBER"),
    (r"Resource Version: +\d+", "Resource Version: VERSION"),
    (r"\bdocker\.io/library/", ""),
    (r"\b(\w+):?\w*@DIGEST", r"\1@DIGEST"),
    (r"used: pods=\d+", "used: pods=N"),
)
_PATTERNS = [(re.compile(pattern, re.MULTILINE), text) for pattern, text in _REPLACED]
_CELL = re.compile(rf"^(?=\d)(?:{_AGE})( ago)?$")
_GAP = re.compile(r"(?<=\S)(?: {2,}|\t+)")


def plain(text: str, namespace: str, *, drop: str = "", keep: str = "") -> list[str]:
    """Return the lines of a text as they are on every run and on every server."""
    text = text.replace(namespace, "NS")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    lines = [_cells(line.rstrip()) for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    return [line for line in lines if not (drop and re.search(drop, line)) and (not keep or re.search(keep, line))]


def description(lines: list[str]) -> list[str]:
    """Return what `describe` says without what kubelets word differently: conditions' order, events' messages."""
    found: list[str] = []
    block: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("  Normal  Pulling"):
            continue  # A node that has the image does not pull it.
        if block and not line.startswith("  "):
            found += [block[0], *sorted(block[1:])]
            block = []
        if line == "Conditions:" or block:
            block.append(line)
        else:
            found.append(re.sub(r"^(  \w+  \w+)  .*  (kubelet|kwok_controller)  .*", r"\1", line))
    return found[:-1]


def fields(text: str) -> str:
    """Return an object as YAML with its conditions in one order: who writes them differs."""
    return yaml.safe_dump(_ordered(yaml.safe_load(text)), allow_unicode=True, width=1000)


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _ordered(inner) for key, inner in value.items()}
    if isinstance(found.get("conditions"), list):
        bare = [{k: v for k, v in item.items() if k != "observedGeneration"} for item in found["conditions"]]
        found["conditions"] = sorted(bare, key=lambda item: str(item.get("type")))
    return found


def _cells(line: str) -> str:
    """Return a line with gaps of one width and without ages: columns are as wide as their longest cell."""
    indent = line[: len(line) - len(line.lstrip())]
    cells = _GAP.split(line.lstrip())
    return indent + "  ".join(_cell(cell) for cell in cells)


def _cell(cell: str) -> str:
    match = _CELL.match(cell)
    if match and re.search(r"[a-z]", cell):
        return f"AGE{match[1] or ''}"
    return re.sub(rf"\((?=\d)({_AGE})( ago)?(?= ago\)|\))", "(AGE", cell)


LOOKS: dict[str, Callable[[list[str]], list[str]]] = {
    "sorted": sorted,
    "set": lambda lines: sorted(set(lines)),
    "counted": lambda lines: [f"{len(lines)} lines"],
    "description": description,
    "columns": lambda lines: [f"{len(line.split('  '))} cells" for line in lines],
    "some": lambda lines: ["some"] if lines else [],
    "prefixes": lambda lines: sorted({line.partition("]")[0] + "]" for line in lines}),
}
"""What of the lines is looked at where servers may not say the same: a log's words are its program's."""
