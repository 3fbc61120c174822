"""Room for what is nested deep: `pickle` recurses into it, on the stack of its thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

__all__ = ["MOST_NESTED", "with_a_deep_stack"]

MOST_NESTED = 20_000
"""Frames of Python's that a pickle may take, several for one level.

That is some 5,000 levels. Python 3.13 allows about 10,000 calls in C whatever is said here, and
3.12 allows 1,500, some 500 levels: the pickler in Python, which makes no such calls, goes deeper.
"""

_BYTES = 256 << 20
"""13 KiB for each of them, as addresses: memory is used as far as a value is deep."""

_T = TypeVar("_T")


def with_a_deep_stack(make: Callable[[], _T], otherwise: Callable[[], _T] | None = None) -> _T:
    """Return what ``make`` does, which is called again with more room where it has too little.

    ``otherwise`` does the same without calls in C, of which some interpreters allow few: it is
    called where ``make`` has too little room then. Raises `RecursionError` where that is too
    little as well, or cannot be had.
    """
    with suppress(RecursionError):
        return make()
    outcome: list[_T | BaseException] = []

    def run() -> None:
        try:
            outcome.append(_of_either(make, otherwise))
        except BaseException as error:  # noqa: BLE001 (raised again below)
            error.__traceback__ = None  # of thousands of frames
            outcome.append(error)

    before, size = sys.getrecursionlimit(), threading.stack_size()
    try:
        threading.stack_size(_BYTES)
        sys.setrecursionlimit(max(MOST_NESTED, before))
        thread = threading.Thread(target=run, name="park-deep-value")
        thread.start()
        thread.join()
    except RuntimeError:  # no room for such a stack
        raise RecursionError("nested deeper than the stack of this process") from None
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(before)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _of_either(make: Callable[[], _T], otherwise: Callable[[], _T] | None) -> _T:
    if otherwise is None:
        return make()
    with suppress(RecursionError):
        return make()
    return otherwise()
