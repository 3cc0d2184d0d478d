"""Record the fields of Kubernetes' protobuf messages, for the simulated server to read what kubectl creates.

Run ``python -m tests.record_protobuf`` where Go has the modules of ``tests/cluster`` (any build leaves them).
Numbers and types come from the published ``generated.proto`` files, JSON names and what is left out when empty from
the Go types.
"""

from __future__ import annotations

import json
import lzma
import re
import subprocess
from pathlib import Path

from tests.cluster.build import GO_SOURCES, find_go
from tests.record import DATA

MODULES = ("k8s.io/api", "k8s.io/apimachinery")
STABLE = re.compile(r"v\d+|runtime|intstr|resource")
"""Last folders of the packages that are read: stable versions, and what they all use."""
_MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(optional|repeated|map<string, ([\w.]+)>) *([\w.]*) (\w+) = (\d+);", re.MULTILINE)
_STRUCT = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r'^\s*(?:\w+\s+)?(\S+)\s+`json:"([^"]*)"\s+protobuf:"\w+,(\d+),', re.MULTILINE)
_GROUP = re.compile(r'GroupName = "([^"]*)"')

Fields = dict[str, tuple[str, str, str]]
"""Number -> (name in JSON, type, marks: r list, m map, i inline, z kept when empty)."""


def read_package(folder: Path) -> tuple[str, dict[str, Fields]]:
    """Return a package's name and its messages."""
    text = (folder / "generated.proto").read_text()
    found = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
    assert found is not None, folder
    package = found[1]
    members = {
        (struct, number): (kind, tag)
        for path in sorted(folder.glob("*.go"))
        for struct, body in _STRUCT.findall(path.read_text())
        for kind, tag, number in _MEMBER.findall(body)
    }
    messages: dict[str, Fields] = {}
    for message, body in _MESSAGE.findall(text):
        fields = messages[f"{package}.{message}"] = {}
        for label, value, kind, name, number in _FIELD.findall(body):
            member, tag = members.get((message, number), ("", f"{name},omitempty"))
            shown, *options = tag.split(",")
            marks = "m" if value else "r" if label == "repeated" else ""
            marks += "i" if "inline" in options else ""
            marks += "z" if member.startswith("*") or "omitempty" not in options else ""
            fields[number] = (shown or name, _full(value or kind, package), marks)
    return package, messages


def _full(kind: str, package: str) -> str:
    """Return a type's full name; scalars are written as they are, messages of the same package without it."""
    if kind[0].islower() and "." not in kind:
        return kind
    return kind.removeprefix(".") if "." in kind else f"{package}.{kind}"


def main() -> None:
    """Write the data file."""
    go = find_go()
    assert go is not None, "Go is needed"
    groups: dict[str, str] = {}
    messages: dict[str, Fields] = {}
    for module in MODULES:
        listed = [str(go), "list", "-m", "-f", "{{.Dir}}", module]
        root = Path(subprocess.run(listed, cwd=GO_SOURCES, check=True, capture_output=True, text=True).stdout.strip())
        for path in sorted(root.rglob("generated.proto")):
            if not STABLE.fullmatch(path.parent.name):
                continue
            package, found = read_package(path.parent)
            messages |= found
            register = path.parent / "register.go"
            group = _GROUP.search(register.read_text()) if register.exists() else None
            if group is not None:
                groups[f"{group[1]}/{path.parent.name}".lstrip("/")] = package
    packed = json.dumps({"groups": groups, "messages": messages}, separators=(",", ":"), sort_keys=True).encode()
    (DATA / "protobuf.json.xz").write_bytes(lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
