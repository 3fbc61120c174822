"""Users, tokens and what is noted of them, put together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from park_repo.database import Database
from park_server.trust.directory import Directory
from park_server.trust.guessing import Guessing
from park_server.trust.identity import Tokens
from park_server.trust.logins import KnownCallers, Logins
from park_server.trust.noted.change_rate import ChangeRate
from park_server.trust.noted.failed_logins import FailedLogins
from park_server.trust.noted.folded_entries import FoldedEntries
from park_server.trust.passwords import Passwords
from park_server.trust.possession import Possession
from park_server.trust.sharing import Sharing
from park_server.trust.token_book import TokenBook
from park_server.trust.under_way import UnderWay

__all__ = ["Trust", "trust_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """What routes ask about users; ``under_way`` are the requests that tokens are used for."""

    directory: Directory
    book: TokenBook
    passwords: Passwords
    failed_logins: FailedLogins
    folded_entries: FoldedEntries
    logins: Logins
    callers: KnownCallers
    under_way: UnderWay
    sharing: Sharing
    possession: Possession


def trust_of(
    database: Database,
    policy_file: Path,
    fixed: Tokens,
    under_way: UnderWay,
    *,
    not_apart: Sequence[str] = (),
) -> Trust:
    """Return the users of a service; ``fixed`` are the tokens that are in no table.

    ``not_apart`` says what of two users cannot be kept apart, where they do not trust each other.

    Raises `UsageError` for a policy file that is not understood.
    """
    directory = Directory(
        database,
        fixed.operator,
        policy_file,
        not_apart=not_apart,
        changed=under_way.look_again,
    )
    changes = ChangeRate(time.monotonic)
    book = TokenBook(database, under_way.end, changes)
    passwords, failed = Passwords(), FailedLogins(time.monotonic)
    return Trust(
        directory=directory,
        book=book,
        passwords=passwords,
        failed_logins=failed,
        folded_entries=FoldedEntries(database, failed),
        logins=Logins(
            database,
            directory,
            book,
            passwords,
            guessing=Guessing(time.monotonic),
            failed=failed,
        ),
        callers=KnownCallers(fixed, book, directory),
        under_way=under_way,
        sharing=Sharing(database, directory, changes),
        possession=Possession(database, fixed.operator),
    )
