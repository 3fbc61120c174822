from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from support.material.open_doors import anybody
from support.session.limits import LIMIT_S

from park.errors import OverLimit
from park_server.clock import text_of
from park_server.trust.under_way import UnderWay

LATER = text_of(datetime.now(UTC) + timedelta(days=1))


async def _ended(under_way: UnderWay, id_: str, ended: list[str], expires: str = LATER) -> None:
    async def asked() -> None:
        with under_way.noted(id_, expires, may_cut=True, user="ada", is_open=anybody):
            await asyncio.wait_for(asyncio.Event().wait(), LIMIT_S)

    task = asyncio.create_task(asked())
    await asyncio.sleep(0)
    under_way.end(ended)
    with pytest.raises(asyncio.CancelledError):
        await task


def test_what_reads_is_cut_when_its_token_ends() -> None:
    under_way = UnderWay()
    asyncio.run(_ended(under_way, "a", ["b", "a"]))
    assert not under_way._requests


def test_what_reads_is_cut_when_its_token_expires() -> None:
    asyncio.run(_ended(UnderWay(), "a", [], expires=text_of(datetime.now(UTC))))


def test_what_changes_something_is_left_to_finish() -> None:
    async def asked() -> bool:
        under_way = UnderWay()
        with under_way.noted("a", LATER, may_cut=False, user="ada", is_open=anybody) as request:
            under_way.end(["a"])
            await asyncio.sleep(0)
            return request.is_over

    assert asyncio.run(asked())


def test_a_user_has_an_end_of_what_is_under_way_and_others_have_theirs() -> None:
    async def test() -> None:
        under_way = UnderWay(most=2)
        with under_way.noted("a", LATER, may_cut=True, user="ada", is_open=anybody):
            under_way.require_room("ada")
            with under_way.noted("b", LATER, may_cut=True, user="ada", is_open=anybody):
                under_way.require_room("bob")
                with pytest.raises(OverLimit, match="2 requests of ada are under way"):
                    under_way.require_room("ada")
            under_way.require_room("ada")
        assert not under_way._of_users

    asyncio.run(test())


def test_what_nobody_may_ask_for_any_more_ends_and_all_else_goes_on() -> None:
    async def test() -> None:
        under_way = UnderWay()
        may: dict[str, bool] = {"ada": True, "bob": True}

        async def asked(user: str) -> None:
            with under_way.noted("a", LATER, may_cut=True, user=user, is_open=lambda: may[user]):
                await asyncio.wait_for(asyncio.Event().wait(), LIMIT_S)

        ada, bob = (asyncio.create_task(asked(user)) for user in may)
        await asyncio.sleep(0)
        under_way.look_again()
        await asyncio.sleep(0)
        may["ada"] = False
        under_way.look_again()
        with pytest.raises(asyncio.CancelledError):
            await ada
        assert not bob.done()
        bob.cancel()

    asyncio.run(test())
