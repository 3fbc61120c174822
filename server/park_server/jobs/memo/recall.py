"""The memory of calls, in the thread that writes to the database: see `Memory`."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import Connection

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.memo.call_key import CallShape, call_key
from park.model.states import JobState
from park_server.jobs.conditions import need_rows, run_rows
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.recall import Judged, NewCall, Recalled, Shared
from park_server.jobs.job_end import JobEnd
from park_server.jobs.memo import answered_rows, memo_rows
from park_server.jobs.memo.answer_check import check
from park_server.jobs.memo.call_values import CallValues
from park_server.jobs.memo.decision import Asked, Candidate, Way, decided
from park_server.jobs.memo.levels import Levels
from park_server.jobs.memo.outside_looks import Looks

__all__ = ["Recall"]

_UNJUDGED = Judged()


class Recall:
    """Remembers calls; a `Memory`.

    ``runtime_hash`` names what runs jobs now, ``looks_there`` tells at a glance whether content
    is there; ``shared`` says whether all users answer each
    other, and ``checked_share`` of the answers are run nevertheless, to be compared.
    """

    def __init__(
        self,
        looks: Looks,
        *,
        runtime_hash: str,
        looks_there: Callable[[str], bool] = lambda _: True,
        shared: bool = False,
        checked_share: float = 0.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._looks = looks
        self._runtime_hash = runtime_hash
        self._looks_there = looks_there
        self._shared = shared
        self._checked_share = checked_share
        self._chance = chance
        self._roots: set[str] | None = None

    @property
    def checks(self) -> bool:
        """Whether some that could be answered run nevertheless."""
        return self._checked_share > 0

    # -- before a start

    def begin(
        self, connection: Connection, user: str, new: Sequence[NewCall], submitted: str
    ) -> Recalled:
        """See `Memory`."""
        asked = {
            each.plan.id: self._asked(user, each, each.plan.shape, submitted)
            for each in new
            if each.plan.shape is not None
        }
        levels = Levels(
            {
                each.plan.id: each.missing
                for each in new
                if each.plan.id in asked and each.lock_hash and each.missing is not None
            }
        )
        recalled = Recalled()
        level = levels.first()
        while level:
            jobs = [asked[job] for job in level]
            found = self._decided(connection, jobs, {}, {}, standing=recalled.answered)
            recalled.add(found)
            level = levels.after(found.answered)
        done = {row["job"] for row in recalled.rows}
        recalled.rows += [memo_rows.row_of(each) for each in asked.values() if each.job not in done]
        return recalled

    def first_asked(
        self, connection: Connection, user: str, plans: Sequence[Planned], submitted: str
    ) -> list[Asked]:
        """Return those of ``plans`` that wait for no other one of these, in any thread."""
        own = {plan.id for plan in plans}
        named = {install for plan in plans for install in plan.installs}
        installs = need_rows.install_facts(connection, named) if named else {}
        locks = {name: install.lock_hash for name, install in installs.items()}
        first: list[Asked] = []
        for plan in plans:
            lock_hash = plan.request.lock_hash or locks.get(plan.request.install or "")
            if plan.shape is None or not lock_hash or not plan.is_plain:
                continue
            if own.isdisjoint(needed for needed, _, _ in plan.needs):
                new = NewCall(plan, lock_hash, None)
                first.append(self._asked(user, new, plan.shape, submitted))
        return first

    def _asked(self, user: str, new: NewCall, shape: CallShape, submitted: str) -> Asked:
        plan = new.plan
        return Asked(
            job=plan.id,
            user=user,
            owner="" if self._shared else user,
            shape=shape,
            lock_hash=new.lock_hash or "",
            timeout_s=plan.request.timeout_s,
            stalled_after_s=plan.request.stalled_after_s,
            memory_bytes=plan.request.memory_bytes,
            resources=plan.request.resources,
            submitted=submitted,
        )

    def keep(self, connection: Connection, recalled: Recalled, created: Collection[str]) -> None:
        """See `Memory`."""
        memo_rows.add(connection, [row for row in recalled.rows if row["job"] in created])

    def recall(
        self, connection: Connection, jobs: Sequence[str], judged: Mapping[str, Judged]
    ) -> Recalled:
        """See `Memory`."""
        if not jobs:
            return Recalled()
        asked, joined = memo_rows.asked(connection, jobs)
        recalled = self._decided(connection, asked, judged, joined)
        memo_rows.update_calls(connection, recalled.rows)
        return recalled

    def _decided(
        self,
        connection: Connection,
        asked: Sequence[Asked],
        judged: Mapping[str, Judged],
        joined: Mapping[str, JobId],
        standing: Mapping[str, JobId] = MappingProxyType({}),
    ) -> Recalled:
        """Decide on jobs; of those that they need, ``standing`` have been answered just now."""
        recalled = Recalled()
        if joined:  # who waits for a run that goes on for it alone, goes on waiting
            carried = set(run_rows.carried(connection))
            recalled.joined |= {job: run for job, run in joined.items() if run in carried}
            asked = [each for each in asked if each.job not in recalled.joined]
        keys = self.keys(connection, asked, judged, standing=standing)
        found: defaultdict[str, list[Candidate]] = defaultdict(list)
        found.update(memo_rows.candidates(connection, keys.values()))
        for each in asked:
            key = keys.get(each.job)
            if key is not None:
                self._place(recalled, each, key, found[key], judged.get(each.job))
            elif each.shape.files and each.job not in judged:
                recalled.undecided.append(each.job)
        self._note_roots(recalled.joined.values())
        return recalled

    def _place(
        self,
        recalled: Recalled,
        asked: Asked,
        key: str,
        candidates: list[Candidate],
        judged: Judged | None,
    ) -> None:
        """Decide on one job, and have those of its key that come after it know."""
        decision = decided(
            asked,
            candidates,
            runtime_hash=self._runtime_hash,
            answers=lambda each: self._answers(asked, each, judged),
        )
        way, other = decision.way, decision.other
        contents = dict(judged.contents) if judged is not None and judged.contents else None
        why = self._why(asked, candidates) if judged is None else judged.why
        checks = None
        if way is Way.ANSWERED and self._checked_share and self._chance() < self._checked_share:
            way, checks = Way.RUN, other
        if way is Way.UNDECIDED:
            recalled.undecided.append(asked.job)
            recalled.rows.append(memo_rows.row_of(asked))
            return
        if way is Way.ANSWERED and other is not None:
            recalled.answered[asked.job] = other
        elif way is Way.JOINED and other is not None:
            recalled.joined[asked.job] = other
        else:
            recalled.runs.add(asked.job)
            candidates.insert(0, _to_run(asked))
        source = None if way is Way.RUN else other
        # who is answered answers nobody: under its key it would be looked at in each rerun
        key_kept = None if way is Way.ANSWERED else key
        recalled.rows.append(
            memo_rows.row_of(
                asked, key=key_kept, source=source, contents=contents, checks=checks, why=why
            )
        )

    def _why(self, asked: Asked, candidates: Sequence[Candidate]) -> str | None:
        """Say what is known to be another since the newest run of the same call."""
        ended = [each for each in candidates if each.status is JobState.COMPLETED]
        change = self._looks.change(asked, ended[0]) if ended else None
        return f"{change} since job {brief(ended[0].job)}" if change else None

    def _answers(self, asked: Asked, candidate: Candidate, judged: Judged | None) -> bool | None:
        if judged is not None:
            return candidate.job in judged.good
        if asked.shape.output:  # what it writes on the service has to be as the other one left it
            return None
        found = self._looks.answers(asked, candidate)
        return None if found and not all(map(self._looks_there, candidate.files)) else found

    def keys(
        self,
        connection: Connection,
        asked: Sequence[Asked],
        judged: Mapping[str, Judged],
        *,
        standing: Mapping[str, JobId] = MappingProxyType({}),
        writes: bool = True,
    ) -> dict[JobId, str]:
        """Return the keys of those of ``asked`` of which all is known that is in them.

        Unless it ``writes``, in any thread. For what the jobs of ``standing`` left, that of
        others stands, by which they are answered.
        """
        if not asked:
            return {}
        values = CallValues(connection, asked, standing)
        if writes:
            memo_rows.note_values(connection, values.new)
        found: dict[JobId, str] = {}
        for each in asked:
            contents = judged.get(each.job, _UNJUDGED).contents
            became = values.of(each)
            if became is not None and contents.keys() >= set(each.shape.files):
                found[each.job] = call_key(
                    each.shape, owner=each.owner, values=became, files=contents
                )
        return found

    def look_again(self, connection: Connection, job: JobId) -> Recalled:
        """See `Memory`."""
        recalled = Recalled()
        asked, _ = memo_rows.asked(connection, [job])
        key = memo_rows.key_of(connection, job)
        if not asked or key is None:
            return recalled
        decision = decided(
            asked[0],
            memo_rows.candidates(connection, [key]).get(key, []),
            runtime_hash=self._runtime_hash,
            answers=lambda each: self._answers(asked[0], each, None) or False,
        )
        if decision.way is Way.ANSWERED and decision.other is not None:
            recalled.answered[job] = decision.other
        elif decision.way is Way.JOINED and decision.other is not None:
            recalled.joined[job] = decision.other
            run_rows.join(connection, job, decision.other)
            self._note_roots([decision.other])
        return recalled

    def answer(self, connection: Connection, answered: Mapping[str, JobId]) -> None:
        """See `Memory`."""
        answered_rows.complete(connection, answered)

    def copy(self, connection: Connection, answered: Mapping[str, JobId]) -> None:
        """See `Memory`."""
        answered_rows.copy(connection, answered)

    # -- runs

    def shared(self, connection: Connection, job: JobId) -> Shared:
        """See `Memory`."""
        return (
            run_rows.shared(connection, job) if job in self._known_roots(connection) else Shared()
        )

    def _known_roots(self, connection: Connection) -> set[str]:
        """Return whom others may have joined: a name too many does no harm."""
        if self._roots is None:
            self._roots = run_rows.roots(connection)
        return self._roots

    def _note_roots(self, jobs: Iterable[str]) -> None:
        if self._roots is not None:
            self._roots.update(jobs)

    def carry(self, connection: Connection, job: JobId) -> None:
        """See `Memory`."""
        run_rows.carry(connection, job)

    def release(self, connection: Connection, job: JobId) -> None:
        """See `Memory`."""
        run_rows.release(connection, job)

    def inherit(self, connection: Connection, job: JobId, heir: JobId) -> None:
        """See `Memory`."""
        run_rows.inherit(connection, job, heir)

    def deserted(self, connection: Connection, jobs: Iterable[str]) -> list[JobId]:
        """See `Memory`."""
        left = set(run_rows.source_of(connection, set(jobs)).values())
        carried = left & set(run_rows.carried(connection)) if left else set()
        waited_for = run_rows.joiners(connection, carried)
        return [job for job in carried if job not in waited_for]

    def ended(self, connection: Connection, job: JobId, end: JobEnd) -> None:
        """See `Memory`."""
        self._looks.run_ended()
        if end.status is not JobState.COMPLETED:
            return
        if end.unfit is not None or end.usage is not None:
            memo_rows.note_run(connection, job, end.usage, end.unfit)
        if self._checked_share:
            check(connection, job, end)


def _to_run(asked: Asked) -> Candidate:
    """Return what another job of the same call finds where ``asked`` is to run."""
    return Candidate(
        job=asked.job,
        user=asked.user,
        status=JobState.QUEUED,
        lock_hash=asked.lock_hash,
        runtime_hash=None,
        timeout_s=asked.timeout_s,
        stalled_after_s=asked.stalled_after_s,
        memory_bytes=asked.memory_bytes,
        resources=asked.resources,
    )
