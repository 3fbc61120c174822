"""The call of a job as its process had it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection
from support.labs.rows import USER, add_install
from support.labs.schedule_lab import BASE_URL, Lab, lab, run, value_of

from park.errors import UnknownItem, UsageError
from park.model.states import InstallState
from park.wire import ReplayRecord
from park_server.db.tables import locks
from park_server.http.replay.replayed_call import input_of, replayed

FILE = {"$park": "file", "sha256": "ab" * 32, "name": "film.txt"}


def asked(here: Lab, job: str, user: str = USER) -> ReplayRecord:
    return here.database.read(lambda c: replayed(c, job, user, BASE_URL))


def with_a_lock(here: Lab) -> None:
    """Let there be the environment that the jobs of the laboratory run in."""

    def write(connection: Connection) -> None:
        row = {"lock_hash": "ab", "document": "lock", "python": "3.11", "created": "2026"}
        connection.execute(locks.insert().values(row))
        add_install(connection, "installed", InstallState.READY, lock_hash="ab")

    here.database.write(write).result()


def test_references_are_replaced_and_files_are_named_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            with_a_lock(here)
            await here.submit("first")
            await here.run_next(result=7)
            await here.submit("second", value_of("first"), arguments={"data": [FILE, FILE]})
            found = asked(here, "second")
            assert found.call == {"args": [7], "kwargs": {"data": [FILE, FILE]}}
            assert [(each.sha256, each.name) for each in found.inputs] == [("ab" * 32, "film.txt")]
            assert (found.job, found.lock_hash, found.entry_point) == (
                "second",
                "ab",
                "mymodel:fit",
            )

    run(test)


def test_its_owner_alone_is_told_and_of_its_own_files_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            with_a_lock(here)
            await here.submit("fit", arguments={"data": FILE})
            with pytest.raises(UnknownItem):
                asked(here, "fit", "eve")
            here.database.read(lambda c: input_of(c, "fit", "ab" * 32, USER, BASE_URL))
            with pytest.raises(UnknownItem, match="no argument of job"):
                here.database.read(lambda c: input_of(c, "fit", "cd" * 32, USER, BASE_URL))

    run(test)


def test_what_has_no_environment_yet_is_said_to_wait(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("slow", InstallState.REALISING)
            await here.submit("fit", install="slow")
            with pytest.raises(UsageError, match="no environment yet"):
                asked(here, "fit")

    run(test)
