"""How jobs on pilots are taken up again, and when those are over of which folders tell."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.session.limits import LIMIT_S

from park.model.ids import JobId, new_id
from park.runtime import processes
from park.runtime.lines import LineSocket
from park_server.jobs.engines.engine import AttemptExit, ExitKind, StartOrder
from park_server.jobs.engines.evidence import Evidence
from park_server.jobs.engines.pilots import pilot_engine
from park_server.jobs.engines.pilots.driver_link import DriverSettings
from park_server.jobs.engines.pilots.pilot_engine import PilotEngine, is_over
from park_server.jobs.engines.pilots.pilot_order import GIVEN_BACK
from park_server.sockets.in_folder import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from park_server.jobs.engines.pilots.pilot_order import PilotOrders

HERE = processes.boot_id()
ALIVE = processes.identity(os.getpid())
GONE = processes.Identity(pid=os.getpid(), started=1, boot=HERE)
ELSEWHERE = processes.Identity(pid=os.getpid(), started=1, boot="another")
DONE = {"state": "completed"}


@pytest.mark.parametrize(
    ("facts", "silent_s", "over"),
    [
        pytest.param({"owner": ALIVE}, 1e6, False, id="runs here, however quiet"),
        pytest.param({"owner": ALIVE, "outcome": DONE}, 1e6, False, id="winds down here"),
        pytest.param({"owner": ALIVE, "reuse": True}, 1e6, False, id="runs in one for several"),
        pytest.param(
            {"owner": ALIVE, "outcome": DONE, "reuse": True}, 1, False, id="told a moment ago"
        ),
        pytest.param(
            {"owner": ALIVE, "outcome": DONE, "reuse": True}, 16, True, id="has another by now"
        ),
        pytest.param(
            {"owner": ALIVE, "outcome": DONE | {"stays": True}, "reuse": True}, 0, True, id="stays"
        ),
        pytest.param(
            {"owner": ELSEWHERE, "outcome": DONE | {"stays": True}, "reuse": True},
            0,
            True,
            id="stays there",
        ),
        pytest.param(
            {"owner": ALIVE, "outcome": DONE | {"stays": False}, "reuse": True},
            1,
            False,
            id="goes on with its threads",
        ),
        pytest.param(
            {"owner": ALIVE, "outcome": DONE | {"stays": True}}, 1e6, False, id="none for several"
        ),
        pytest.param({"owner": GONE}, 0, True, id="gone here"),
        pytest.param({"owner": ELSEWHERE}, 30, False, id="heard of lately"),
        pytest.param({"owner": ELSEWHERE}, 61, True, id="not heard of for long"),
        pytest.param({"owner": ELSEWHERE, "outcome": DONE}, 1, False, id="winds down there"),
        pytest.param({"owner": ELSEWHERE, "outcome": DONE}, 16, True, id="done there"),
        pytest.param({"owner": ELSEWHERE, "exit": {"status": 1}}, 0, True, id="seen to end"),
        pytest.param({"owner": None}, 0, True, id="taken back by the service"),
    ],
)
def test_what_is_gone_is_told_from_what_is_quiet(
    facts: dict[str, Any], silent_s: float, *, over: bool
) -> None:
    evidence = Evidence(**{"claimed": True, "outcome": None, "exit": None} | facts)
    assert is_over(evidence, HERE, silent_s=silent_s) is over


class Heard:
    """Keeps what the engine tells."""

    def __init__(self) -> None:
        self.exits: asyncio.Queue[AttemptExit] = asyncio.Queue()

    def on_started(self, job: str, attempt: int, pid: int) -> None: ...

    def on_begun(self, job: str, attempt: int, since: float) -> None: ...

    def on_marked(self, job: str, attempt: int) -> None: ...

    def on_exited(self, exited: AttemptExit) -> None:
        self.exits.put_nowait(exited)

    async def next(self) -> AttemptExit:
        return await asyncio.wait_for(self.exits.get(), LIMIT_S)


class Driver:
    """The driver that an earlier service started, as the test has it answer."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._listener = listening(folder, 1)
        self._connection: socket.socket | None = None

    def take(self) -> LineSocket:
        self._connection = self._listener.accept()[0]
        return LineSocket(self._connection)

    def end(self) -> None:
        self._listener.close()
        if self._connection is not None:
            self._connection.close()


class Orders:
    def told(self, order: StartOrder) -> dict[str, Any]:
        return {"order": order.job_id}


def order(root: Path) -> StartOrder:
    job = JobId(new_id())
    (root / job).mkdir()
    return StartOrder(
        job_id=job,
        attempt=1,
        directory=root / job,
        environment=root,
        lock_hash="ab",
        entry_point="m:f",
        set_hash="",
    )


@asynccontextmanager
async def taken_up(root: Path, orders: list[StartOrder]) -> AsyncIterator[Any]:
    """Yield the engine, what it tells and the driver that was there, after it took up orders."""
    driver, heard = Driver(root / "pilots"), Heard()
    engine = PilotEngine(
        "parsl",
        folder=root / "pilots",
        orders=cast("PilotOrders", Orders()),
        settings=DriverSettings(config=None, workers=1),
    )
    try:
        await engine.recover(orders, heard)
        yield engine, heard, driver
    finally:
        await engine.close()
        driver.end()


def test_a_start_waits_for_no_driver_and_what_that_has_is_its_own(tmp_path: Path) -> None:
    async def test() -> None:
        has, lost = order(tmp_path), order(tmp_path)
        async with taken_up(tmp_path, [has, lost]) as (_, heard, driver):
            line = driver.take()
            line.send({"event": "hello", "running": [{"job": has.job_id, "attempt": 1}]})
            exited = await heard.next()
            assert (exited.job_id, exited.kind) == (lost.job_id, ExitKind.NEVER_STARTED)
            line.send({"event": "lost", "job": has.job_id, "attempt": 1, "why": "its pilot ended"})
            exited = await heard.next()
            assert (exited.job_id, exited.detail) == (has.job_id, "lost before it: its pilot ended")

    asyncio.run(test())


def test_a_driver_that_goes_before_it_answers_leaves_jobs_to_start_elsewhere(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        mine = order(tmp_path)
        async with taken_up(tmp_path, [mine]) as (_, heard, driver):
            driver.take()
            driver.end()
            exited = await heard.next()
            assert (exited.job_id, exited.kind) == (mine.job_id, ExitKind.NEVER_STARTED)

    asyncio.run(test())


def test_a_driver_that_does_not_answer_is_given_up_with_what_it_was_sent_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        patience = asyncio.Event()

        async def waited(_hello: object, limit_s: float) -> None:
            assert limit_s == pilot_engine._HELLO_S
            await patience.wait()
            raise TimeoutError

        monkeypatch.setattr(asyncio, "wait_for", waited)
        old, new = order(tmp_path), order(tmp_path)
        async with taken_up(tmp_path, [old]) as (engine, heard, _):
            await engine.start(new, heard)
            assert heard.exits.empty()
            patience.set()
            monkeypatch.undo()
            exits = [await heard.next(), await heard.next()]
            assert {exited.job_id for exited in exits} == {old.job_id, new.job_id}
            assert {exited.kind for exited in exits} == {ExitKind.NEVER_STARTED}

    asyncio.run(test())


def test_what_a_worker_gives_back_goes_to_another_one_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot_engine, "_LOOK_S", 0.01)

    async def test() -> None:
        given = order(tmp_path)
        (given.directory / f"{GIVEN_BACK}1").touch()
        async with taken_up(tmp_path, [given]) as (engine, _, driver):
            line = driver.take()
            line.send({"event": "hello", "running": [{"job": given.job_id, "attempt": 1}]})
            loop = asyncio.get_running_loop()
            said = await asyncio.wait_for(loop.sock_recv(line.connection, 65_536), LIMIT_S)
            assert json.loads(said) == {"do": "start", "again": True, "order": given.job_id}
            await engine._look()
            with pytest.raises(BlockingIOError):
                line.connection.recv(1)

    asyncio.run(test())


def test_one_that_a_killed_worker_took_along_is_ordered_again_once_later_ones_have_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot_engine, "_LOOK_S", 0.01)
    monkeypatch.setattr(pilot_engine, "_OVERTAKEN_S", 0.0)

    async def test() -> None:
        gone, begun, later = (order(tmp_path) for _ in range(3))
        async with taken_up(tmp_path, [gone, begun, later]) as (engine, _, driver):
            line = driver.take()
            running = [{"job": each.job_id, "attempt": 1} for each in (gone, begun, later)]
            line.send({"event": "hello", "running": running})
            await engine._look()
            with pytest.raises(BlockingIOError):
                line.connection.recv(1)  # who is the next in turn waits
            (begun.directory / "attempt-1").touch()
            loop = asyncio.get_running_loop()
            said = await asyncio.wait_for(loop.sock_recv(line.connection, 65_536), LIMIT_S)
            assert json.loads(said) == {"do": "start", "again": True, "order": gone.job_id}
            await engine._look()
            with pytest.raises(BlockingIOError):
                line.connection.recv(1)

    asyncio.run(test())


def test_one_that_has_ended_between_two_looks_has_overtaken_others_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot_engine, "_OVERTAKEN_S", 0.0)

    async def test() -> None:
        gone, quick = order(tmp_path), order(tmp_path)
        async with taken_up(tmp_path, [gone, quick]) as (engine, heard, driver):
            line = driver.take()
            running = [{"job": each.job_id, "attempt": 1} for each in (gone, quick)]
            line.send({"event": "hello", "running": running})
            line.send({"event": "ended", "job": quick.job_id, "attempt": 1, "finished": True})
            assert (await heard.next()).job_id == quick.job_id
            await engine._look()
            loop = asyncio.get_running_loop()
            said = await asyncio.wait_for(loop.sock_recv(line.connection, 65_536), LIMIT_S)
            assert json.loads(said)["order"] == gone.job_id

    asyncio.run(test())
