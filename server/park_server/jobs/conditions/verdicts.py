"""What the leaves of conditions are worth, from the rows of a database and what jobs wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from sqlalchemy import Connection

from park.errors import UnknownItem
from park.model.conditions import (
    After,
    At,
    Before,
    Comparison,
    Expression,
    InstallIs,
    JobIs,
    Leaf,
    Literal,
    Operand,
    Phase,
    Pool,
    describe,
)
from park.model.ids import JobId
from park.model.leaves import service_of
from park.model.references import Reference, Step, What
from park.model.states import JobState
from park.model.truth import NOT_YET, TRUE, Truth, Verdict, never
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows, run_rows
from park_server.jobs.conditions.comparison import Incomparable, compare, reported, selected
from park_server.jobs.conditions.facts import (
    InstallFact,
    JobFact,
    elided,
    verdict_of_install,
    verdict_of_job,
    verdict_of_time,
)
from park_server.jobs.conditions.needs import Need, leaf_key
from park_server.jobs.conditions.progress_log import Reports
from park_server.jobs.conditions.tally import subjects_of

__all__ = ["Verdicts"]


@dataclass(frozen=True)
class _Known:
    value: Any

    @cached_property
    def shown(self) -> str:
        """The value for people; a large one is written out once."""
        return elided(repr(self.value))


class Verdicts:
    """The verdicts at one moment, for one transaction; facts are read once.

    ``pool`` tells what a pool is worth; ``user`` is who may ask, None for the service itself.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        reports: Reports,
        pool: Callable[[Pool], Verdict],
        now: datetime,
        user: str | None,
    ) -> None:
        self._connection = connection
        self._reports = reports
        self._pool = pool
        self._now = now
        self._user = user
        self._results: dict[JobId, Any] = {}
        self._values: dict[tuple[JobId, tuple[Step, ...]], _Known] = {}
        self._jobs: dict[str, JobFact] = {}
        self._installs: dict[str, InstallFact] = {}
        self._completed: dict[str, Verdict] = {}
        self._elsewhere: dict[str, Mapping[tuple[str, str], Verdict]] = {}

    def know(self, *facts: JobFact | InstallFact) -> None:
        """Take ``facts`` for what is true now."""
        for fact in facts:
            self._completed.pop(fact.id, None)
            if isinstance(fact, JobFact):
                self._jobs[fact.id] = fact
            else:
                self._installs[fact.id] = fact

    def load(self, found: Iterable[Leaf]) -> None:
        """Read at once what is to be known of the jobs and installs of leaves."""
        local = [leaf for leaf in found if service_of(leaf) is None]
        installs = {leaf.install for leaf in local if isinstance(leaf, InstallIs)}
        jobs = {
            subject
            for leaf in local
            if not isinstance(leaf, InstallIs)
            for subject in subjects_of(leaf)
        }
        # not `jobs - self._jobs.keys()`, which goes through all that is known
        jobs = {job for job in jobs if job not in self._jobs}
        self._jobs.update(need_rows.job_facts(self._connection, jobs))
        installs = {install for install in installs if install not in self._installs}
        self._installs.update(need_rows.install_facts(self._connection, installs))

    def job(self, job: JobId) -> JobFact:
        """Return what is known of ``job``; raises `UnknownItem`, also for another user's."""
        if job not in self._jobs:
            self._jobs.update(need_rows.job_facts(self._connection, [job]))
        fact = self._jobs.get(job)
        if fact is None or self._user not in {None, fact.user}:
            raise UnknownItem(f"no job {job} on this service", hint="`park jobs` lists yours")
        return fact

    def install(self, install: str) -> InstallFact:
        """Return what is known of ``install``; raises `UnknownItem`."""
        if install not in self._installs:
            self._installs.update(need_rows.install_facts(self._connection, [install]))
        if install not in self._installs:
            raise UnknownItem(f"no install {install} on this service")
        return self._installs[install]

    def within(self, job: JobId) -> Callable[[Leaf], Verdict]:
        """Return what tells the verdicts of leaves of ``job``, remote ones included."""
        return partial(self.of, job=job)

    def completed(self, needed: str) -> Verdict:
        """Return whether the job or install ``needed`` has completed."""
        if needed not in self._completed:
            self._completed[needed] = self._whether_completed(needed)
        return self._completed[needed]

    def missing(self, needs: Iterable[Need]) -> int:
        """Return how many of the jobs and installs in ``needs`` have not completed."""
        needed = {(name, service) for name, service, _ in needs}
        return sum(
            bool(service) or self.completed(name).truth is not Truth.TRUE
            for name, service in needed
        )

    def _whether_completed(self, needed: str) -> Verdict:
        if needed in self._installs:
            leaf = InstallIs(install=needed, phase=Phase.COMPLETED)
            return verdict_of_install(leaf, self._installs[needed])
        return verdict_of_job(JobIs(job=needed, phase=Phase.COMPLETED), self.job(JobId(needed)))

    def of(self, leaf: Leaf, job: JobId | None = None) -> Verdict:
        """Return what ``leaf`` (of the condition of ``job``) is worth."""
        service = service_of(leaf)
        if service is not None:
            return self._remote(job, service, leaf)
        match leaf:
            case JobIs():
                return verdict_of_job(leaf, self.job(JobId(leaf.job)))
            case InstallIs():
                return verdict_of_install(leaf, self.install(leaf.install))
            case Pool():
                return self._pool(leaf)
            case At() | Before() | After():
                return verdict_of_time(leaf, self._now)
            case Comparison():
                return self._compared(leaf)
        raise AssertionError(leaf)

    def _remote(self, job: JobId | None, service: str, leaf: Leaf) -> Verdict:
        if job is None:
            raise UnknownItem(f"{describe(leaf)}: that is for {service} to say")
        if job not in self._elsewhere:
            self._elsewhere[job] = need_rows.remote_verdicts(self._connection, job)
        verdict = self._elsewhere[job].get((service, leaf_key(leaf)), NOT_YET)
        if verdict.truth is Truth.NOT_YET:
            unknown = f"{describe(leaf)}: not known yet from {service}"
            return Verdict(Truth.NOT_YET, verdict.why or unknown)
        return verdict

    # -- comparisons

    def _compared(self, leaf: Comparison) -> Verdict:
        operands = (leaf.left, leaf.right)
        streamed = [
            each for each in operands if isinstance(each, Reference) and each.what is What.PROGRESS
        ]
        values = [self._value(each, leaf) for each in operands if each not in streamed]
        for value in values:
            if isinstance(value, Verdict):
                return value
        if streamed:
            return self._in_progress(leaf, streamed[0], values)
        left, right = (value for value in values if isinstance(value, _Known))
        try:
            if compare(left.value, leaf.operator, right.value):
                return TRUE
        except Incomparable as error:
            return _incomparable(leaf, error)
        is_literal = isinstance(leaf.left, Literal), isinstance(leaf.right, Literal)
        shown = {(False, True): f"it is {left.shown}", (True, False): f"it is {right.shown}"}
        found = shown.get(is_literal, f"they are {left.shown} and {right.shown}")
        return never(elided(f"needs {describe(leaf)}; {found}"))

    def _value(self, operand: Operand, leaf: Comparison) -> _Known | Verdict:
        """Return the value of an operand that is not progress, or why it is not known."""
        if isinstance(operand, Literal):
            return _Known(operand.value)
        fact = self.job(JobId(operand.job))
        if not fact.status.is_final:
            return Verdict(Truth.NOT_YET, f"{fact.name} is {fact.status}")
        if fact.status is not JobState.COMPLETED:
            return never(elided(f"needs {describe(leaf)}; {fact.name} {fact.how_it_ended}"))
        try:
            return self._selected(fact.id, operand.path)
        except Incomparable as error:
            return _incomparable(leaf, error)

    def _selected(self, job: JobId, path: tuple[Step, ...]) -> _Known:
        """Return what ``job`` left at ``path``; read once, however many leaves compare it."""
        known = self._values.get((job, path))
        if known is None:
            if job not in self._results:
                self._results[job] = job_rows.result_of(self._connection, job)
            known = self._values[job, path] = _Known(selected(self._results[job], path))
        return known

    def _in_progress(
        self, leaf: Comparison, streamed: Reference, values: list[_Known | Verdict]
    ) -> Verdict:
        fact = self.job(JobId(streamed.job))
        known = values[0].value if values and isinstance(values[0], _Known) else None

        def satisfied(report: dict[str, Any]) -> bool:
            sides = [
                reported(report, side.path)
                if isinstance(side, Reference) and side.what is What.PROGRESS
                else known
                for side in (leaf.left, leaf.right)
            ]
            return compare(sides[0], leaf.operator, sides[1])

        run = run_rows.run_of(self._connection, fact.id) if fact.attempt == 0 else fact.id
        if self._reports.any(run, f"{leaf_key(leaf)} {known!r}", _lenient(satisfied)):
            return TRUE
        if fact.status.is_final:
            return never(elided(f"needs {describe(leaf)}; {fact.name} {fact.how_it_ended} without"))
        return Verdict(Truth.NOT_YET, f"{describe(leaf)}: not so far")


def _lenient(test: Callable[[dict[str, Any]], bool]) -> Callable[[dict[str, Any]], bool]:
    """Return ``test``, but that a report which lacks the value, or has null for it, fails it."""

    def passed(report: dict[str, Any]) -> bool:
        try:
            return test(report)
        except Incomparable:
            return False

    return passed


def _incomparable(leaf: Expression, error: Incomparable) -> Verdict:
    return never(
        elided(f"needs {describe(leaf)}, which cannot be compared on the service: {error}")
    )
