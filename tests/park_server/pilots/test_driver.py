"""The driver of pilots: it tells what runs to whoever comes, and of each end once."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import pytest
from support.session.limits import LIMIT_S

pytest.importorskip("parsl", reason="Parsl is not installed here")

from park_server.pilots.driver import Driver
from park_server.pilots.parsl_setup import Pilots

QUICK = {"event": "ended", "finished": True, "took_s": 0.001}


class Parsl:
    """Stands for Parsl: takes tasks, and has them end as a test says."""

    def __init__(self) -> None:
        self.tasks: list[tuple[list[dict[str, Any]], Future[Any]]] = []
        self.has_task = threading.Event()
        self.is_well = True
        self.asked = 0
        self.has_workers = False

    def capacity(self) -> tuple[int, int]:
        self.asked += 1
        if self.asked == 1 or not self.has_workers:
            raise OSError("Parsl has only begun")
        return (8, 2)

    def submit(self, context: dict[str, Any], buffer: bytes) -> Future[Any]:
        future: Future[Any] = Future()
        assert context["task_executor"]["f"] == "park_server.pilots.pilot_worker.run"
        self.tasks.append((json.loads(buffer), future))
        self.has_task.set()
        return future


class World:
    """A driver that serves in a thread, and connections to it."""

    def __init__(self) -> None:
        self.parsl = Parsl()
        self.listener = socket.create_server(("127.0.0.1", 0))
        pilots = Pilots(
            submit=self.parsl.submit,
            is_well=lambda: self.parsl.is_well,
            capacity=self.parsl.capacity,
            end=lambda: None,
        )
        self.driver = Driver(self.listener, pilots, idle_s=600)
        self.answers: list[bool] = []
        self.thread = threading.Thread(target=lambda: self.answers.append(self.driver.serve()))
        self.thread.start()
        self.connections: list[Any] = []

    def connected(self) -> Any:
        connection = socket.create_connection(self.listener.getsockname(), LIMIT_S)
        file = connection.makefile("rw")
        self.connections += [connection, file]
        return file

    def start(self, line: Any, *jobs: str, **more: Any) -> None:
        self.parsl.has_task.clear()
        for job in jobs:
            order = {"job_id": job, "attempt": 1, "reuse": True}
            line.write(json.dumps({"do": "start", "server": "s", "order": order, **more}) + "\n")
        line.flush()

    def close(self) -> None:
        self.parsl.is_well = False
        self.thread.join(LIMIT_S)
        for each in (*reversed(self.connections), self.listener):
            with suppress(OSError):  # a file may have something left for whoever is gone
                each.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def said(line: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line.readline())
    return found


def test_an_end_is_told_as_the_worker_told_it(world: World) -> None:
    line = world.connected()
    assert said(line)["running"] == []
    world.start(line, "a")
    assert world.parsl.has_task.wait(LIMIT_S)
    world.parsl.tasks[0][1].set_result([{"event": "ended", "finished": True, "took_s": 0.1}])
    assert said(line) == {"event": "ended", "finished": True, "job": "a", "attempt": 1}


def test_what_parsl_lost_is_told_as_that(world: World) -> None:
    line = world.connected()
    said(line)
    world.start(line, "a")
    assert world.parsl.has_task.wait(LIMIT_S)
    world.parsl.tasks[0][1].set_exception(RuntimeError("ManagerLost\nand more"))
    lost = said(line)
    assert (lost["event"], lost["why"]) == ("lost", "RuntimeError: ManagerLost")


def test_a_service_that_comes_back_hears_what_runs_and_starts_nothing_twice(world: World) -> None:
    line = world.connected()
    said(line)
    world.start(line, "a")
    assert world.parsl.has_task.wait(LIMIT_S)
    line.close()
    again = world.connected()
    assert said(again)["running"] == [{"job": "a", "attempt": 1}]
    world.start(again, "a")
    world.start(again, "b")
    assert world.parsl.has_task.wait(LIMIT_S)
    assert jobs_of_tasks(world) == [["a"], ["b"]]


def jobs_of_tasks(world: World) -> list[list[str]]:
    return [[each["order"]["job_id"] for each in task] for task, _ in world.parsl.tasks]


def test_short_ones_that_wait_share_a_task_and_one_given_back_gets_its_own(
    world: World,
) -> None:
    world.parsl.has_workers = True
    line = world.connected()
    assert [said(line)["event"] for _ in range(2)] == ["hello", "capacity"]
    world.start(line, "quick")
    assert world.parsl.has_task.wait(LIMIT_S)
    world.parsl.tasks[0][1].set_result([dict(QUICK)])
    assert said(line)["job"] == "quick"
    jobs = [f"j{number:02}" for number in range(80)]
    for job in jobs[:16]:  # as a service tells them: each with its own commit
        world.start(line, job)
        until_task(world, [job])
    world.start(line, *jobs[16:])
    world.start(line, "last", again=True)  # which waits for nobody: all before it are heard
    until_task(world, ["last"])
    assert jobs_of_tasks(world)[1:-1] == [[job] for job in jobs[:16]]  # two for each worker
    world.parsl.tasks[1][1].set_result([dict(QUICK)])
    assert said(line)["job"] == "j00"
    until_task(world, jobs[16:20])
    slow = {"event": "ended", "finished": True, "took_s": 1.5}
    world.parsl.tasks[-1][1].set_result([slow, None, None, None])
    assert said(line)["job"] == "j16"
    until_task(world, [jobs[-1]])  # what is known to be slow waits for nobody any more
    assert jobs_of_tasks(world)[19:] == [[job] for job in jobs[20:]]
    world.start(line, "j17", again=True)
    until_task(world, ["j17"])
    world.parsl.tasks[-1][1].set_result([dict(QUICK)])
    assert said(line)["job"] == "j17"


def until_task(world: World, jobs: list[str]) -> None:
    """Wait until the latest task is that of ``jobs``."""
    while jobs_of_tasks(world)[-1] != jobs:
        world.parsl.has_task.clear()
        if jobs_of_tasks(world)[-1] != jobs:
            assert world.parsl.has_task.wait(LIMIT_S)


def test_the_workers_that_there_are_are_told_to_whoever_comes(world: World) -> None:
    world.parsl.has_workers = True
    line = world.connected()
    assert said(line)["event"] == "hello"
    told = {"event": "capacity", "workers": 8, "pilots": 2}
    assert said(line) == told
    later = world.connected()
    assert said(later)["event"] == "hello"
    assert said(later) == told


def test_it_ends_where_parsl_does(world: World) -> None:
    world.close()
    assert world.answers == [False]


def test_it_leaves_when_it_is_told_to_and_nothing_runs(world: World) -> None:
    line = world.connected()
    said(line)
    line.write('{"do": "leave"}\n')
    line.flush()
    world.connections[0].shutdown(socket.SHUT_RDWR)
    world.thread.join(LIMIT_S)
    assert world.answers == [True]
