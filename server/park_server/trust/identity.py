"""Who makes a request, and what he may do with the token that he makes it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from park.model.ids import JobId
from park.wire import Audience, TokenClass, WhoRecord
from park_server.trust.held_token import HeldToken, digest_of
from park_server.trust.rights import ALL, NONE, USUAL, Rights, Role

__all__ = ["Caller", "Callers", "Tokens"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A user, with what is left of his rights by the token; None: one that is in no table.

    ``attempt`` is the job and attempt of a node that speaks in his name, None: it is no node.
    """

    user: str
    rights: Rights
    groups: frozenset[str] = frozenset()
    kind: TokenClass = TokenClass.USER
    audience: Audience = Audience.SERVICE
    token: HeldToken | None = None
    attempt: tuple[JobId, int] | None = None

    @property
    def may_all(self) -> bool:
        """Tell whether there is nothing that this caller may not."""
        is_whole = self.kind is TokenClass.USER and self.audience is Audience.SERVICE
        return is_whole and self.rights is ALL

    def record(self) -> WhoRecord:
        """Return it as the caller is told."""
        return WhoRecord(
            user=self.user,
            roles=self.rights.spelled(),
            groups=sorted(self.groups),
            kind=self.kind,
            audience=self.audience,
            id=None if self.token is None else self.token.id,
            expires_at=None if self.token is None else self.token.expires,
            renewable_until=None if self.token is None else self.token.renewable_until,
        )


class Callers(Protocol):
    """Knows who speaks with a token."""

    def find(self, token: str) -> Caller | None:
        """Return who speaks with ``token``, None where nobody does.

        Raises `NotAuthenticated`, which says why, for a token that is of no use any more.
        """
        ...

    def rights_of(self, name: str) -> Rights:
        """Return what the user ``name`` may; nothing for who is no user, or no more."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens that are known from the start: the operator's, and the service's own.

    By their SHA-256: none is kept in clear.
    """

    callers: Mapping[str, Caller]
    operator: str = ""

    @classmethod
    def of(cls, tokens: Mapping[str, str], *, operator: str | None = None) -> Tokens:
        """Return ``tokens`` (token to user name); the ``operator`` may all, others the usual."""
        return cls(
            {
                digest_of(token): Caller(user=user, rights=ALL if user == operator else USUAL)
                for token, user in tokens.items()
            },
            operator or "",
        )

    @classmethod
    def of_service(cls, operator: str, *, home: str, internal: str) -> Tokens:
        """Return the token of the ``home``, and that by which the service reads its own index."""
        reader = Caller(
            user=operator,
            rights=Rights.of([Role.QUERY]),
            kind=TokenClass.INTERNAL,
            audience=Audience.INDEX,
        )
        owner = Caller(user=operator, rights=ALL)
        return cls({digest_of(home): owner, digest_of(internal): reader}, operator)

    def with_home(self, home: str) -> Tokens:
        """Return these with another token of the operator's in place of that of the home."""
        kept = {digest: each for digest, each in self.callers.items() if not each.may_all}
        owner = Caller(user=self.operator, rights=ALL)
        return Tokens({**kept, digest_of(home): owner}, self.operator)

    def find(self, token: str) -> Caller | None:
        """See `Callers`. Digests may be compared as they are: nobody chooses one."""
        return self.callers.get(digest_of(token))

    def rights_of(self, name: str) -> Rights:
        """See `Callers`."""
        own = (each.rights for each in self.callers.values() if each.user == name)
        return next(own, NONE)
