"""How many jobs stand, asked of their services together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from park.cards.sweep_card import Standings
from park.client.jobs.submitted_job import Job
from park.client.submission.item import State
from park.model.conditions import Phase
from park.model.states import JobState
from park.model.truth import Truth
from park.wire import API, VerdictRecord, decode

__all__ = ["StandingsThere"]

_MOST_JOBS = 5_000
"""In one request: each has three leaves, and a request takes 20,000."""

_NEVER = re.compile(r"needs (?P<job>.+?) completed; it (?P<how>failed.*)", re.DOTALL)
"""How a service says that a job will never complete, since it has failed."""

_PHASES = (Phase.STARTED, Phase.COMPLETED, Phase.FAILED)


class StandingsThere:
    """How ``jobs`` stand; what has ended is not asked for again."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._known: dict[str, JobState] = {}
        self._reasons: dict[str, str] = {}

    def asked(self) -> Standings:
        """Ask the services; raises as any request does."""
        by_service: dict[int, list[Job]] = defaultdict(list)
        for job in self._jobs:
            before = _before_it_is_there(job)
            if before is not None:
                self._known[job.id] = before
                if job.item is not None and job.item.error is not None:
                    self._reasons[job.id] = str(job.item.error)
            elif not self._known.get(job.id, JobState.WAITING).is_final:
                by_service[id(job.connection)].append(job)
        for jobs in by_service.values():
            for at in range(0, len(jobs), _MOST_JOBS):
                self._learn(jobs[at : at + _MOST_JOBS])
        return self.known()

    def known(self, silence: str | None = None) -> Standings:
        """Return what is known; ``silence`` says why it is not newer."""
        states = [(job.id, self._known.get(job.id, JobState.WAITING)) for job in self._jobs]
        return Standings(states=states, reasons=dict(self._reasons), silence=silence)

    def _learn(self, jobs: Sequence[Job]) -> None:
        for job, (started, completed, failed) in zip(jobs, _verdicts(jobs), strict=True):
            state = _state(started.truth, completed.truth, failed.truth)
            self._known[job.id] = state
            if state is JobState.FAILED and completed.why:
                self._reasons[job.id] = _of_failure(completed.why)


def _of_failure(why: str) -> str:
    """Return ``why`` a job will never complete in the words of one that has failed."""
    found = _NEVER.fullmatch(why)
    return why if found is None else f"{found['job']} {found['how']}"


def _before_it_is_there(job: Job) -> JobState | None:
    """Return the state of what the service does not have yet; None where it has."""
    item = job.item
    if item is None or item.state is State.COMMITTED:
        return None
    return JobState.WAITING if item.error is None else JobState.FAILED


def _verdicts(jobs: Sequence[Job]) -> list[list[VerdictRecord]]:
    """Return what the service says of each phase of each job."""
    leaves = [{"leaf": {"job": job.id, "is": str(phase)}} for job in jobs for phase in _PHASES]
    transport = jobs[0].connection.transport
    answer = transport.json("POST", f"{API}/follow", json={"leaves": leaves, "wait": 0})
    said = [decode(VerdictRecord, each) for each in answer]
    return [said[at : at + len(_PHASES)] for at in range(0, len(said), len(_PHASES))]


def _state(started: Truth, completed: Truth, failed: Truth) -> JobState:
    if completed is Truth.TRUE:
        return JobState.COMPLETED
    if failed is Truth.TRUE:
        return JobState.FAILED
    if completed is Truth.NEVER:
        return JobState.CANCELLED
    return JobState.RUNNING if started is Truth.TRUE else JobState.WAITING
