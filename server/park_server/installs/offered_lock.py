"""Locks that an operator brings (PEP 751): read, checked against this machine and the index.

What a lock says is taken to the letter: its Python, platforms, markers, extras and groups are
evaluated for the interpreter here, and each wheel must be the one that the index has under
its name, byte for byte. Its own URLs are never opened: wheels come through the index.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from packaging.pylock import Pylock

from park.errors import CannotSatisfy
from park.model.pins import Pin
from park_repo.index import Index
from park_server.envs.interpreters import Interpreter, interpreter_for
from park_server.envs.pylock import LockedWheel, Selection, document_of, load, select

__all__ = ["OfferedLock", "OfferedLocks"]

_PAGES_AT_ONCE = 16
"""Pages of other indexes that are asked for at the same time."""

_SHOWN = 5
"""Wheels that an error names; a lock for another index has a hundred such."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedLock:
    """A lock in our form, and what it selects here."""

    document: Pylock
    selection: Selection

    @property
    def pins(self) -> list[Pin]:
        """What it selects, as pins."""
        return [Pin(name=wheel.name, version=wheel.version) for wheel in self.selection.wheels]


class OfferedLocks:
    """Reads locks for the ``interpreters`` here, whose wheels ``index`` must have."""

    def __init__(self, index: Index, interpreters: Mapping[str, Interpreter]) -> None:
        self._index = index
        self._interpreters = interpreters

    async def read(self, text: str, *, python: str, user: str) -> OfferedLock:
        """Return the lock ``text`` as ``user`` can have it here, for a minor of ``python``.

        Raises `UsageError` for what is no lock, `NoInterpreter`, `ResolutionFailed` where it
        does not fit this machine, and `CannotSatisfy` where the index has other wheels.
        """
        interpreter = interpreter_for(self._interpreters, python)
        selection = await asyncio.to_thread(lambda: select(load(text.encode()), interpreter))
        await self._require_held(selection, user)
        wheels = tuple(replace(wheel, url=None, size=None) for wheel in selection.wheels)
        return OfferedLock(
            document=document_of(wheels, interpreter), selection=replace(selection, wheels=wheels)
        )

    async def _require_held(self, selection: Selection, user: str) -> None:
        """See that the index has each wheel under its name with the digest and size of the lock.

        An installer validates both (PEP 751), so what is wrong in either is a wrong lock.
        """
        slots = asyncio.Semaphore(_PAGES_AT_ONCE)

        async def difference(wheel: LockedWheel) -> str | None:
            async with slots:
                found = await self._index.known_as(wheel.name, wheel.filename, user=user)
            if found is None or found.sha256 != wheel.sha256:
                has = "no such file" if found is None else f"one with sha256 {found.sha256}"
                return f"{wheel.filename}: expected sha256 {wheel.sha256}, the index has {has}"
            if None not in {wheel.size, found.size} and wheel.size != found.size:
                return f"{wheel.filename}: expected {wheel.size:,} bytes, it has {found.size:,}"
            return None

        found = await asyncio.gather(*map(difference, selection.wheels))
        if differences := [each for each in found if each is not None]:
            more = len(differences) - _SHOWN
            lines = [*differences[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
            raise CannotSatisfy(
                "the lock names wheels that this service cannot have:\n" + "\n".join(lines),
                hint="lock against this service's index, or upload the wheels to it",
                details={"wheels": differences},
            )
