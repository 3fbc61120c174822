"""What stays free, and who is refused for it."""

from __future__ import annotations

import asyncio
import time

import pytest

from park.errors import NoRoom
from park_server.quotas.disk_reserve import NO_RESERVE, DiskReserve
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.limits import NO_LIMITS, Allowance
from park_server.quotas.quotas import Quotas

MIB = 1 << 20


@pytest.mark.parametrize("more", [-5, 0, 2 * MIB])
def test_what_leaves_the_reserve_is_taken(more: int) -> None:
    DiskReserve(free=lambda: 10 * MIB, size=8 * MIB).require(more)
    NO_RESERVE.require(more)


def test_what_would_come_out_of_it_is_refused_with_what_there_is() -> None:
    reserve = DiskReserve(free=lambda: 10 * MIB, size=8 * MIB)
    with pytest.raises(NoRoom) as caught:
        reserve.require(2 * MIB + 1)
    assert caught.value.message == (
        "the disk of this service has 10.0 MiB free, and 2.0 MiB more were sent:"
        " 8.0 MiB stay free for what it does itself"
    )
    assert "park admin clean" in str(caught.value.hint)


def test_a_stream_ends_where_the_reserve_begins_and_small_requests_go_on() -> None:
    free = [10 * MIB]
    disk = DiskUse(lambda _: {}, time.monotonic)
    quotas = Quotas(
        lambda _: Allowance(own=NO_LIMITS),
        disk,
        time.monotonic,
        DiskReserve(free=lambda: free[0], size=8 * MIB),
    )

    async def test() -> None:
        with quotas.incoming("ada") as incoming:
            with pytest.raises(NoRoom, match=r"and 3\.0 MiB more were sent"):
                await incoming.admit(3 * MIB)
            await incoming.admit(2 * MIB)  # announced as a whole
            free[0] -= MIB  # half of it is here
            await incoming.admit(MIB)
            free[0] = 8 * MIB - 1
            with pytest.raises(NoRoom, match="stay free"):
                await incoming.admit(2 * MIB)
        assert disk.coming["ada"] == 0
        await quotas.require_room("ada", 1000)  # a submission of jobs

    asyncio.run(test())


def test_a_file_more_is_refused_where_few_can_be_made() -> None:
    left = [101]
    reserve = DiskReserve(free=lambda: 10 * MIB, size=MIB, free_inodes=lambda: left[0], inodes=100)
    reserve.require(0)
    left[0] = 100
    with pytest.raises(NoRoom, match="takes 100 files more: 100 stay for what it does itself"):
        reserve.require(0)
