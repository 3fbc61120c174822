"""Each request counts once, where it belongs; who waits for news is no slow answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from park_server.operating.traffic import Traffic, index_kind, part_of

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the status that the path ends with, or fail."""
    del receive
    status = scope["path"].rpartition("/")[2]
    if not status.isdecimal():
        raise RuntimeError(status)
    await send({"type": "http.response.start", "status": int(status), "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/api/v1", "api"),
        ("/api/v1/jobs", "api"),
        ("/api/v10", "other"),
        ("/simple/six/", "index"),
        ("/trees/simple/", "index"),
        ("/files/ab/six.whl", "index"),
        ("/legacy/", "index"),
        ("/", "page"),
        ("/page/main.js", "page"),
        ("/ready", "probe"),
        ("/../etc", "other"),
    ],
)
def test_each_path_is_of_one_part(path: str, part: str) -> None:
    assert part_of(path) == part


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/simple/six/", "page"),
        ("/files/ab/six.whl", "file"),
        ("/files/ab/six.whl.metadata", "metadata"),
        ("/legacy/", "upload"),
    ],
)
def test_what_is_asked_of_the_index(path: str, kind: str) -> None:
    assert index_kind(path) == kind


def test_requests_are_counted_by_part_and_status() -> None:
    traffic = Traffic(answering)
    client = TestClient(traffic)
    for path in ("/api/v1/200", "/api/v1/200", "/api/v1/404", "/simple/200", "/x/200"):
        client.get(path)
    assert traffic.requests == {
        ("api", 200): 2,
        ("api", 404): 1,
        ("index", 200): 1,
        ("other", 200): 1,
    }
    assert traffic.index == {("page", 200): 1}
    assert traffic.seconds["api"].count == 3


def test_one_that_fails_counts_as_well() -> None:
    traffic = Traffic(answering)
    with pytest.raises(RuntimeError):
        TestClient(traffic).get("/api/v1/x")
    assert traffic.requests == {("api", 0): 1}


@pytest.mark.parametrize(
    ("path", "query", "attribute"),
    [
        ("/api/v1/jobs/x/result", b"wait=20", "waiting"),
        ("/api/v1/events", b"after=3&wait=20", "waiting"),
        ("/api/v1/follow", b"", "waiting"),
        ("/api/v1/events/stream", b"", "streams"),
    ],
)
def test_who_waits_for_news_is_counted_while_he_does(
    path: str, query: bytes, attribute: str
) -> None:
    async def test() -> None:
        began = asyncio.Event()

        async def waits(*_: Any) -> None:
            began.set()
            await asyncio.Event().wait()

        async def send(_: Message) -> None: ...

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        traffic = Traffic(waits)
        scope = {"type": "http", "path": path, "query_string": query}
        request = asyncio.create_task(traffic(scope, receive, send))
        await began.wait()
        assert getattr(traffic, attribute) == 1
        request.cancel()
        with suppress(asyncio.CancelledError):
            await request
        assert getattr(traffic, attribute) == 0
        assert traffic.seconds["api"].count == 0

    asyncio.run(test())
