"""Large submissions, taken in pieces: nobody waits for more than one of these.

However many there are: one piece at a time is handed to the writer, and users take turns.

What was run before may answer all of it; then it is one transaction, and nothing starts. Else
first all of it is written down, in pieces, as it came. With the last of them it is accepted, all
or none. Then each piece becomes jobs, in a transaction of its own; where the service is killed
meanwhile, the next one goes on, and what was not accepted by then is forgotten.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from park.errors import NotPermitted, ParkError
from park.model.ids import new_id
from park.wire import JobRequest, decode
from park_repo.database import Database
from park_server.clock import text_of
from park_server.jobs.admission import arriving_rows
from park_server.jobs.admission.arriving_rows import Arriving
from park_server.jobs.admission.intake import Intake
from park_server.jobs.admission.pieces import MOST_ANSWERED, Piece, pieces_of, written_together
from park_server.jobs.admission.submission import Accepted, Submission
from park_server.jobs.admission.turnstile import Turnstile
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.creation import Created
from park_server.jobs.conditions.needs import Planned, planned
from park_server.jobs.failures.failsafe import Failsafe, line_of_failure
from park_server.json_pieces import loads
from park_server.quotas.tally import Tally
from park_server.tasks import Tasks
from park_server.threads import in_thread

__all__ = ["Arrivals"]

_log = logging.getLogger("park.jobs")


class Arrivals:
    """Takes large submissions; ``tasks`` are those that it is at. Belongs to the event loop."""

    def __init__(
        self,
        *,
        database: Database,
        commits: Commits,
        failsafe: Failsafe,
        intake: Intake,
        tally: Tally,
    ) -> None:
        self._database = database
        self._commits = commits
        self._failsafe = failsafe
        self._intake = intake
        self._tally = tally
        self._discarded: Counter[str] = Counter()
        self._turnstile = Turnstile()
        self.tasks = Tasks(_log, "a submission in pieces waits for the next start of the service")

    async def accept(
        self, user: str, submission: Submission, *, looks_answered: bool = False
    ) -> Accepted:
        """Accept jobs, all or none, and make them; what it raises is raised before any is there.

        Where it ``looks_answered`` by what was run before, that is tried in one step first: what
        nobody has to run is written fast, and need not be written down before.
        """
        created = None
        if looks_answered and len(submission.plans) <= MOST_ANSWERED:
            created = await self._answered(user, submission)
        if created is None:
            created = await self._in_pieces(user, submission)
        moment = text_of(submission.accepted)
        return Accepted(submission=submission, created=created, moment=moment)

    async def _answered(self, user: str, submission: Submission) -> Created | None:
        moment = text_of(submission.accepted)
        async with self._turnstile.passed(user):
            answered = await self._database.awrite(
                lambda c: self._intake.answer(c, user, submission.plans, moment)
            )
        if answered is not None:
            await self._failsafe.act_on(answered.effects)
        return answered

    async def _in_pieces(self, user: str, submission: Submission) -> Created:
        pieces = await in_thread(pieces_of, submission.ordered)
        accepted = text_of(submission.accepted)
        name, last = new_id(), len(pieces) - 1
        rows = [
            Arriving(submission=name, behind=last - number, user=user, accepted=accepted)
            for number in range(len(pieces))
        ]
        await self._write_down(rows, pieces)
        created = Created.nothing()
        for row, piece in zip(rows, pieces, strict=True):
            created = created.and_then(await self._created(row, piece.plans))
        return created

    async def discard(self, user: str) -> None:
        """Let nothing more of ``user`` become jobs, who may not submit any longer."""
        self._discarded[user] += 1
        await self._commits.write(partial(arriving_rows.discard_all, user=user))

    async def resume(self) -> None:
        """Forget what was not accepted, and have the rest become jobs, in the background."""
        if not self._database.read(arriving_rows.is_any):
            return
        await self._commits.write(arriving_rows.discard_unfinished)
        if left := self._database.read(arriving_rows.accepted):
            self.tasks.spawn(self._resumed(left))

    async def _resumed(self, rows: Sequence[Arriving]) -> None:
        for row in rows:
            document = self._database.read(partial(arriving_rows.document_of, piece=row))
            if document is None:
                continue
            requests = [decode(JobRequest, each) for each in loads(document)]
            plans = [planned(request, datetime.fromisoformat(row.accepted)) for request in requests]
            counted = self._tally.add(row.user, [plan.id for plan in plans])
            created = await self._created(row, plans)
            self._tally.drop(job for job in counted if job not in created.states)

    # -- parts

    async def _write_down(self, rows: Sequence[Arriving], pieces: Sequence[Piece]) -> None:
        among, user = {plan.id for piece in pieces for plan in piece.plans}, rows[0].user
        begun = self._discarded[user]

        def write(connection: Connection, some: range) -> None:
            plans = [plan for number in some for plan in pieces[number].plans]
            self._intake.require(connection, user, plans, among)
            for number in some:
                arriving_rows.add(connection, rows[number], pieces[number].document)

        try:
            for some in written_together(pieces):
                async with self._turnstile.passed(user):
                    self._require_wanted(user, begun)
                    await self._database.awrite(partial(write, some=some))
        except Exception:
            with suppress(ParkError, SQLAlchemyError):  # else the next start forgets it
                await self._database.awrite(
                    partial(arriving_rows.forget, submission=rows[0].submission)
                )
            raise

    def _require_wanted(self, user: str, begun: int) -> None:
        """Raise `NotPermitted` where all of ``user`` was discarded since ``begun``."""
        if self._discarded[user] != begun:
            raise NotPermitted(f"all of {user} was revoked while these jobs came in")

    async def _created(self, row: Arriving, plans: Sequence[Planned]) -> Created:
        """Make the jobs of a piece, each by itself where they cannot be made together."""

        def create(connection: Connection) -> Created:
            if not arriving_rows.remove(connection, row):
                return Created.nothing()
            return self._intake.create(connection, row.user, plans, row.accepted)

        try:
            async with self._turnstile.passed(row.user):
                created = await self._commits.write(create)
        except Exception as error:  # noqa: BLE001 (they are accepted, whatever it is)
            _log.info("a piece of a submission is taken job by job: %s", line_of_failure(error))
            return await self._one_by_one(row, plans)
        await self._failsafe.act_on(created.effects)
        return created

    async def _one_by_one(self, row: Arriving, plans: Sequence[Planned]) -> Created:
        created, begun = Created.nothing(), self._discarded[row.user]
        for plan in plans:
            if self._discarded[row.user] == begun:
                async with self._turnstile.passed(row.user):
                    one = await self._one(row, plan)
                await self._failsafe.act_on(one.effects)
                created = created.and_then(one)
        await self._commits.write(partial(arriving_rows.remove, piece=row))
        return created

    async def _one(self, row: Arriving, plan: Planned) -> Created:
        """Make one job; what it needed may have been removed since it was accepted."""
        try:
            return await self._commits.write(
                lambda c: self._intake.create(c, row.user, [plan], row.accepted)
            )
        except Exception as error:  # noqa: BLE001 (the job tells its user)
            why = line_of_failure(error)
        return await self._commits.write(
            lambda c: self._intake.create_failed(c, row.user, plan, row.accepted, why)
        )
