"""Homes with something of everything in them, without a service: what backups are made of."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from support.labs.rows import new_job

from park.digests import file_sha256
from park.model.states import JobState
from park_repo.database import Database
from park_repo.tables import files
from park_server.backup.home_rows import reading
from park_server.backup.making import make_backup
from park_server.content import ContentStore
from park_server.db.of_home import opened_for
from park_server.db.tables import job_files, jobs, locks
from park_server.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

    from park_server.backup.backup_record import Record

__all__ = ["ODD_NAME", "FullHome", "backup_of", "full_home", "no_word", "rows_of"]

ODD_NAME = os.fsdecode(b"caf\xe9 \n.txt")
"""Of a file that a job left: no UTF-8, and two lines."""


def no_word(_line: str) -> None:
    """Hear what is under way."""


@dataclass(frozen=True, kw_only=True)
class FullHome:
    """A home, and what is in it: digests of the wheel and of the file that a job left."""

    home: Home
    wheel: str
    left: str
    locked: str


def full_home(path: Path, url: URL | None = None) -> FullHome:
    """Make a home with a published wheel, a locked one, three jobs, and a user's files."""
    home = Home(path)
    home.prepare()
    home.token()
    (home.path / "policy.toml").write_text("# nothing\n")
    database = opened_for(home, url)
    left, _ = _kept(ContentStore(home.files), path.parent / "spooled", b"q r dr")
    wheel = _placed(home.index / "files", "demo-1.0-py3-none-any.whl", b"a wheel", nested=True)
    locked = _placed(home.cache / "index" / "files", "other-2-py3-none-any.whl", b"another")
    _fill(database, wheel, left, locked)
    database.close()
    for job in ("ended", "running", "waiting"):
        (home.jobs / job).mkdir()
        (home.jobs / job / "stdout").write_text(f"{job}\n")
    claim = json.dumps({"pid": os.getpid(), "started": 1, "boot": "this one"})
    (home.jobs / "running" / "attempt-2").symlink_to(claim)
    (home.jobs / "running" / "attempt-1").symlink_to(claim)
    (home.jobs / "running" / "outcome.json").write_text("{}")
    area = home.path / "areas" / "v1" / "users" / "ada"
    area.mkdir(parents=True)
    (area / ODD_NAME).write_bytes(b"mine")
    (area / "link").symlink_to("/etc/hostname")
    return FullHome(home=home, wheel=wheel, left=left, locked=locked)


def backup_of(home: Home, target: Path, url: URL | None = None) -> Record:
    """Make a backup."""
    with reading(home, url) as engine:
        return make_backup(home, engine, target, no_word)


def rows_of(home: Home, url: URL | None = None) -> dict[str, list[str]]:
    """Return what the tables of a home's database say of jobs and files, in an order."""
    database = opened_for(home, url)
    try:
        return database.read(_shown)
    finally:
        database.close()


def _shown(connection: Connection) -> dict[str, list[str]]:
    return {
        table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
        for table in (jobs, job_files, files, locks)
    }


def _fill(database: Database, wheel: str, left: str, locked: str) -> None:
    published = {
        "layer": "projects",
        "owner": "",
        "project": "demo",
        "version": "1.0",
        "filename": "demo-1.0-py3-none-any.whl",
        "key": "demo-1.0-py3-none-any.whl",
        "size": 7,
        "sha256": wheel,
        "uploaded_at": "",
        "uploaded_by": "ada",
    }
    lock = {"lock_hash": "ab", "python": "3.11", "document": f'sha256 = "{locked}"', "created": ""}
    file = {"job": "ended", "name": ODD_NAME, "sha256": left, "size": 6}
    states = {
        "ended": JobState.COMPLETED,
        "running": JobState.RUNNING,
        "waiting": JobState.WAITING,
    }
    for job, state in states.items():
        _write(database, lambda c, job=job, state=state: new_job(c, job, "NUL \0", state=state))
    _write(database, lambda c: c.execute(update(jobs).values(attempt=2)))
    _write(database, lambda c: c.execute(insert(files), published))
    _write(database, lambda c: c.execute(insert(locks), lock))
    _write(database, lambda c: c.execute(insert(job_files), file))


def _write(database: Database, change: Callable[..., object]) -> None:
    database.write(change).result()


def _placed(folder: Path, name: str, content: bytes, *, nested: bool = False) -> str:
    incoming = folder.parent / "incoming.whl"
    incoming.parent.mkdir(parents=True, exist_ok=True)
    incoming.write_bytes(content)
    sha256 = file_sha256(incoming)
    place = (folder / sha256[:2] if nested else folder) / sha256
    place.mkdir(parents=True)
    incoming.rename(place / name)
    return sha256


def _kept(store: ContentStore, spooled: Path, content: bytes) -> tuple[str, int]:
    spooled.write_bytes(content)
    with spooled.open("rb") as file:
        found = store.copy(file)
    spooled.unlink()
    return found
