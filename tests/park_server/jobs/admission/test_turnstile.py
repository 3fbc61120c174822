"""A turnstile lets one through at a time, and users take turns."""

from __future__ import annotations

import asyncio

import pytest
from support.session.limits import LIMIT_S

from park_server.jobs.admission.turnstile import Turnstile


class Gate:
    """A turnstile whose passages are told, and end when that is said."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self._turnstile = Turnstile()
        self._may_leave = asyncio.Queue[None]()

    def send(self, name: str) -> asyncio.Task[None]:
        """Have something of the user with the first letter of ``name`` go through."""
        return asyncio.ensure_future(self._through(name))

    async def _through(self, name: str) -> None:
        async with self._turnstile.passed(name[0]):
            self.inside.append(name)
            await self._may_leave.get()

    async def let_out(self, count: int) -> list[str]:
        """Return who went in so far, when ``count`` more have gone out."""
        for _ in range(count):
            self._may_leave.put_nowait(None)
        async with asyncio.timeout(LIMIT_S):
            for _ in range(5 * count):
                await asyncio.sleep(0)
        return self.inside


def test_users_take_turns_and_each_goes_in_his_order() -> None:
    async def test() -> None:
        gate = Gate()
        tasks = [gate.send(name) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]
        assert await gate.let_out(0) == []
        await asyncio.sleep(0)
        assert gate.inside == ["a1"]
        assert await gate.let_out(2) == ["a1", "a2", "b1"]
        assert await gate.let_out(4) == ["a1", "a2", "b1", "c1", "a3", "b2"]
        await asyncio.gather(*tasks)
        tasks = [gate.send("a4")]
        await gate.let_out(1)
        await asyncio.gather(*tasks)

    asyncio.run(test())


@pytest.mark.parametrize("its_turn", [False, True], ids=["while it waits", "at its turn"])
def test_who_gives_up_keeps_nobody_from_a_turn(*, its_turn: bool) -> None:
    async def test() -> None:
        gate = Gate()
        first, given_up, last = (gate.send(name) for name in ("a1", "b1", "c1"))
        await asyncio.sleep(0)
        if its_turn:
            gate._may_leave.put_nowait(None)
            await asyncio.sleep(0)  # the first has been told, and leaves next
            await asyncio.sleep(0)
        given_up.cancel()
        await gate.let_out(2)
        assert "c1" in gate.inside
        await gate.let_out(1)
        await asyncio.gather(first, last)
        with pytest.raises(asyncio.CancelledError):
            await given_up

    asyncio.run(test())
