"""Asks a process of its own for texts; what it said of files, which never change, is kept."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any

from park.errors import CannotSatisfy

__all__ = ["TextReader"]

_CHILD = "park_server.page.texts.child"

LIMIT_S = 60.0
"""Twice what its processor time may be, on a machine with other work."""

_AT_ONCE = 2
_MOST = 64
"""Answers that are kept; the one that was asked for longest ago goes first."""


class TextReader:
    """For one event loop."""

    def __init__(self, *, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[Hashable, dict[str, Any]] = OrderedDict()

    async def read(self, key: Hashable, question: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to ``question``, which is that of ``key`` for ever.

        Raises `CannotSatisfy` where the process did not come to an answer.
        """
        async with self._at_once:
            if key not in self._kept:
                self._kept[key] = await self._asked(question)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return self._kept[key]

    async def _asked(self, question: Mapping[str, str]) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            _CHILD,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._limit_s):
                said, _ = await process.communicate(json.dumps(dict(question)).encode())
                found: dict[str, Any] = json.loads(said)
        except (TimeoutError, ValueError) as error:
            raise CannotSatisfy(
                "this could not be read within the time and memory for what others packed",
                hint="download the files, and look at them",
            ) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return found
