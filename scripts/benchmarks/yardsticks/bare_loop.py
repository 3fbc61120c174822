"""The yardstick of durable throughput: fork, run, wait, and two commits, and nothing else."""

from __future__ import annotations

import os
import selectors
import sqlite3
import sys
from pathlib import Path

__all__ = ["BareLoop"]


class BareLoop:
    """Jobs by the shortest way: each its own process, its start and its end committed.

    One thread, ``width`` processes at a time, SQLite with ``synchronous=FULL``.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._width = width
        self._database = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state, result)")
        self._selector = selectors.DefaultSelector()
        self._last = 0

    def run(self, jobs: int) -> None:
        """Run ``jobs`` of them."""
        left, running = jobs, 0
        while left or running:
            while left and running < self._width:
                self._start()
                left, running = left - 1, running + 1
            for key, _ in self._selector.select():
                self._end(key.fd, *key.data)
                running -= 1

    def _start(self) -> None:
        self._last += 1
        self._database.execute("INSERT INTO jobs VALUES (?, 'running', NULL)", (self._last,))
        pid = os.fork()
        if pid == 0:
            sys.getrecursionlimit()
            os._exit(0)
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, self._last))

    def _end(self, descriptor: int, pid: int, job: int) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)
        os.waitpid(pid, 0)
        self._database.execute(
            "UPDATE jobs SET state = 'completed', result = 1 WHERE id = ?", (job,)
        )

    def close(self) -> None:
        """Close the database."""
        self._selector.close()
        self._database.close()
