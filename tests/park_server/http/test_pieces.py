"""Large requests and answers: the same as small ones, beside the event loop."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from park_server import json_pieces
from park_server.http import pieces
from park_server.http.pieces import (
    checked_item,
    checked_items,
    is_large,
    off_loop,
    records_response,
)


@dataclass(frozen=True)
class Item:
    name: str
    size: int = 0


def request(body: bytes) -> Any:
    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    return pieces._LargeRequest(scope, receive)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LARGE_BYTES", 10)
    monkeypatch.setattr(pieces, "_ANSWER_S", 0.0)


@pytest.mark.parametrize("document", [{"a": [1, 2.5, None]}, [10**400, -0.0, "é\ud800"], [[]] * 9])
@pytest.mark.parametrize("limit", [1, 1 << 20])
def test_json_is_read_the_same_whatever_its_size(
    monkeypatch: pytest.MonkeyPatch, document: Any, limit: int
) -> None:
    for module in (pieces, json_pieces):
        monkeypatch.setattr(module, "LARGE_BYTES", limit)
    monkeypatch.setattr(pieces._full_collections, "postpone", lambda: None)
    asked = request(json.dumps(document).encode())
    assert repr(asyncio.run(asked.json())) == repr(document)
    assert is_large(asked) is (limit == 1)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_large_body_is_decoded_by_its_chunks_as_if_it_were_whole(
    monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    monkeypatch.setattr(pieces, "LARGE_BYTES", 10)
    monkeypatch.setattr(pieces._full_collections, "postpone", lambda: None)
    text = json.dumps(["é€𝄞" * 9], ensure_ascii=False).encode(coding)
    chunks = [text[at : at + 1] for at in range(len(text))]  # each character is cut

    async def receive() -> Any:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    asked = pieces._LargeRequest({"type": "http", "headers": []}, receive)

    async def read() -> Any:
        return await asked.body(), await asked.json()

    assert asyncio.run(read()) == (text, ["é€𝄞" * 9])


def test_what_is_no_text_is_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LARGE_BYTES", 10)
    monkeypatch.setattr(pieces._full_collections, "postpone", lambda: None)
    for body in (b'["' + b"\xff" * 20, b'["' + "é".encode()[:1] * 20, b"[" * 20):
        with pytest.raises(ValueError):  # noqa: PT011 (json's own, or that of decoding)
            asyncio.run(request(body).json())


@pytest.mark.usefixtures("soon")
def test_full_collections_wait_for_the_last_large_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, usual = gc.get_threshold(), (700, 10, 10)
    # others' loops have ended before what they postponed went on
    monkeypatch.setattr(pieces, "_full_collections", pieces._FullCollections())
    gc.set_threshold(*usual)

    async def test() -> None:
        first, second = request(b"[1, 2, 3, 4]"), request(b"[5, 6, 7, 8]")
        for each in (first, second):
            with pieces._full_collections.postponed(each):
                await each.json()
            assert gc.get_threshold() == (*usual[:2], pieces._NEVER)
        pieces._full_collections._resume()
        assert gc.get_threshold() != usual
        pieces._full_collections._resume()
        assert gc.get_threshold() == usual

    # what is called later is called here
    loop = asyncio.new_event_loop()
    loop.call_later = lambda *_, **__: None  # type: ignore[method-assign,assignment]
    try:
        loop.run_until_complete(test())
    finally:
        loop.close()
        gc.set_threshold(*before)


@pytest.mark.parametrize("large", [True, False])
def test_work_on_what_is_large_is_in_a_thread(*, large: bool) -> None:
    asked = Request({"type": "http", pieces._KEY: large})
    thread = asyncio.run(off_loop(asked, threading.get_ident))
    assert (thread != threading.get_ident()) is large


def test_items_are_checked_each_at_its_place() -> None:
    assert checked_item(Item, {"name": "a", "size": 1}, "one") == Item("a", 1)
    assert checked_items(Item, [{"name": "a"}, {"name": "b"}], "items") == [Item("a"), Item("b")]
    with pytest.raises(RequestValidationError) as caught:
        checked_items(Item, [{"name": "a"}, {"name": "b", "size": "many"}], "items")
    assert caught.value.errors()[0]["loc"] == ("body", "items", 1, "size")


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("count", [0, 1, 250])
def test_records_are_written_as_one_list(count: int, *, many: bool) -> None:
    records = [Item(f"é{n}", n) for n in range(count)]
    answer = asyncio.run(records_response(request(b""), lambda: records, many=many))
    assert answer.media_type == "application/json"
    found = json.loads(bytes(answer.body))
    assert found == [{"name": f"é{n}", "size": n} for n in range(count)]
