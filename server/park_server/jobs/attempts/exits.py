"""From the exit of an attempt to the end of its job, or to its next attempt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import FileRecord
from park_server.disk import Disk
from park_server.jobs.attempts import told_runs
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dereference import output_of
from park_server.jobs.engines.engine import AttemptExit, ExitKind
from park_server.jobs.engines.expected_times import ExpectedTimes
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import JobEnd, end_of, may_run_again, next_try
from park_server.jobs.memo.run_notes import NoRunNotes, RunNotes
from park_server.jobs.run import Run
from park_server.untrusted import TooMuch

__all__ = ["AttemptExits"]

_log = logging.getLogger("park.jobs")

_FILES_PATIENCE_S = 600.0
"""How long a job that has ended waits for a disk that does not take its files."""


class AttemptExits:
    """Ends jobs, or has them run again, whatever the disk says meanwhile."""

    def __init__(
        self,
        *,
        folders: JobFolders,
        settlement: Settlement,
        commits: Commits,
        failsafe: Failsafe,
        disk: Disk,
        run_notes: RunNotes | None = None,
        expected: ExpectedTimes | None = None,
    ) -> None:
        self._expected = expected or ExpectedTimes()
        self._run_notes: RunNotes = run_notes or NoRunNotes()
        self._folders = folders
        self._settlement = settlement
        self._commits = commits
        self._failsafe = failsafe
        self._disk = disk

    async def settle(self, run: Run, exited: AttemptExit) -> None:
        """Write down what became of a job whose attempt is over, or have it run again."""
        job = exited.job_id
        if run.no_room is not None:
            await self._end_without_files(job, run.no_room)
            return
        ended = any(each is not None for each in (run.timed_out_s, run.stalled_s, run.late_s))
        stopped = run.cancel_requested or run.stop_requested or ended
        restartable = self._is_restartable(run, exited)
        again = may_run_again(
            exited, restartable=restartable, failures=run.failures, forestalled=run.is_recovered
        )
        if again and not stopped:
            await self._commits.settle(lambda c: self._settlement.requeue(c, job))
            told_runs.ended(run, JobState.QUEUED, exited.detail)
            return
        completed = (exited.outcome or {}).get("state") == JobState.COMPLETED
        if completed and not stopped:
            self._expected.note(run.user, run.job.entry_point, run.seconds)
        output = output_of(run.job.call) if completed else None
        try:
            files, not_kept = await self._collected(run, output)
        except OSError as error:
            _log.exception("the files of job %s could not be kept", job)
            line = f"the service could not keep its files: {error}"
            await self._failsafe.end(job, JobEnd(status=JobState.FAILED, error=line))
            return
        end = end_of(
            exited,
            files=files,
            cancel_requested=run.cancel_requested,
            timed_out_s=run.timed_out_s,
            not_kept=not_kept,
            forked_cpu_s=run.forked_cpu_s,
            stalled_s=run.stalled_s,
            late_s=run.late_s,
        )
        if end.status is JobState.FAILED and await self._tried_again(run, end):
            return
        if end.status is JobState.COMPLETED:
            end = await self._remembered(run, end)
        await self._failsafe.end(job, end)
        told_runs.ended(run, end.status, end.error)
        if not not_kept:  # else it stays for whoever wants it from the operator
            self._folders.clear(job)

    async def _remembered(self, run: Run, end: JobEnd) -> JobEnd:
        """Return ``end`` with what is remembered of the run."""
        if not run.job.memo:
            return end
        if run.stop_requested:
            return replace(end, unfit="it was asked to stop early", is_impure=True)
        if not self._folders.marks(run.id, run.attempt).memo:
            return replace(end, unfit="@park.job(memo=False)", is_impure=True)
        return await self._run_notes.noted(run, end)

    async def _collected(self, run: Run, output: str | None) -> tuple[Sequence[FileRecord], str]:
        """Return the files of a job, or why it has none."""
        try:
            files = await self._disk.patiently(
                lambda: self._folders.collect(run.id, run.user, output), limit_s=_FILES_PATIENCE_S
            )
        except TooMuch as error:
            return (), f"it left {error} in its work directory, and none is kept: leave an archive"
        return files, ""

    async def _end_without_files(self, job: JobId, why: str) -> None:
        """End a job whose files the disk has no room for: they go first."""
        await asyncio.to_thread(self._folders.discard_files, job)
        await self._failsafe.end(job, JobEnd(status=JobState.FAILED, error=why))
        self._folders.clear(job)

    async def _tried_again(self, run: Run, end: JobEnd) -> bool:
        """Queue a job again that failed and has retries left; tell whether it was."""
        job, why = run.job, end.error or ""
        moment = next_try(job, run.failures)
        if moment is None or run.cancel_requested or run.stop_requested:
            return False
        if run.stalled_s is not None:  # this attempt was asked to stop, the next one is not
            self._folders.withdraw_stop(run.id)
        await self._commits.settle(lambda c: self._settlement.retry(c, run.id, why, moment))
        told_runs.ended(run, JobState.QUEUED, why)
        return True

    def _is_restartable(self, run: Run, exited: AttemptExit) -> bool:
        if exited.kind is not ExitKind.LOST:  # else nobody asks
            return False
        marks = self._folders.marks(run.id, run.attempt)
        return run.job.restartable or marks.restartable
