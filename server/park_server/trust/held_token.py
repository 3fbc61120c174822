"""A token as the service knows it: what it opens, until when, and what it was made from.

The token itself is not kept: random bits of a number that nobody goes through need no slow
hash, so its SHA-256 names it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from park.errors import NotAuthenticated, NotPermitted, UsageError
from park.wire import Audience, TokenClass, TokenRecord, TokenRequest
from park_server.clock import text_of
from park_server.trust.rights import Rights

__all__ = ["HeldToken", "Secret", "child_of", "renewed"]

PREFIX = "park_"
"""How each token begins: people, and scanners for secrets that leaked, know it by that."""

LOGIN = timedelta(hours=12)
"""How long a login lasts that is not refreshed: a day's work."""

RENEWABLE = timedelta(days=30)
"""How long a login may be refreshed; then somebody has to say the password again."""

LONGEST = timedelta(days=366)
_SHORTEST_S = 1.0

_LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class Secret:
    """A new token in clear, told once; ``digest`` is what is kept of it."""

    text: str

    @classmethod
    def new(cls) -> Secret:
        """Draw 256 random bits."""
        return cls(PREFIX + secrets.token_urlsafe(32))

    @property
    def digest(self) -> str:
        """SHA-256 in hex."""
        return digest_of(self.text)


def digest_of(token: str) -> str:
    """Return the digest by which ``token`` is known."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldToken:
    """What a token is; times in RFC 3339. ``scopes`` None: all that its user may.

    ``parent`` is the id of the token that it was made with; with that it is revoked.
    """

    id: str
    user: str
    kind: TokenClass
    audience: Audience
    scopes: Rights | None
    created: str
    expires: str
    parent: str | None = None
    renewable_until: str | None = None
    last_used: str | None = None
    revoked: str | None = None
    note: str = ""

    @property
    def lasts_until(self) -> str:
        """Until when it may be of use, refreshed as often as possible, unless it is revoked."""
        return max(self.expires, self.renewable_until or "")

    def check(self, moment: str) -> None:
        """Raise `NotAuthenticated`, which says why, unless it is of use at ``moment``."""
        if self.revoked is not None:
            raise NotAuthenticated(
                f"the token …{self.id[-6:]} was revoked at {self.revoked}", hint=_LOGIN_HINT
            )
        if self.expires <= moment:
            raise NotAuthenticated(
                f"the token …{self.id[-6:]} expired at {self.expires}", hint=_LOGIN_HINT
            )

    def record(self, secret: Secret | None = None) -> TokenRecord:
        """Return it as its user sees it, with the ``secret`` where it is new."""
        return TokenRecord(
            id=self.id,
            kind=self.kind,
            user=self.user,
            scopes=[] if self.scopes is None else self.scopes.spelled(),
            audience=self.audience,
            created=self.created,
            expires_at=self.expires,
            parent=self.parent,
            last_used=self.last_used,
            revoked=self.revoked,
            note=self.note,
            token=None if secret is None else secret.text,
        )


_LOGIN_HINT = "log in again: park login"


def login(id: str, user: str, note: str, moment: datetime) -> HeldToken:  # noqa: A002
    """Return the token of somebody who has just shown who he is."""
    return HeldToken(
        id=id,
        user=user,
        kind=TokenClass.USER,
        audience=Audience.SERVICE,
        scopes=None,
        created=text_of(moment),
        expires=text_of(moment + LOGIN),
        renewable_until=text_of(moment + RENEWABLE),
        note=note[:_LONGEST_NOTE],
    )


def of_browser(
    id: str,  # noqa: A002
    user: str,
    moment: datetime,
    parent: HeldToken | None = None,
) -> HeldToken:
    """Return the token of the page in a browser, for a day's work, as narrow as its ``parent``."""
    expires = text_of(moment + LOGIN)
    return HeldToken(
        id=id,
        user=user,
        kind=TokenClass.BROWSER,
        audience=Audience.SERVICE,
        scopes=None if parent is None else parent.scopes,
        created=text_of(moment),
        expires=expires if parent is None else min(expires, _end_of(parent)),
        parent=None if parent is None else parent.id,
        note="the page in a browser",
    )


def child_of(
    parent: HeldToken | None,
    request: TokenRequest,
    *,
    id: str,  # noqa: A002
    user: str,
    rights: Rights,
    moment: datetime,
) -> HeldToken:
    """Return the narrower token that ``user`` asks for with ``parent`` (None: the operator's own).

    Raises `NotPermitted` for what would be wider than the ``rights`` of the parent, and
    `UsageError` for what nobody gets.
    """
    _require_made_here(request)
    scopes = Rights.of(request.scopes) if request.scopes else None
    wider = [] if scopes is None else rights.lacking(scopes)
    if wider:
        raise NotPermitted(
            f"a token cannot be wider than the one that it is made with, which lacks"
            f" {', '.join(map(str, wider))}",
            hint=f"it has: {', '.join(rights.spelled()) or 'nothing'}",
        )
    of_parent = None if parent is None else parent.scopes
    expires = text_of(moment + timedelta(seconds=request.lifetime_s))
    return HeldToken(
        id=id,
        user=user,
        kind=request.kind,
        audience=request.audience,
        scopes=of_parent if scopes is None else scopes,
        created=text_of(moment),
        expires=expires if parent is None else min(expires, _end_of(parent)),
        parent=None if parent is None else parent.id,
        note=request.note[:_LONGEST_NOTE],
    )


def renewed(token: HeldToken, moment: datetime) -> HeldToken:
    """Return ``token`` as it goes on after ``moment``; raises `UsageError` where it does not."""
    if token.renewable_until is None:
        raise UsageError(
            f"the token …{token.id[-6:]} is not refreshed: it was made with another",
            hint="ask for a new one with the login that it was made with",
        )
    if token.renewable_until <= text_of(moment):
        raise NotAuthenticated(
            f"the login …{token.id[-6:]} could be refreshed until {token.renewable_until}",
            hint=_LOGIN_HINT,
        )
    return replace(token, expires=min(text_of(moment + LOGIN), token.renewable_until))


def _end_of(parent: HeldToken) -> str:
    """Return the moment until which a child of ``parent`` may last."""
    return parent.renewable_until or parent.expires


def _require_made_here(request: TokenRequest) -> None:
    if request.kind not in {TokenClass.USER, TokenClass.JOB}:
        raise UsageError(
            f"a token of the class {request.kind} is not asked for here",
            hint="grants are made by POST /api/v1/grants; a user's tokens are of user or job",
        )
    if not _SHORTEST_S <= request.lifetime_s <= LONGEST.total_seconds():
        raise UsageError(
            f"a token that lasts for {request.lifetime_s:g} s",
            hint=f"it may last from {_SHORTEST_S:g} s to {LONGEST.days} days",
        )
