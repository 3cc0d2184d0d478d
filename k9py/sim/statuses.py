"""Refusals in the API server's own words, and the Status body each one becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from k9py.core.errors import ApiError, Cause, Gone

_ALWAYS_DETAILED = frozenset({"NotFound", "MethodNotAllowed", "Invalid"})


def split_id(resource: str) -> tuple[str, str]:
    """Split ``deployments.apps`` into plural name and group."""
    plural, _, group = resource.partition(".")
    return plural, group


def _details(resource: str, name: str) -> dict[str, Any]:
    plural, group = split_id(resource)
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = plural
    return details


def not_found(resource: str, name: str) -> ApiError:
    """404 for one object."""
    return ApiError.of(404, f'{resource} "{name}" not found', reason="NotFound", details=_details(resource, name))


def no_such_path() -> ApiError:
    """404 for a path no API group serves."""
    return ApiError.of(404, "the server could not find the requested resource", reason="NotFound")


def not_allowed() -> ApiError:
    """405."""
    message = "the server does not allow this method on the requested resource"
    return ApiError.of(405, message, reason="MethodNotAllowed")


def already_exists(resource: str, name: str) -> ApiError:
    """409 for a name that is taken."""
    message = f'{resource} "{name}" already exists'
    return ApiError.of(409, message, reason="AlreadyExists", details=_details(resource, name))


def conflict(resource: str, name: str, why: str) -> ApiError:
    """409 for a stale version or a failed precondition."""
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ApiError.of(409, message, reason="Conflict", details=_details(resource, name))


def modified(resource: str, name: str) -> ApiError:
    """409 for an update made from an old version."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def forbidden(resource: str, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiError:
    """403 by policy."""
    subject = f'{resource} "{name}"' if name else resource
    message = f"{subject} is forbidden: {why}"
    return ApiError.of(403, message, reason="Forbidden", causes=causes, details=_details(resource, name))


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError.of(400, message, reason="BadRequest")


def gone(message: str, reason: str = "Expired") -> ApiError:
    """410 for a version, or a continue token, that is too old."""
    return ApiError.of(410, message, reason=reason)


class ExpiredPage(Gone):
    """410 for a page of a list that is forgotten; ``rest`` is a token for the rest as it is now."""

    def __init__(self, message: str, *, rest: str) -> None:
        super().__init__(message, status=410, reason="Expired")
        self.rest = rest


def too_old(version: int, oldest: int) -> ApiError:
    """410 for a watch that asks for changes already forgotten."""
    return gone(f"too old resource version: {version} ({oldest})")


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 with one cause per field."""
    subject = f"{kind}.{group}" if group else kind
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return ApiError.of(
        422, f'{subject} "{name}" is invalid: {listed}', reason="Invalid", causes=causes, details=details
    )


def body_of(error: ApiError) -> bytes:
    """Encode the Status object the server answers with."""
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {"continue": error.rest} if isinstance(error, ExpiredPage) else {},
        "status": "Failure",
        "message": str(error),
    }
    if error.reason:
        status["reason"] = error.reason
    details = dict(error.details)
    if error.causes:
        details["causes"] = [_cause(cause) for cause in error.causes]
    if error.retry_after is not None:
        details["retryAfterSeconds"] = int(error.retry_after)
    if details or error.reason in _ALWAYS_DETAILED or str(error).startswith(f"{error.status}: "):
        status["details"] = details
    status["code"] = error.status
    return msgspec.json.encode(status)


def _cause(cause: Cause) -> dict[str, str]:
    entry = {"reason": cause.reason, "message": cause.message, "field": cause.field}
    return {key: value for key, value in entry.items() if value}


def namespace_ending(resource: str, name: str, namespace: str) -> ApiError:
    """403 for a create in a namespace that is going away."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    cause = Cause(field="metadata.namespace", message=f"namespace {namespace} is being terminated",
                  reason="NamespaceTerminating")  # fmt: skip
    return forbidden(resource, name, why, [cause])
