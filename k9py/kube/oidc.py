"""Tokens of an OpenID Connect provider: used while they last, refreshed over verified TLS, written back.

Discovery: https://openid.net/specs/openid-connect-discovery-1_0.html; refresh: RFC 6749 section 6.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote_plus, urlsplit

import msgspec

from k9py.core.clock import Clock
from k9py.core.errors import K9Error, KubeconfigError, OidcError, TlsError
from k9py.kube.credentials import Grant
from k9py.kube.kubeconfig_edit import oidc_tokens, save_oidc_tokens
from k9py.kube.proxy import is_loopback, proxy_for
from k9py.kube.target import OidcConfig, Target, TlsSettings
from k9py.kube.tls import make_context, read_material

if TYPE_CHECKING:
    import aiohttp

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")

EXPIRY_MARGIN = 10.0
"""Seconds before its end at which an ID token counts as expired: it has to reach the server first."""
PROVIDER_TIMEOUT = 20.0
"""Seconds the provider may take to answer."""
LOGIN_REMEDY = "Log in again with the tool that wrote the kubeconfig"


class _Discovery(msgspec.Struct):
    token_endpoint: str
    token_endpoint_auth_methods_supported: list[str] | None = None


class _Tokens(msgspec.Struct):
    id_token: str | None = None
    refresh_token: str | None = None


class _Refusal(msgspec.Struct):
    error: str = ""
    error_description: str = ""


class _Claims(msgspec.Struct):
    exp: float | None = None


def token_expiry(token: str) -> float | None:
    """Return when a JWT expires in Unix seconds; None when it does not say or is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(payload, type=_Claims).exp
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None


class OidcSource:
    """Grants from the ID token of a kubeconfig, refreshed when it has expired."""

    ahead = True

    def __init__(self, config: OidcConfig, target: Target, clock: Clock) -> None:
        self._config = config
        self._target = target
        self._clock = clock
        self._fetched = False

    def allow_prompt(self) -> None:
        """Nobody is ever asked."""

    async def fetch(self, *, may_prompt: bool) -> Grant:
        """Return the token at hand on the first call, a refreshed one afterwards. Raises OidcError."""
        del may_prompt
        first, self._fetched = not self._fetched, True
        if first and self._is_fresh(self._config.id_token):
            return self._grant(self._config.id_token)
        if await self._adopted():
            return self._grant(self._config.id_token)
        if not self._config.refresh_token:
            raise OidcError("The OIDC token has expired and there is no refresh token", remedy=LOGIN_REMEDY)
        try:
            await self._keep(await self._refreshed())
        except OidcError:
            # Another program may have used up the refresh token in this very moment.
            if not await self._adopted():
                raise
        return self._grant(self._config.id_token)

    def _is_fresh(self, token: str) -> bool:
        expiry = token_expiry(token)
        return bool(token) and expiry is not None and expiry - EXPIRY_MARGIN > self._clock.now()

    def _grant(self, token: str) -> Grant:
        expiry = token_expiry(token)
        return Grant(f"Bearer {token}", expires=None if expiry is None else expiry - EXPIRY_MARGIN)

    async def _adopted(self) -> bool:
        """Take over what another program has refreshed on disk: a refresh token often works only once."""
        config = self._config
        if not config.path:
            return False
        try:
            id_token, refresh_token = await asyncio.to_thread(oidc_tokens, Path(config.path), config.user)
        except KubeconfigError as error:
            _LOG.warning("OIDC tokens on disk not read: %s", error)
            return False
        renewed = id_token != config.id_token and self._is_fresh(id_token)
        self._config = replace(
            config,
            id_token=id_token if renewed else config.id_token,
            refresh_token=refresh_token or config.refresh_token,
        )
        return renewed

    async def _keep(self, tokens: _Tokens) -> None:
        """Use new tokens and write them back; when they cannot be written, this session goes on with them."""
        old = self._config
        assert tokens.id_token is not None
        new = replace(old, id_token=tokens.id_token, refresh_token=tokens.refresh_token or old.refresh_token)
        self._config = new
        if not old.path:
            return
        try:
            written = await asyncio.to_thread(self._save, new, old.refresh_token)
        except KubeconfigError as error:
            _LOG.warning("refreshed OIDC token not saved: %s", error)
            return
        if written and self._target.source is not None:
            self._target.source.replaced(old.path)

    @staticmethod
    def _save(new: OidcConfig, replaces: str) -> bool:
        return save_oidc_tokens(
            Path(new.path), new.user,
            id_token=new.id_token, refresh_token=new.refresh_token, replaces=replaces,
        )  # fmt: skip

    # --- the provider ---------------------------------------------------------------------------------------

    async def _refreshed(self) -> _Tokens:
        import aiohttp

        from k9py.kube.linkerrors import Route, translated

        config = self._config
        issuer = config.issuer.rstrip("/")
        tls = TlsSettings(ca_file=config.ca_file, ca_data=config.ca_data)
        context = await asyncio.to_thread(make_context, read_material(tls))
        proxy = proxy_for(issuer, "", self._target.environ)
        try:
            with translated(Route(issuer, proxy), PROVIDER_TIMEOUT):
                async with aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=context),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=aiohttp.ClientTimeout(total=PROVIDER_TIMEOUT),
                ) as session:
                    discovery = await self._discover(session, issuer, proxy or None)
                    return await self._exchange(session, discovery, proxy or None)
        except OidcError:
            raise
        except TlsError as error:
            raise OidcError(
                f"OIDC provider {error}",
                remedy="Give the provider's authority as idp-certificate-authority-data in the kubeconfig",
            ) from error
        except K9Error as error:
            raise OidcError(f"OIDC provider {error}", remedy=error.remedy) from error

    async def _discover(self, session: aiohttp.ClientSession, issuer: str, proxy: str | None) -> _Discovery:
        url = _secure(f"{issuer}/.well-known/openid-configuration")
        async with session.get(url, proxy=proxy, allow_redirects=False) as answer:
            body = await answer.read()
        if answer.status != 200:
            raise OidcError(
                f"OIDC provider {issuer} has no discovery document: HTTP {answer.status}",
                remedy="Check idp-issuer-url in the kubeconfig",
            )
        discovery = _decoded(body, _Discovery, f"OIDC provider {issuer} answers no discovery document")
        _secure(discovery.token_endpoint)
        return discovery

    async def _exchange(self, session: aiohttp.ClientSession, discovery: _Discovery, proxy: str | None) -> _Tokens:
        config = self._config
        form = {"grant_type": "refresh_token", "refresh_token": config.refresh_token}
        headers = {"Accept": "application/json"}
        methods = discovery.token_endpoint_auth_methods_supported or ["client_secret_basic"]
        if config.client_secret and "client_secret_basic" in methods:
            pair = f"{quote_plus(config.client_id)}:{quote_plus(config.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = config.client_id
            if config.client_secret:
                form["client_secret"] = config.client_secret
        async with session.post(
            discovery.token_endpoint, data=form, headers=headers, proxy=proxy, allow_redirects=False
        ) as answer:
            body = await answer.read()
        if answer.status != 200:
            raise _refusal(answer.status, body)
        tokens = _decoded(body, _Tokens, "The OIDC provider's answer to a refresh is not JSON")
        if not tokens.id_token:
            raise OidcError(
                "The OIDC provider sent no ID token with the refresh",
                remedy="The client needs the scope openid and the refresh grant",
            )
        return tokens


def _secure(url: str) -> str:
    """Return a URL a refresh token may be sent to: TLS, or this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return url
    raise OidcError(
        f"OIDC provider {parts.scheme}://{parts.netloc} does not use TLS: the refresh token is not sent",
        remedy="Use an https idp-issuer-url",
    )


def _decoded(body: bytes, kind: type[_T], complaint: str) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Not chained: the cause may quote a token.
        raise OidcError(complaint, remedy="Check idp-issuer-url in the kubeconfig") from None


def _refusal(status: int, body: bytes) -> OidcError:
    try:
        said = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Refusal()
    words = ": ".join(word for word in (said.error, said.error_description) if word) or f"HTTP {status}"
    return OidcError(f"The OIDC provider refuses the refresh token: {words}", remedy=LOGIN_REMEDY)
