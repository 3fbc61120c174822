"""The account of each user of a service that is root: real ones by policy, else numbers."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import partial
from pathlib import Path

from park.errors import CannotSatisfy
from park_repo.database import Database
from park_server.accounts import account_rows
from park_server.accounts.account import Account, NumberRange

__all__ = ["Accounts"]


class Accounts:
    """Who has which account. ``numbers`` None: all have the service's own.

    ``named`` tells by the policy which account of the machine a user has, None for one of the
    ``numbers``. Without that, the operator has the service's own: the home is his, and all in it.
    Below ``homes`` is a folder for each user with a number.
    """

    def __init__(
        self,
        database: Database,
        *,
        operator: str,
        homes: Path,
        numbers: NumberRange | None,
        named: Callable[[str], str | None],
    ) -> None:
        self._database = database
        self._operator = operator
        self._homes = homes
        self._numbers = numbers
        self._named = named
        self._known = database.read(account_rows.every) if numbers is not None else {}

    @property
    def are_given(self) -> bool:
        """Whether users have accounts of their own here."""
        return self._numbers is not None

    def of(self, user: str) -> Account | None:
        """Return the account of ``user``; None: the service's own.

        The first call for a user waits for a commit, and so for what others write: the event loop
        has `give` before. Raises `CannotSatisfy` where the policy
        names one that the machine has not, or root's, and where no number is left.
        """
        if self._numbers is None:
            return None
        if (named := self._named(user)) is not None:
            return _real(user, named)
        if user == self._operator:
            return None
        uid = self._known.get(user) or self._given(user, self._numbers)
        return Account(name=user, uid=uid, gid=uid, home=self._homes / str(uid))

    async def give(self, user: str) -> None:
        """Give ``user`` his number, where he needs one: from then on `of` waits for nothing."""
        numbers = self._numbers
        if numbers is None or user in self._known or user == self._operator or self._named(user):
            return
        uid = await self._database.awrite(partial(account_rows.give, user=user, numbers=numbers))
        if uid is not None:  # else `of` says so to who needs it
            self._known[user] = uid

    def owner_of(self, user: str) -> tuple[int, int] | None:
        """Return user and group id of the files of ``user``; None: the service's own."""
        account = self.of(user)
        return None if account is None else account.owner

    def _given(self, user: str, numbers: NumberRange) -> int:
        uid = self._database.write(partial(account_rows.give, user=user, numbers=numbers)).result()
        if uid is None:
            raise CannotSatisfy(
                f"no account is left for {user}: all of {numbers.first}-{numbers.last} are given",
                hint="the operator can add others: park serve --job-accounts FIRST-LAST",
            )
        self._known[user] = uid
        return uid


def _real(user: str, name: str) -> Account:
    """Return an account that the machine has."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise CannotSatisfy(
            f"by the policy {user} has the account {name!r}, which this machine has not",
            hint="the operator should name another one in policy.toml, or make it: useradd",
        ) from None
    if entry.pw_uid == 0:
        raise CannotSatisfy(
            f"by the policy {user} has the account {name!r}, which is root",
            hint="the operator should name another one in policy.toml",
        )
    groups = os.getgrouplist(name, entry.pw_gid)
    return Account(
        name=name,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        home=Path(entry.pw_dir),
        groups=tuple(group for group in groups if group != entry.pw_gid),
    )
