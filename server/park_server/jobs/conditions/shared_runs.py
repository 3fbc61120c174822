"""One run for several jobs that are one call: how its end is theirs, and who may leave it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.states import JobState
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.facts import JobFact
from park_server.jobs.conditions.recall import Memory, Shared
from park_server.jobs.job_end import ON_REQUEST, JobEnd, next_try
from park_server.jobs.together.turning_points import is_plain

__all__ = ["SharedRuns"]

_NOBODY = Shared()


class SharedRuns:
    """Runs and those who joined them; in the thread that writes to the database."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def of(self, cascade: Cascade, job: JobId) -> Shared:
        """Return who waits for the run of ``job``."""
        return self._memory.shared(cascade.connection, job)

    def end_all(self, cascade: Cascade, ends: Iterable[tuple[JobId, JobEnd]]) -> None:
        """End jobs whose runs are over, with those who joined them, and settle what waited.

        Where several end as most do, that is written for all of them together.
        """
        of_job: dict[JobId, JobEnd] = {}
        for job, end in ends:
            of_job.setdefault(job, end)  # of two the first one counts, as ever
        alike = {job: end for job, end in of_job.items() if self._ends_plainly(cascade, job, end)}
        names: set[str] = set()
        if len(alike) > 1:
            cascade.complete(alike)
            for job, end in alike.items():
                self._memory.ended(cascade.connection, job, end)
            names.update(alike)
        for job, end in of_job.items():
            if job not in names:
                names |= self._end(cascade, job, end)
        cascade.spread(names)

    def _ends_plainly(self, cascade: Cascade, job: JobId, end: JobEnd) -> bool:
        return is_plain(end) and self.of(cascade, job) == _NOBODY

    def _end(self, cascade: Cascade, job: JobId, end: JobEnd) -> set[str]:
        """End ``job`` with those who joined it; return who has ended."""
        shared = self.of(cascade, job)
        names: set[str] = set()
        if not shared.is_carried:
            cascade.end(job, end)
            names.add(job)
        self._memory.ended(cascade.connection, job, end)
        if shared.joiners or shared.is_carried:
            names |= self._end_joiners(cascade, job, end, shared)
        return names

    def _end_joiners(self, cascade: Cascade, job: JobId, end: JobEnd, shared: Shared) -> set[str]:
        """End those who joined, or have them run; return who has ended."""
        connection, joiners = cascade.connection, list(shared.joiners)
        self._memory.release(connection, job)
        if end.status is JobState.FAILED:
            return self._fail(cascade, joiners, end)
        if end.status is not JobState.COMPLETED or end.is_impure:
            return self._start_anew(cascade, joiners)
        names: set[str] = set()
        source = job
        if shared.is_carried and joiners:
            source = joiners.pop(0)
            cascade.end(source, end)
            self._memory.inherit(connection, job, source)
            names.add(source)
        return names | cascade.answer(dict.fromkeys(joiners, source))

    def _fail(self, cascade: Cascade, joiners: Sequence[JobId], end: JobEnd) -> set[str]:
        """Have those run by themselves who have retries left; the others failed with the run."""
        names: set[str] = set()
        for joiner in joiners:
            stored = job_rows.get(cascade.connection, joiner)
            moment = next_try(stored.options, stored.failures)
            if moment is None:
                failed = JobEnd(status=end.status, error=end.error, traceback=end.traceback)
                cascade.end(joiner, failed)
                names.add(joiner)
            else:
                retry = job_rows.retry(cascade.connection, joiner, end.error or "", moment)
                cascade.effects.retries.append(retry)
        return names

    def _start_anew(self, cascade: Cascade, jobs: Iterable[JobId]) -> set[str]:
        """Ask anew what becomes of ``jobs``, which wait for nothing else; return who has ended."""
        found = (need_rows.waiter(cascade.connection, job) for job in jobs)
        return cascade.schedule([each for each in found if each is not None], staged=True)

    def dissolve(self, cascade: Cascade, job: JobId) -> bool:
        """Have those run by themselves for whom alone the process of ``job`` went on.

        Tells whether it was so: the job itself has ended then.
        """
        shared = self.of(cascade, job)
        if not shared.is_carried:
            return False
        self._memory.release(cascade.connection, job)
        cascade.spread(self._start_anew(cascade, shared.joiners))
        return True

    def leave(
        self,
        cascade: Cascade,
        fact: JobFact,
        leaving: AbstractSet[str],
        why: str = ON_REQUEST,
    ) -> bool:
        """Have the job of ``fact`` cancelled, and its run go on for others; False for none.

        None are those who are ``leaving`` as well.
        """
        staying = [each for each in self.of(cascade, fact.id).joiners if each not in leaving]
        if not staying:
            return False
        is_running = fact.status is JobState.RUNNING
        how = "goes on with its process" if is_running else "runs"
        cascade.end(
            fact.id,
            JobEnd(
                status=JobState.CANCELLED,
                error=f"{why}; job {brief(staying[0])} is the same call, and {how}",
            ),
        )
        if is_running:
            self._memory.carry(cascade.connection, fact.id)
        else:
            self._memory.release(cascade.connection, fact.id)
            cascade.spread(self._start_anew(cascade, staying))
        return True

    def deserted(self, cascade: Cascade, left: Iterable[str]) -> list[JobId]:
        """Return whose processes nobody waits for any more, since ``left`` do not."""
        return self._memory.deserted(cascade.connection, left)
