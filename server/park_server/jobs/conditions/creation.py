"""New jobs, written in a handful of statements, however many they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Text, bindparam, insert, select, type_coerce

from park.model.ids import JobId
from park.model.job_options import OPTION_NAMES, option_values
from park.model.states import JobKind, JobState
from park.wire import FetchRequest, FileRecord, JobRecord, JobRequest, encode
from park_server import events
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import calls, fetches, jobs
from park_server.fetch_target import without_user_information
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.needs import Planned, kind_of
from park_server.jobs.races import race_rows
from park_server.json_pieces import text_of

__all__ = ["Created", "NewJob", "absent", "create", "just_answered", "just_created", "write"]

_ADD_FETCH = insert(fetches)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    """A job to be written, called ``label``, in the ``state`` in which it begins.

    ``condition`` and ``pending`` as in the table; the hashes are those of its install, where
    that is ready already. One that begins as completed is answered with what the job ``source``
    left, and ``finished`` then (RFC 3339 in UTC). ``call`` is its call as JSON, where that is
    written already.
    """

    request: JobRequest
    label: str
    state: JobState
    condition: dict[str, Any] | None = None
    pending: int | None = None
    lock_hash: str | None = None
    set_hash: str | None = None
    source: JobId | None = None
    finished: str | None = None
    call: str | None = None

    @property
    def id(self) -> JobId:
        """The id, which was checked with what the job needs."""
        return JobId(self.request.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Created:
    """Jobs that are new, with the states in which they are left, and what is to follow.

    ``answered`` were written as ended with what the same call left before; ``changed`` are those
    that another state than their first one was found for at once.
    """

    states: Mapping[JobId, JobState]
    changed: frozenset[JobId]
    effects: Effects
    answered: Mapping[JobId, NewJob] = field(default_factory=dict)

    @classmethod
    def nothing(cls) -> Created:
        """Return that nothing was new."""
        return cls(states={}, changed=frozenset(), effects=Effects())

    def and_then(self, later: Created) -> Created:
        """Return this and ``later`` as one; its effects are those ends that records tell of."""
        return Created(
            states={**self.states, **later.states},
            changed=self.changed | later.changed,
            effects=Effects(ended=[*self.effects.ended, *later.effects.ended]),
            answered={**self.answered, **later.answered},
        )


def create(
    connection: Connection, user: str, new: Sequence[NewJob], submitted: str
) -> list[NewJob]:
    """Write those of ``new`` that are not known yet (else: a retry of the client); return them."""
    return write(connection, user, absent(connection, new), submitted)


def absent(connection: Connection, new: Sequence[NewJob]) -> list[NewJob]:
    """Return those of ``new`` that are not known yet, each once."""
    known = {job for (job,) in _KNOWN.all(connection, [each.id for each in new])}
    return list({each.id: each for each in new if each.id not in known}.values())


def write(connection: Connection, user: str, new: Sequence[NewJob], submitted: str) -> list[NewJob]:
    """Write jobs that are not known yet; return them."""
    absent = {each.id: each for each in new}
    if absent:
        created = absent.values()
        _ADD.run_all(connection, [_row(each, user, submitted) for each in created])
        documents = [
            {"job_id": each.id, "text": each.call or text_of(each.request.call)} for each in created
        ]
        _ADD_CALL.run_all(connection, documents)
        fetched = [
            _fetch_row(each.id, each.request.fetch)
            for each in created
            if each.request.fetch is not None
        ]
        if fetched:
            connection.execute(_ADD_FETCH, fetched)
        race_rows.add(
            connection,
            [(each.id, each.request.race) for each in created if each.request.race is not None],
        )
        entered = [(each.id, each.state, user, _said_of(each)) for each in created]
        events.append_many(connection, subject="job", entered=entered)
    return list(absent.values())


_KNOWN = PreparedOfMany(lambda ids: select(jobs.c.id).where(jobs.c.id.in_(ids)))
_SAID = (
    "id",
    "user",
    "status",
    "entry_point",
    "lock_hash",
    "set_hash",
    "install",
    "attempt",
    "cancel_requested",
    "submitted",
    "kind",
    "condition",
    "pending",
    "failures",
    "submitted_from",
    "asked_for",
    "request_id",
    "finished",
    "memoized_from",
)
_ADD = Prepared(insert(jobs), (*_SAID, *OPTION_NAMES))
_ADD_CALL = Prepared(
    insert(calls).values(job=bindparam("job_id"), document=type_coerce(bindparam("text"), Text))
)


def _row(new: NewJob, user: str, submitted: str) -> dict[str, Any]:
    request = new.request
    return {
        "id": new.id,
        "user": user,
        "status": new.state,
        "entry_point": request.entry_point,
        "lock_hash": request.lock_hash or new.lock_hash,
        "set_hash": request.set_hash or new.set_hash,
        "install": request.install,
        "attempt": 0,
        "cancel_requested": False,
        "submitted": submitted,
        "kind": kind_of(request),
        "condition": new.condition,
        "pending": new.pending,
        "failures": 0,
        "submitted_from": request.submitted_from,
        "asked_for": request.asked_for,
        "request_id": request.request_id,
        "finished": new.finished,
        "memoized_from": new.source,
        **option_values(request),
        "label": new.label,
    }


def _said_of(new: NewJob) -> dict[str, Any]:
    return {} if new.source is None else {"memoized_from": new.source}


def _fetch_row(job: JobId, fetch: FetchRequest) -> dict[str, Any]:
    # no password of a URL is ever written but as what is forgotten with the fetch's end
    document = encode(without_user_information(fetch))
    authorization = document.pop("authorization")
    return {"job": job, "document": document, "authorization": authorization}


def just_created(plan: Planned, state: JobState, submitted: str) -> JobRecord:
    """Return the record of a job that has only been written, without reading it back."""
    return _record(plan, plan.request.lock_hash, plan.request.set_hash, state, submitted)


def just_answered(
    plan: Planned, new: NewJob, submitted: str, files: Sequence[FileRecord]
) -> JobRecord:
    """Return the record of a job that was written as answered with ``files``: as `just_created`."""
    return _record(
        plan,
        plan.request.lock_hash or new.lock_hash,
        plan.request.set_hash or new.set_hash,
        new.state,
        submitted,
        finished=new.finished,
        memoized_from=new.source,
        files=files,
    )


def _record(
    plan: Planned,
    lock_hash: str | None,
    set_hash: str | None,
    state: JobState,
    submitted: str,
    *,
    finished: str | None = None,
    memoized_from: str | None = None,
    files: Sequence[FileRecord] = (),
) -> JobRecord:
    request = plan.request
    return JobRecord(
        id=request.id,
        status=state,
        entry_point=request.entry_point,
        lock_hash=lock_hash,
        set_hash=set_hash,
        install=request.install,
        environment=None,
        runtime_hash=None,
        attempt=0,
        pid=None,
        submitted=submitted,
        started=None,
        finished=finished,
        error=None,
        files=list(files),
        kind=JobKind(plan.kind),
        when=plan.condition if plan.kind is not JobKind.RACE else None,
        retries=request.retries,
        label=plan.label,
        submitted_from=request.submitted_from,
        asked_for=request.asked_for,
        request_id=request.request_id,
        resources=request.resources,
        memoized_from=memoized_from,
    )
