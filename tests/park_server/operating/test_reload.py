from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from park.errors import UsageError
from park_server.operating.reload import Reload

if TYPE_CHECKING:
    import pytest


def test_what_cannot_be_read_is_kept_and_told_and_stops_nothing_else(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    async def wrong() -> None:
        raise UsageError("line 2 is no TOML", hint="look at it")

    async def defective() -> None:
        raise RuntimeError("a defect")

    async def right() -> None:
        done.append("read")

    asyncio.run(Reload({"a": wrong, "b": defective, "c": right}).now())
    assert done == ["read"]
    assert caplog.messages == [
        "a is kept as it was: line 2 is no TOML (look at it)",
        "b is kept as it was",
    ]
    assert capsys.readouterr().err == "park serve: read again: c\n"
