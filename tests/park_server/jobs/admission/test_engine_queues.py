"""A queue for each engine: nobody waits behind who waits for another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from park.model.ids import JobId
from park.wire import JobRequest
from park_server.jobs.admission.engine_queues import EngineQueues
from park_server.jobs.job_rows import Queued
from park_server.jobs.queue import Queue
from park_server.jobs.turns.lanes import Ahead


class Line:
    """A queue that needs no database."""

    def __init__(self) -> None:
        self.ids: deque[JobId] = deque()

    def __len__(self) -> int:
        return len(self.ids)

    def ahead_of(self, job: JobId, user: str) -> Ahead | None:
        assert user
        return Ahead(own=self.ids.index(job)) if job in self.ids else None

    def add(self, jobs: Iterable[JobId], users: object) -> None:
        del users
        self.ids.extend(jobs)

    def add_first(self, jobs: Sequence[JobId], users: object) -> None:
        del users
        self.ids.extendleft(reversed(jobs))

    def next(self, take: Callable[[Queued], bool]) -> Queued | None:
        if not self.ids or not take(queued(self.ids[0])):
            return None
        return queued(self.ids.popleft())

    def clear(self) -> None:
        self.ids.clear()


def queued(job: str) -> Queued:
    call: dict[str, Any] = {}
    return Queued(user="ada", request=JobRequest(id=job, entry_point="m:f", call=call))


def queues(*engines: str, **asked: str) -> EngineQueues:
    def engines_of(jobs: Sequence[JobId]) -> dict[JobId, str]:
        assert len(engines) > 1, "of one engine nobody asks"
        return {job: asked[job] for job in jobs if job in asked}

    return EngineQueues(engines, lambda _: cast("Queue", Line()), engines_of)


def taken(lines: EngineQueues, engine: str) -> list[str]:
    found: list[str] = []
    while (each := lines.next(engine, lambda _: True)) is not None:
        found.append(each.id)
    return found


def ids(names: str) -> list[JobId]:
    return list(map(JobId, names))


def test_of_one_engine_there_is_one_queue() -> None:
    lines = queues("local")
    lines.add(ids("ab"))
    lines.add_first(ids("c"))
    assert (lines.length("local"), lines.ahead_of(JobId("b"), "ada")) == (3, Ahead(own=2))
    assert taken(lines, "local") == ["c", "a", "b"]
    assert lines.is_empty("local")


def test_each_job_is_in_the_queue_of_its_engine() -> None:
    lines = queues("local", "slurm", b="slurm", d="slurm", e="gone")
    lines.add(ids("abcde"))
    lines.add_first([])
    assert lines.ahead_of(JobId("d"), "ada") == Ahead(own=1)
    assert lines.ahead_of(JobId("x"), "ada") is None
    assert lines.next("slurm", lambda _: False) is None
    assert taken(lines, "slurm") == ["b", "d"]
    lines.add_first(ids("b"))
    assert taken(lines, "local") == ["a", "c", "e"]  # what no engine has, is told by the default
    lines.clear()
    assert lines.is_empty("slurm")
    assert lines.is_empty("gone")
