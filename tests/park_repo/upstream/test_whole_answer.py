"""`park_repo.upstream.whole_answer`: bodies are read up to a limit, packed ones unpacked."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import httpx2
import pytest

from park.errors import UpstreamFault
from park_repo.upstream.whole_answer import beginning, whole_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "https://up.example/simple/six/"


def answered(answer: httpx2.Response, most: int) -> httpx2.Response:
    async def asked() -> httpx2.Response:
        transport = httpx2.MockTransport(lambda _: answer)
        async with httpx2.AsyncClient(transport=transport) as client:
            request = client.build_request("GET", URL)
            return await whole_answer(await client.send(request, stream=True), most)

    return asyncio.run(asked())


def test_a_packed_page_is_unpacked_and_keeps_what_is_said_of_it() -> None:
    headers = {"Content-Encoding": "gzip", "ETag": '"1"', "Content-Type": "text/html"}
    sent = httpx2.Response(200, headers=headers, content=gzip.compress(b"<a>"))
    whole = answered(sent, 3)
    assert (whole.status_code, whole.content, str(whole.url)) == (200, b"<a>", URL)
    assert (whole.headers["etag"], whole.headers["content-type"]) == ('"1"', "text/html")


def test_headers_need_not_be_ascii() -> None:
    sent = httpx2.Response(200, headers=[(b"X-By", b"\xe9")], content=b"")
    assert answered(sent, 0).headers.raw[0] == (b"X-By", b"\xe9")


def test_a_redirect_that_is_not_followed_says_where_it_leads() -> None:
    whole = answered(httpx2.Response(302, headers={"Location": "/simple/seven/"}), 0)
    assert whole.next_request is not None
    assert str(whole.next_request.url) == "https://up.example/simple/seven/"


def test_a_page_that_never_ends_is_given_up() -> None:
    pieces = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pieces
        while True:
            pieces += 1
            yield b"x" * 1000

    with pytest.raises(UpstreamFault, match=r"a page of more than 5,000 bytes"):
        answered(httpx2.Response(200, content=endless()), 5_000)
    assert pieces == 6


def test_what_is_small_when_packed_is_counted_unpacked() -> None:
    packed = gzip.compress(b" " * 100_000)
    answer = httpx2.Response(200, headers={"Content-Encoding": "gzip"}, content=packed)
    with pytest.raises(UpstreamFault, match=r"more than 50,000 bytes"):
        answered(answer, 50_000)


def test_of_an_answer_without_an_end_the_beginning_is_read() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"<p>" * 1000

    async def asked() -> httpx2.Response:
        answer = httpx2.Response(500, content=endless())
        transport = httpx2.MockTransport(lambda _: answer)
        async with httpx2.AsyncClient(transport=transport) as client:
            request = client.build_request("POST", URL)
            return await beginning(await client.send(request, stream=True))

    whole = asyncio.run(asked())
    assert (whole.status_code, whole.text[:6], len(whole.content)) == (500, "<p><p>", 64 << 10)
    assert sent < 100
