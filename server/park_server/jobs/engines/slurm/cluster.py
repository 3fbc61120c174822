"""The engine of a Slurm cluster. Its only truth is Slurm's answer, and what a job left.

A command that fails says nothing: it is asked again. A submission of which nobody knows whether
it arrived is looked for by its name before it is tried again; and should both arrive, the claim
of the attempt lets only one of them run.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from park.model.ids import JobId
from park_server import untrusted
from park_server.jobs.engines.engine import AttemptExit, ExitKind, NothingForked, Sink, StartOrder
from park_server.jobs.engines.evidence import (
    Evidence,
    claim_for_service,
    never_started,
    read_evidence,
)
from park_server.jobs.engines.offers import EngineOffer
from park_server.jobs.engines.slurm.answers import (
    SQUEUE,
    BatchJob,
    Refusal,
    cut_off,
    ended,
    is_copy,
    is_over,
    may_still_run,
    parse_exit_status,
    parse_squeue,
    refusal_of,
    started_again,
)
from park_server.jobs.engines.slurm.asking import Answer, asked
from park_server.jobs.engines.slurm.node_access import Placing
from park_server.jobs.engines.slurm.partitions import Partitions
from park_server.jobs.engines.slurm.submission import job_of_name, name_of, sbatch_options
from park_server.jobs.engines.slurm.tracked import Phase, Tracked
from park_server.tasks import Tasks

__all__ = ["SlurmEngine"]

_log = logging.getLogger("park.jobs")

_ASK_S = 1.0
"""Between two answers of squeue, which takes 5 ms for 20 jobs and 50 ms for 2,000."""

_LOOK_S = 0.1
"""Between two looks at the folders of jobs: a stat each."""

_AT_ONCE = 4
"""Submissions side by side; slurmctld takes some 100 a second, whatever is done."""

_LONGEST_PAUSE_S = 10.0

_OUTPUT_BYTES = 1 << 16


class SlurmEngine(NothingForked):
    """Implements `OfferingEngine`. All methods belong to one event loop, but `offer`."""

    takes_calls = False

    def __init__(self, name: str, placing: Placing, partitions: Partitions) -> None:
        self._name = name
        self._placing = placing
        self._partitions = partitions
        self._jobs: dict[JobId, Tracked] = {}
        self._submissions = asyncio.Semaphore(_AT_ONCE)
        self._tasks = Tasks(_log, "a step with a batch job failed")
        self._follower: asyncio.Task[None] | None = None
        self._answers = 0

    def offer(self) -> EngineOffer:
        """See `OfferingEngine`."""
        return self._partitions.offer(self._name)

    def remark(self, job_id: JobId) -> str | None:
        """Return how squeue shows a job, None where it is not here."""
        job = self._jobs.get(job_id)
        return None if job is None else job.remark

    # -- starting

    async def start(self, order: StartOrder, sink: Sink) -> None:
        """See `Engine.start`."""
        job = self._tracked(order, sink, Phase.SUBMITTING)
        self._tasks.spawn(self._submit(job))

    def _tracked(self, order: StartOrder, sink: Sink, phase: Phase) -> Tracked:
        job = Tracked(order=order, sink=sink, phase=phase, since=self._answers)
        self._jobs[order.job_id] = job
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow())
        return job

    async def _submit(self, job: Tracked) -> None:
        """Submit once; what comes of it is known now, or found by the name of the job."""
        order = job.order
        async with self._submissions:
            if job.exited.is_set():
                return
            answer = await self._sbatch(order)
        job.since = self._answers + 1  # an answer that is under way may be from before
        batch = answer.stdout.partition(";")[0].strip()
        if answer.is_answered and batch.isdigit():
            self._submitted(job, batch)
        else:
            self._not_submitted(job, answer)

    async def _sbatch(self, order: StartOrder) -> Answer:
        batch = self._placing.batch(order)
        options = sbatch_options(
            order, self._partitions.default, folder=batch.folder, output=batch.output
        )
        return await asked(
            ["sbatch", *options, str(batch.script), *batch.arguments], batch.variables
        )

    def _submitted(self, job: Tracked, batch: str) -> None:
        job.batch, job.phase, job.failures = batch, Phase.SUBMITTED, 0
        job.remark = f"Slurm job {batch}: PENDING"
        if job.is_cancelled:
            self._tasks.spawn(self._scancel(batch))

    def _not_submitted(self, job: Tracked, answer: Answer) -> None:
        meaning, line = refusal_of(answer.stderr)
        if meaning is Refusal.REFUSED and not answer.is_answered:
            kind, detail = ExitKind.EXITED, f"Slurm does not take it: {line}"
            self._exit(job, _exit_of(job.order, kind, detail))
            return
        _log.warning("nobody knows whether Slurm has job %s: %s", job.order.job_id, line)
        job.remark = f"waits for Slurm, which does not answer: {line}"
        job.failures += 1
        job.phase = Phase.LOOKED_FOR

    # -- following

    async def _follow(self) -> None:
        """Look at what jobs leave, and ask Slurm now and then, while there are jobs."""
        loop = asyncio.get_running_loop()
        next_answer = loop.time()
        while True:
            try:
                if self._jobs:
                    await self._look()
                if self._jobs and loop.time() >= next_answer:
                    await self._ask()
                    next_answer = loop.time() + _ASK_S
            except Exception:  # noqa: BLE001 (jobs are followed, whatever there is in one)
                _log.exception("batch jobs could not be followed, and are looked at again")
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> None:
        """Report what has ended by its own account, and what has begun or is marked."""
        jobs = [job for job in self._jobs.values() if job.phase is not Phase.SUBMITTING]
        for job, seen in zip(jobs, await asyncio.to_thread(_seen, jobs), strict=True):
            if job.exited.is_set():
                continue
            if seen.began is not None and not job.has_begun:
                self._began(job, seen.began)
            if seen.is_marked and not job.is_marked:
                job.is_marked = True
                job.sink.on_marked(job.order.job_id, job.order.attempt)
            if seen.evidence is not None:
                self._exit(job, ended(job.order, seen.evidence, None, is_ours=job.is_cancelled))

    def _began(self, job: Tracked, since: float) -> None:
        job.has_begun = True
        job.sink.on_begun(job.order.job_id, job.order.attempt, since)

    async def _ask(self) -> None:
        """Ask Slurm for all of its jobs; where it does not answer, nothing is known."""
        self._answers += 1
        asked_as = self._answers
        answer = await asked(SQUEUE)
        if not answer.is_answered:
            return
        by_attempt: dict[tuple[JobId, int], list[BatchJob]] = {}
        for batch in parse_squeue(answer.stdout):
            if (key := job_of_name(batch.name)) is not None:
                by_attempt.setdefault(key, []).append(batch)
        for job in list(self._jobs.values()):
            if job.phase is not Phase.SUBMITTING and job.since <= asked_as:
                key = (job.order.job_id, job.order.attempt)
                await self._answered(job, by_attempt.get(key, []))

    async def _answered(self, job: Tracked, found: list[BatchJob]) -> None:
        if not found:
            await self._not_there(job)
            return
        job.missing_since = None
        batch = next((each for each in found if each.id == job.batch), found[0])
        if job.phase is Phase.LOOKED_FOR:
            self._submitted(job, batch.id)
        job.remark = batch.remark
        for other in found:
            if other is not batch and not is_over(other.state):
                self._tasks.spawn(self._scancel(other.id))  # the claim lets it do nothing
        if is_over(batch.state):
            await self._over(job, batch)

    async def _not_there(self, job: Tracked) -> None:
        """Slurm has answered, and does not have the job: it never did, or does no longer."""
        if job.phase is Phase.LOOKED_FOR and job.failures and not job.is_cancelled:
            job.phase = Phase.SUBMITTING
            pause = min(2.0 ** min(job.failures, 10) / 2, _LONGEST_PAUSE_S)
            self._tasks.spawn(self._submit_later(job, pause))
            return
        now = asyncio.get_running_loop().time()
        job.missing_since = now if job.missing_since is None else job.missing_since
        evidence = await asyncio.to_thread(read_evidence, job.order)
        runs = may_still_run(evidence, forgotten_s=now - job.missing_since)
        if runs and not job.is_cancelled:
            job.remark = f"Slurm job {job.batch}: forgotten by Slurm, and goes on"
            return
        await self._over(job, None)

    async def _submit_later(self, job: Tracked, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        await self._submit(job)

    async def _over(self, job: Tracked, batch: BatchJob | None) -> None:
        """Report the exit of a job of which nothing runs any more."""
        order = job.order
        evidence, output = await asyncio.to_thread(_left, order)
        if job.exited.is_set():
            return
        if not evidence.claimed and evidence.outcome is None:
            # from now on nothing can start under this attempt, wherever a copy of it is
            claimed = await asyncio.to_thread(claim_for_service, order)
            if claimed and (job.is_cancelled or batch is None):
                why = "cancelled before it started" if job.is_cancelled else "Slurm has no such job"
                self._exit(job, never_started(order, why))
                return
        exited = None
        if batch is not None and not job.is_cancelled:
            status = await _status(batch)
            if is_copy(evidence, status):
                job.remark = f"{batch.remark}; that was a copy, and it goes on"
                return
            exited = started_again(order, evidence, batch, status)
            if self._placing.service is not None:
                exited = exited or cut_off(order, evidence, batch, status, self._placing.service)
        if exited is None:
            exited = ended(order, evidence, batch, is_ours=job.is_cancelled, output=output)
        self._exit(job, exited)

    def _exit(self, job: Tracked, exited: AttemptExit) -> None:
        if not job.exited.is_set():
            self._jobs.pop(job.order.job_id, None)
            job.exited.set()
            job.sink.on_exited(exited)

    # -- cancelling

    async def cancel(self, job_id: JobId, grace_s: float) -> None:
        """See `Engine.cancel`; the grace is Slurm's own, KillWait of slurm.conf(5)."""
        del grace_s
        job = self._jobs.get(job_id)
        if job is None:
            return
        job.is_cancelled = True
        while not job.exited.is_set():
            if job.batch is not None:
                # by its name: a controller that was killed may give its number to another
                await self._scancel("--me", f"--jobname={name_of(job.order)}")
            with suppress(TimeoutError):
                await asyncio.wait_for(job.exited.wait(), _LONGEST_PAUSE_S)

    async def _scancel(self, *which: str) -> None:
        answer = await asked(["scancel", *which])
        if not answer.is_answered:
            said = answer.stderr.strip()
            _log.warning("Slurm job %s could not be cancelled: %s", " ".join(which), said)

    # -- recovering

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        """See `Engine.recover`: each is looked for by its name."""
        for order in orders:
            self._tracked(order, sink, Phase.LOOKED_FOR)

    async def close(self) -> None:
        """See `Engine.close`."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
            self._follower = None
        await self._tasks.stop()


async def _status(batch: BatchJob) -> int | None:
    """Return the exit status of a batch job that is over, as far as Slurm still knows it."""
    answer = await asked(["scontrol", "--oneliner", "show", "job", batch.id])
    return parse_exit_status(answer.stdout) if answer.is_answered else None


def _exit_of(order: StartOrder, kind: ExitKind, detail: str) -> AttemptExit:
    return AttemptExit(job_id=order.job_id, attempt=order.attempt, kind=kind, detail=detail)


# -- what lies in the folders of jobs


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What a job's folder shows: when it ``began``, and its ``evidence`` once it has an outcome."""

    began: float | None = None
    is_marked: bool = False
    evidence: Evidence | None = None


def _seen(jobs: Sequence[Tracked]) -> list[_Seen]:
    return [_seen_of(job.order) for job in jobs]


def _seen_of(order: StartOrder) -> _Seen:
    """Look at the folder of a job; it is listed, since NFS asks for that what is new there.

    What a name of it leads to, or that there is none, NFS may answer from memory for a minute.
    """
    folder = order.directory
    try:
        names = {*os.listdir(folder)}  # noqa: PTH208 (each job, ten times a second)
        claim = f"attempt-{order.attempt}"
        began = os.lstat(folder / claim).st_mtime if claim in names else None
    except OSError:
        return _Seen()
    if began is None:
        return _Seen()
    is_marked = "marks.json" in names
    if "exit.json" not in names:
        return _Seen(began=began, is_marked=is_marked)
    evidence = read_evidence(order)
    # one that left no outcome may have been ended by Slurm, which is asked why
    is_told = evidence.exit is not None and evidence.outcome is not None
    return _Seen(began=began, is_marked=is_marked, evidence=evidence if is_told else None)


def _left(order: StartOrder) -> tuple[Evidence, str]:
    """Return what an attempt left, and the last line of its batch script's output."""
    try:
        with untrusted.opened(order.directory.parent, [order.directory.name, "slurm.out"]) as file:
            size = os.fstat(file).st_size
            text = os.pread(file, _OUTPUT_BYTES, max(0, size - _OUTPUT_BYTES)).decode(
                "utf-8", "replace"
            )
    except (OSError, untrusted.NotPlain):
        text = ""
    lines = [line for line in text.splitlines() if line.strip()]
    return read_evidence(order), lines[-1][:500] if lines else ""
