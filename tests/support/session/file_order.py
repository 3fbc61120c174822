"""In which order files run side by side: the longest first, and what waits beside what computes.

A long file that begins last is a tail for which all cores wait but one. Tests with services wait
for most of their time, those of single modules compute: a worker with each of them keeps a core
busier than two of a kind.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["NOTED", "file_of", "files_in_order", "noted_seconds", "write_seconds"]

NOTED = Path(__file__).with_name("seconds.json")
"""How long files took, as ``scripts/test --note-seconds`` wrote it; those that take long."""

_LONG_S = 2.0

_WITH_SERVICES = "tests/functional/"
_EACH_S = {True: 1.9, False: 0.03}
"""How long a test takes where nothing is noted: with services, and without; as measured."""


def file_of(nodeid: str) -> str:
    """Return the file of a test."""
    return nodeid.partition("::")[0]


def noted_seconds() -> dict[str, float]:
    """Return how long files took; an order of files needs no exact ones."""
    found: dict[str, float] = json.loads(NOTED.read_text()) if NOTED.exists() else {}
    return found


def write_seconds(seconds: Mapping[str, float]) -> None:
    """Note how long files took, where it is long."""
    long = {file: round(each, 1) for file, each in sorted(seconds.items()) if each >= _LONG_S}
    NOTED.write_text(json.dumps(long, indent=1) + "\n")


def files_in_order(nodeids: Iterable[str], noted: Mapping[str, float]) -> list[str]:
    """Return the files of tests in the order in which they are to begin.

    Of each kind the longest first; both kinds in step, so that they end together.
    """
    tests = Counter(map(file_of, nodeids))
    expected = {
        file: noted.get(file, count * _EACH_S[file.startswith(_WITH_SERVICES)])
        for file, count in tests.items()
    }
    order = sorted(expected, key=lambda file: (-expected[file], file))
    kinds = [[f for f in order if f.startswith(_WITH_SERVICES) is kind] for kind in (True, False)]
    shares = sorted(
        (done, kind, file)
        for kind, files in enumerate(kinds)
        for done, file in _with_share_before(files, expected)
    )
    return [file for _, _, file in shares]


def _with_share_before(
    files: Sequence[str], expected: Mapping[str, float]
) -> Iterator[tuple[float, str]]:
    """Yield ``files`` with the share of their time that is behind those in front of each."""
    total, before = sum(expected[file] for file in files), 0.0
    for file in files:
        yield before / total, file
        before += expected[file]
