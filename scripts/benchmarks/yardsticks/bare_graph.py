"""The yardstick of submission: a workflow written into SQLite, and nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from park.model.ids import new_id

__all__ = ["write_graph"]

_AT_ONCE = 1_000


def write_graph(folder: Path, needs: Sequence[Sequence[int]]) -> None:
    """Commit a job, its call as JSON, and what it needs, for each of ``needs``.

    ``needs[i]`` are the positions of what the i-th job needs. A thousand jobs share a commit.
    """
    database = sqlite3.connect(folder / "graph.sqlite", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, state, call, pending)")
    database.execute("CREATE TABLE needs (job, needed)")
    database.execute("CREATE INDEX by_needed ON needs (needed)")
    ids = [new_id() for _ in needs]
    for first in range(0, len(ids), _AT_ONCE):
        some = range(first, min(first + _AT_ONCE, len(ids)))
        calls = [json.dumps({"args": [ids[each] for each in needs[i]]}) for i in some]
        jobs = [
            (ids[i], "waiting", call, len(needs[i])) for i, call in zip(some, calls, strict=True)
        ]
        edges = [(ids[i], ids[needed]) for i in some for needed in needs[i]]
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?)", jobs)
        database.executemany("INSERT INTO needs VALUES (?, ?)", edges)
        database.execute("COMMIT")
    database.close()
