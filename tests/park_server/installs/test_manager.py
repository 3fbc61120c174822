"""`park_server.installs.manager`: what becomes of a request, whatever its stations do."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, delete
from support.labs.environment_lab import environments_in, fetch_from, lock_of
from support.labs.install_lab import (
    INTERPRETERS,
    LOCKS,
    MINOR,
    TREE,
    add_install,
    checked_request,
    install_request,
    local_wheel,
    opened_database,
)
from support.material.open_doors import anybody, without_limit
from support.material.wheels import make_wheel
from support.session.limits import LIMIT_S

from park.errors import CannotSatisfy, NoInterpreter, ResolutionFailed, UnknownItem
from park.model.pins import parse_pin
from park.model.states import EnvironmentState, InstallState
from park_server.bus import Bus
from park_server.db.tables import installs, locks
from park_server.disk import Disk
from park_server.envs import environment_rows
from park_server.envs.pylock import select
from park_server.envs.realise_progress import Progress
from park_server.installs import install_rows, lock_rows
from park_server.installs.lock_station import Locked
from park_server.installs.manager import InstallManager
from park_server.installs.realise_station import Realised

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from park.wire import InstallRecord, InstallRequest
    from park_repo.database import Database
    from park_server.envs.environment import Environment
    from park_server.envs.realise_progress import OnProgress
    from park_server.installs.checked_request import CheckedRequest

WHEEL = local_wheel("demo", TREE)


class Lab:
    """A manager whose stations do what the test says, and all that it tells of ends."""

    def __init__(self, database: Database, home: Path) -> None:
        wheel = make_wheel(home, "demo", "1.0")
        (interpreter,) = INTERPRETERS.values()
        self.database = database
        self.document = lock_of([wheel])
        self.selection = select(self.document, interpreter)
        self.environment: Environment = environments_in(home).realise(
            self.document, interpreter, fetch=fetch_from([wheel])
        )
        self.interpreters = dict(INTERPRETERS)
        self.whole: set[str] = set()
        self.here: set[tuple[str, str]] = set()
        self.failure: Exception | None = None
        self.disk = Disk()
        self.has_failed = asyncio.Event()
        self.seen: list[CheckedRequest] = []
        self.finals: list[tuple[str, InstallState]] = []
        self.has_told = asyncio.Event()
        self.settled: list[Callable[[], object]] = []
        self.uploaded = asyncio.Event()
        self.locking = asyncio.Event()
        self.may_lock = asyncio.Event()
        self.may_lock.set()
        stations: Any = self
        self.manager = InstallManager(
            database=database,
            bus=Bus(),
            interpreters=self.interpreters,
            keeper=stations,
            uploads=stations,
            sources=stations,
            locks=stations,
            realisation=stations,
            on_final=self._ended,
            disk=self.disk,
            permit=without_limit,
            may_have_all=anybody,
        )

    def _ended(self, install: InstallRecord) -> None:
        self.finals.append((install.id, install.state))
        self.has_told.set()

    # -- the stations

    def require_buildable(self, sources: Any) -> None:
        if sources:
            raise CannotSatisfy("nothing is built here")

    def stop(self) -> None: ...

    def missing(self, user: str, wheels: Any) -> list[str]:
        return [wheel.filename for wheel in wheels if (user, wheel.sha256) not in self.here]

    async def arrived(self, request: CheckedRequest) -> None:
        if self.missing(request.user, request.wheels):
            await self.uploaded.wait()

    async def locked(self, request: CheckedRequest, progress: OnProgress) -> Locked:
        self.seen.append(request)
        self.locking.set()
        await self.may_lock.wait()
        if self.failure is not None:
            self.has_failed.set()
            raise self.failure
        progress(Progress(stage="resolve", done=0, total=0, unit="pins"))
        added = (parse_pin("extra", "2"),)
        return Locked(document=self.document, selection=self.selection, added=added)

    async def realised(self, *_: object) -> Realised:
        return Realised(environment=self.environment, is_new=True, lacks_bytecode=True)

    async def is_whole(self, lock_hash: str) -> bool:
        return lock_hash in self.whole

    def settle(self, _: Environment, *, done: Callable[[], object], **_progress: Any) -> None:
        self.settled.append(done)

    # -- what tests do

    async def install(self, request: InstallRequest, user: str = "ada") -> InstallRecord:
        return await self.manager.request(user, request)

    async def ended(self, install: str) -> InstallRecord:
        await asyncio.wait_for(self.manager.ended(install), LIMIT_S)
        return self.manager.record(install)


def run(folder: Path, work: Callable[[Lab], Coroutine[Any, Any, None]]) -> None:
    """Do ``work`` with a manager on a database of its own."""

    async def with_lab(database: Database) -> None:
        lab = Lab(database, folder)
        try:
            await work(lab)
        finally:
            await lab.manager.stop()

    with opened_database(folder) as database:
        asyncio.run(with_lab(database))


def test_an_install_goes_through_its_stations_to_ready(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        begun = await lab.install(install_request("Demo==1.0"))
        assert (begun.state, begun.project) == (InstallState.RESOLVING, "demo")
        record = await lab.ended(begun.id)
        assert (record.state, record.realised) == (InstallState.READY, True)
        assert record.lock_hash == lab.selection.hash
        assert [(pin.name, pin.version) for pin in record.added] == [("extra", "2")]
        assert [stage.stage for stage in record.stages] == ["resolve"]
        await asyncio.wait_for(lab.has_told.wait(), LIMIT_S)
        assert lab.finals == [(begun.id, InstallState.READY)]
        assert lab.database.read(lambda c: lock_rows.document(c, lab.selection.hash))
        known = lab.database.read(lambda c: environment_rows.find(c, lab.selection.hash))
        assert known is not None
        assert (known.state, known.python) == (EnvironmentState.READY, MINOR)

    run(tmp_path, work)


def test_bytecode_may_follow(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        begun = await lab.install(install_request("demo==1.0"))
        await lab.ended(begun.id)
        assert lab.manager.record(begun.id).compiling
        for done in lab.settled:
            done()
        assert not lab.manager.record(begun.id).compiling

    run(tmp_path, work)


def test_a_known_set_is_ready_at_once_where_its_environment_is_whole(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        add_install(lab.database, install_request("demo==1.0"), lock=LOCKS[0])
        lab.whole.add(LOCKS[0])
        record = await lab.install(install_request("demo==1.0"))
        assert (record.state, record.lock_hash) == (InstallState.READY, LOCKS[0])
        assert not record.realised
        assert lab.seen == []
        lab.whole.clear()
        record = await lab.install(install_request("demo==1.0"))
        assert record.state is InstallState.RESOLVING

    run(tmp_path, work)


def test_who_has_not_shown_the_wheels_waits_whatever_is_known(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        known = install_request(f"demo=={TREE}", wheels=[WHEEL])
        add_install(lab.database, known, user="bob", lock=LOCKS[0])
        lab.whole.add(LOCKS[0])
        record = await lab.install(install_request(f"demo=={TREE}", wheels=[WHEEL]))
        assert (record.state, record.missing) == (InstallState.AWAITING_UPLOAD, [WHEEL.filename])
        lab.here.add(("ada", WHEEL.sha256))
        assert lab.manager.record(record.id).missing == []
        lab.uploaded.set()
        assert (await lab.ended(record.id)).state is InstallState.READY

    run(tmp_path, work)


def test_a_retry_of_the_client_changes_nothing(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        request = install_request("demo==1.0")
        for _ in range(2):
            await lab.install(request)
            await lab.ended(request.id)
        assert len(lab.seen) == 1
        with pytest.raises(UnknownItem):
            await lab.install(request, user="bob")

    run(tmp_path, work)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ResolutionFailed("no lock holds all the pins"), "no lock holds all the pins"),
        (ValueError("?"), "the service failed to install: ValueError: ?"),
    ],
)
def test_whatever_fails_at_a_station_ends_the_install(
    tmp_path: Path, failure: Exception, said: str
) -> None:
    async def work(lab: Lab) -> None:
        lab.failure = failure
        begun = await lab.install(install_request("demo==1.0"))
        record = await lab.ended(begun.id)
        assert record.state is InstallState.FAILED
        assert record.error is not None
        assert said in record.error["detail"]
        await asyncio.wait_for(lab.has_told.wait(), LIMIT_S)  # right after the commit
        assert lab.finals == [(begun.id, InstallState.FAILED)]

    run(tmp_path, work)


def test_what_the_disk_refuses_is_tried_again_until_there_is_room(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        lab.failure = OSError(errno.ENOSPC, "No space left on device")
        begun = await lab.install(install_request("demo==1.0"))
        await asyncio.wait_for(lab.has_failed.wait(), LIMIT_S)
        assert lab.finals == []
        lab.failure = None
        record = await lab.ended(begun.id)
        assert record.state is InstallState.READY
        assert not lab.disk.remark

    run(tmp_path, work)


def test_what_cannot_become_an_install_leaves_none(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        request = install_request("demo==1.0", python="3.1")
        with pytest.raises(NoInterpreter):
            await lab.install(request)
        with pytest.raises(UnknownItem):
            lab.manager.record(request.id)

    run(tmp_path, work)


def test_the_unfinished_are_taken_up_from_their_requests(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        request = install_request("demo==1.0")
        add_install(lab.database, request, state=InstallState.REALISING)
        lab.manager.resume()
        assert (await lab.ended(request.id)).state is InstallState.READY
        (seen,) = lab.seen
        assert seen == checked_request("demo==1.0", id=request.id)

    run(tmp_path, work)


def test_an_install_whose_interpreter_is_gone_fails_at_the_next_start(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        request = install_request("demo==1.0")
        add_install(lab.database, request, state=InstallState.RESOLVING)
        lab.interpreters.clear()
        lab.manager.resume()
        record = await lab.ended(request.id)
        assert record.error is not None
        assert "no Python" in record.error["detail"]

    run(tmp_path, work)


def test_a_stopped_service_leaves_its_installs_as_they_are(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        lab.may_lock.clear()
        begun = await lab.install(install_request("demo==1.0"))
        await asyncio.wait_for(lab.locking.wait(), LIMIT_S)
        await lab.manager.stop()
        found = lab.database.read(install_rows.unfinished)
        assert [install.id for install in found] == [begun.id]
        assert lab.finals == []

    run(tmp_path, work)


def test_a_wait_answers_with_news_or_with_an_end(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        lab.may_lock.clear()
        begun = await lab.install(install_request("demo==1.0"))
        await asyncio.wait_for(lab.locking.wait(), LIMIT_S)
        seen = await lab.manager.wait(begun.id, "ada", after=0, timeout_s=60)
        assert seen.revision > 0
        lab.may_lock.set()
        while not seen.state.is_final:
            seen = await lab.manager.wait(begun.id, "ada", after=seen.revision, timeout_s=60)
        for done in lab.settled:
            done()
        seen = await lab.manager.wait(begun.id, "ada", after=10_000, timeout_s=60)
        assert seen.state is InstallState.READY
        with pytest.raises(UnknownItem):
            await lab.manager.wait(begun.id, "bob", after=0, timeout_s=0)

    run(tmp_path, work)


def test_what_changes_within_a_pause_is_told_at_once_with_the_end(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        lab.may_lock.clear()
        begun = await lab.install(install_request("demo==1.0"))
        await asyncio.wait_for(lab.locking.wait(), LIMIT_S)

        async def waited(after: int) -> InstallRecord:
            waiting = lab.manager.wait(begun.id, "ada", after=after, timeout_s=120, pause_s=60)
            return await asyncio.wait_for(waiting, LIMIT_S)

        ready = asyncio.create_task(waited(0))
        lab.may_lock.set()
        seen = await ready
        assert (seen.state, seen.compiling) == (InstallState.READY, True)
        assert [stage.stage for stage in seen.stages] == ["resolve"]
        compiled = asyncio.create_task(waited(seen.revision))
        await asyncio.sleep(0)
        for done in lab.settled:
            done()
        assert not (await compiled).compiling

    run(tmp_path, work)


def test_a_pause_ends_with_what_came_meanwhile(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        lab.may_lock.clear()
        begun = await lab.install(install_request("demo==1.0"))
        await asyncio.wait_for(lab.locking.wait(), LIMIT_S)
        seen = await lab.manager.wait(begun.id, "ada", after=0, timeout_s=60, pause_s=0.01)
        assert (seen.state, seen.revision > 0) == (InstallState.RESOLVING, True)
        lab.may_lock.set()

    run(tmp_path, work)


def test_a_wheel_that_goes_before_the_install_is_there_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An install keeps what it brings from its commit on: until then it may be removed as old."""

    async def work(lab: Lab) -> None:
        shown = ("ada", WHEEL.sha256)
        lab.here.add(shown)
        create = install_rows.create

        def racing(*args: Any, **facts: Any) -> bool:
            lab.here.discard(shown)
            return create(*args, **facts)

        monkeypatch.setattr(install_rows, "create", racing)
        begun = await lab.install(install_request(f"demo=={TREE}", wheels=[WHEEL]))
        assert (begun.state, begun.missing) == (InstallState.AWAITING_UPLOAD, [WHEEL.filename])
        lab.here.add(shown)
        lab.uploaded.set()
        assert (await lab.ended(begun.id)).state is InstallState.READY

    run(tmp_path, work)


def test_a_lock_that_goes_before_the_install_is_there_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(lab: Lab) -> None:
        add_install(lab.database, install_request("demo==1.0"), lock=LOCKS[0])
        lab.whole.add(LOCKS[0])
        create = install_rows.create

        def racing(connection: Connection, *args: Any, **facts: Any) -> bool:
            for table in (installs, locks):
                connection.execute(delete(table).where(table.c.lock_hash == LOCKS[0]))
            return create(connection, *args, **facts)

        monkeypatch.setattr(install_rows, "create", racing)
        begun = await lab.install(install_request("demo==1.0"))
        assert begun.state is InstallState.RESOLVING
        assert (await lab.ended(begun.id)).lock_hash == lab.selection.hash

    run(tmp_path, work)
