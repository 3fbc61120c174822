from __future__ import annotations

import asyncio
import math

from park_server.quotas.incoming import boundless


def test_without_limits_there_is_room_for_whatever_comes() -> None:
    async def test() -> float:
        with boundless("ada") as incoming:
            left = await incoming.admit(1 << 60)
            incoming.keep()
            return left

    assert asyncio.run(test()) == math.inf
