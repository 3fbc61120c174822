"""Submissions that become jobs at once; those of a user that come together, in one change.

A change costs its statements, each with a hand-over between threads, whatever it writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from park.model.ids import JobId
from park_repo.database import Batch, Database
from park_repo.loop_futures import in_loop
from park_server.clock import text_of
from park_server.jobs.admission.intake import Intake
from park_server.jobs.admission.pieces import MOST_JOBS
from park_server.jobs.admission.submission import Accepted, Submission
from park_server.jobs.conditions.creation import Created
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.gathering import Gathering

__all__ = ["Creations"]

_Submissions = Sequence[Submission]


class Creations:
    """Makes jobs of submissions. Belongs to the event loop.

    ``start_with`` adds the starts of new jobs to the batch that creates them, and returns which.
    """

    def __init__(
        self,
        *,
        database: Database,
        intake: Intake,
        failsafe: Failsafe,
        start_with: Callable[[str, Iterable[Planned], Batch], set[JobId]],
    ) -> None:
        self._database = database
        self._intake = intake
        self._failsafe = failsafe
        self._start_with = start_with
        self._of_users: dict[str, Gathering[Submission, tuple[Created, str]]] = {}

    async def accept(self, user: str, submission: Submission) -> Accepted:
        """Make jobs of a submission that is not cut, all or none; they are committed then."""
        gathering = self._of_users.get(user)
        if gathering is None:
            gathering = Gathering(partial(self._created, user), _may_join)
            self._of_users[user] = gathering
        created, moment = await gathering.do(submission)
        return Accepted(submission=submission, created=created, moment=moment)

    async def _created(self, user: str, submissions: _Submissions) -> tuple[Created, str]:
        plans = [plan for each in submissions for plan in each.plans]
        moment = text_of(submissions[-1].accepted)
        at_once = [plan for plan in plans if plan.is_free and plan.is_call]
        with self._database.together() as batch:
            creating = batch.write(lambda c: self._intake.create(c, user, plans, moment))
            started = self._start_with(user, at_once, batch)
        created = await in_loop(creating)
        if started:  # their orders go first: what runs elsewhere meanwhile takes longest
            await asyncio.sleep(0)
        effects = created.effects
        effects.queued = [job for job in effects.queued if job not in started]
        await self._failsafe.act_on(effects)  # they are accepted, whatever follows
        return created, moment


def _may_join(before: _Submissions, submission: Submission) -> bool:
    """Tell whether ``submission`` may go with those ``before``: few together, no job twice."""
    known = {plan.id for each in before for plan in each.plans}
    is_new = known.isdisjoint(plan.id for plan in submission.plans)
    return is_new and len(known) + len(submission.plans) <= MOST_JOBS
