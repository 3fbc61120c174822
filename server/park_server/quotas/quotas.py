"""What users may have of a service, kept: each limit is told with what there is, and what to do.

Whoever operates the service has no limits: all of it is his.
"""

from __future__ import annotations

import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Container,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal

from park.errors import NoRoom, OverLimit, TooFast, TooManyAtOnce
from park.model.ids import JobId
from park.wire import LimitRecord, QuotaRecord
from park_server.quotas.disk_reserve import NO_RESERVE, DiskReserve
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.incoming import Incoming
from park_server.quotas.limits import NO_LIMITS, Allowance, shown
from park_server.quotas.request_rate import RequestRate
from park_server.quotas.tally import Tally

__all__ = ["Quotas"]

_Counted = Literal["waiting", "running", "cores"]
_Limited = Literal[_Counted, "disk"]

_WHO_SETS = "those who administrate the service set limits: park usage shows yours"


@dataclass(slots=True)
class Admitted:
    """Jobs that were not counted before; those of them that are ``kept`` were written."""

    jobs: Sequence[JobId]
    kept: Container[JobId] = ()

    def keep(self, written: Container[JobId]) -> None:
        """Note which jobs were ``written``."""
        self.kept = written


class Quotas:
    """Keeps to the limits of users. All methods belong to the event loop, unless they say so.

    ``allowance_of`` tells what a user may have; what it says may change at any time. Of the disk
    the ``reserve`` is nobody's.
    """

    def __init__(
        self,
        allowance_of: Callable[[str], Allowance],
        disk: DiskUse,
        clock: Callable[[], float],
        reserve: DiskReserve = NO_RESERVE,
    ) -> None:
        self._allowance_of = allowance_of
        self._reserve = reserve
        self._disk = disk
        self._rate = RequestRate(clock)
        self.tally = Tally()

    @classmethod
    def without_limits(cls) -> Quotas:
        """Return what lets everybody have all that he wants."""
        boundless = Allowance(own=NO_LIMITS)
        return cls(lambda _: boundless, DiskUse(lambda _: {}, time.monotonic), time.monotonic)

    # -- requests

    def ask(self, user: str) -> None:
        """Count a request of ``user``; raises `TooFast` for one too many."""
        rate = self._allowance_of(user).own.requests
        if rate is None:
            return
        wait_s = self._rate.wait_s(user, rate)
        if wait_s:
            raise TooFast(
                f"{user} asks more than {shown('requests', rate)} times a second",
                hint=f"ask again in {wait_s:.1f} s; {_WHO_SETS}",
                details={"limit": rate, "retry_after_s": wait_s},
            )

    # -- jobs

    def check_batch(self, user: str, count: int) -> None:
        """Raise `TooManyAtOnce` where ``count`` jobs are too many for one request; any thread."""
        most = self._allowance_of(user).own.batch
        if most is not None and count > most:
            raise TooManyAtOnce(
                f"{count:,} jobs in one request, and {shown('batch', most)} are taken from {user}",
                hint="send them in several requests, as park does",
                details={"limit": most, "asked": count},
            )

    @asynccontextmanager
    async def admission(
        self, user: str, jobs: Collection[JobId], *, size: int = 0
    ) -> AsyncIterator[Admitted]:
        """Count ``jobs`` of ``user`` while they are written; those that are kept count on.

        Their requests came as ``size`` bytes. Raises `OverLimit` where he may not have so many, or
        has no room for them and what they leave.
        """
        await self.require_room(user, size)
        admitted = Admitted(self.reserve(user, jobs))
        try:
            yield admitted
        finally:  # what was known already, or has ended as it was written, does not wait
            self.tally.drop(job for job in admitted.jobs if job not in admitted.kept)
        self._disk.add(user, size)

    def reserve(self, user: str, jobs: Collection[JobId]) -> list[JobId]:
        """Count ``jobs`` of ``user``, all or none; return those that were not counted before.

        Raises `OverLimit` where too many would wait.
        """
        new = self.tally.add(user, jobs)
        for limit, used, whose in self._limits(user, "waiting"):
            if new and used > limit:
                self.tally.drop(new)
                raise OverLimit(
                    f"{whose} {used - len(new):,} of {shown('waiting', limit)} jobs waiting that"
                    f" may, and {len(new):,} more were sent",
                    hint="wait until some have started, or cancel some (park jobs --status queued,"
                    f" park cancel JOB …); {_WHO_SETS}",
                    details={"limit": limit, "used": used - len(new), "asked": len(new)},
                )
        return new

    def why_held(self, user: str) -> str | None:
        """Return why no further job of ``user`` may start now, in a line; from any thread."""
        for name, what in _WHILE_RUNNING:
            for limit, used, whose in self._limits(user, name):
                if used >= limit:
                    return f"{whose} {used:,} of {shown(name, limit)} {what} that may be taken"
        return None

    def may_start(self, user: str) -> bool:
        """Tell whether a further job of ``user`` may start now."""
        return self.why_held(user) is None

    def fellows(self, user: str) -> Collection[str]:
        """Return who may start more when a job of ``user`` has ended."""
        together = self._allowance_of(user).together
        return {user}.union(*(each.members for each in together))

    def weight_of(self, user: str) -> float:
        """Return what part of the slots ``user`` has, where others wait."""
        return self._allowance_of(user).own.share or 1.0

    def _limits(self, user: str, name: _Counted) -> Iterable[tuple[float, int, str]]:
        """Yield each limit of ``name``, what is used of it, and the words of who has that."""
        count: Callable[[str], int] = getattr(self.tally, name)
        for limit, members, group in self._allowance_of(user).limits(name):
            used = count(user) if members is None else sum(map(count, members))
            yield limit, used, f"{user} has" if members is None else f"the group {group} has"

    # -- the disk

    async def require_room(self, user: str, size: int = 0, *, counted: int = 0) -> float:
        """Return how many bytes ``user`` may still send, beside the ``size`` that he says.

        Of these so many are ``counted`` already, as coming.
        Raises `TooManyAtOnce` for what would never fit, and `NoRoom` for what does not now.
        """
        left = float("inf")
        for limit, members, group in self._allowance_of(user).limits("disk"):
            used = await self._used(user if members is None else members) - counted
            if used + size > limit or used >= limit:
                raise _no_room(user if members is None else f"the group {group}", limit, used, size)
            left = min(left, limit - used - size)
        return left

    async def _used(self, who: str | Collection[str]) -> int:
        names = [who] if isinstance(who, str) else sorted(who)
        return sum([await self._disk.used(name) for name in names])

    async def take(self, user: str, size: int) -> None:
        """Count ``size`` bytes that are written down for ``user``; raises as `require_room`."""
        await self.require_room(user, size)
        self._disk.add(user, size)

    async def within(self, user: str, chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
        """Yield ``chunks`` that ``user`` sends, and count them; raises as `require_room`."""
        with self.incoming(user) as incoming:
            await incoming.admit(0)
            size = 0
            async for chunk in chunks:
                size += len(chunk)
                await incoming.admit(size)
                yield chunk
            incoming.keep()

    @contextmanager
    def incoming(self, user: str) -> Iterator[Incoming]:
        """Count what comes for ``user`` while it comes: much of it may come at the same time."""
        coming = _Coming(self.require_room, self._reserve, self._disk, user)
        try:
            yield coming
        finally:
            coming.end()

    # -- what is told

    async def record(self, user: str) -> QuotaRecord:
        """Return what ``user`` has, and of how much."""
        own, disk = self._allowance_of(user).own, await self._disk.parts(user)
        return QuotaRecord(
            user=user,
            limits=[limit for name in _ALL for limit in await self._records(user, name)],
            disk=disk,
            requests_per_s=_told(own.requests),
            jobs_in_a_request=_told(own.batch),
            share=self.weight_of(user),
        )

    async def _records(self, user: str, name: _Limited) -> list[LimitRecord]:
        """Return what ``user`` has of ``name``, and what groups of his have together."""
        allowance = self._allowance_of(user)
        own = await self._amount(user, name)
        found = [LimitRecord(name=name, used=own, limit=_told(getattr(allowance.own, name)))]
        for each in allowance.together:
            if (limit := getattr(each.limits, name)) is not None:
                used = sum([await self._amount(member, name) for member in sorted(each.members)])
                told = LimitRecord(name=name, used=used, limit=_told(limit), group=each.group)
                found.append(told)
        return found

    async def _amount(self, user: str, name: _Limited) -> float:
        if name == "disk":
            return await self._disk.used(user)
        count: Callable[[str], int] = getattr(self.tally, name)
        return count(user)


class _Coming:
    """What comes for one user: an `Incoming`."""

    def __init__(
        self,
        require_room: Callable[..., Awaitable[float]],
        reserve: DiskReserve,
        disk: DiskUse,
        user: str,
    ) -> None:
        self._require_room = require_room
        self._reserve = reserve
        self._disk = disk
        self._user = user
        self._size = 0
        self._is_kept = False

    async def admit(self, size: int) -> float:
        self._reserve.require(size - self._size)
        left = await self._require_room(self._user, size, counted=self._size)
        self._disk.coming[self._user] += max(0, size - self._size)
        self._size = max(size, self._size)
        return left

    def keep(self) -> None:
        self._is_kept = True

    def end(self) -> None:
        self._disk.coming[self._user] -= self._size
        if self._is_kept:
            self._disk.add(self._user, self._size)


_ALL: Sequence[_Limited] = ("waiting", "running", "cores", "disk")
_WHILE_RUNNING: Sequence[tuple[_Counted, str]] = (("running", "jobs running"), ("cores", "cores"))


def _told(limit: float | None) -> float | None:
    return None if limit in {None, float("inf")} else limit


def _no_room(who: str, limit: float, used: int, size: int) -> OverLimit:
    kind = TooManyAtOnce if size > limit else NoRoom
    more = f", and {shown('disk', size)} more were sent" if size else ""
    return kind(
        f"{who} has {shown('disk', used)} of {shown('disk', limit)} on the disk{more}",
        hint="remove what you need no longer (park rm JOB …, park files rm PATH); " + _WHO_SETS,
        details={"limit": limit, "used": used, "asked": size},
    )
