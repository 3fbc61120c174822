"""`park_server.envs.keeper`: repaired by itself, made again when evicted, within the quota."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.labs.databases import database_at
from support.labs.environment_lab import environments_in, fetch_from, lock_of, own_interpreter
from support.material.wheels import make_wheel

from park.errors import CannotSatisfy, Conflict, EnvironmentMismatch, UnknownItem
from park.model.ids import new_id
from park.model.lock_hash import LockHash
from park.model.pins import SetHash
from park.model.states import EnvironmentState, InstallState
from park.wire import InstallRequest, PinRecord
from park_repo.database import Database
from park_server import events
from park_server.db.tables import jobs
from park_server.envs import environment_rows
from park_server.envs.environment import MANIFEST, Environment
from park_server.envs.fill import Fetch
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.pylock import dump
from park_server.envs.realisation import Environments
from park_server.installs import install_rows, lock_rows

INTERPRETER = own_interpreter()
MINOR = INTERPRETER.target.python


@dataclass(kw_only=True)
class Lab:
    """A home with a database in which environments were installed."""

    home: Path
    database: Database
    environments: Environments
    wheels: list[Path]
    fetch: Fetch
    damaged: list[LockHash]

    def keeper(self, *, quota_bytes: int | None = None) -> EnvironmentKeeper:
        return EnvironmentKeeper(
            database=self.database,
            environments=self.environments,
            interpreters={MINOR: INTERPRETER},
            fetch_for=lambda _user: self.fetch,
            quota_bytes=quota_bytes,
            on_damage=self.damaged.append,
        )

    def installed(self, *wheels: Path, at_rest: bool = True) -> Environment:
        """Install ``wheels`` as a finished install of ada's does; ``at_rest``: bytecode too."""
        lock = lock_of(wheels)
        environment = self.environments.realise(lock, INTERPRETER, fetch=self.fetch)
        if at_rest:
            self.environments.compile(environment, INTERPRETER)
        pins = [PinRecord(name=p.name, version=p.version) for p in environment.packages]
        request = InstallRequest(
            id=new_id(), project=pins[0].name, version="1.0", python=MINOR, pins=pins
        )

        def change(connection: Any) -> None:
            set_hash, begin = SetHash("5" * 64), InstallState.REALISING
            install_rows.create(connection, "ada", request, set_hash, begin)
            lock_rows.keep(connection, environment.lock_hash, MINOR, dump(lock).decode())
            environment_rows.keep(
                connection,
                environment.lock_hash,
                packages=len(pins),
                size_bytes=1,
                own_bytes=environment.size_own,
            )
            install_rows.enter(
                connection, request.id, InstallState.READY, lock_hash=environment.lock_hash
            )

        self.database.write(change).result()
        return environment

    def state(self, environment: Environment) -> str:
        known = self.database.read(lambda c: environment_rows.find(c, environment.lock_hash))
        assert known is not None
        return known.state

    def told(self, environment: Environment) -> list[str]:
        """Return the types of the events about the environment."""
        found = self.database.read(lambda c: events.after(c, "ada", 0, 100))
        return [event["type"] for event in found if event["id"] == environment.lock_hash]

    def job(self, environment: Environment, status: str) -> None:
        row = {"id": new_id(), "user": "ada", "status": status, "entry_point": "m:f"}
        facts = {"lock_hash": environment.lock_hash, "submitted": "2026", "attempt": 0}
        others = {
            column.name: column.type.python_type()  # "", 0 or False: of its type, as servers ask
            for column in jobs.columns
            if not column.nullable and column.name not in row | facts and column.default is None
        }
        self.database.write(lambda c: c.execute(jobs.insert(), row | facts | others)).result()


@pytest.fixture
def lab(tmp_path: Path) -> Any:
    database = database_at(tmp_path)
    wheels = [
        make_wheel(tmp_path, name, files={f"{name}.py": f"WHO = {name!r}\n".encode() * 4000})
        for name in ("one", "two", "three")
    ]
    yield Lab(
        home=tmp_path / "home",
        database=database,
        environments=environments_in(tmp_path / "home"),
        wheels=wheels,
        fetch=fetch_from(wheels),
        damaged=[],
    )
    database.close()


async def with_keeper(
    lab: Lab, work: Callable[[EnvironmentKeeper], Awaitable[Any]], **options: Any
) -> Any:
    keeper = lab.keeper(**options)
    try:
        return await work(keeper)
    finally:
        await keeper.stop()


def run(lab: Lab, work: Callable[[EnvironmentKeeper], Awaitable[Any]], **options: Any) -> Any:
    """Run ``work`` with a keeper, and what it left in the background to its end."""
    return asyncio.run(with_keeper(lab, work, **options))


async def _ready(lock_hash: LockHash, keeper: EnvironmentKeeper) -> Environment:
    return await keeper.ready(lock_hash)


def _scribble(environment: Environment, module: str) -> None:
    path = environment.path / f"lib/python{MINOR}/site-packages/{module}.py"
    target = path.resolve()
    target.chmod(0o644)
    target.write_text("WHO = 'somebody else'\n")


def test_what_is_whole_is_given_as_it_is(lab: Lab) -> None:
    environment = lab.installed(*lab.wheels)

    assert run(lab, lambda keeper: keeper.ready(environment.lock_hash)) == environment
    assert lab.told(environment) == []


def test_a_write_through_to_the_store_is_repaired_while_the_job_waits(lab: Lab) -> None:
    first, second = lab.installed(*lab.wheels), lab.installed(*lab.wheels[:1])
    _scribble(first, "one")

    for environment in (first, second):
        found = run(lab, partial(_ready, environment.lock_hash))
        assert lab.environments.verify(found.lock_hash, thorough=True)
    assert lab.damaged == [first.lock_hash, second.lock_hash]
    assert lab.told(first) == ["damaged", "ready"]


def test_an_environment_that_somebody_deleted_is_made_again(lab: Lab) -> None:
    environment = lab.installed(*lab.wheels)
    lab.environments.remove(environment.lock_hash)

    found = run(lab, lambda keeper: keeper.ready(environment.lock_hash))

    assert lab.environments.verify(found.lock_hash)


def test_the_manifest_of_another_lock_is_refused_once_and_repaired(lab: Lab) -> None:
    one, other = lab.installed(*lab.wheels), lab.installed(*lab.wheels[:1])
    (one.path / MANIFEST).chmod(0o644)
    (one.path / MANIFEST).write_bytes((other.path / MANIFEST).read_bytes())

    with pytest.raises(EnvironmentMismatch, match=f"its manifest says {other.lock_hash}"):
        run(lab, lambda keeper: keeper.ready(one.lock_hash))

    # the repair went on in the background, and was finished before the keeper stopped
    assert lab.environments.verify(one.lock_hash).lock_hash == one.lock_hash
    assert lab.state(one) == EnvironmentState.READY


def test_what_cannot_be_repaired_is_refused_and_says_why(lab: Lab) -> None:
    environment = lab.installed(*lab.wheels)
    _scribble(environment, "one")

    def gone(*_: object) -> Path:
        raise CannotSatisfy("the wheel is gone", hint="upload it again")

    lab.fetch = gone
    with pytest.raises(EnvironmentMismatch, match="cannot be made again: the wheel is gone"):
        run(lab, lambda keeper: keeper.ready(environment.lock_hash))
    assert lab.state(environment) == EnvironmentState.DAMAGED


def test_a_lock_that_nobody_knows_is_refused(lab: Lab) -> None:
    with pytest.raises(EnvironmentMismatch, match="has no environment"):
        run(lab, lambda keeper: keeper.ready(LockHash("0" * 64)))
    with pytest.raises(UnknownItem):
        run(lab, lambda keeper: keeper.remove(LockHash("0" * 64)))


def test_removed_keeps_lock_and_wheels_and_comes_back_on_demand(lab: Lab) -> None:
    kept, gone = lab.installed(*lab.wheels[:1]), lab.installed(*lab.wheels[:2])

    run(lab, lambda keeper: keeper.remove(gone.lock_hash))

    assert lab.state(gone) == EnvironmentState.EVICTED
    assert lab.environments.names() == (kept.lock_hash,)
    # the entry that only it had is gone, the shared one stays
    assert [entry.name for entry in lab.environments.entries()] == ["one"]
    assert run(lab, lambda keeper: keeper.ready(gone.lock_hash)).versions() == gone.versions()
    assert lab.told(gone) == ["evicted", "realising", "ready"]
    assert lab.damaged == []


@pytest.mark.parametrize("status", ["queued", "running"])
def test_one_that_is_in_use_stays(lab: Lab, status: str) -> None:
    environment = lab.installed(*lab.wheels)
    lab.job(environment, status)

    with pytest.raises(Conflict, match="a job runs in environment"):
        run(lab, lambda keeper: keeper.remove(environment.lock_hash))
    assert lab.environments.verify(environment.lock_hash)


def test_one_that_is_pinned_stays_until_the_pin_is_taken_back(lab: Lab) -> None:
    environment = lab.installed(*lab.wheels)
    for _ in range(2):
        lab.database.write(lambda c: environment_rows.pin(c, environment.lock_hash, "ada")).result()

    with pytest.raises(Conflict, match="is pinned by ada"):
        run(lab, lambda keeper: keeper.remove(environment.lock_hash))
    lab.database.write(lambda c: environment_rows.unpin(c, environment.lock_hash, "ada")).result()
    run(lab, lambda keeper: keeper.remove(environment.lock_hash))

    assert lab.told(environment) == ["pinned", "unpinned", "evicted"]


def test_over_the_quota_the_longest_unused_goes_and_the_newest_stays(lab: Lab) -> None:
    first, second, third = (lab.installed(wheel) for wheel in lab.wheels)
    lab.database.write(lambda c: environment_rows.pin(c, second.lock_hash, "ada")).result()

    async def settle(keeper: EnvironmentKeeper) -> None:
        keeper.settle(third)

    run(lab, settle, quota_bytes=1)

    states = [lab.state(each) for each in (first, second, third)]
    assert states == ["evicted", "ready", "ready"]
    assert [entry.name for entry in lab.environments.entries()] == ["three", "two"]


def test_within_the_quota_everything_stays(lab: Lab) -> None:
    environments = [lab.installed(wheel) for wheel in lab.wheels]

    async def settle(keeper: EnvironmentKeeper) -> None:
        keeper.settle(environments[-1])

    run(lab, settle, quota_bytes=1 << 30)

    assert {lab.state(each) for each in environments} == {"ready"}


def test_bytecode_that_a_stopped_service_left_out_is_made_at_the_next_start(lab: Lab) -> None:
    environment = lab.installed(*lab.wheels, at_rest=False)

    async def resume(keeper: EnvironmentKeeper) -> None:
        keeper.resume()
        await keeper._tasks.finish()

    run(lab, resume)

    assert lab.environments.has_bytecode(environment)
    known = lab.database.read(lambda c: environment_rows.find(c, environment.lock_hash))
    assert known is not None
    assert known.size_bytes == lab.environments.size_of(environment)


def test_many_that_ask_at_once_repair_once(lab: Lab) -> None:
    environment = lab.installed(*lab.wheels)
    _scribble(environment, "two")

    async def ask(keeper: EnvironmentKeeper) -> None:
        found = await asyncio.gather(*(keeper.ready(environment.lock_hash) for _ in range(8)))
        assert len({each.created for each in found}) == 1

    run(lab, ask)

    assert lab.told(environment) == ["damaged", "ready"]


def test_verify_tells_what_was_changed_and_repairs_it(lab: Lab) -> None:
    environment = lab.installed(*lab.wheels)
    whole = run(lab, lambda keeper: keeper.verify(environment.lock_hash, thorough=True))
    _scribble(environment, "three")

    found = run(lab, lambda keeper: keeper.verify(environment.lock_hash, thorough=False))

    assert (whole.damages, whole.repaired) == ((), False)
    assert (found.damages, found.repaired) == (("three: site/three.py changed",), True)
    assert lab.environments.verify(environment.lock_hash, thorough=True)


def test_of_many_those_that_are_free_go_at_once(lab: Lab) -> None:
    free, pinned, busy = (lab.installed(wheel) for wheel in lab.wheels)
    lab.database.write(lambda c: environment_rows.pin(c, pinned.lock_hash, "ada")).result()
    lab.job(busy, "running")
    unknown = LockHash("f" * 64)
    found: list[int] = []

    async def remove(keeper: EnvironmentKeeper) -> None:
        every = [unknown, *(each.lock_hash for each in (free, pinned, busy))]
        found.append(await keeper.remove_all(every, why="too old"))

    run(lab, remove)
    assert found == [1]
    assert lab.state(free) == EnvironmentState.EVICTED
    assert set(lab.environments.names()) == {pinned.lock_hash, busy.lock_hash}
    assert len(list(lab.environments.entries())) == 2
