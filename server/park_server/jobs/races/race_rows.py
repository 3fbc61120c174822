"""All that is asked of the database about races, and of orders to other services."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, exists, insert, select, update

from park.model.conditions import Expression
from park.model.conditions_json import condition_to_json
from park.model.ids import JobId
from park.model.references import Reference
from park.model.states import JobKind, JobState
from park.wire import RaceRecord, RaceRequest, StopHow, WinnerRecord, decode, encode
from park_server.clock import now
from park_server.db.blocks import in_blocks
from park_server.db.portable_sql import insert_new
from park_server.db.tables import calls, jobs, needs, race_orders, races
from park_server.jobs.races.terms import Terms, terms_of

__all__ = [
    "Order",
    "StoredRace",
    "add",
    "await_ends",
    "competing",
    "confirm",
    "decide",
    "get",
    "give_orders",
    "has_orders",
    "needed_by_others",
    "orders_of",
    "records",
    "refer",
    "with_orders",
    "write_winners",
]

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_FINAL = [state for state in JobState if state.is_final]
_NEEDING = (
    select(needs.c.needed, jobs.c.id, jobs.c.kind)
    .join(jobs, jobs.c.id == needs.c.job)
    .where(
        needs.c.needed.in_(_IDS),
        needs.c.service == bindparam("service"),
        jobs.c.status.not_in(_FINAL),
    )
    .distinct()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRace:
    """A race as it was read; ``winners`` are positions, None where nothing is decided."""

    terms: Terms
    winners: tuple[int, ...] | None
    by: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """That the job ``competitor`` of ``race`` is to be ended, on the service at the URL."""

    race: JobId
    competitor: str
    service: str
    how: StopHow
    grace_s: float


def add(connection: Connection, new: Sequence[tuple[JobId, RaceRequest]]) -> None:
    """Write new races, whose jobs are written."""
    rows = [{"job": job, "document": encode(request)} for job, request in new]
    if rows:
        connection.execute(insert(races), rows)


def get(connection: Connection, race: JobId) -> StoredRace:
    """Return a race."""
    row = connection.execute(select(races).where(races.c.job == race)).one()
    return StoredRace(
        terms=terms_of(decode(RaceRequest, row.document)),
        winners=None if row.winners is None else tuple(row.winners),
        by=row.by,
    )


def decide(connection: Connection, race: JobId, winners: Sequence[int], by: str) -> None:
    """Write who has won, once and for all; positions among those that compete."""
    connection.execute(
        update(races)
        .where(races.c.job == race, races.c.decided.is_(None))
        .values(winners=list(winners), by=by, decided=now())
    )


def write_winners(connection: Connection, race: JobId, winners: Sequence[WinnerRecord]) -> None:
    """Write what is told of those that have won."""
    told = [encode(each) for each in winners]
    connection.execute(update(races).where(races.c.job == race).values(told=told))


def await_ends(connection: Connection, race: JobId, condition: Expression) -> None:
    """Have ``race`` wait for ``condition``: that its winners end."""
    document = condition_to_json(condition)
    connection.execute(update(jobs).where(jobs.c.id == race).values(condition=document))


def refer(connection: Connection, race: JobId, references: Iterable[Reference]) -> None:
    """Have ``race`` refer to ``references``, which are brought here for it."""
    document = {"args": [each.as_json() for each in references], "kwargs": {}}
    connection.execute(update(calls).where(calls.c.job == race).values(document=document))


def competing(connection: Connection) -> set[JobId]:
    """Return the jobs here that compete in races which have not ended."""
    # not a join: SQLite would go through all jobs, of which few are races
    waits = exists().where(jobs.c.id == races.c.job, jobs.c.status == JobState.WAITING)
    going_on = select(races.c.job).where(waits)
    query = select(needs.c.needed).where(needs.c.job.in_(going_on), needs.c.service == "")
    return set(connection.execute(query.distinct()).scalars())


def needed_by_others(
    connection: Connection, ids: Collection[str], service: str, race: JobId | None
) -> dict[str, set[str]]:
    """Return those of the jobs ``ids`` that others than ``race`` need, each with these.

    They are jobs that have not ended; of a race that is decided, only its winners are needed.
    ``service`` is the URL of the one that has ``ids``, empty for this one.
    """
    found: dict[str, set[str]] = {}
    decided: dict[str, set[str] | None] = {}
    for some in in_blocks(ids):
        for row in connection.execute(_NEEDING, {"ids": some, "service": service}):
            if row.id == race:
                continue
            if row.kind == JobKind.RACE and row.id not in decided:
                decided[row.id] = _winners_of(connection, row.id)
            winners = decided.get(row.id)
            if winners is None or row.needed in winners:
                found.setdefault(row.needed, set()).add(row.id)
    return found


def _winners_of(connection: Connection, race: str) -> set[str] | None:
    """Return the jobs that have won ``race``; None where it is not decided."""
    stored = get(connection, JobId(race))
    if stored.winners is None:
        return None
    return {stored.terms.competitors[position].job for position in stored.winners}


# -- orders to other services


def give_orders(connection: Connection, orders: Sequence[Order]) -> None:
    """Write orders that are to be carried out."""
    if orders:
        rows = [
            {
                "job": each.race,
                "competitor": each.competitor,
                "service": each.service,
                "how": each.how,
                "grace_s": each.grace_s,
            }
            for each in orders
        ]
        connection.execute(insert_new(race_orders), rows)


def orders_of(connection: Connection, race: JobId) -> list[Order]:
    """Return the orders of ``race`` that are not confirmed."""
    query = select(race_orders).where(race_orders.c.job == race, race_orders.c.confirmed.is_(None))
    return [
        Order(
            race=JobId(row.job),
            competitor=row.competitor,
            service=row.service,
            how=StopHow(row.how),
            grace_s=row.grace_s,
        )
        for row in connection.execute(query)
    ]


def has_orders(connection: Connection, race: JobId) -> bool:
    """Tell whether orders of ``race`` are not confirmed."""
    return bool(orders_of(connection, race))


def with_orders(connection: Connection) -> list[JobId]:
    """Return the races of which orders are not confirmed."""
    query = select(race_orders.c.job).where(race_orders.c.confirmed.is_(None)).distinct()
    return list(connection.execute(query).scalars())


def confirm(connection: Connection, order: Order, answer: str) -> None:
    """Write that the other service has answered an order, and what."""
    connection.execute(
        update(race_orders)
        .where(
            race_orders.c.job == order.race,
            race_orders.c.competitor == order.competitor,
            race_orders.c.service == order.service,
        )
        .values(confirmed=now(), answer=answer)
    )


# -- as the wire shows them


def records(connection: Connection, ids: Collection[str]) -> dict[str, RaceRecord]:
    """Return what the wire says of the races ``ids``."""
    found: dict[str, RaceRecord] = {}
    for some in in_blocks(ids):
        open_orders = select(race_orders.c.job, race_orders.c.competitor).where(
            race_orders.c.job.in_(some), race_orders.c.confirmed.is_(None)
        )
        unconfirmed: dict[str, list[str]] = {}
        for row in connection.execute(open_orders):
            unconfirmed.setdefault(row.job, []).append(row.competitor)
        for row in connection.execute(select(races).where(races.c.job.in_(some))):
            found[row.job] = _record(row, unconfirmed.get(row.job, []))
    return found


def _record(row: Any, unconfirmed: list[str]) -> RaceRecord:
    competitors = row.document.get("competitors", [])  # of a damaged row: none
    winners = [
        WinnerRecord(job=competitors[each]["job"], service=competitors[each]["service"])
        for each in row.winners or ()
    ]
    if row.told is not None:
        winners = [decode(WinnerRecord, each) for each in row.told]
    return RaceRecord(
        competitors=len(competitors),
        keep=row.document.get("keep", 1),
        decided=row.decided,
        by=row.by,
        winners=winners,
        unconfirmed=unconfirmed,
    )
