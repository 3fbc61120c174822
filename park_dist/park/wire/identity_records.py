"""Who somebody is to a service: logins, tokens, and what a token may do.

Times are in RFC 3339 in UTC. Whatever is secret is in no ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Audience",
    "DeviceLoginRecord",
    "DeviceTokenRecord",
    "DeviceTokenRequest",
    "LoginRecord",
    "LoginRequest",
    "LoginWays",
    "SessionRequest",
    "TokenClass",
    "TokenRecord",
    "TokenRequest",
    "WhoRecord",
]


class TokenClass(StrEnum):
    """What a token is for.

    ``user``: a person, or his agent. ``job``: what runs in his name, for the time that it
    runs. ``grant``: another service, for a few things of his. ``internal``: the service's own
    processes. ``browser``: the page of the service in a browser, in a cookie alone.
    """

    USER = "user"
    JOB = "job"
    GRANT = "grant"
    INTERNAL = "internal"
    BROWSER = "browser"


class Audience(StrEnum):
    """Which part of a service takes a token: all of it, or its package index alone."""

    SERVICE = "service"
    INDEX = "index"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginRequest:
    """A user's name and password; ``note`` says where the token will be kept, for people."""

    user: str
    password: str = field(repr=False)
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginWays:
    """How one logs in to a service: at the ``issuer`` of OpenID Connect, where it names one."""

    issuer: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceLoginRecord:
    """A login that somebody finishes at ``uri`` with ``user_code``; ``handle`` asks for it.

    ``uri_complete`` has the code in it. It is asked for every ``interval_s`` seconds, and is
    over after ``expires_s``.
    """

    handle: str = field(repr=False)
    user_code: str
    uri: str
    uri_complete: str | None
    interval_s: float
    expires_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceTokenRequest:
    """Asks for the login with ``handle``; ``note`` says where the token will be kept."""

    handle: str = field(repr=False)
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginRecord:
    """A new token, told once; ``id`` names it where it is listed or revoked.

    ``renewable_until`` is the moment after which it is not refreshed any more, but somebody
    has to log in again.
    """

    token: str = field(repr=False)
    expires_at: str
    user: str
    id: str
    renewable_until: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRequest:
    """What opens the page of a service in a browser: name and password, or a token."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceTokenRecord:
    """The ``login``, None: nobody has finished it yet, and it is asked for after ``interval_s``."""

    login: LoginRecord | None = None
    interval_s: float = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRequest:
    """A narrower token, the child of the one that asks for it.

    ``scopes`` are of the form of roles, ``query`` or ``upload:mymodel``; none at all means
    those of the parent. It lasts for ``lifetime_s`` seconds, and no longer than its parent.
    ``note`` says what it is for, in a line for people.
    """

    kind: TokenClass = TokenClass.USER
    scopes: list[str] = field(default_factory=list)
    audience: Audience = Audience.SERVICE
    lifetime_s: float = 86_400.0
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRecord:
    """A token as its user sees it; ``token`` is told once, to whoever asked for it.

    ``scopes`` is empty where it may all that its user may. ``parent`` is the id of the one
    that it was made with, and with which it ends; None: of a login, or of the operator.
    """

    id: str
    kind: TokenClass
    user: str
    scopes: list[str]
    audience: Audience
    created: str
    expires_at: str
    parent: str | None = None
    last_used: str | None = None
    revoked: str | None = None
    note: str = ""
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class WhoRecord:
    """Who asks, and what he may do with the token that he asks with.

    ``roles`` are what is left of his roles by the token's scopes. ``expires_at`` is None for
    the operator's token in the home, and ``id`` with it; ``renewable_until`` is None where it
    is not refreshed.
    """

    user: str
    roles: list[str]
    groups: list[str]
    kind: TokenClass
    audience: Audience
    id: str | None
    expires_at: str | None
    renewable_until: str | None = None
