"""Which form of an answer a client accepts: the object itself, a Table, or metadata only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k9py.core.errors import ApiError

Form = Literal["object", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"]
JSON = "application/json"
_ONLY = (
    "only the following media types are accepted: application/json, application/yaml, "
    "application/vnd.kubernetes.protobuf"
)
_UNKNOWN_FORM = (
    "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
    "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
    "application/vnd.kubernetes.protobuf;stream=watch"
)


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The chosen form and the content type that names it."""

    form: Form
    content_type: str
    version: str = "v1"
    yaml: bool = False


PLAIN = Negotiated("object", JSON)
YAML = Negotiated("object", "application/yaml", yaml=True)


def negotiate(accept: str) -> Negotiated:
    """Choose the first acceptable form; raises ApiError 406 when there is none (protobuf alone, XML)."""
    if not accept:
        return PLAIN
    message = _ONLY
    for clause in accept.split(","):
        media, *parameters = [part.strip() for part in clause.split(";")]
        given = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        if media == "application/yaml":
            return YAML
        if media not in (JSON, "*/*", "application/*"):
            continue
        message = _UNKNOWN_FORM
        form = given.get("as", "")
        if not form:
            return PLAIN
        if given.get("g") == "meta.k8s.io" and given.get("v") in ("v1", "v1beta1"):
            if form == "Table":
                return Negotiated("Table", JSON, given["v"])
            if form == "PartialObjectMetadata":
                return Negotiated("PartialObjectMetadata", JSON, given["v"])
            if form == "PartialObjectMetadataList":
                return Negotiated("PartialObjectMetadataList", JSON, given["v"])
    raise ApiError.of(406, message, reason="NotAcceptable")


def wants_aggregated(accept: str) -> bool:
    """True when aggregated discovery v2 is asked for before anything else we have."""
    for clause in accept.split(","):
        compact = clause.replace(" ", "")
        if "as=APIGroupDiscoveryList" in compact and "v=v2;" in f"{compact};" and compact.startswith(JSON):
            return True
        if compact == JSON:
            return False
    return False
