"""A start that fails is told in words, once."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from starlette.applications import Starlette

from park.errors import CannotSatisfy, Conflict
from park_server.process.start_failure import StartFailure


def started(error: Exception | None, *, after: bool = False) -> tuple[StartFailure, list[Any]]:
    """Begin an application that raises ``error``; ``after``: when it is to stop."""
    said: list[Any] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if error is not None and not after:
            raise error
        yield
        if error is not None:
            raise error

    async def story() -> StartFailure:
        watched = StartFailure(Starlette(lifespan=lifespan))
        asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            return next(asked)

        async def send(message: Any) -> None:
            said.append(message)

        with suppress(Exception):
            await watched({"type": "lifespan", "state": {}}, receive, send)
        return watched

    return asyncio.run(story()), said


def test_what_a_start_raises_is_kept_and_not_printed() -> None:
    failure, said = started(Conflict("this home is another's"))
    assert said == [{"type": "lifespan.startup.failed"}]
    with pytest.raises(Conflict, match="this home is another's"):
        failure.tell()


def test_what_a_disk_refuses_is_told_as_that() -> None:
    failure, _ = started(OSError(errno.EROFS, "Read-only file system", "/srv/park/jobs"))
    with pytest.raises(CannotSatisfy, match=r"the service cannot start: .*Read-only") as told:
        failure.tell()
    assert "df -i" in str(told.value.hint)


def test_of_what_has_begun_nothing_is_kept() -> None:
    for failure, said in (started(None), started(ValueError("at its end"), after=True)):
        assert said[0] == {"type": "lifespan.startup.complete"}
        failure.tell()
