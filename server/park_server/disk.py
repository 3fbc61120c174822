"""Patience with a disk that takes nothing: full, over a quota, or failing for a while.

So is a database server that is lost, or takes nothing.

What the service has acknowledged goes on when there is room again. So a step that would
lose it is tried until it works, and the log tells of the outage once, and of its end.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from park.model.backoff import Backoff
from park_repo.sql.losses import is_loss, is_refusal
from park_server.clock import now

__all__ = ["Disk", "is_of_disk", "line_of_disk"]

_log = logging.getLogger("park.disk")

T = TypeVar("T")

_BACKOFF = Backoff(first_s=0.1, longest_s=5.0)
"""A full disk is noticed by people, and emptied by them: nobody waits for much more than that."""

_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})

_OF_SQLITE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
    }
)
"""Primary result codes: <https://www.sqlite.org/rescode.html>."""

_PRIMARY = 0xFF


class Disk:
    """What is known of the disk under a service; one for all of its parts, in one event loop."""

    def __init__(self) -> None:
        self._since = ""
        self._reason = ""
        self._refused = 0

    @property
    def remark(self) -> str:
        """A line for people whose jobs are held up, or nothing; from any thread."""
        if not self._refused:
            return ""
        since = self._since[:16].replace("T", " ")
        return f"the disk of the service takes nothing since {since} UTC: {self._reason}"

    async def patiently(
        self, step: Callable[[], Awaitable[T]], *, limit_s: float = float("inf")
    ) -> T:
        """Return what ``step`` returns, trying again for as long as the disk refuses it.

        A step must be such that it can be made again. Raises what it raises otherwise, and
        the refusal of the disk after ``limit_s`` seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit_s
        failures = 0
        is_refused = False
        try:
            while True:
                try:
                    return await step()
                except Exception as error:
                    failures += 1
                    pause_s = _BACKOFF.after(failures)
                    if not is_of_disk(error) or loop.time() + pause_s > deadline:
                        raise
                    if not is_refused:
                        is_refused = True
                        self._begin(error)
                await asyncio.sleep(pause_s)
        finally:
            if is_refused:
                self._end()

    def _begin(self, error: Exception) -> None:
        self._refused += 1
        if self._refused == 1:
            self._since, self._reason = now(), line_of_disk(error)
            _log.error("the disk takes nothing: %s; what waits is tried again", self._reason)

    def _end(self) -> None:
        self._refused -= 1
        if not self._refused:
            _log.warning("the disk, which took nothing since %s, does again", self._since)


def is_of_disk(error: BaseException) -> bool:
    """Tell whether ``error``, or one behind it, says that the disk refused."""
    return any(_reason(each) is not None for each in _with_causes(error))


def line_of_disk(error: BaseException) -> str:
    """Return what the disk said, in one line."""
    found = (_reason(each) for each in _with_causes(error))
    return next((reason for reason in found if reason is not None), str(error))


def _reason(error: BaseException) -> str | None:
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return str(error)
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code is not None and code & _PRIMARY in _OF_SQLITE:
            return f"the database: {error.orig}"
        if is_loss(error) or is_refusal(error):
            return f"the database: {' '.join(str(error.orig).split())}"
    return None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and what it was raised from, or in the handling of."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [each.__context__, each.__cause__]
