"""Bodies in protobuf, as kubectl's typed commands send them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from k9py.sim.protobuf import MAGIC, Malformed, decode


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(*fields: tuple[int, Any]) -> bytes:
    """Encode fields: numbers as varints, texts and bytes with their length."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def body(api_version: str, kind: str, *fields: tuple[int, Any]) -> bytes:
    about = message((1, api_version), (2, kind))
    return MAGIC + message((1, about), (2, message(*fields)), (3, ""), (4, ""))


def test_a_namespace_has_what_json_would_have_had() -> None:
    metadata = message((1, "shop"), (2, ""), (3, ""), (7, 0), (8, b""), (11, message((1, "team"), (2, "blue"))))
    assert decode(body("v1", "Namespace", (1, metadata), (2, b""), (3, message((1, ""))))) == {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {"name": "shop", "labels": {"team": "blue"}},
    }


def test_bytes_of_a_secret_are_base64() -> None:
    secret = decode(body("v1", "Secret", (2, message((1, "key"), (2, b"\x00\xff"))), (3, "Opaque")))
    assert secret["data"] == {"key": base64.b64encode(b"\x00\xff").decode()}
    assert secret["type"] == "Opaque"


def test_quantities_numbers_or_names_and_inline_fields_read_as_in_json() -> None:
    claim = message((1, "data"), (2, message((2, message((1, ""))))))
    limits = message((1, "cpu"), (2, message((1, "250m"))))
    http = message((2, message((1, "/"), (2, message((1, 1), (2, 0), (3, "web"))))))
    container = message((1, "web"), (2, "nginx"), (8, message((1, limits))), (11, message((1, http), (4, 5))))
    pod = decode(body("v1", "Pod", (2, message((1, claim), (2, container), (4, 0)))))
    assert pod["spec"] == {
        "volumes": [{"name": "data", "emptyDir": {}}],
        "containers": [
            {
                "name": "web",
                "image": "nginx",
                "resources": {"limits": {"cpu": "250m"}},
                "readinessProbe": {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 5},
            }
        ],
        "terminationGracePeriodSeconds": 0,
    }


def test_a_pointer_to_nothing_is_kept_and_an_empty_value_is_not() -> None:
    deployment = decode(body("apps/v1", "Deployment", (2, message((1, 0), (5, 0), (7, 0)))))
    assert deployment["spec"] == {"replicas": 0}


def test_negative_numbers_are_read() -> None:
    assert decode(body("scheduling.k8s.io/v1", "PriorityClass", (2, -5)))["value"] == -5


def test_times_are_written_as_json_writes_them() -> None:
    metadata = message((9, message((1, 1_700_000_000), (2, 0))))
    assert decode(body("v1", "Pod", (1, metadata)))["metadata"] == {"deletionTimestamp": "2023-11-14T22:13:20Z"}


def test_options_of_a_delete_are_read_under_any_group() -> None:
    options = decode(body("apps/v1", "DeleteOptions", (1, 0), (4, "Orphan")))
    assert options["gracePeriodSeconds"] == 0
    assert options["propagationPolicy"] == "Orphan"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{}", "does not start"),
        (body("v1", "Gadget"), 'no kind "Gadget" is registered for version "v1"'),
        (body("v1", "Pod", (1, message((1, "web"))))[:-6], "unexpected EOF"),
        (MAGIC + b"\x0b", "wire type 3"),
    ],
)
def test_bytes_that_are_no_such_object_are_refused(raw: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        decode(raw)
