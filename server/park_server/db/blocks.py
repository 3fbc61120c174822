"""Many ids in a query: in blocks, since a database takes only so many parameters at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

__all__ = ["each_readable", "in_blocks"]

_AT_ONCE = 500
"""Ids in one query: SQLite of some years ago takes 999 parameters."""

T = TypeVar("T")
Row = TypeVar("Row")


def in_blocks(items: Iterable[T]) -> Iterator[Sequence[T]]:
    """Yield ``items`` in blocks that one query takes.

    >>> [len(block) for block in in_blocks(range(1100))]
    [500, 500, 100]
    """
    whole = list(items)
    for first in range(0, len(whole), _AT_ONCE):
        yield whole[first : first + _AT_ONCE]


def each_readable(
    items: Iterable[T], read: Callable[[Sequence[T]], Iterable[Row]]
) -> tuple[list[Row], dict[T, Exception]]:
    """Return what ``read`` returns for ``items``, and those for which it raises by themselves.

    They are read in blocks. What raises is a row that does not say what it should; errors of
    the database itself are raised.
    """
    found: list[Row] = []
    unreadable: dict[T, Exception] = {}
    for block in in_blocks(items):
        try:
            found.extend(read(block))
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a row holds)
            if len(block) == 1:
                unreadable[block[0]] = error
                continue
            for item in block:
                more, bad = each_readable([item], read)
                found.extend(more)
                unreadable |= bad
    return found, unreadable
