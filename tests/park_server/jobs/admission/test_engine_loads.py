"""What runs on an engine, and what waits for it, there or here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park.wire import JobRequest
from park_server.jobs.admission.engine_loads import loads_of
from park_server.jobs.admission.room import Room
from park_server.jobs.engines.offers import EngineOffer
from park_server.jobs.engines.queue_view import Load
from park_server.jobs.run import Run

OFFERS = (
    EngineOffer(name="local", cpus=4),
    EngineOffer(name="parsl", is_cluster=True, is_pilots=True),
)


def run(name: str, engine: str) -> Run:
    call: dict[str, Any] = {"args": [], "kwargs": {}}
    asked = Resources(engine=engine)
    request = JobRequest(id=name, entry_point="m:fit", call=call, resources=asked)
    started = "2026-01-01T00:00:00.000000Z"
    return Run(job=request, user="ada", attempt=1, environment=Path("/e"), started=started)


def test_what_waits_for_a_worker_elsewhere_waits() -> None:
    room = Room(OFFERS)
    here, there, begun = run("a", "local"), run("b", "parsl"), run("c", "parsl")
    for each in (here, there, begun):
        room.take(JobId(each.id), each.job.resources)
    begun.began(0.0)
    found = loads_of(room, {"local": 7, "parsl": 0}.__getitem__, [here, there, begun])
    assert found == {
        "local": Load(running=1, waiting=7, cpus=1, of_partitions={None: (0, 1)}),
        "parsl": Load(running=1, waiting=1, cpus=2, of_partitions={None: (1, 1)}),
    }
