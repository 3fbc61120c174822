"""Whether the file of a database is whole, and still the one that this process wrote.

In WAL mode only a checkpoint writes to the file itself, and checkpoints are made by the one
writer. So a file that has changed between two of its transactions was changed by somebody
else: then, and only then, it is read through before anything more is acknowledged.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from park_repo.sql.custody import Custody

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHECK_S", "DatabaseFile", "damage_of", "is_damage"]

CHECK_S = 0.5
"""How long a start reads the file through, some 200 MB; what is beyond is found when it is read."""

_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""Primary result codes: <https://www.sqlite.org/rescode.html>."""

_PRIMARY = 0xFF

_STEPS_BETWEEN_LOOKS = 10_000
"""Virtual machine instructions between two looks at the clock: well below a millisecond."""


def is_damage(error: BaseException | None) -> bool:
    """Tell whether SQLite, or what stands before it, says that the file is no whole database."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in _CODES


def damage_of(path: Path, *, limit_s: float = float("inf")) -> str | None:
    """Return what is wrong with the SQLite file at ``path``; None where nothing was found.

    Reads it through (``PRAGMA quick_check``) for at most ``limit_s`` seconds.
    """
    deadline = time.monotonic() + limit_s
    try:
        with closing(sqlite3.connect(path)) as connection:
            if limit_s != float("inf"):
                connection.set_progress_handler(
                    lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS
                )
            (line,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error) if is_damage(error) else None
    return None if line == "ok" else str(line).splitlines()[-1]


class DatabaseFile(Custody):
    """The file of a database while its one writer runs; all methods belong to its thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None
        self._left: tuple[int, int] | None = None

    def fault(self) -> str | None:
        """Return why nothing more may be acknowledged; None where all is as it was left."""
        if self._opened is None:  # nothing was written to it so far
            return None
        try:
            status = os.stat(self._path)  # noqa: PTH116 (before and after each commit)
        except OSError as error:
            return f"its file cannot be found any more: {error.strerror}"
        if (status.st_dev, status.st_ino) != self._opened:
            return "another file is in its place"
        if (status.st_size, status.st_mtime_ns) == self._left:
            return None
        found = damage_of(self._path)
        return None if found is None else f"somebody else wrote to its file: {found}"

    def left(self) -> None:
        """Note how the file is, after a transaction."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 (before and after each commit)
        except OSError:
            return  # the next `fault` tells
        self._opened = self._opened or (status.st_dev, status.st_ino)
        self._left = (status.st_size, status.st_mtime_ns)
