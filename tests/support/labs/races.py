"""Races of a lab: requests as clients write them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from support.labs.schedule_lab import USER, Lab
from support.session.limits import LIMIT_S

from park.model.conditions import Comparison, Literal
from park.model.conditions_json import condition_to_json
from park.model.references import Reference, What
from park.wire import RACE, CompetitorRequest, JobRequest, RaceRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from park.model.conditions import Expression
    from park.wire import JobRecord
    from park_server.jobs.engines.engine import StartOrder

__all__ = [
    "begin",
    "better_than",
    "competitor",
    "killed",
    "race_request",
    "report",
    "started",
    "streamed",
    "why",
]


def better_than(
    job: str, chisq: float, what: What = What.VALUE, service: str | None = None
) -> Comparison:
    """Return the condition that the chisq of ``job`` is less."""
    reference = Reference(job=job, what=what, service=service).item("chisq")
    return Comparison(left=reference, operator="<", right=Literal(value=chisq))


def competitor(
    job: str,
    good: Expression | None = None,
    *,
    rank: bool = True,
    service: str | None = None,
) -> CompetitorRequest:
    """Return one that has to be ``good``, by default a chisq of less than 1.2."""
    reference = Reference(job=job, what=What.VALUE, service=service).item("chisq")
    wanted = better_than(job, 1.2, service=service) if good is None else good
    return CompetitorRequest(
        job=job,
        service=service,
        good_enough=condition_to_json(wanted),
        rank=reference.as_json() if rank else None,
    )


def race_request(
    race: str, competitors: Sequence[str | CompetitorRequest], **terms: Any
) -> JobRequest:
    """Return the request of a race among ``competitors``."""
    grants = terms.pop("grants", [])
    made = [competitor(each) if isinstance(each, str) else each for each in competitors]
    return JobRequest(
        id=race,
        entry_point=RACE,
        call={"args": [], "kwargs": {}},
        race=RaceRequest(competitors=made, **terms),
        grants=grants,
    )


async def begin(
    here: Lab, among: Sequence[str | CompetitorRequest], name: str = "race", **terms: Any
) -> JobRecord:
    """Begin a race among jobs that are there."""
    (record,) = await here.scheduler.submit(USER, [race_request(name, among, **terms)])
    return record


async def started(here: Lab, count: int) -> dict[str, StartOrder]:
    """Wait for ``count`` starts."""
    orders = [await here.started() for _ in range(count)]
    return {order.job_id: order for order in orders}


def why(here: Lab, job: str) -> str:
    """Return the line that says why a job is in its state."""
    return here.database.read(lambda c: here.scheduler.explainer().why(c, job, USER)).line


async def killed(here: Lab, orders: dict[str, StartOrder], count: int = 1) -> set[str]:
    """Wait until the engine is told to end ``count`` jobs, and let them die."""
    found = set()
    for _ in range(count):
        job = await asyncio.wait_for(here.engine.cancelled.get(), LIMIT_S)
        here.end(orders[job])
        found.add(job)
    return found


def report(order: StartOrder, chisq: float) -> None:
    """Let a job report its progress."""
    line = json.dumps({"time": 0.0, "done": None, "total": None, "values": {"chisq": chisq}})
    with (order.directory / "progress.jsonl").open("a") as file:
        file.write(f"{line}\n")


def streamed(job: str) -> CompetitorRequest:
    """Return one that is good enough by what it reports."""
    return competitor(job, better_than(job, 1.2, What.PROGRESS))
