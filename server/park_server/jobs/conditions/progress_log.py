"""The reports of progress that jobs wrote, read for whoever compares them.

A comparison is true once any report satisfied it: what a job reported and then overwrote was
true nevertheless, and whoever looks later must not see something else.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from park.model.ids import JobId

__all__ = ["PROGRESS_FILE", "Reports"]

PROGRESS_FILE = "progress.jsonl"

_SATISFIED = -1

_MOST_REMEMBERED = 10_000
"""Comparisons whose place in a file is remembered; others are read from the beginning."""


class Reports:
    """Reads each report once for each comparison. For one thread."""

    def __init__(self, folder_of: Callable[[JobId], Path]) -> None:
        self._folder_of = folder_of
        self._read: OrderedDict[tuple[JobId, str], int] = OrderedDict()

    def any(self, job: JobId, key: str, test: Callable[[dict[str, Any]], bool]) -> bool:
        """Tell whether any report of ``job`` so far passed ``test``, which ``key`` names."""
        offset = self._read.pop((job, key), 0)
        if offset != _SATISFIED:
            offset = self._search(job, offset, test)
        self._read[job, key] = offset
        if len(self._read) > _MOST_REMEMBERED:
            self._read.popitem(last=False)
        return offset == _SATISFIED

    def _search(self, job: JobId, offset: int, test: Callable[[dict[str, Any]], bool]) -> int:
        """Return the offset after the last whole line, or that the test was passed."""
        for line, end in _lines(self._folder_of(job) / PROGRESS_FILE, offset):
            offset = end
            with suppress(ValueError, RecursionError):  # nested beyond reading: no report
                report = json.loads(line)
                if isinstance(report, dict) and test(report):
                    return _SATISFIED
        return offset


def _lines(path: Path, offset: int) -> Iterator[tuple[bytes, int]]:
    """Yield each whole line from ``offset`` on, with the offset of its end."""
    try:
        file = path.open("rb")
    except OSError:  # nothing reported yet
        return
    with file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):  # it is being written
                return
            offset += len(line)
            yield line, offset
