"""Exceptions that nobody expects, raised once, at any call of any step."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Fault", "Injected", "faults"]


class Injected(Exception):
    """What nobody expects."""


class Fault:
    """Raises once: at the ``at``-th call, before it or after it is done."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.at = at
        self.after = after
        self.calls = 0

    def around(self, function: Any) -> Any:
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            self._raise(before=True)
            result = await function(*args, **kwargs)
            self._raise(before=False)
            return result

        def plain(*args: Any, **kwargs: Any) -> Any:
            self._raise(before=True)
            result = function(*args, **kwargs)
            self._raise(before=False)
            return result

        return asynchronous if asyncio.iscoroutinefunction(function) else plain

    def _raise(self, *, before: bool) -> None:
        self.calls += before
        if self.calls == self.at and before is not self.after:
            self.at = 0
            raise Injected("half a pair: \udcff")

    @contextmanager
    def at_step(self, whole: object, step: tuple[str, str]) -> Iterator[None]:
        """Have the part of ``whole`` at the dotted path of ``step`` raise in its method."""
        part: Any = whole
        for name in step[0].split("."):
            part = getattr(part, name)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(part, step[1], self.around(getattr(part, step[1])))
            yield


def faults(folder: Path, *, after: bool) -> Iterator[tuple[Path, Fault]]:
    """Yield a fault for the first call, one for the second, and so on, each with a new folder.

    The last is the one for a call that there is not: every call has had its fault then.
    """
    for at in itertools.count(1):
        root = folder / str(at)
        root.mkdir()
        fault = Fault(at, after=after)
        yield root, fault
        if fault.at:
            return
