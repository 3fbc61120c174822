"""Why a job is in the state in which it is, in lines for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

from sqlalchemy import Connection

from park.model.conditions import (
    At,
    InstallIs,
    JobIs,
    Leaf,
    Not,
    Phase,
    Pool,
    brief,
    denied_leaves,
    describe,
    evaluate,
    leaves,
)
from park.model.durations import report_age
from park.model.ids import JobId
from park.model.states import InstallState, JobKind, JobState
from park.model.truth import Truth, Verdict
from park.wire import RaceRecord, WhyRecord
from park_server.clock import now
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows, run_rows
from park_server.jobs.conditions.facts import InstallFact, JobFact
from park_server.jobs.conditions.needs import IMPLIED
from park_server.jobs.conditions.pools import Pools
from park_server.jobs.conditions.progress_log import Reports
from park_server.jobs.conditions.race import lines as race_lines
from park_server.jobs.conditions.race.field import Field
from park_server.jobs.conditions.tally import subjects_of
from park_server.jobs.conditions.verdicts import Verdicts
from park_server.jobs.races import race_rows
from park_server.jobs.stored_job import StoredJob
from park_server.jobs.turns.lanes import Ahead
from park_server.jobs.unsettled import unsettled_rows

__all__ = ["Elsewhere", "Explainer"]

_MOST_LINES = 50
_MOST_LEVELS = 20


class Elsewhere(Protocol):
    """What is known of other services: see `park_server.jobs.seams.Peers`."""

    def remark(self, job: JobId) -> str:
        """Return a line on the services that ``job`` waits for, such as that one is silent."""

    def said(self, job: JobId) -> Mapping[int, str]:
        """Return what these said last of what is undecided, by its position in `remote_leaves`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explainer:
    """Explains; ``slots`` tells how many are taken and how many there are.

    ``ahead_of`` tells how many jobs come before one of a user in the queue, None of one that is
    not there.

    ``elsewhere`` tells of other services that a job waits for, ``held_up`` what keeps all that
    could go on, where something does, ``remarks`` what there is to say of how a job was started
    and how it goes. For one thread at a time.
    """

    pools: Pools
    reports: Reports
    slots: Callable[[], tuple[int, int]]
    ahead_of: Callable[[JobId, str], Ahead | None]
    elsewhere: Elsewhere
    held_up: Callable[[], str]
    remarks: Callable[[StoredJob], Sequence[str]]
    last_report_s: Callable[[JobId], float | None]

    def why(self, connection: Connection, job: str, user: str) -> WhyRecord:
        """Return why ``job``, or an install, is in its state; raises `UnknownItem`."""
        install = need_rows.install_facts(connection, [job], user).get(job)
        if install is not None:
            return WhyRecord(job=job, status=install.state, line=_of_install(install))
        found = job_rows.get(connection, JobId(job), user)
        return WhyRecord(
            job=found.id,
            status=found.status,
            line=f"{self.line(connection, found)}{self._place(found)}",
            chain=[*self.remarks(found), *self._below(connection, found)],
            request_id=found.request_id,
        )

    def line(self, connection: Connection, job: StoredJob) -> str:
        """Return the reason in one line."""
        if not job.status.is_final and (why := unsettled_rows.why_ending(connection, job.id)):
            return f"is about to be {why}"
        return self._line(connection, job)

    def _line(self, connection: Connection, job: StoredJob) -> str:
        if job.kind is JobKind.RACE:
            return self._line_of_race(connection, job)
        if job.status is JobState.WAITING:
            return self._waiting(connection, job)
        if job.status is JobState.QUEUED:
            return self._queued(job)
        if job.status is JobState.RUNNING:
            held_up = self.held_up() or self.elsewhere.remark(job.id)
            line = f"since {job.started}, attempt {job.attempt}{self._heard(job.id)}"
            return f"{line} ({held_up})" if held_up else line
        if job.status is JobState.COMPLETED:
            return "; ".join(filter(None, [f"at {job.finished}", job.error]))
        return job.error or str(job.status)

    def _line_of_race(self, connection: Connection, job: StoredJob) -> str:
        record = self._race(connection, job)
        if not job.status.is_final:
            line, remark = (
                race_lines.running(self._field(connection, job), record),
                self.elsewhere.remark(job.id),
            )
            return f"{line} ({remark})" if remark else line
        if job.status is JobState.COMPLETED:
            return f"at {job.finished}; {race_lines.won(record)}"
        return job.error or str(job.status)

    def _race(self, connection: Connection, job: StoredJob) -> RaceRecord:
        return race_rows.records(connection, [job.id])[job.id]

    def _field(self, connection: Connection, job: StoredJob) -> Field:
        terms = race_rows.get(connection, job.id).terms
        return Field(connection, self._verdicts(connection), job.id, terms)

    def _heard(self, job: JobId) -> str:
        """Return, after a comma, how old the last report of a running job is, where it is old."""
        age = report_age(self.last_report_s(job))
        return f", {age}" if age else ""

    def _queued(self, job: StoredJob) -> str:
        if job.not_before is not None and job.not_before > now():
            times = "once" if job.failures == 1 else f"{job.failures} times"
            return f"failed {times}, and is tried again at {job.not_before}"
        if held_up := self.held_up():
            return held_up
        if job.kind is JobKind.FETCH:
            return "other downloads come first"
        ahead = self.ahead_of(job.id, job.user)
        if ahead is not None and ahead.held is not None:
            return ahead.held
        taken, there = self.slots()
        if taken >= there:
            return f"no slot is free: {taken} of {there} are taken"
        return "its environment is made ready"

    def _place(self, job: StoredJob) -> str:
        """Return, after a comma, how many jobs come before a queued one."""
        before = self.ahead_of(job.id, job.user) if job.status is JobState.QUEUED else None
        return "" if before is None else before.told()

    def _waiting(self, connection: Connection, job: StoredJob) -> str:
        verdict = self._verdict(connection, job)
        remark = self.elsewhere.remark(job.id)
        line = verdict.why if verdict.truth is not Truth.TRUE else ""
        if unsettled_rows.is_any(connection) and verdict.truth is not Truth.NOT_YET:
            line = f"is about to be cancelled: {line}" if line else _ITS_TURN
        if not line:
            line = self._beyond(connection, job)
        return f"{line} ({remark})" if remark else line

    def _beyond(self, connection: Connection, job: StoredJob) -> str:
        """Say what a job waits for whose condition is true."""
        expression = need_rows.expression_of(connection, job)
        pools = [each for each in leaves(expression) if isinstance(each, Pool)]
        if pools and not need_rows.referring_elsewhere(connection, [job.id]):
            free = self.pools.free
            asked = ", ".join(f"{describe(each)} ({free[each.name]} free)" for each in pools)
            return f"for {asked}"
        run = run_rows.source_of(connection, [job.id]).get(job.id)
        if run is not None:
            return f"job {brief(run)} is the same call, and is under way"
        services = {
            service for _, service, how in need_rows.of_job(connection, job.id) if how in IMPLIED
        }
        if not services - {""}:
            return "what the same call left before is looked at"
        return f"what it refers to on {', '.join(sorted(services - {''}))} is brought here"

    def _verdict(self, connection: Connection, job: StoredJob) -> Verdict:
        return evaluate(
            need_rows.expression_of(connection, job), self._verdicts(connection).within(job.id)
        )

    def _verdicts(self, connection: Connection) -> Verdicts:
        return Verdicts(
            connection,
            reports=self.reports,
            pool=self.pools.verdict_of,
            now=datetime.now(UTC),
            user=None,  # what the job may wait for was looked at when it was submitted
        )

    def _below(self, connection: Connection, job: StoredJob) -> Iterator[str]:
        """Yield what is told below the line: of a race those that compete, else the causes."""
        if job.kind is not JobKind.RACE:
            yield from self._chain(connection, job)
            return
        field, record = self._field(connection, job), self._race(connection, job)
        yield from islice(race_lines.competitors(field, record), _MOST_LINES)

    # -- the chain

    def _chain(self, connection: Connection, job: StoredJob) -> Iterator[str]:
        """Yield a line for each cause, and what is below it there, indented by its level."""
        seen = {job.id}
        pending = [(fact, text, 0) for fact, text in reversed(self._causes(connection, job))]
        lines = 0
        while pending and lines < _MOST_LINES:
            fact, text, level = pending.pop()
            below: list[tuple[JobFact | None, str]] = []
            if fact is not None and fact.id not in seen and level < _MOST_LEVELS:
                seen.add(fact.id)
                below = self._causes(connection, job_rows.get(connection, fact.id))
                pending.extend((each, line, level + 1) for each, line in reversed(below))
            yield f"{'  ' * level}{text if fact is None else _besides(text, fact, below)}"
            lines += 1

    def _causes(self, connection: Connection, job: StoredJob) -> list[tuple[JobFact | None, str]]:
        """Return what keeps a waiting job, or what a cancelled one could not have."""
        if job.status is JobState.WAITING:
            return list(self._awaited(connection, job))
        if job.status is not JobState.CANCELLED:
            return []
        names = [name for name, service, _ in need_rows.of_job(connection, job.id) if not service]
        return [
            (fact, f"{fact.name} {fact.status}: {fact.error}")
            for fact in need_rows.job_facts(connection, names).values()
            if fact.status in {JobState.FAILED, JobState.CANCELLED}
        ]

    def _awaited(
        self, connection: Connection, job: StoredJob
    ) -> Iterator[tuple[JobFact | None, str]]:
        verdicts = self._verdicts(connection)
        expression = need_rows.expression_of(connection, job)
        found = list(dict.fromkeys(leaves(expression)))
        denied = frozenset(denied_leaves(expression))
        verdicts.load(found)
        named = [leaf.install for leaf in found if isinstance(leaf, InstallIs)]
        installs = need_rows.install_facts(connection, named, job.user)
        shown: set[str] = set()
        for leaf in found:
            verdict = verdicts.of(leaf, job.id)
            if verdict.truth is not Truth.NOT_YET:
                continue
            names = list(subjects_of(leaf))
            fact = need_rows.job_facts(connection, names).get(names[0]) if names else None
            install = installs.get(names[0]) if names else None
            text = _awaited_leaf(leaf, fact or install, verdict, is_denied=leaf in denied)
            if text not in shown:
                shown.add(text)
                yield fact, text


_ITS_TURN = "what it waited for is there; it is queued in its turn, with many others"


def _besides(text: str, fact: JobFact, below: Sequence[tuple[JobFact | None, str]]) -> str:
    """Return what is told of ``fact``; a reason that ``below`` gives is not given here as well."""
    is_told_below = any(each.name in text for each, _ in below if each is not None)
    return f"{fact.name} {fact.status}" if is_told_below else text


_TO_BE = {
    Phase.STARTED: "start",
    Phase.FINISHED: "end",
    Phase.COMPLETED: "complete",
    Phase.FAILED: "fail",
    Phase.CANCELLED: "be cancelled",
}


def _awaited_leaf(
    leaf: Leaf, fact: JobFact | InstallFact | None, verdict: Verdict, *, is_denied: bool
) -> str:
    """Return what a leaf is waited for, and how far that is."""
    if isinstance(leaf, (JobIs, InstallIs)) and fact is not None:
        wish = f"is {'not ' * is_denied}to {_TO_BE[leaf.phase]}"
        stands = fact.state if isinstance(fact, InstallFact) else fact.status
        return f"{fact.name} {wish}; it is {stands}"
    if isinstance(leaf, At):
        return verdict.why
    wanted, why = describe(Not(leaf=leaf) if is_denied else leaf), verdict.why
    if why.startswith(wanted):
        return why
    return f"{wanted}: {why}" if why else wanted


_INSTALLING: Mapping[InstallState, str] = {
    InstallState.AWAITING_UPLOAD: "waits for wheels that its client is to send",
    InstallState.RESOLVING: "the versions for this platform are looked up",
    InstallState.REALISING: "its environment is made",
}


def _of_install(install: InstallFact) -> str:
    name = f"{install.project}=={install.version}"
    if install.state in _INSTALLING:
        return f"{name}: {_INSTALLING[install.state]}"
    if install.is_ready:
        return f"{name} is there (lock {str(install.lock_hash)[:12]})"
    return f"{name} failed: {install.error or 'nothing says why'}"
