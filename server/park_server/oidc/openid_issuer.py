"""An issuer of OpenID Connect over HTTP: what it is, device logins there (RFC 8628), its keys."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from park.errors import NotAuthenticated, ServiceFault, ServiceUnreachable
from park.model.urls import is_protected
from park_server.oidc.id_token import Person, checked_id_token
from park_server.trust.policy import LoginPolicy

__all__ = ["Begun", "Issuer", "Pending"]

_DISCOVERY = "/.well-known/openid-configuration"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LARGEST = 1 << 20
_USUAL_INTERVAL_S, _SLOWER_S = 5.0, 5.0
"""RFC 8628: where the issuer names none; and how much slower where it says so."""

_LONGEST_S = 1_800.0

_LONGEST_TEXT = 4_096
"""Characters of a code or an address that anybody types or opens."""


class Pending(Exception):
    """Nobody has said yes yet; ``slower_s`` is by how much longer to wait between questions."""

    def __init__(self, slower_s: float = 0.0) -> None:
        super().__init__("pending")
        self.slower_s = slower_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A login that somebody is to finish at ``uri`` with ``user_code``; times in seconds."""

    device_code: str = field(repr=False)
    user_code: str
    uri: str
    uri_complete: str | None
    interval_s: float
    expires_s: float


class Issuer:
    """The issuer of ``policy``; ``secret`` is that of the client, where it has one.

    ``client`` makes what a request is sent with.
    """

    def __init__(
        self,
        policy: LoginPolicy,
        client: Callable[[], httpx2.AsyncClient],
        secret: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._client = client
        self._secret = secret
        self._clock = clock

    async def begin(self, nonce: str) -> Begun:
        """Begin a login, whose ID token will have ``nonce``."""
        said = await self._discovered()
        form = {"client_id": self._policy.client, "scope": self._policy.scope, "nonce": nonce}
        if said.get("device_authorization_endpoint") is None:
            raise ServiceFault(
                f"{self._policy.issuer} knows no logins by a code (RFC 8628)",
                hint="park login --token, or --user with a password of the service",
            )
        endpoint = self._endpoint(said, "device_authorization_endpoint")
        answer = await self._posted(endpoint, form)
        try:
            return _begun(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise self._odd(endpoint) from error

    async def finish(self, device_code: str, nonce: str) -> Person:
        """Return who has said yes; raises `Pending` while nobody has, `NotAuthenticated` else."""
        said = await self._discovered()
        form = {
            "grant_type": _GRANT,
            "device_code": device_code,
            "client_id": self._policy.client,
        }
        answer = await self._posted(self._endpoint(said, "token_endpoint"), form)
        keys = await self._keys(self._endpoint(said, "jwks_uri"))
        return checked_id_token(
            str(answer.get("id_token")),
            keys,
            issuer=self._policy.issuer,
            client=self._policy.client,
            nonce=nonce,
            groups_claim=self._policy.groups_claim,
            now=self._clock(),
        )

    async def _discovered(self) -> Mapping[str, Any]:
        """Return what the issuer says of itself; one that gives another name is not it."""
        url = self._policy.issuer.rstrip("/") + _DISCOVERY
        said = await self._json("GET", url)
        if said.get("issuer") != self._policy.issuer:
            raise ServiceFault(f"{url} is of another issuer than {self._policy.issuer}")
        return said

    def _endpoint(self, said: Mapping[str, Any], name: str) -> str:
        """Return the URL of an endpoint: one where nobody else hears what is sent there."""
        url = said.get(name)
        try:
            httpx2.URL(url if isinstance(url, str) else "")
            if isinstance(url, str) and is_protected(url):
                return url
        except (httpx2.InvalidURL, ValueError):
            pass
        raise ServiceFault(
            f"{self._policy.issuer} names no https URL as its {name}, but {str(url)[:100]!r}"
        )

    async def _keys(self, url: str) -> KeySet:
        try:
            return KeySet.import_key_set(await self._json("GET", url))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise self._odd(url) from error

    async def _posted(self, url: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the answer to a form; raises for what an issuer says in place of one."""
        auth = (self._policy.client, self._secret) if self._secret else None
        answer = await self._json("POST", url, data=form, auth=auth)
        match answer.get("error"):
            case None:
                return answer
            case "authorization_pending":
                raise Pending
            case "slow_down":
                raise Pending(_SLOWER_S)
            case "access_denied":
                raise NotAuthenticated("the login was refused at the issuer")
            case "expired_token":
                raise NotAuthenticated("nobody finished the login in time", hint="park login")
            case other:
                raise ServiceFault(f"{self._policy.issuer} answered {str(other)[:100]!r}")

    async def _json(self, method: str, url: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            async with (
                self._client() as client,
                client.stream(method, url, follow_redirects=False, **arguments) as response,
            ):
                body = b""
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise self._odd(url)
            document = json.loads(body)
        except httpx2.HTTPError as error:
            raise ServiceUnreachable(f"{url} does not answer: {error}") from error
        except (ValueError, RecursionError) as error:
            raise self._odd(url) from error
        if not isinstance(document, dict):
            raise self._odd(url)
        return document

    def _odd(self, url: str) -> ServiceFault:
        return ServiceFault(f"{url} does not answer as an issuer of OpenID Connect does")


def _begun(answer: Mapping[str, Any]) -> Begun:
    """Return the login that an issuer has begun; raises `ValueError`, `TypeError`, `KeyError`."""
    complete = answer.get("verification_uri_complete")
    return Begun(
        device_code=_text(answer["device_code"]),
        user_code=_text(answer["user_code"]),
        uri=_page(answer["verification_uri"]),
        uri_complete=None if complete is None else _page(complete),
        interval_s=_seconds(answer.get("interval", _USUAL_INTERVAL_S)),
        expires_s=_seconds(answer["expires_in"]),
    )


def _text(value: object) -> str:
    """Return ``value``, which people see or type, or a form has: a line of printable characters."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_TEXT:
        raise ValueError(value)
    return value


def _page(value: object) -> str:
    """Return ``value``, which people open in a browser: where a login is, and no program."""
    page = _text(value)
    if urlsplit(page).scheme not in {"https", "http"}:
        raise ValueError(page)
    return page


def _seconds(value: object) -> float:
    """Return ``value`` as seconds, half an hour at most; a number that is none is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(value)
    seconds = min(float(value) if isinstance(value, str) else value, _LONGEST_S)
    if not seconds >= 0:  # nor is NaN
        raise ValueError(value)
    return float(seconds)
