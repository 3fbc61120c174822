"""All that is asked of the database about what is still to follow from committed changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from park.model.ids import JobId
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import unsettled

__all__ = [
    "Step",
    "Unsettled",
    "add_changed",
    "add_ending",
    "add_races",
    "ending",
    "first",
    "go_on_after",
    "is_any",
    "remove",
    "why_ending",
]


class Step(StrEnum):
    """What is to be done: look at what waits for the subject, end it, or decide a race."""

    CHANGED = "changed"
    ENDING = "ending"
    RACE = "race"


class Unsettled(NamedTuple):
    """A row, whose columns have these names."""

    number: int
    step: Step
    subject: str
    after: str
    why: str | None


_OF_ROW = tuple(unsettled.c[name] for name in Unsettled._fields)
_FIRST = Prepared(select(*_OF_ROW).order_by(unsettled.c.number).limit(bindparam("most")))
_ANY = Prepared(select(unsettled.c.number).limit(1))
_ADD = Prepared(insert(unsettled), ("step", "subject", "after", "why"))
_REMOVE = Prepared(delete(unsettled).where(unsettled.c.number == bindparam("of")))
_GO_ON = Prepared(
    update(unsettled).where(unsettled.c.number == bindparam("of")).values(after=bindparam("at"))
)
_ENDING = Prepared(select(unsettled.c.subject).where(unsettled.c.step == Step.ENDING))
_WHY = Prepared(
    select(unsettled.c.why).where(
        unsettled.c.subject == bindparam("job"), unsettled.c.step == bindparam("step")
    )
)
_KNOWN = PreparedOfMany(
    lambda subjects: select(unsettled.c.subject).where(
        unsettled.c.step == bindparam("step"),
        unsettled.c.subject.in_(subjects),
        unsettled.c.after == "",
    )
)


def add_changed(connection: Connection, subjects: Collection[str]) -> None:
    """Note jobs or installs; what waits for them is still to be looked at."""
    _add(connection, Step.CHANGED, subjects, None)


def add_ending(connection: Connection, jobs: Collection[JobId], why: str) -> None:
    """Note jobs that are to be ended, and what their users are told."""
    _add(connection, Step.ENDING, jobs, why)


def add_races(connection: Connection, races: Collection[JobId]) -> None:
    """Note races of which something may be decided once all that comes before is settled."""
    _add(connection, Step.RACE, races, None)


def _add(connection: Connection, step: Step, subjects: Collection[str], why: str | None) -> None:
    known = {name for (name,) in _KNOWN.all(connection, subjects, {"step": step})}
    rows = [
        {"step": step, "subject": name, "after": "", "why": why}
        for name in subjects
        if name not in known
    ]
    if rows:
        _ADD.run_all(connection, rows)


def first(connection: Connection, most: int) -> Sequence[Unsettled]:
    """Return the oldest rows, up to ``most``."""
    rows = _FIRST.all(connection, {"most": most})
    return [Unsettled(number, Step(step), *rest) for number, step, *rest in rows]


def is_any(connection: Connection) -> bool:
    """Tell whether anything is left."""
    return _ANY.first(connection) is not None


def ending(connection: Connection) -> frozenset[str]:
    """Return the jobs that are still to be ended."""
    return frozenset(job for (job,) in _ENDING.all(connection, {}))


def why_ending(connection: Connection, job: JobId) -> str | None:
    """Return what the user of ``job`` is told, where it is still to be ended."""
    row = _WHY.first(connection, job=job, step=Step.ENDING)
    return None if row is None else row[0]


def go_on_after(connection: Connection, row: Unsettled, waiter: str) -> None:
    """Note that what waits for the subject of ``row`` is settled up to the id ``waiter``."""
    _GO_ON.run(connection, {"of": row.number, "at": waiter})


def remove(connection: Connection, rows: Iterable[Unsettled]) -> None:
    """Remove what is settled."""
    numbers = [{"of": row.number} for row in rows]
    if numbers:
        _REMOVE.run_all(connection, numbers)
