"""What a command line says about the connection, as values: asked for before anything of the client is loaded."""

from __future__ import annotations

import msgspec

from k9py.core.errors import UsageError

_HIDDEN = frozenset({"proxy_url", "token", "password"})
"""Never in a ``repr``, so that no traceback and no log shows them."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Overrides(msgspec.Struct, frozen=True):
    """What the command line says instead of the kubeconfig; empty means as the kubeconfig has it."""

    context: str = ""
    cluster: str = ""
    user: str = ""
    namespace: str = ""
    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool | None = None
    certificate_authority: str = ""
    client_certificate: str = ""
    client_key: str = ""
    proxy_url: str = ""
    token: str = ""
    username: str = ""
    password: str = ""
    as_user: str = ""
    as_groups: tuple[str, ...] = ()
    as_uid: str = ""
    as_extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    request_timeout: float | None = None
    """Seconds; 0 is no limit, None leaves each request its own."""

    def __repr__(self) -> str:
        said = {name: getattr(self, name) for name in self.__struct_fields__ if name not in _HIDDEN}
        return f"Overrides({', '.join(f'{name}={value!r}' for name, value in said.items() if value)})"


def parse_request_timeout(text: str) -> float:
    """Return the seconds of ``--request-timeout``: whole seconds or Go's ``1m30s``; ``0`` is no limit.

    Raises UsageError for anything else.
    """
    if text.isdigit():
        return float(text)
    total, number, rest = 0.0, "", text
    while rest:
        if rest[0].isdigit() or rest[0] == ".":
            number, rest = number + rest[0], rest[1:]
            continue
        unit = next((unit for unit in ("ms", "s", "m", "h") if rest.startswith(unit)), "")
        if not unit or not number.strip(".") or number.count(".") > 1:
            break
        total, number, rest = total + float(number) * _UNITS[unit], "", rest[len(unit) :]
    if rest or number or not text:
        raise UsageError(f"--request-timeout {text!r} is not a duration", remedy="Write 30s, 1m30s or 0")
    return total
