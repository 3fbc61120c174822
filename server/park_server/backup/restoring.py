"""Restore a backup: all of it is checked before anything is written, and a home appears whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from park.errors import CannotSatisfy, Conflict
from park.model.sizes import shown_size
from park_repo.durable import beside, remove_tree, sync_all, sync_directory
from park_server.backup.archive import Archive, opened_archive, read_from
from park_server.backup.backup_record import Record, damaged
from park_server.backup.claims import of_nobody
from park_server.backup.making import Told
from park_server.db.migrate import revisions
from park_server.db.portable_rows import Rows

__all__ = ["checked", "restored"]

_BLOCK = 1 << 20

PutDatabase = Callable[[Path, Record, Iterator[Rows]], None]
"""Puts rows into the database of a new home, which is at the path."""


def checked(path: Path) -> Archive:
    """Return the backup at ``path``, all of which was read and is what was written.

    Raises `CannotSatisfy` for a damaged one, and for one of a newer park.
    """
    archive = opened_archive(path)
    missing = archive.record.contents()
    with read_from(path):
        for sha256, file in archive.contents():
            _require_whole(file, sha256, missing.pop(sha256, None), path)
    if missing:
        raise damaged(
            str(path), f"{len(missing):,} of its files are missing, {min(missing)} for one"
        )
    if archive.record.schema not in revisions():
        raise CannotSatisfy(
            f"the backup {path} has the schema {archive.record.schema}, of a newer park; this one"
            f" knows the schemas up to {revisions()[0]}",
            hint=f"restore it with park {archive.record.park} or newer",
        )
    return archive


def restored(archive: Archive, home: Path, put_database: PutDatabase, told: Told) -> None:
    """Write what ``archive`` has, which was `checked`, to the new ``home``.

    Raises `Conflict` where ``home`` has something in it, and what ``put_database`` raises: then
    nothing is there.
    """
    _require_new(home)
    home.parent.mkdir(parents=True, exist_ok=True)
    _require_room(archive.record, home.parent)
    building = beside(home.parent, home.name)
    try:
        building.mkdir(mode=0o700)
        told(f"writing {len(archive.record.entries):,} files and folders")
        with tempfile.TemporaryDirectory(dir=building.parent, prefix=".park-rows-") as rows:
            _write_files(archive, building, Path(rows))
            told(f"writing {sum(t.rows for t in archive.record.tables.values()):,} rows")
            put_database(building, archive.record, _tables(archive.record, Path(rows)))
        _finish(archive.record, building)
        if home.exists():
            home.rmdir()  # it is empty
        building.rename(home)
        sync_directory(home.parent)
    finally:
        remove_tree(building)


def _require_whole(file: IO[bytes], sha256: str, size: int | None, path: Path) -> None:
    if size is None:
        return  # nothing refers to it
    digest, found = hashlib.sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        found += len(block)
    if digest.hexdigest() != sha256:
        what = f"{found:,} bytes instead of {size:,}" if found != size else "other bytes"
        raise damaged(str(path), f"the file with the sha256 {sha256} has {what}")


def _require_new(home: Path) -> None:
    if home.is_dir() and not home.is_symlink() and not any(home.iterdir()):
        return
    if os.path.lexists(home):
        raise Conflict(
            f"{home} has something in it, and a backup is restored to a new home",
            hint=f"stop its service and move it aside: mv {home} {home}.old; or name another",
        )


def _require_room(record: Record, folder: Path) -> None:
    needed = sum(each.size for each in record.entries) + sum(
        3 * table.size for table in record.tables.values()
    )
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CannotSatisfy(
            f"the backup takes {shown_size(needed)}, and {folder} has {shown_size(free)} free",
            hint="make room, or name a --home elsewhere",
        )


def _write_files(archive: Archive, home: Path, rows: Path) -> None:
    """Write folders, links and contents; those that are tables into ``rows``."""
    places: defaultdict[str, list[Path]] = defaultdict(list)
    for name, table in archive.record.tables.items():
        places[table.sha256].append(rows / name)
    for entry in archive.record.entries:
        path = home / entry.path
        if entry.kind == "folder":
            path.mkdir(mode=0o700)
        elif entry.kind == "link":
            path.symlink_to(of_nobody(path.name, entry.target))
        else:
            places[entry.sha256].append(path)
    for sha256, file in archive.contents():
        first: Path | None = None
        for place in places.get(sha256, ()):
            if first is None:
                with place.open("xb") as target:
                    shutil.copyfileobj(file, target, _BLOCK)
                first = place
            else:
                shutil.copyfile(first, place)


def _tables(record: Record, rows: Path) -> Iterator[Rows]:
    for name in record.tables:
        with (rows / name).open("rb") as file:
            yield Rows(table=name, columns=tuple(json.loads(next(file))), rows=map(_row, file))


def _row(line: bytes) -> list[Any]:
    return [b64decode(v["bytes"]) if isinstance(v, dict) else v for v in json.loads(line)]


def _finish(record: Record, home: Path) -> None:
    """Give each its mode, time and owner, what is inside a folder first, and make all durable."""
    as_root = os.geteuid() == 0
    for entry in reversed(record.entries):
        path = home / entry.path
        if as_root:
            os.chown(path, entry.owner, entry.group, follow_symlinks=False)
        if entry.kind != "link":
            path.chmod(entry.mode)
            os.utime(path, (entry.modified, entry.modified))
    sync_all([home / each.path for each in record.entries if each.kind == "file"])
