"""Answers to whoever follows leaves of conditions: clients that wait, and other services."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from park.errors import UnknownItem
from park.model.conditions import (
    At,
    Before,
    Comparison,
    JobIs,
    Leaf,
    Phase,
    Pool,
    describe,
)
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.truth import Truth, Verdict, never
from park_repo.database import Database
from park_server.bus import Bus, revocation_of, start_of
from park_server.jobs.conditions.progress_log import Reports
from park_server.jobs.conditions.settlement import POOLS, Settlement
from park_server.jobs.conditions.tally import subjects_of
from park_server.jobs.conditions.verdicts import Verdicts
from park_server.jobs.progress_listener import ProgressListener, progress_of
from park_server.threads import in_thread_of

__all__ = ["Asked", "LeafPolls"]

T = TypeVar("T")

_FEW = 50
"""Leaves that are looked at in about a millisecond."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A leaf that is asked for in the name of ``user``; ``refused`` says why it may not be.

    ``grant`` is the id of the grant that it is asked with, if it is.
    """

    leaf: Leaf
    user: str
    refused: str | None = None
    grant: str | None = None


class LeafPolls:
    """Looks at leaves again when something happened to what they speak of."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        progress: ProgressListener,
        settlement: Settlement,
        folder_of: Callable[[JobId], Path],
    ) -> None:
        self._database = database
        self._bus = bus
        self._progress = progress
        self._settlement = settlement
        self._reports = Reports(folder_of)

    async def follow(self, asked: Sequence[Asked], wait_s: float) -> list[Verdict]:
        """Return a verdict for each of ``asked``, when one is decided or after ``wait_s``."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        places = await _beside(asked, lambda: _places(asked))
        revocable = {revocation_of(each.grant) for each in asked if each.grant is not None}
        with self._bus.subscribed(places.keys()) as subscription:
            verdicts = await _beside(asked, lambda: self._verdicts(asked))
            while not any(verdict.is_decided for verdict in verdicts):
                left = deadline - loop.time()
                if left <= 0 or subscription.is_over:
                    break
                self._progress.keep(_reporting(asked, verdicts))
                changed = await subscription.changed(min(left, _until_next(asked)))
                if changed & revocable:
                    asked = _without_revoked(asked, changed)
                again = {place for subject in changed for place in places[subject]}
                again.update(_timed(asked))
                await self._look_again(asked, sorted(again), verdicts)
        return verdicts

    async def _look_again(
        self, asked: Sequence[Asked], places: Sequence[int], verdicts: list[Verdict]
    ) -> None:
        chosen = [asked[place] for place in places]
        found = await _beside(chosen, lambda: self._verdicts(chosen)) if places else []
        for place, verdict in zip(places, found, strict=True):
            verdicts[place] = verdict

    def _verdicts(self, asked: Sequence[Asked]) -> list[Verdict]:
        """Return what each is worth at this moment; one read for each user."""
        found: dict[int, Verdict] = {}
        for user in {each.user for each in asked}:
            own = {place: each for place, each in enumerate(asked) if each.user == user}
            found.update(self._database.read(partial(self._of, asked=own, user=user)))
        return [found[place] for place in range(len(asked))]

    def _of(
        self, connection: Connection, *, asked: Mapping[int, Asked], user: str
    ) -> dict[int, Verdict]:
        verdicts = Verdicts(
            connection, reports=self._reports, pool=self._pool, now=datetime.now(UTC), user=user
        )
        verdicts.load(each.leaf for each in asked.values())
        return {place: _verdict(verdicts, each) for place, each in asked.items()}

    def _pool(self, pool: Pool) -> Verdict:
        """Return whether so many units are free now."""
        verdict = self._settlement.pool_verdict(pool)
        free = self._settlement.pool_units_free().get(pool.name, 0)
        if verdict.truth is Truth.TRUE and free < pool.count:
            return Verdict(Truth.NOT_YET, f"{describe(pool)}: {free} free")
        return verdict


async def _beside(asked: Sequence[Asked], work: Callable[[], T]) -> T:
    """Return what ``work`` returns: in a thread, where it may take long.

    A comparison reads what a job left, of whatever size.
    """
    is_long = len(asked) > _FEW or any(isinstance(each.leaf, Comparison) for each in asked)
    return await in_thread_of(asked[0].user, work) if is_long else work()


def _verdict(verdicts: Verdicts, asked: Asked) -> Verdict:
    if asked.refused is not None:
        return never(asked.refused)
    try:
        return verdicts.of(asked.leaf)
    except UnknownItem as error:
        return never(error.message)


def _places(asked: Sequence[Asked]) -> Mapping[str, list[int]]:
    """Return by subject of the `Bus` whose verdicts may change when it is published."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, each in enumerate(asked):
        for subject in _subjects(each.leaf):
            places[subject].append(place)
        if each.grant is not None:
            places[revocation_of(each.grant)].append(place)
    return places


def _without_revoked(asked: Sequence[Asked], changed: Collection[str]) -> Sequence[Asked]:
    """Return what is asked, but that what a grant opened that was revoked now is refused."""
    return [
        replace(each, refused="the grant was revoked")
        if each.grant is not None and revocation_of(each.grant) in changed
        else each
        for each in asked
    ]


def _subjects(leaf: Leaf) -> Iterator[str]:
    yield from subjects_of(leaf)
    match leaf:
        case JobIs(job=job, phase=Phase.STARTED):
            yield start_of(JobId(job))
        case Pool():
            yield POOLS
        case Comparison():
            yield from (progress_of(job) for job in _streamed(leaf))


def _streamed(leaf: Comparison) -> Iterator[JobId]:
    """Yield the jobs whose reports of progress ``leaf`` compares."""
    for side in (leaf.left, leaf.right):
        if isinstance(side, Reference) and side.what is What.PROGRESS:
            yield JobId(side.job)


def _reporting(asked: Sequence[Asked], verdicts: Sequence[Verdict]) -> set[JobId]:
    """Return the jobs whose reports are to be heard of."""
    return {
        job
        for each, verdict in zip(asked, verdicts, strict=True)
        if isinstance(each.leaf, Comparison) and not verdict.is_decided
        for job in _streamed(each.leaf)
    }


def _timed(asked: Sequence[Asked]) -> Iterator[int]:
    """Yield the places of the leaves that time alone decides."""
    for place, each in enumerate(asked):
        if isinstance(each.leaf, (At, Before)):
            yield place


def _until_next(asked: Sequence[Asked]) -> float:
    """Return the seconds until the next moment that is named."""
    now = datetime.now(UTC)
    moments = [each.leaf.moment for each in asked if isinstance(each.leaf, (At, Before))]
    left = [(moment - now).total_seconds() for moment in moments if moment > now]
    return min(left, default=float("inf"))
