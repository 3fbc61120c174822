"""Many ids in a query: in blocks, since a database takes only so many parameters at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

__all__ = ["in_blocks"]

_AT_ONCE = 500
"""Ids in one query: SQLite of some years ago takes 999 parameters."""

T = TypeVar("T")


def in_blocks(items: Iterable[T]) -> Iterator[Sequence[T]]:
    """Yield ``items`` in blocks that one query takes.

    >>> [len(block) for block in in_blocks(range(1100))]
    [500, 500, 100]
    """
    whole = list(items)
    for first in range(0, len(whole), _AT_ONCE):
        yield whole[first : first + _AT_ONCE]
