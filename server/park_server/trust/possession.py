"""Who has shown that he has a file: a digest alone is no key to what others sent.

The operator needs to show nothing: all that is here is in his home anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from sqlalchemy import Connection, bindparam, delete, insert, select

from park.errors import UnknownItem
from park_repo.database import Database
from park_server.db.blocks import in_blocks
from park_server.db.tables import content_holders
from park_server.threads import in_thread

__all__ = ["Possession"]

_HELD = select(content_holders.c.sha256).where(
    content_holders.c.user == bindparam("user"),
    content_holders.c.sha256.in_(bindparam("digests", expanding=True)),
)


class Possession:
    """Notes who sent which file, whole."""

    def __init__(self, database: Database, operator: str) -> None:
        self._database = database
        self._operator = operator

    async def note(self, user: str, sha256: str) -> None:
        """Note that ``user`` has sent the file; with that he may refer to it."""
        # always by the thread that writes, which may forget at this moment what was known
        await self._database.awrite(lambda c: _note(c, user, sha256))

    async def forget(self, is_there: Callable[[str], bool]) -> int:
        """Forget who has sent what ``is_there`` no longer; return how many files that are.

        It is asked in a thread, and once more where it is forgotten.
        """
        known = await in_thread(self._database.read, _all)
        gone = await in_thread(lambda: [sha256 for sha256 in known if not is_there(sha256)])
        for some in in_blocks(gone):
            await self._database.awrite(partial(_forget, digests=some, is_there=is_there))
        return len(gone)

    def holds(self, user: str, sha256: str) -> bool:
        """Tell whether ``user`` may refer to the file."""
        return not self.lacking(user, [sha256])

    def is_free(self, user: str) -> bool:
        """Tell whether ``user`` has to show nothing."""
        return user == self._operator

    def lacking(self, user: str, digests: Collection[str]) -> set[str]:
        """Return those of ``digests`` that ``user`` has not sent; in any thread."""
        if self.is_free(user) or not digests:
            return set()
        return {*digests} - self._database.read(lambda c: _held(c, user, digests))

    def require(self, user: str, digests: Collection[str]) -> None:
        """Raise `UnknownItem`, as for what is not here, for a file that ``user`` has not sent."""
        for sha256 in sorted(self.lacking(user, digests)):
            raise UnknownItem(
                f"no file with sha256 {sha256} on this service that you sent",
                hint="send it: PUT /api/v1/files/{sha256}; park does, where it submits the job",
            )


def _held(connection: Connection, user: str, digests: Collection[str]) -> set[str]:
    return {
        sha256
        for some in in_blocks(digests)
        for sha256 in connection.execute(_HELD, {"user": user, "digests": some}).scalars()
    }


def _all(connection: Connection) -> list[str]:
    return list(connection.execute(select(content_holders.c.sha256).distinct()).scalars())


def _forget(
    connection: Connection, digests: Collection[str], is_there: Callable[[str], bool]
) -> None:
    gone = [sha256 for sha256 in digests if not is_there(sha256)]
    connection.execute(delete(content_holders).where(content_holders.c.sha256.in_(gone)))


def _note(connection: Connection, user: str, sha256: str) -> None:
    if not _held(connection, user, [sha256]):
        connection.execute(insert(content_holders), {"user": user, "sha256": sha256})
