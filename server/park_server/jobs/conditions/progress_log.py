"""The reports of progress that jobs wrote, read for whoever compares them.

A comparison is true once any report satisfied it: what a job reported and then overwrote was
true nevertheless, and whoever looks later must not see something else.
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from park.model.ids import JobId
from park_server import untrusted
from park_server.untrusted import NotPlain

__all__ = ["PROGRESS_FILE", "Reports"]

PROGRESS_FILE = "progress.jsonl"

_SATISFIED = -1

_MOST_BYTES = 64 << 20
"""Reports after that are not compared: at a hundred bytes each, the first 600,000 are."""

_MOST_REMEMBERED = 10_000
"""Comparisons whose place in a file is remembered; others are read from the beginning."""


class Reports:
    """Reads each report once for each comparison; from any thread, one at a time."""

    def __init__(self, folder_of: Callable[[JobId], Path]) -> None:
        self._folder_of = folder_of
        self._reading = threading.Lock()
        self._read: OrderedDict[tuple[JobId, str], int] = OrderedDict()

    def any(self, job: JobId, key: str, test: Callable[[dict[str, Any]], bool]) -> bool:
        """Tell whether any report of ``job`` so far passed ``test``, which ``key`` names."""
        with self._reading:
            return self._any(job, key, test)

    def _any(self, job: JobId, key: str, test: Callable[[dict[str, Any]], bool]) -> bool:
        offset = self._read.pop((job, key), 0)
        if offset != _SATISFIED:
            offset = self._search(job, offset, test)
        self._read[job, key] = offset
        if len(self._read) > _MOST_REMEMBERED:
            self._read.popitem(last=False)
        return offset == _SATISFIED

    def _search(self, job: JobId, offset: int, test: Callable[[dict[str, Any]], bool]) -> int:
        """Return the offset after the last whole line, or that the test was passed."""
        for line, end in _lines(self._folder_of(job), offset):
            offset = end
            with suppress(ValueError, RecursionError):  # nested beyond reading: no report
                report = json.loads(line)
                if isinstance(report, dict) and test(report):
                    return _SATISFIED
        return offset


def _lines(folder: Path, offset: int) -> Iterator[tuple[bytes, int]]:
    """Yield each whole line from ``offset`` on, with the offset of its end.

    Of the file in a job's ``folder``, where it is a plain one, up to `_MOST_BYTES`.
    """
    try:
        with (
            untrusted.opened(folder.parent, [folder.name, PROGRESS_FILE]) as descriptor,
            os.fdopen(os.dup(descriptor), "rb") as file,
        ):
            file.seek(offset)
            while (line := file.readline(max(0, _MOST_BYTES - offset))).endswith(b"\n"):
                offset += len(line)  # one without an end is being written
                yield line, offset
    except (OSError, NotPlain):  # nothing reported yet
        return
