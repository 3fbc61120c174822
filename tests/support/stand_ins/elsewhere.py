"""Another service as tests need it: what it says of jobs is told to it, and it can fall silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
from support.session.limits import LIMIT_S

from park.errors import NotAuthenticated, ParkError, UnknownItem
from park.model.truth import Truth

__all__ = ["URL", "Elsewhere", "leaf"]

URL = "http://elsewhere.example/park"


def leaf(job: str) -> dict[str, Any]:
    """Return the leaf that says that ``job`` completed."""
    return {"job": job, "is": "completed"}


@dataclass(kw_only=True)
class Elsewhere:
    """What a park service elsewhere would answer.

    ``verdicts`` by job; a job that is not there is *not yet*, for the reason in ``going``.
    ``waits`` has how long each poll would wait. ``tokens`` opens everything; ``expired``
    nothing. ``results`` and ``files`` by job, ``cut_after`` bytes of a file the connection
    breaks, once for each number. ``asked`` counts the requests by method and path.
    """

    verdicts: dict[str, tuple[str, str]] = field(default_factory=dict)
    going: dict[str, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {"good"})
    refused: set[str] = field(default_factory=set)
    results: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)
    is_up: bool = True
    requests: list[httpx2.Request] = field(default_factory=list)
    answer: Callable[[httpx2.Request], Awaitable[httpx2.Response] | httpx2.Response] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def client(self, *_: object) -> httpx2.AsyncClient:
        """Return a client whose every request comes here."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))

    def asked(self, method: str, path: str) -> int:
        """Return how often that was asked."""
        wanted = (method, f"/park/api/v1{path}")
        return sum((each.method, each.url.path) == wanted for each in self.requests)

    async def until_asked(self, method: str, path: str, times: int = 1) -> None:
        """Wait until that was asked so often."""
        async with asyncio.timeout(LIMIT_S):
            while self.asked(method, path) < times:
                self.came.clear()
                await self.came.wait()

    def say(self, job: str, truth: Truth = Truth.TRUE, why: str = "") -> None:
        """Decide what is said of ``job``."""
        self.verdicts[job] = (str(truth), why)
        self.changed.set()

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        self.came.set()
        if not self.is_up:
            raise httpx2.ConnectError("connection refused")
        if self.answer is not None:
            answer = self.answer(request)
            return answer if isinstance(answer, httpx2.Response) else await answer
        return await self.usual(request)

    async def usual(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as a service does; `answer` may call it."""
        try:
            return await self._answered(request)
        except ParkError as error:
            return httpx2.Response(error.http_status, json=error.as_problem())

    async def _answered(self, request: httpx2.Request) -> httpx2.Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise NotAuthenticated(f"the grant {token or 'of nobody'} expired")
        path = request.url.path.removeprefix("/park/api/v1")
        if path == "/follow":
            return await self._follow(json.loads(request.content))
        if path == "/grant":
            self.tokens.discard(token)
            return httpx2.Response(204)
        _, _, job, kind, *rest = path.split("/")
        if kind == "result":
            return self._result(job)
        return self._file(job, "/".join(rest), request)

    async def _follow(self, body: dict[str, Any]) -> httpx2.Response:
        asked = [each["leaf"]["job"] for each in body["leaves"]]
        if unknown := self.refused.intersection(asked):
            raise UnknownItem(f"no job {min(unknown)} on this service")
        self.waits.append(body["wait"])
        with suppress(TimeoutError):
            async with asyncio.timeout(body["wait"]):
                while not any(job in self.verdicts for job in asked):
                    if not self.is_up:
                        raise httpx2.ReadError("connection reset")
                    self.changed.clear()
                    await self.changed.wait()
        said = [
            self.verdicts.get(job, (str(Truth.NOT_YET), self.going.get(job, ""))) for job in asked
        ]
        return httpx2.Response(200, content=json.dumps([{"truth": t, "why": w} for t, w in said]))

    def fall_silent(self) -> None:
        """Break all connections and refuse new ones."""
        self.is_up = False
        self.changed.set()

    def come_back(self) -> None:
        """Answer again."""
        self.is_up = True

    def _result(self, job: str) -> httpx2.Response:
        if job not in self.results:
            raise UnknownItem(f"no job {job} on this service")
        record = {"status": "completed", "error": None, "files": self.records.get(job, [])}
        return httpx2.Response(
            200, content=json.dumps({"job": record, "result": self.results[job]})
        )

    def _file(self, job: str, name: str, request: httpx2.Request) -> httpx2.Response:
        content = self.files[job][name]
        start = int(request.headers.get("range", "bytes=0-")[6:].rstrip("-"))
        status = 206 if "range" in request.headers else 200
        return httpx2.Response(status, content=self._sent(content[start:]))

    async def _sent(self, content: bytes) -> AsyncIterator[bytes]:
        cut = self.cut_after.pop(0) if self.cut_after else None
        for first in range(0, len(content), 1000):
            if cut is not None and first >= cut:
                raise httpx2.ReadError("connection reset")
            yield content[first : first + 1000]
