"""Why a job ran, or did not: in words, from what the database has of it and of those before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.memo.call_key import canonical
from park.model.references import NODE
from park.model.states import JobKind, JobState
from park.runtime.codec import TAG
from park.wire import WhyRecord
from park_server.db.tables import calls, jobs, memo_calls
from park_server.jobs import job_rows
from park_server.jobs.stored_job import StoredJob

__all__ = ["call_changes", "explained"]

_BEFORE = 50
"""Earlier jobs of the same entry point among which the one is looked for that is most alike."""


class _Remembered(NamedTuple):
    """What is remembered of a call, in the order of `_OF_CALL`."""

    job: JobId
    key: str | None
    source: JobId | None
    call: str
    refs: Sequence[object] | None
    contents: Mapping[str, str] | None
    checks: JobId | None
    why: str | None
    unfit: str | None


_OF_CALL = [memo_calls.c[name] for name in _Remembered._fields]


class _Earlier(NamedTuple):
    """A call of the same entry point that came before, and what became of its job."""

    call: _Remembered
    status: JobState
    error: str | None
    runtime_hash: str | None


def explained(connection: Connection, job: JobId, user: str) -> WhyRecord:
    """Return why ``job`` of ``user`` ran, will run, or did not; raises `UnknownItem`."""
    stored = job_rows.get(connection, job, user)
    line, *more = _lines(connection, stored)
    return WhyRecord(job=stored.id, status=stored.status, line=line, chain=more)


_NO_CALLS = {
    JobKind.FETCH: "a fetch asks each time whether what it has is still what is there",
    JobKind.RACE: "a race runs nothing: park why says how it is decided",
}


def _lines(connection: Connection, job: StoredJob) -> list[str]:
    if job.kind in _NO_CALLS:
        return [_NO_CALLS[job.kind]]
    if job.memoized_from is not None:
        run = brief(job.memoized_from)
        return [f"did not run: job {run} was the same call, and left what this one has"]
    call = _remembered(connection, job.id)
    if call is not None and call.source is not None:
        return [
            f"does not run by itself: job {brief(call.source)} is the same call, and is under way"
        ]
    verb = "ran" if job.attempt else "did not run" if job.status.is_final else "is to run"
    if verb == "did not run":
        return [f"did not run: {job.error or job.status}"]
    if not job.options.memo:
        return [f"{verb}: memo=False"]
    reason = "it was submitted before calls were remembered"
    more: list[str] = []
    if call is not None:
        reason, *more = _reasons(connection, job, call)
    kept = [] if call is None or call.unfit is None else [f"it answers no later call: {call.unfit}"]
    return [f"{verb}: {reason}", *more, *kept]


def _remembered(connection: Connection, job: JobId) -> _Remembered | None:
    row = connection.execute(select(*_OF_CALL).where(memo_calls.c.job == job)).first()
    return None if row is None else _Remembered(*row)


def _reasons(connection: Connection, job: StoredJob, call: _Remembered) -> list[str]:
    if call.key is None and job.status is JobState.WAITING:
        return ["unless the same call is found when what it waits for is there"]
    if call.checks is not None:
        return [f"to check what job {brief(call.checks)} left, the same call"]
    if call.why is not None:
        return [call.why]
    before = _before(connection, job)
    same = [each for each in before if each.call.key == call.key and call.key is not None]
    if same:
        return [_why_not(job, same[0])]
    for each in before:
        changes = list(_changes(connection, job, call, each))
        if changes:
            return [f"{changes[0]} (as against job {brief(each.call.job)})", *changes[1:]]
    return ["nothing like it ran before"]


def _before(connection: Connection, job: StoredJob) -> list[_Earlier]:
    """Return the calls of the same entry point before ``job``, the newest first."""
    of_job = (jobs.c.status, jobs.c.error, jobs.c.runtime_hash)
    query = select(*_OF_CALL, *of_job).join(jobs, jobs.c.id == memo_calls.c.job)
    query = query.where(
        jobs.c.user == job.user,
        jobs.c.entry_point == job.entry_point,
        jobs.c.id != job.id,
        jobs.c.submitted <= job.submitted,
        memo_calls.c.source.is_(None),
    )
    rows = connection.execute(query.order_by(jobs.c.submitted.desc()).limit(_BEFORE))
    width = len(_OF_CALL)
    return [
        _Earlier(_Remembered(*row[:width]), JobState(row.status), row.error, row.runtime_hash)
        for row in rows
    ]


def _why_not(job: StoredJob, before: _Earlier) -> str:
    """Say why a run of the same call answered nobody."""
    name = brief(before.call.job)
    if before.call.unfit is not None:
        return f"job {name} was the same call, but answers no other: {before.call.unfit}"
    if before.status in {JobState.FAILED, JobState.CANCELLED}:
        return f"job {name} was the same call, and {_ended(before)}"
    if before.status is not JobState.COMPLETED:
        return f"job {name} is the same call, with other limits or in another environment"
    if job.runtime_hash is not None and before.runtime_hash != job.runtime_hash:
        return f"the service runs jobs otherwise than it ran job {name}, the same call"
    return f"job {name} was the same call, in another environment"


def _ended(before: _Earlier) -> str:
    return "was cancelled" if before.status is JobState.CANCELLED else f"failed: {before.error}"


def _changes(
    connection: Connection, job: StoredJob, call: _Remembered, before: _Earlier
) -> Iterator[str]:
    """Yield what is another in the call of ``job`` than in one before."""
    documents = dict(
        connection.execute(
            select(calls.c.job, calls.c.document).where(calls.c.job.in_([job.id, before.call.job]))
        ).all()
    )
    yield from call_changes(documents.get(before.call.job) or {}, documents.get(job.id) or {})
    then, now = before.call.contents or {}, call.contents or {}
    yield from (
        f"{name} changed" for name in sorted(now) if then.get(name) not in {None, now[name]}
    )
    if call.call == before.call.call and call.refs:
        yield "what a job left that it refers to is another"


def call_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the call ``now`` differs from the one ``then``, both encoded."""
    if canonical(then.get("function")) != canonical(now.get("function")):
        yield "the function itself changed"
    before, after = _arguments(then), _arguments(now)
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            yield f"argument {name} was {_shown(before[name])}, and is not given"
        elif name not in before:
            yield f"argument {name} was not given, and is {_shown(after[name])}"
        elif canonical(before[name]) != canonical(after[name]):
            was, is_now = _shown(before[name]), _shown(after[name])
            yield (
                f"argument {name} was {was}, is {is_now}"
                if was != is_now
                else f"argument {name} is another {is_now}"
            )


def _arguments(call: Mapping[str, Any]) -> dict[str, Any]:
    by_place = {str(place): value for place, value in enumerate(call.get("args") or [], 1)}
    return by_place | dict(call.get("kwargs") or {})


_MOST_SHOWN = 60
_KINDS = {NODE: "value of a job", "file": "file", "ndarray": "array", "pickle": "object"}


def _shown(value: Any) -> str:
    """Return an encoded value for a line."""
    if isinstance(value, dict) and TAG in value:
        kind = value[TAG]
        if kind in {"float", "path", "service-file"}:
            return str(value.get("value", value.get("path")))
        return _KINDS.get(str(kind), str(kind))
    text = canonical(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
