"""What users have on the disk: measured now and then, and what they send counted at once."""

from __future__ import annotations

import asyncio

from park_server.quotas.disk_use import DiskUse


def test_a_measurement_holds_for_a_while_and_what_is_sent_counts_at_once() -> None:
    measured: list[str] = []
    now = [0.0]

    def measure(user: str) -> dict[str, int]:
        measured.append(user)
        return {"files": 100, "area": 1}

    async def test() -> None:
        use = DiskUse(measure, lambda: now[0])
        use.add("ada", 50)  # nobody has asked yet
        found = await asyncio.gather(*(use.used("ada") for _ in range(5)))
        assert found == [101] * 5
        use.add("ada", 7)
        assert await use.used("ada") == 108
        assert measured == ["ada"]
        now[0] += 60
        assert await use.used("ada") == 101  # what was sent is measured with the rest
        assert await use.parts("ada") == {"files": 100, "area": 1}
        assert len(measured) == 3

    asyncio.run(test())
