"""Names in order, however many: of a million, some thousands are in memory."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice

__all__ = ["in_order"]

_FEW = 20_000
"""Names that are sorted in memory: to sort more holds every thread for longer than others wait."""


def in_order(names: Iterator[str]) -> Iterator[str]:
    """Yield ``names`` by their bytes, in any thread. Raises `OSError` where they find no room."""
    few = list(islice(names, _FEW))
    if len(few) < _FEW:
        yield from sorted(few, key=os.fsencode)
        return
    try:
        # a database without a name is in a file of its own, which goes with it
        with closing(sqlite3.connect("", check_same_thread=False)) as kept:
            kept.execute("CREATE TABLE names (name BLOB)")
            rows = ((os.fsencode(name),) for name in chain(few, names))
            kept.executemany("INSERT INTO names VALUES (?)", rows)
            few.clear()
            for (name,) in kept.execute("SELECT name FROM names ORDER BY name"):
                yield os.fsdecode(name)
    except sqlite3.Error as error:
        raise OSError(f"the names in a folder could not be sorted: {error}") from error
