"""What goes on from one hop to the next, and how a request came."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from park_server.process.handed_on import HandedOn, as_came, handed

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


def test_what_is_of_one_hop_alone_stays_behind() -> None:
    said = [
        (b"host", b"lab"),
        (b"Connection", b"keep-alive, X-Mine"),
        (b"x-mine", b"1"),
        (b"te", b"trailers"),
        (b"expect", b"100-continue"),
        (b"x-park-came", b"a lie"),
        (b"content-length", b"3"),
    ]
    assert handed(said) == [(b"host", b"lab"), (b"content-length", b"3")]
    assert handed(said, came=b"told")[-1] == (b"x-park-came", b"told")


@pytest.mark.parametrize("client", [("10.0.0.7", 41), None])
def test_a_request_is_as_it_came_to_the_other(client: tuple[str, int] | None) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        seen.append(scope)

    async def nothing(*_: Message) -> Any:
        raise AssertionError

    came = {"type": "http", "scheme": "https", "client": client, "server": ("10.0.0.1", 8750)}
    here: dict[str, Any] = {"type": "http", "scheme": "http", "client": None, "server": ("s", None)}
    headers = handed([(b"host", b"lab")], came=as_came(came))
    asyncio.run(HandedOn(app)({**here, "headers": headers}, nothing, nothing))
    assert seen == [{**came, "headers": [(b"host", b"lab")]}]


def test_what_nobody_handed_on_stays_as_it_is() -> None:
    scope = {"type": "http", "headers": [(b"host", b"lab")], "scheme": "http"}

    async def app(found: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        assert found is scope

    async def nothing(*_: Message) -> Any:
        raise AssertionError

    asyncio.run(HandedOn(app)(scope, nothing, nothing))
