"""What ``park admin`` does on the machine that has the home: back up, restore, move, migrate."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy.engine import URL

from park.errors import CannotSatisfy, UsageError
from park.model.sizes import shown_size
from park_repo.durable import write_durably
from park_server.backup.backup_record import Record
from park_server.backup.home_rows import filled, filled_at, reading
from park_server.backup.making import make_backup
from park_server.backup.moving import moved
from park_server.backup.restoring import checked, restored
from park_server.db.address import address_of, shown
from park_server.db.migrate import schema_of
from park_server.db.of_home import planned_upgrade, upgraded
from park_server.db.portable_rows import Rows
from park_server.home import Home

__all__ = ["ACTIONS"]


def _told(line: str) -> None:
    sys.stderr.write(f"park admin: {line}\n")
    sys.stderr.flush()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _backup(options: Namespace) -> int:
    home = _home(options.home)
    with reading(home, _database(options)) as engine:
        record = make_backup(home, engine, options.target, _told)
    _print(f"{options.target}: {_counted(record)}")
    if record.lacking:
        shown_lines = "\n".join(record.lacking)
        raise CannotSatisfy(
            f"the backup is whole, but the home lacks what its database names:\n{shown_lines}",
            hint="an older backup may have it; the service sets aside what it meets damaged",
        )
    return 0


def _restore(options: Namespace) -> int:
    archive = checked(options.source)
    record = archive.record
    made = re.sub(r"\.\d+Z$", "Z", record.made)  # to the second: who restores looks for a night
    _print(f"{options.source}: {_counted(record)}, made {made} by park {record.park}: whole")
    for line in record.lacking:
        _print(f"  lacking already when it was made: {line}")
    if options.check:
        return 0
    if options.home is None:
        raise UsageError("a backup is restored to a new home", hint="name it with --home DIR")
    url = _database(options)
    restored(archive, options.home, lambda at, _, tables: _put(at, url, record, tables), _told)
    where = "" if url is None else f", its state in {shown(url)}"
    _print(f"restored to {options.home}{where}; serve it: park serve --home {options.home}")
    return 0


def _put(building: Path, url: URL | None, record: Record, tables: Iterator[Rows]) -> None:
    """Make the database of a home that is being restored, and note where it is."""
    if url is None:
        filled(Home(building).database, record.schema, record.counters, tables)
    else:
        filled_at(url, record.schema, record.counters, tables)
        write_durably(building / "database", f"{shown(url)}\n".encode())


def _move(options: Namespace) -> int:
    home = _home(options.home)
    url = address_of(options.home, options.to, options.database_password)
    if url is None:
        raise UsageError("--to names no database")
    kept = moved(home, url, _told)
    _print(
        f"the state of {home.path} is in {shown(url)}, as its file `database` says; serve it as"
        f" before: park serve --home {home.path}\nthe SQLite file is kept as {kept}"
    )
    return 0


def _migrate(options: Namespace) -> int:
    home, url = _home(options.home), _database(options)
    with reading(home, url, is_current=False) as engine, engine.connect() as connection:
        plan = planned_upgrade(schema_of(connection))
    _print(plan.line)
    if options.check or not plan.steps:
        return CannotSatisfy.exit_code if plan.steps else 0
    upgraded(home, url)
    _print(f"the schema is {plan.newest} now")
    return 0


def _home(path: Path) -> Home:
    if not path.is_dir():
        raise UsageError(
            f"there is no home {path}", hint="name that of the service with --home DIR"
        )
    return Home(path)


def _database(options: Namespace) -> URL | None:
    return address_of(options.home, options.database, options.database_password)


def _counted(record: Record) -> str:
    rows = sum(table.rows for table in record.tables.values())
    files = sum(1 for each in record.entries if each.kind == "file")
    size = shown_size(sum(record.contents().values()))
    return f"{rows:,} rows and {files:,} files, {size}"


ACTIONS: Mapping[str, Callable[[Namespace], int]] = {
    "backup": _backup,
    "restore": _restore,
    "move": _move,
    "migrate": _migrate,
}
"""Each action, by its name; it returns the exit status."""
