"""Exceptions that nobody expects, raised once, at any call of any step."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Fault", "Injected", "faults", "told_calls"]


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


@contextmanager
def told_calls(whole: object, holders: Sequence[str]) -> Iterator[set[tuple[str, str]]]:
    """Give the steps of what is called meanwhile: the part, as `Fault.at_step` has it, and method.

    Parts are what the ``holders`` have, which are dotted paths in ``whole`` ("": itself), each by
    the path that is found first.
    """
    called: set[tuple[str, str]] = set()

    def telling(function: Any, step: tuple[str, str]) -> Any:
        @functools.wraps(function)
        def tells(*args: Any, **kwargs: Any) -> Any:
            called.add(step)
            return function(*args, **kwargs)

        return tells

    seen: set[int] = set()
    with pytest.MonkeyPatch.context() as patched:
        for holder in holders:
            found: Any = whole
            for name in filter(None, holder.split(".")):
                found = getattr(found, name)
            for name, part in vars(found).items():
                if id(part) in seen or not type(part).__module__.startswith(_OURS):
                    continue
                seen.add(id(part))
                path = f"{holder}.{name}".lstrip(".")
                for method in _public_methods(type(part)):
                    told = telling(getattr(part, method), (path, method))
                    with suppress(AttributeError):  # a value of slots is no part
                        patched.setattr(part, method, told)
        yield called


_OURS = ("park_server", "park_repo", "support", "test")


def _public_methods(cls: type) -> list[str]:
    return [
        name
        for name in dir(cls)
        if not name.startswith("_") and inspect.isfunction(inspect.getattr_static(cls, name))
    ]


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
