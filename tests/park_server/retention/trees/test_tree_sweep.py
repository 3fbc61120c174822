"""Working trees go with the locks that name them, and whatever needs one keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update
from support.labs.install_lab import (
    LOCKS,
    MINOR,
    add_install,
    install_request,
    local_wheel,
    opened_database,
)
from support.labs.retention_lab import DAY_S, Evictions
from support.labs.rows import add_job
from support.material.wheels import make_wheel
from support.neighbours.index_server import add_file
from support.stand_ins.bound import grants_of

from park.model.lock_hash import LockHash
from park.model.states import InstallState
from park.wire import GrantRequest
from park_repo.database import Database
from park_repo.file_records import PublishedFile
from park_repo.index import Index
from park_repo.tables import files
from park_server.bus import Bus
from park_server.clock import timestamp
from park_server.db.tables import environments, installs, jobs, locks, needs
from park_server.envs import environment_rows
from park_server.installs import lock_rows, offer_rows
from park_server.installs.offer_rows import Offered
from park_server.retention.trees import tree_rows
from park_server.retention.trees.tree_sweep import SweptTrees, TreeSweep

LONG_AGO = timestamp(1_000.0)
BEFORE_NOW = timestamp(1_000.0 + DAY_S)


@dataclass
class Shelf:
    """An index with trees of ada's, all of long ago, and what was installed of them."""

    database: Database
    index: Index
    folder: Path
    evictions: Evictions = field(default_factory=Evictions)

    def tree(self, number: int) -> PublishedFile:
        """Publish a tree."""
        wheel = make_wheel(self.folder, "demo", f"1.0+t{number:016x}")
        file = add_file(self.index, wheel).file
        self.all_uploaded(LONG_AGO)
        return next(each for each in self.index.tree_files("demo", "ada") if each.key == file.key)

    def install(self, file: PublishedFile, lock: LockHash, **changes: Any) -> str:
        """Write an install of ``file`` that came to ``lock``, with its environment."""
        wheel = local_wheel("demo", file.version, sha256=file.sha256)
        request = install_request(f"demo=={file.version}", wheels=[wheel])
        document = f'[[packages]]\nhashes = {{sha256 = "{file.sha256}"}}\n'
        install = add_install(self.database, request, lock=lock, document=document, **changes)
        facts = {"packages": 1, "size_bytes": 1, "own_bytes": 1}
        self.database.write(lambda c: environment_rows.keep(c, lock, **facts)).result()
        self.write(update(installs).values(updated=LONG_AGO))
        self.write(update(locks).values(created=LONG_AGO))
        self.write(update(environments).values(realised=LONG_AGO, created=LONG_AGO))
        return install

    def write(self, statement: Any, *values: Any) -> None:
        self.database.write(lambda c: c.execute(statement, *values)).result()

    def all_uploaded(self, moment: str) -> None:
        self.write(update(files).values(uploaded_at=moment))

    def sweep(self, newest: int = 0) -> SweptTrees:
        trees = TreeSweep(self.database, self.index, self.evictions)
        return asyncio.run(trees.sweep(BEFORE_NOW, newest))

    def would_sweep(self, *without: str) -> SweptTrees:
        trees = TreeSweep(self.database, self.index, self.evictions)
        return trees.would_sweep(BEFORE_NOW, 0, without=without)

    def versions(self) -> list[str]:
        return [file.version for file in self.index.tree_files("demo", "ada")]

    def count(self, table: Any) -> int:
        query = select(func.count()).select_from(table)
        return int(self.database.read(lambda c: c.execute(query)).scalar_one())

    def bytes_there(self) -> list[str]:
        folder = self.folder / "index" / "files"
        return sorted(path.name for path in folder.rglob("*.whl"))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened_database(tmp_path) as database:
        yield Shelf(database, Index(database, tmp_path / "index"), tmp_path)


def test_a_tree_that_nothing_needs_goes_with_its_lock_and_its_bytes(shelf: Shelf) -> None:
    old = shelf.tree(1)
    shelf.install(old, LOCKS[0])
    would = shelf.would_sweep()
    assert (would.versions, would.environments) == (1, 1)
    assert (shelf.versions(), shelf.evictions.gone) == ([old.version], [])
    assert shelf.sweep() == would
    assert (shelf.versions(), shelf.bytes_there()) == ([], [])
    assert shelf.evictions.gone == [LOCKS[0]]
    assert [shelf.count(table) for table in (installs, locks, environments)] == [0, 0, 0]
    assert shelf.tree(1).sha256 == old.sha256, "to upload the same again brings it back"


def job_in_its_lock(shelf: Shelf, _install: str) -> None:
    shelf.database.write(lambda c: add_job(c, "j", "ada", [])).result()
    shelf.write(update(jobs).values(lock_hash=LOCKS[0], status="completed"))


def job_of_its_install(shelf: Shelf, install: str) -> None:
    shelf.database.write(lambda c: add_job(c, "j", "ada", [])).result()
    shelf.write(update(jobs).values(install=install, status="waiting"))


def need_of_its_install(shelf: Shelf, install: str) -> None:
    shelf.database.write(lambda c: add_job(c, "j", "ada", [])).result()
    shelf.write(insert(needs), {"job": "j", "needed": install, "service": "", "how": "completed"})


def pin_of_its_environment(shelf: Shelf, _install: str) -> None:
    shelf.database.write(lambda c: environment_rows.pin(c, LOCKS[0], "ada")).result()


def offer_of_its_install(shelf: Shelf, install: str) -> None:
    offered = Offered(project="demo", version="1", python=MINOR)
    shelf.database.write(lambda c: offer_rows.replace(c, offered, "ada", install)).result()


def grant_for_its_install(shelf: Shelf, install: str) -> None:
    bus = Bus()
    request = GrantRequest(jobs=[install], holder="K" * 43)
    asyncio.run(grants_of(shelf.database, bus).issue("ada", request))


def recent_use(shelf: Shelf, _install: str) -> None:
    shelf.write(update(environments).values(last_used=BEFORE_NOW))


def another_install_of_it(shelf: Shelf, _install: str) -> None:
    (file,) = shelf.index.tree_files("demo", "ada")
    wheel = local_wheel("demo", file.version, sha256=file.sha256)
    request = install_request(f"demo=={file.version}", "six==1.17", wheels=[wheel])
    add_install(shelf.database, request, state=InstallState.RESOLVING)


KEEPERS = [
    job_in_its_lock,
    job_of_its_install,
    need_of_its_install,
    pin_of_its_environment,
    offer_of_its_install,
    grant_for_its_install,
    recent_use,
    another_install_of_it,
]


@pytest.mark.parametrize("keep", KEEPERS)
def test_what_something_needs_stays(shelf: Shelf, keep: Callable[[Shelf, str], None]) -> None:
    old = shelf.tree(1)
    keep(shelf, shelf.install(old, LOCKS[0]))
    assert shelf.sweep() == SweptTrees()
    assert (shelf.versions(), shelf.evictions.gone) == ([old.version], [])
    assert len(shelf.bytes_there()) == 1
    assert shelf.count(locks) == 1


@pytest.mark.parametrize("keep", KEEPERS)
def test_what_is_needed_since_the_look_stays(
    shelf: Shelf, keep: Callable[[Shelf, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look takes a while; what counts is the transaction in which a tree goes."""
    old = shelf.tree(1)
    install = shelf.install(old, LOCKS[0])
    evict = shelf.evictions.__call__

    async def meanwhile(_: Evictions, lock_hashes: list[LockHash]) -> int:
        await asyncio.to_thread(keep, shelf, install)
        return await evict(lock_hashes)

    monkeypatch.setattr(Evictions, "__call__", meanwhile)
    assert shelf.sweep().versions == 0
    assert shelf.versions() == [old.version]
    assert len(shelf.bytes_there()) == 1
    assert shelf.count(locks) == 1


def test_a_lock_that_is_made_since_the_look_keeps_what_it_names(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = shelf.tree(1)
    release = tree_rows.release

    def racing(connection: Connection, **facts: Any) -> list[PublishedFile]:
        lock_rows.keep(connection, LOCKS[1], MINOR, f'hash = "{old.sha256}"')
        return release(connection, **facts)

    monkeypatch.setattr(tree_rows, "release", racing)
    assert shelf.sweep().versions == 0
    assert shelf.versions() == [old.version]


def test_the_newest_of_a_project_stay_and_thousands_go_in_pieces(shelf: Shelf) -> None:
    made = [shelf.tree(number) for number in range(60)]
    assert shelf.sweep(newest=3).versions == 57
    assert len(shelf.versions()) == len(shelf.bytes_there()) == 3
    assert set(shelf.versions()) <= {file.version for file in made}


@pytest.mark.parametrize("keep", [job_in_its_lock, job_of_its_install, need_of_its_install])
def test_what_jobs_alone_need_would_go_with_them(
    shelf: Shelf, keep: Callable[[Shelf, str], None]
) -> None:
    keep(shelf, shelf.install(shelf.tree(1), LOCKS[0]))
    assert shelf.would_sweep() == SweptTrees()
    assert shelf.would_sweep("j").versions == 1


def test_released_files_are_no_trees(shelf: Shelf) -> None:
    add_file(shelf.index, make_wheel(shelf.folder, "demo", "1.0"))
    shelf.all_uploaded(LONG_AGO)
    assert shelf.sweep() == SweptTrees()
    assert len(shelf.bytes_there()) == 1


def test_a_kill_between_rows_and_bytes_is_finished_by_the_next_clean(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a start is no worse for it, whatever their number: no database is taken for older."""
    for number in range(60):
        shelf.tree(number)
    monkeypatch.setattr(type(shelf.index.curator), "_discard", _killed)
    with pytest.raises(_Kill):
        shelf.sweep()
    monkeypatch.undo()
    left = 60 - len(shelf.versions())
    assert 0 < left <= 50
    again = Index(shelf.database, shelf.folder / "index")
    assert len(list(again.quarantine.rglob("*.whl"))) == left
    shelf.index = again
    assert shelf.sweep().versions == 60 - left


class _Kill(BaseException):
    """Ends what runs as a kill would."""


def _killed(*_: Any, **__: Any) -> None:
    raise _Kill
