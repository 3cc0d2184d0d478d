"""The one exception tree.

::

    K9Error                     every error k9py raises on purpose
    ├── InputError              something a person typed
    │   ├── QuantityError       not a Kubernetes quantity
    │   ├── SelectorError       not a label or field selector
    │   ├── FilterError         not a table filter
    │   ├── YamlError           not YAML as kubectl reads it (line, column)
    │   └── UsageError          command line: unknown kind, missing name ...
    ├── SettingsError           a settings file (file, line, nearest key)
    ├── KubeconfigError         no or bad kubeconfig, unknown context
    ├── CredentialError         credentials cannot be had
    │   ├── ExecPluginError     the exec plugin failed (its standard error kept)
    │   ├── OidcError           the identity provider refused or is unreachable
    │   └── AuthExpired         still 401 after one renewal
    ├── LinkError               the server cannot be reached
    │   ├── Unreachable         refused, reset, no route, name not found
    │   ├── Stalled             no answer within the time limit
    │   └── TlsError            certificate or handshake
    ├── RubbishError            the server answered something that is not the Kubernetes API
    ├── ChangeError             a change is not carried out: read-only, not confirmed, made meanwhile by others ...
    │   └── JournalError        the journal cannot be written or read
    └── ApiError                the server answered with a Status
        ├── Unauthorized        401
        ├── Forbidden           403
        ├── NotFound            404
        ├── Conflict            409
        ├── Gone                410: the resource version is too old
        ├── Invalid             422: causes per field
        ├── TooManyRequests     429: retry_after
        └── ServerError         5xx

``str(error)`` is one line for a person; ``error.remedy`` says what to do next and may be empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple


class K9Error(Exception):
    """The root: a message for a person and, where there is one, the next step."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def with_remedy(self) -> str:
        """Return the message followed by the remedy, as one text."""
        return f"{self}. {self.remedy}" if self.remedy else str(self)


class InputError(K9Error):
    """Something a person typed cannot be used as it is; ``path`` is where in a document, as far as it is known."""

    def __init__(self, message: str, *, remedy: str = "", path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.path = path


class QuantityError(InputError):
    """Not a Kubernetes quantity."""


class SelectorError(InputError):
    """Not a label or field selector."""


class FilterError(InputError):
    """Not a table filter; ``position`` is the index in the text where it goes wrong."""

    def __init__(self, message: str, *, position: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.position = position


class UsageError(InputError):
    """A command line that cannot be carried out as written."""


class YamlError(InputError):
    """Text that is not YAML as kubectl reads it; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.line = line
        self.column = column


class SettingsError(K9Error):
    """A settings, keymap or theme file that cannot be used; the message names file and line."""


class KubeconfigError(K9Error):
    """There is no usable kubeconfig or the context asked for is not in it."""


class CredentialError(K9Error):
    """Credentials cannot be had."""


class ExecPluginError(CredentialError):
    """The exec credential plugin failed; ``stderr`` is what it printed."""

    def __init__(self, message: str, *, stderr: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.stderr = stderr


class OidcError(CredentialError):
    """The identity provider refused the refresh token or cannot be reached."""


class AuthExpired(CredentialError):
    """The server still answers 401 after the credentials were renewed once."""


class LinkError(K9Error):
    """The server cannot be reached."""

    sent: bool = True
    """False when the request certainly never left; otherwise the server may have carried it out."""


class Unreachable(LinkError):
    """Refused, reset, no route, or the name does not resolve."""


class Stalled(LinkError):
    """No answer within the time limit."""


class TlsError(LinkError):
    """The certificate is not trusted or the handshake failed."""


class RubbishError(K9Error):
    """The answer is not the Kubernetes API: a proxy's page, cut JSON, another service."""


class ChangeError(K9Error):
    """A change is not carried out, for a reason of ours rather than the server's; nothing was written."""


class JournalError(ChangeError):
    """The journal cannot be written, so nothing else is; or it cannot be read."""


class Cause(NamedTuple):
    """One entry of a Status's ``details.causes``."""

    field: str
    """Path as the server writes it, such as ``spec.replicas``; may be empty."""
    message: str
    reason: str


class ApiError(K9Error):
    """The server answered with a Status: ``status`` is the HTTP code, ``reason`` its machine word."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str = "",
        causes: Sequence[Cause] = (),
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.reason = reason
        self.causes = tuple(causes)
        self.retry_after = retry_after
        """Seconds to wait as the server asks; None when it does not say."""
        self.details = dict(details or {})
        """The Status's ``details`` other than causes: name, group, kind, uid."""

    by_status: ClassVar[dict[int, type[ApiError]]] = {}

    @staticmethod
    def of(
        status: int,
        message: str,
        *,
        reason: str = "",
        causes: Sequence[Cause] = (),
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> ApiError:
        """Return the member of the tree that stands for this HTTP status."""
        fallback: type[ApiError] = ServerError if status >= 500 else ApiError
        kind = ApiError.by_status.get(status, fallback)
        return kind(message, status=status, reason=reason, causes=causes, retry_after=retry_after, details=details)


class Unauthorized(ApiError):
    """401."""


class Forbidden(ApiError):
    """403."""


class NotFound(ApiError):
    """404."""


class Conflict(ApiError):
    """409."""


class Gone(ApiError):
    """410: the resource version or continue token is too old."""


class Invalid(ApiError):
    """422: ``causes`` names the fields."""


class TooManyRequests(ApiError):
    """429: ``retry_after`` says how long to wait."""


class ServerError(ApiError):
    """5xx."""


ApiError.by_status.update(
    {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 410: Gone, 422: Invalid,
     429: TooManyRequests}
)  # fmt: skip
