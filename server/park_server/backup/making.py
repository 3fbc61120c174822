"""Make a backup of a home, while its service runs or while it does not.

The order is what makes it consistent: first a snapshot of the database, then what that names,
which nobody removes meanwhile. What is named by its digest never changes, so that a snapshot and
copies of a later moment fit. What users write themselves is copied as it is found.
"""

from __future__ import annotations

import json
import os
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISREG
from typing import Any

from sqlalchemy import Engine

from park import __version__
from park.errors import NotPermitted
from park_repo.clock import now
from park_server.backup.archive import NewArchive, new_archive
from park_server.backup.backup_record import Entry, Record, TableFile
from park_server.backup.belongings import Belongings, belongings, of_job, of_top
from park_server.db.migrate import schema_of
from park_server.db.portable_rows import Rows, counters, tables_of
from park_server.home import Home
from park_server.retention.hold import Hold

__all__ = ["Told", "make_backup"]

Told = Callable[[str], object]


def make_backup(home: Home, engine: Engine, target: Path, told: Told) -> Record:
    """Write a backup of ``home``, whose database ``engine`` reads, to ``target``.

    Returns its record; ``told`` hears what is under way. Raises `UsageError` where ``target``
    is there.
    """
    require_own(home)
    with (
        Hold(home.path).copying(lambda: told("waiting until what is being removed is gone")),
        new_archive(target) as archive,
    ):
        record = _Making(home, archive).of(engine, told)
        archive.close(record)
    return record


def require_own(home: Home) -> None:
    """Raise `NotPermitted` where ``home`` is another user's: what we write there would be ours."""
    owner = home.path.stat().st_uid
    if owner != os.geteuid():
        raise NotPermitted(
            f"the home {home.path} belongs to the user {owner}, and you are {os.geteuid()}",
            hint="say this as the user that the service runs as: sudo -u USER park admin …",
        )


class _Making:
    """One backup under way."""

    def __init__(self, home: Home, archive: NewArchive) -> None:
        self._home = home
        self._archive = archive
        self._entries: dict[str, Entry] = {}
        self._lacking: list[str] = []

    def of(self, engine: Engine, told: Told) -> Record:
        with engine.connect() as connection, connection.begin():
            named = belongings(connection)
            told("copying the database")
            tables = {rows.table: self._table(rows) for rows in tables_of(connection)}
            counted, schema = counters(connection), schema_of(connection)
        published, contents = len(named.published), len(named.contents)
        told(f"copying {published:,} files of the index and {contents:,} of jobs")
        self._secrets()
        self._published(named)
        self._contents(named)
        self._wheels(named)
        told(f"copying the folders of {len(named.jobs):,} jobs, and what users keep")
        self._jobs(named)
        for name in ("areas", "homes"):
            self._all_below(self._home.path / name)
        return Record(
            park=__version__,
            schema=schema,
            database=engine.dialect.name,
            made=now(),
            tables=tables,
            counters=counted,
            entries=tuple(self._entries.values()),
            lacking=tuple(self._lacking),
        )

    def _table(self, rows: Rows) -> TableFile:
        count = 0
        with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".jsonl") as file:
            file.write(f"{json.dumps(rows.columns)}\n")
            for row in rows.rows:
                file.write(f"{json.dumps([_plain(value) for value in row])}\n")
                count += 1
            file.flush()
            sha256, size = self._archive.put(Path(file.name))
        return TableFile(sha256=sha256, size=size, rows=count)

    def _secrets(self) -> None:
        for path in sorted(self._home.path.iterdir()):
            if of_top(path):
                self._as_found(path)

    def _published(self, named: Belongings) -> None:
        for (sha256, filename), metadata in named.published.items():
            folder = self._home.index / "files" / sha256[:2] / sha256
            self._whole(folder / filename, sha256)
            if metadata is not None:
                self._whole(folder / f"{filename}.metadata", metadata)

    def _contents(self, named: Belongings) -> None:
        for sha256 in sorted(named.contents):
            self._whole(self._home.files / sha256[:2] / sha256, sha256)
        # what clients have sent just now, whose jobs come next
        for path in sorted(self._home.files.glob("[0-9a-f][0-9a-f]/*")):
            if path.name not in named.contents:
                with suppress(FileNotFoundError):
                    self._whole(path, path.name, is_needed=False)

    def _wheels(self, named: Belongings) -> None:
        """Keep the wheels of other indexes, so that no environment needs these to come back."""
        for kept in (self._home.cache / "index" / "files", self._home.cache / "wheels"):
            for sha256 in sorted(named.locked):
                folder = kept / sha256
                for path in sorted(folder.glob("*.whl")):
                    self._whole(path, sha256, is_needed=False)
                for path in sorted(folder.glob("*.metadata")):
                    self._as_found(path)

    def _jobs(self, named: Belongings) -> None:
        for job, left in named.jobs.items():
            folder = self._home.jobs / job
            with suppress(FileNotFoundError, NotADirectoryError):
                for path in sorted(folder.iterdir()):
                    if of_job(path.name, left):
                        self._all_below(path)

    def _all_below(self, path: Path) -> None:
        """Keep ``path`` as it is found, with all below; what goes meanwhile is left out."""
        for each in _walked(path):
            self._as_found(each)

    def _as_found(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            status = path.lstat()
            if S_ISLNK(status.st_mode):
                self._note(path, status, kind="link", target=str(path.readlink()))
            elif S_ISDIR(status.st_mode):
                self._note(path, status, kind="folder")
            elif S_ISREG(status.st_mode):
                sha256, size = self._archive.put(path)
                self._note(path, status, kind="file", sha256=sha256, size=size)

    def _whole(self, path: Path, sha256: str, *, is_needed: bool = True) -> None:
        """Keep a file that is named by its digest, if it still is what that says."""
        try:
            found, size = self._archive.put(path)
        except FileNotFoundError:
            if is_needed:
                self._lacking.append(f"{path.relative_to(self._home.path)} is not there")
            return
        if found == sha256:
            self._note(path, path.lstat(), kind="file", sha256=sha256, size=size)
        elif is_needed:
            self._lacking.append(
                f"{path.relative_to(self._home.path)} is damaged: its sha256 is {found}"
            )

    def _note(self, path: Path, status: os.stat_result, **of: Any) -> None:
        """Note what is at ``path``, after the folders that it is in."""
        below = path.relative_to(self._home.path)
        for folder in list(below.parents)[-2::-1]:
            if str(folder) not in self._entries:
                self._note(
                    self._home.path / folder, (self._home.path / folder).lstat(), kind="folder"
                )
        self._entries[str(below)] = Entry(
            path=str(below),
            mode=S_IMODE(status.st_mode),
            owner=status.st_uid,
            group=status.st_gid,
            modified=status.st_mtime,
            **of,
        )


def _walked(path: Path) -> Iterator[Path]:
    """Yield ``path`` and all below it; links are not followed."""
    if not os.path.lexists(path):
        return
    yield path
    if path.is_dir() and not path.is_symlink():
        with suppress(FileNotFoundError):
            for each in sorted(path.iterdir()):
                yield from _walked(each)


def _plain(value: Any) -> Any:
    """Return a value of a row as JSON has it."""
    return {"bytes": b64encode(value).decode("ascii")} if isinstance(value, bytes) else value
