"""What a backup says of itself: what it is of, and each file by the digest of what is in it.

Lines of JSON: the first says what it is of, each further one is a file, a folder or a link of the
home, and the last has the digest of all lines above, so that damage of the record itself shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from park.digests import is_sha256
from park.errors import CannotSatisfy

__all__ = ["Entry", "Record", "damaged", "parse_record"]

_FORMAT = 1
Kind = Literal["file", "folder", "link"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Something below the home: ``path`` with slashes, names that are no UTF-8 as PEP 383 has them.

    ``owner`` and ``group`` are numbers of the machine, ``modified`` is a Unix time; ``sha256`` and
    ``size`` are those of a file, ``target`` is that of a link.
    """

    path: str
    kind: Kind
    mode: int = 0o600
    owner: int = 0
    group: int = 0
    modified: float = 0.0
    size: int = 0
    sha256: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A backup: of which park and schema, when it was ``made``, and what is in it.

    ``tables`` are the rows of each table, as a file of lines: the digest and how many rows;
    ``counters`` are those of the database. ``lacking`` is what the database names and the home
    did not have, or not whole, in words.
    """

    park: str
    schema: str
    database: str
    made: str
    tables: dict[str, TableFile]
    counters: dict[str, int]
    entries: tuple[Entry, ...]
    lacking: tuple[str, ...] = field(default=())

    def lines(self) -> Iterator[str]:
        """Yield its lines."""
        head = {
            "format": _FORMAT,
            "park": self.park,
            "schema": self.schema,
            "database": self.database,
            "made": self.made,
            "tables": {name: asdict(table) for name, table in self.tables.items()},
            "counters": self.counters,
            "lacking": self.lacking,
        }
        digest = hashlib.sha256()
        for document in (head, *map(_stated, self.entries)):
            line = f"{json.dumps(document)}\n"
            digest.update(line.encode("ascii"))
            yield line
        yield f"{json.dumps({'sha256': digest.hexdigest()})}\n"

    def contents(self) -> dict[str, int]:
        """Return the size of each content, by its digest."""
        tables = {table.sha256: table.size for table in self.tables.values()}
        return tables | {each.sha256: each.size for each in self.entries if each.kind == "file"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFile:
    """The rows of a table, as lines of JSON: the first has the names of the columns."""

    sha256: str
    size: int
    rows: int


def parse_record(data: bytes, where: str) -> Record:
    """Return what was written; raises `CannotSatisfy` where it is damaged, or of a newer park."""
    lines = data.decode("ascii", "replace").splitlines(keepends=True)
    if len(lines) < len(("head", "digest")) or not data.endswith(b"\n"):
        raise damaged(where, "what it says of itself ends too soon")
    digest = hashlib.sha256("".join(lines[:-1]).encode("ascii", "replace")).hexdigest()
    try:
        head, *rest, last = map(json.loads, lines)
        if last != {"sha256": digest}:
            raise damaged(where, "what it says of itself is not what was written, or ends too soon")
        if head["format"] != _FORMAT:
            raise CannotSatisfy(
                f"the backup {where} has the format {head['format']}; this park reads {_FORMAT}",
                hint="restore it with the park that made it, or a newer one",
            )
        tables = {name: TableFile(**table) for name, table in head.pop("tables").items()}
        entries = tuple(Entry(**each) for each in rest)
        del head["format"]
        head["lacking"] = tuple(head["lacking"])
        record = Record(tables=tables, entries=entries, **head)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(where, f"what it says of itself cannot be read: {error}") from error
    _require_inside(record.entries, where)
    return record


def damaged(where: str, what: str) -> CannotSatisfy:
    """Return the error of a backup that is not what was made."""
    return CannotSatisfy(
        f"the backup {where} is damaged: {what}",
        hint="nothing was written; take another copy of it, or the backup before it",
    )


def _require_inside(entries: Iterable[Entry], where: str) -> None:
    """Raise `CannotSatisfy` for what would be written elsewhere than below the new home."""
    folders = {"."}
    for each in entries:
        path = PurePosixPath(each.path)
        plain = not path.is_absolute() and path.parts and ".." not in path.parts
        # below a link, or a file, there is nothing of the home
        if not plain or str(path.parent) not in folders:
            raise damaged(where, f"it has {each.path!r}, which is not below a folder of the home")
        if each.kind == "folder":
            folders.add(str(path))
        elif each.kind == "file" and not is_sha256(each.sha256):
            raise damaged(where, f"it has {each.path!r} with {each.sha256!r}, which is no digest")


def _stated(entry: Entry) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(entry).items() if value not in {"", 0.0}}
    return kept | {"path": entry.path, "mode": entry.mode}
