"""All that is asked of the database about who waits for whom, and for what elsewhere."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    Text,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from park.model.conditions import Expression, all_of
from park.model.conditions_json import condition_from_json, condition_to_json
from park.model.ids import JobId
from park.model.references import What
from park.model.states import InstallState, JobKind, JobState
from park.model.truth import Truth, Verdict
from park_server.db.blocks import in_blocks
from park_server.db.portable_sql import unindexed
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import held_grants, installs, jobs, needs, remote_leaves, staged
from park_server.jobs.conditions.facts import InstallFact, JobFact
from park_server.jobs.conditions.needs import IMPLIED, Need, Planned, implied
from park_server.jobs.stored_job import StoredJob

__all__ = [
    "STARTED",
    "Awaited",
    "Waiter",
    "awaited",
    "decide_remote",
    "dependents",
    "evaluated",
    "expression_of",
    "few_enough",
    "holding_grants",
    "install_facts",
    "job_facts",
    "needs_of",
    "of_job",
    "referring_elsewhere",
    "remote_verdicts",
    "staged_for",
    "undecided_elsewhere",
    "waiter",
    "waiting_among",
    "with_dependents",
    "with_nothing_missing",
    "write",
]


class Waiter(NamedTuple):
    """A job that waits; ``pending`` as in the table, whose columns have these names."""

    id: JobId
    user: str
    kind: JobKind
    entry_point: str
    attempt: int
    pending: int | None
    label: str | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Waiter:
        """Return the job of a row that has all of this, in this order."""
        job, user, kind, *rest = row
        return cls(job, user, JobKind(kind), *rest)


class Awaited(NamedTuple):
    """What all waiting jobs together wait for.

    ``starts`` are jobs whose start is needed, ``progress`` those whose reports are;
    ``ended_installs`` are over already.
    """

    starts: set[JobId]
    progress: set[JobId]
    ended_installs: list[InstallFact]


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)

_ADD_NEEDS = Prepared(insert(needs), ("job", "needed", "service", "how"))
_ADD_LEAVES = insert(remote_leaves)
_ADD_GRANTS = insert(held_grants)

_IS_WAITING = unindexed(jobs.c.status) == JobState.WAITING

_OF_WAITER = tuple(jobs.c[name] for name in Waiter._fields)
_OF_FACT = tuple(jobs.c[each.name] for each in fields(JobFact))
_JOB_FACTS = PreparedOfMany(
    lambda ids: select(*_OF_FACT).where(jobs.c.id.in_(ids)).order_by(jobs.c.id)
)
_WAITING = select(*_OF_WAITER).where(jobs.c.status == JobState.WAITING)
_WAITER = Prepared(_WAITING.where(jobs.c.id == bindparam("job")))
_INSTALLS = select(
    installs.c.id,
    installs.c.user,
    installs.c.state,
    installs.c.lock_hash,
    installs.c.set_hash,
    installs.c.project,
    installs.c.version,
    installs.c.error,
)
_INSTALL_FACTS = _INSTALLS.where(installs.c.id.in_(_IDS)).order_by(installs.c.id)
_ENDED_INSTALLS = select(installs.c.id).where(
    installs.c.state.in_([state for state in InstallState if state.is_final])
)
STARTED = "started"
"""How a job is needed of which a leaf says that it has started."""
_TOLD = (STARTED, What.PROGRESS)
# One look at all that waits: each takes a sixth of a second where it is 100,000 jobs.
_AWAITED = (
    select(needs.c.needed, needs.c.how)
    .join(jobs, jobs.c.id == needs.c.job)
    .where(
        jobs.c.status == JobState.WAITING,
        needs.c.service == "",
        or_(needs.c.how.in_(_TOLD), needs.c.needed.in_(_ENDED_INSTALLS)),
    )
    .distinct()
)
_IS_IMPLIED = needs.c.how.in_([literal(how) for how in sorted(IMPLIED)])
_ELSEWHERE = PreparedOfMany(
    lambda ids: (
        select(needs.c.job)
        .where(needs.c.job.in_(ids), needs.c.service != "", _IS_IMPLIED)
        .distinct()
    )
)
_DEPENDENTS = select(needs.c.job).where(needs.c.needed.in_(_IDS), needs.c.service == "").distinct()
# by their key: SQLite has them so, and PostgreSQL in no order
_IN_ORDER = (needs.c.job, needs.c.needed, needs.c.service, needs.c.how)
_OF_JOB = (
    select(needs.c.needed, needs.c.service, needs.c.how)
    .where(needs.c.job == bindparam("job"))
    .order_by(*_IN_ORDER)
)
_JOBS: BindParameter[Any] = bindparam("jobs", expanding=True)
_OF_JOBS = (
    select(needs.c.job, needs.c.needed, needs.c.service, needs.c.how)
    .where(needs.c.job.in_(_JOBS))
    .order_by(*_IN_ORDER)
)
_SIZES = select(jobs.c.id, func.length(type_coerce(jobs.c.condition, Text)).label("size")).where(
    jobs.c.id.in_(_JOBS)
)
_WAITING_OF = select(*_OF_WAITER).where(jobs.c.id.in_(_JOBS), _IS_WAITING)
_CONDITIONS = select(jobs.c.id, jobs.c.condition, jobs.c.install).where(jobs.c.id.in_(_JOBS))
_DECIDE = (
    update(remote_leaves)
    .where(
        remote_leaves.c.job == bindparam("of"),
        remote_leaves.c.position == bindparam("at"),
        remote_leaves.c.truth == Truth.NOT_YET,
    )
    .values(truth=bindparam("truth"), why=bindparam("why"))
)


def write(connection: Connection, plans: Sequence[Planned]) -> None:
    """Write what new jobs need, wait for elsewhere, and hold of other services."""
    rows = [
        {"job": plan.id, "needed": needed, "service": service, "how": how}
        for plan in plans
        for needed, service, how in plan.needs
    ]
    elsewhere = [
        {
            "job": plan.id,
            "position": position,
            "service": service,
            "leaf": condition_to_json(leaf)["condition"],
            "truth": Truth.NOT_YET,
            "why": "",
        }
        for plan in plans
        for position, (service, leaf) in enumerate(plan.remote)
    ]
    grants = [
        {
            "job": plan.id,
            "service": service,
            "token": held.token,
            "holder": held.holder,
            "bounced": held.bounced,
        }
        for plan in plans
        for service, held in {held.service: held for held in plan.request.grants}.items()
    ]
    _ADD_NEEDS.run_all(connection, rows)
    for statement, new in ((_ADD_LEAVES, elsewhere), (_ADD_GRANTS, grants)):
        if new:
            connection.execute(statement, new)


def waiter(connection: Connection, job: JobId) -> Waiter | None:
    """Return ``job`` where it waits."""
    row = _WAITER.first(connection, job=job)
    return None if row is None else Waiter.of(row)


def evaluated(connection: Connection) -> list[JobId]:
    """Return the waiting jobs that do not keep a count, in the order of their submission."""
    each = func.aggregate_strings(jobs.c.submitted + " " + jobs.c.id, ",")  # one row, not 100,000
    query = select(each).where(jobs.c.status == JobState.WAITING, jobs.c.pending.is_(None))
    together = connection.execute(query).scalar()
    return [JobId(line.split(" ")[1]) for line in sorted(together.split(","))] if together else []


def few_enough(connection: Connection, ids: Sequence[JobId], characters: int) -> Sequence[JobId]:
    """Return the first of ``ids``, with conditions of ``characters`` together, but at least one."""
    sizes: dict[str, int] = {}
    for row in connection.execute(_SIZES, {"jobs": list(ids)}):
        sizes[row.id] = row.size or 0
    sums = accumulate(sizes.get(job, 0) for job in ids)
    return ids[: max(1, sum(1 for each in sums if each <= characters))]


def waiting_among(connection: Connection, ids: Sequence[JobId]) -> list[Waiter]:
    """Return those of ``ids`` that wait, in the order of ``ids``."""
    found = {row.id: Waiter.of(row) for row in connection.execute(_WAITING_OF, {"jobs": list(ids)})}
    return [found[job] for job in ids if job in found]


def with_nothing_missing(connection: Connection) -> list[Waiter]:
    """Return the waiting jobs whose count has come to nothing."""
    return [Waiter.of(row) for row in connection.execute(_WAITING.where(jobs.c.pending <= 0))]


def dependents(connection: Connection, ids: Iterable[str]) -> set[JobId]:
    """Return the jobs here that need one of ``ids``, whatever their states."""
    found: set[JobId] = set()
    for block in in_blocks(ids):
        found.update(connection.execute(_DEPENDENTS, {"ids": block}).scalars())
    return found


def with_dependents(connection: Connection, job: JobId) -> list[JobId]:
    """Return ``job`` and all that needs it, directly or not, those that need it last."""
    found = {job: None}
    level = {job}
    while level:
        level = dependents(connection, level) - found.keys()
        found.update(dict.fromkeys(sorted(level)))
    return list(found)


def of_job(connection: Connection, job: JobId) -> list[Need]:
    """Return what ``job`` needs."""
    rows = connection.execute(_OF_JOB, {"job": job})
    return [(row.needed, row.service, row.how) for row in rows]


def needs_of(connection: Connection, ids: Iterable[JobId]) -> dict[str, list[Need]]:
    """Return what each of the jobs ``ids`` needs."""
    found: defaultdict[str, list[Need]] = defaultdict(list)
    for block in in_blocks(ids):
        for row in connection.execute(_OF_JOBS, {"jobs": block}):
            found[row.job].append((row.needed, row.service, row.how))
    return found


def expression_of(connection: Connection, job: StoredJob) -> Expression:
    """Return the whole condition of ``job``: what was asked, and what is implied."""
    parts = implied(of_job(connection, job.id), job.install)
    asked = [] if job.condition is None else [condition_from_json(job.condition)]
    return all_of([*asked, *parts])


def expressions_of(connection: Connection, ids: Iterable[JobId]) -> dict[JobId, Expression]:
    """Return the whole conditions of the jobs ``ids``, as `expression_of` does of one."""
    found: dict[JobId, Expression] = {}
    for block in in_blocks(ids):
        needed = needs_of(connection, block)
        for job in connection.execute(_CONDITIONS, {"jobs": block}):
            asked = [] if job.condition is None else [condition_from_json(job.condition)]
            found[JobId(job.id)] = all_of([*asked, *implied(needed.get(job.id, ()), job.install)])
    return found


def job_facts(connection: Connection, ids: Iterable[str]) -> dict[str, JobFact]:
    """Return what is known of the jobs among ``ids``."""
    return {fact.id: fact for fact in map(JobFact.of, _JOB_FACTS.all(connection, ids))}


def install_facts(
    connection: Connection, ids: Iterable[str], user: str | None = None
) -> dict[str, InstallFact]:
    """Return what is known of the installs among ``ids``; with ``user``, of that user's only."""
    return {
        row.id: _install_fact(row)
        for block in in_blocks(ids)
        for row in connection.execute(_INSTALL_FACTS, {"ids": block})
        if user is None or row.user == user
    }


def _install_fact(row: Any) -> InstallFact:
    return InstallFact(
        id=row.id,
        state=InstallState(row.state),
        lock_hash=row.lock_hash,
        set_hash=row.set_hash,
        project=row.project,
        version=row.version,
        error=(row.error or {}).get("detail"),
    )


def referring_elsewhere(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Return those of the jobs ``ids`` that refer to what jobs on other services leave."""
    return {job for (job,) in _ELSEWHERE.all(connection, ids)}


def remote_verdicts(connection: Connection, job: JobId) -> dict[tuple[str, str], Verdict]:
    """Return the verdicts of other services, by service and key of the leaf (`leaf_key`)."""
    rows = connection.execute(select(remote_leaves).where(remote_leaves.c.job == job))
    return {
        (row.service, json.dumps(row.leaf, sort_keys=True)): Verdict(Truth(row.truth), row.why)
        for row in rows
    }


def decide_remote(connection: Connection, job: JobId, position: int, verdict: Verdict) -> bool:
    """Write the verdict of another service; False where there is one already."""
    values = {"of": job, "at": position, "truth": verdict.truth, "why": verdict.why}
    return bool(connection.execute(_DECIDE, values).rowcount)


def staged_for(connection: Connection, job: JobId) -> dict[str, Any]:
    """Return what was brought here for ``job``, by reference (JSON with sorted keys)."""
    return dict(map(tuple, _STAGED.all(connection, {"job": job})))


_STAGED = Prepared(
    select(staged.c.reference, staged.c.document).where(staged.c.job == bindparam("job"))
)


def undecided_elsewhere(connection: Connection) -> list[JobId]:
    """Return the waiting jobs of whose remote leaves some are undecided."""
    # not a join: SQLite would go through all jobs that wait, of which few have such leaves
    waits = exists().where(jobs.c.id == remote_leaves.c.job, jobs.c.status == JobState.WAITING)
    query = select(remote_leaves.c.job).where(remote_leaves.c.truth == Truth.NOT_YET, waits)
    return list(connection.execute(query.distinct()).scalars())


def awaited(connection: Connection) -> Awaited:
    """Return what waiting jobs here need of which somebody has to be told, or was told."""
    found = connection.execute(_AWAITED).all()
    named = {how: {row.needed for row in found if row.how == how} for how in _TOLD}
    ended = {row.needed for row in found}.difference(*named.values())
    return Awaited(
        starts={JobId(name) for name in named[STARTED]},
        progress={JobId(name) for name in named[What.PROGRESS]},
        ended_installs=list(install_facts(connection, ended).values()),
    )


def holding_grants(connection: Connection) -> list[tuple[JobId, bool]]:
    """Return the jobs that hold grants of other services, and whether each has ended."""
    query = select(held_grants.c.job, jobs.c.status).join(jobs).distinct()
    return [(row.job, JobState(row.status).is_final) for row in connection.execute(query)]
