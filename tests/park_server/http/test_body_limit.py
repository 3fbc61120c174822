"""Bodies that are held in memory have a limit; what is streamed has none of these."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from park_server.http.body_limit import BodyLimit

LIMIT = 10


class App:
    """Reads its whole request and answers with its length."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self.after: Message | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.body, more = b"", scope["type"] == "http"
        while more:
            message = await receive()
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        self.after = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})


def asked(
    app: App,
    *parts: bytes,
    method: str = "POST",
    path: str = "/api/v1/jobs",
    length: str | None = None,
    kind: str = "http",
) -> tuple[int, dict[str, Any]]:
    """Return the status of the answer and its document."""
    last = len(parts) - 1
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": number < last}
        for number, part in enumerate(parts)
    ]
    messages.append({"type": "http.disconnect"})
    sent: list[Message] = []
    headers: Sequence[tuple[bytes, bytes]] = (
        [] if length is None else [(b"content-length", length.encode())]
    )
    scope = {"type": kind, "method": method, "path": path, "headers": headers}

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(BodyLimit(app, limit=LIMIT)(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body or b"{}")


@pytest.mark.parametrize("parts", [[b""], [b"x" * LIMIT], [b"xxxxx", b"", b"xxxxx"]])
def test_a_body_within_the_limit_arrives_whole(parts: list[bytes]) -> None:
    app = App()
    assert asked(app, *parts)[0] == 200
    assert app.body == b"".join(parts)
    assert app.after == {"type": "http.disconnect"}  # what comes later is heard of


@pytest.mark.parametrize(
    "parts", [[b"x" * (LIMIT + 1)], [b"x" * LIMIT, b"x", b"never read"]], ids=["one", "several"]
)
def test_a_body_that_is_too_large_does_not_arrive(parts: list[bytes]) -> None:
    app = App()
    status, problem = asked(app, *parts)
    assert (status, app.body) == (413, None)
    assert "over the limit of 10 bytes" in problem["detail"]
    assert "as files" in problem["hint"]


@pytest.mark.parametrize("length", ["11", "9" * 40, "-1", "many"])
def test_a_length_that_is_too_much_or_none_is_refused_unread(length: str) -> None:
    app = App()
    assert asked(app, b"x", length=length)[0] == 413
    assert app.body is None


def test_a_length_that_is_allowed_is_read() -> None:
    assert asked(App(), b"x" * 10, length="10")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/api/v1/files/0123", 200),
        ("PUT", "/api/v1/areas/files/~/a", 200),
        ("POST", "/legacy/", 200),
        ("POST", "/api/v1/files/0123", 413),
        ("PUT", "/api/v1/jobs", 413),
    ],
)
def test_only_what_goes_to_the_disk_has_no_limit_here(method: str, path: str, status: int) -> None:
    assert asked(App(), b"x" * 99, method=method, path=path, length="99")[0] == status


def test_what_is_no_request_passes() -> None:
    assert asked(App(), kind="lifespan")[0] == 200
