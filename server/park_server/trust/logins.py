"""Logins by password, and who speaks with the tokens that they make."""

from __future__ import annotations

from datetime import UTC, datetime

from park.errors import NotAuthenticated
from park.wire import LoginRecord, LoginRequest
from park_repo.database import Database
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory
from park_server.trust.guessing import Guessing
from park_server.trust.identity import Caller, Tokens
from park_server.trust.noted.failed_logins import FailedLogins
from park_server.trust.passwords import Passwords
from park_server.trust.rights import Rights
from park_server.trust.token_book import TokenBook

__all__ = ["KnownCallers", "Logins"]


class KnownCallers:
    """Implements `Callers`: those of the service itself, then the tokens of its users."""

    def __init__(self, fixed: Tokens, book: TokenBook, directory: Directory) -> None:
        self._fixed = fixed
        self._book = book
        self._directory = directory

    def find(self, token: str) -> Caller | None:
        """See `Callers`."""
        if (caller := self._fixed.find(token)) is not None:
            return caller
        held = self._book.find(token, datetime.now(UTC))
        if held is None:
            return None
        rights, groups = self._directory.standing(held.user)
        if not rights.held and not self._directory.is_user(held.user):
            raise NotAuthenticated(f"{held.user} is no user of this service any more")
        return Caller(
            user=held.user,
            rights=rights.narrowed(held.scopes),
            groups=groups,
            kind=held.kind,
            audience=held.audience,
            token=held,
        )

    def rights_of(self, name: str) -> Rights:
        """See `Callers`."""
        rights, _ = self._directory.standing(name)
        return rights

    def rotate(self, home: str) -> None:
        """Know ``home`` as the operator's token, and no more the one of before."""
        self._fixed = self._fixed.with_home(home)


class Logins:
    """Takes passwords; wrong ones are counted, slowed, and noted."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        book: TokenBook,
        passwords: Passwords,
        *,
        guessing: Guessing,
        failed: FailedLogins,
    ) -> None:
        self._database = database
        self._directory = directory
        self._book = book
        self._passwords = passwords
        self._guessing = guessing
        self._failed = failed

    async def log_in(self, request: LoginRequest, address: str) -> LoginRecord:
        """Return a token for who knows the password of a user; see `check`."""
        await self.check(request, address)
        actor = Actor(user=request.user, address=address)
        return await self._book.log_in(request.user, request.note, actor)

    async def check(self, request: LoginRequest, address: str) -> None:
        """Raise unless the password is the user's.

        `NotAuthenticated`, the same for a wrong name and a wrong password, and
        `TooManyAttempts` while nothing is looked at.
        """
        name = request.user
        self._guessing.check(name, address)
        # counted before it is known: many at once are no way around the limit
        wrong = self._guessing.failed(name, address)
        encoded = self._directory.password_of(name)
        if not await self._passwords.is_right(encoded, request.password):
            actor = Actor(user=name, address=address)
            if (entries := self._failed.entries(actor, name, wrong=wrong)) is not None:
                await self._database.awrite(entries)
            raise NotAuthenticated(
                "the service does not know this name with this password",
                hint="names and passwords are given by whoever administrates the service",
            )
        self._guessing.succeeded(name, address)
