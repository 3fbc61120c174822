"""The short path of the two requests that every job has: plain ASGI in front of the routes.

A router, its dependencies and what surrounds them take longer than a submission or a result
themselves. So what is usual of these two is answered here, by the functions that the routes
call. Whatever is not (a large body, the end of an id, another query, what has to be refused)
goes on to the application, which answers in full: a job whose id is known is no second one,
so a submission may be tried again there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from park.model.ids import JobId
from park.wire import API, JobRequest
from park_server.http.body_limit import replayed, whole_body
from park_server.http.front.job_answers import result_pieces, submitted_pieces
from park_server.http.gate.marked import with_request_id
from park_server.http.parts import LONG_POLL_S, ServiceParts
from park_server.http.pieces import checked_items, written_records
from park_server.http.routing.known_keys import is_of_this_release, require_known_keys
from park_server.json_pieces import LARGE_BYTES
from park_server.threads import in_thread_of

__all__ = ["JobFront"]

_JOBS = f"{API}/jobs"
_RESULT = re.compile(rf"{_JOBS}/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/result")
_WAIT = re.compile(rb"wait=([0-9]{1,2}(?:\.[0-9]{1,6})?)")
_JSON = (b"content-type", b"application/json")


class JobFront:
    """ASGI middleware; put it behind the authentication and the limit of bodies.

    ``parts`` returns the parts of the service, which are there once it has started.
    """

    def __init__(self, app: ASGIApp, parts: Callable[[], ServiceParts]) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a usual submission or question for a result, or pass the request on."""
        if scope["type"] == "http" and scope["path"].startswith(_JOBS):
            if scope["method"] == "POST" and scope["path"] == _JOBS and _JSON in scope["headers"]:
                body = await whole_body(receive)
                receive = replayed(body, receive)
                pieces = await self._submitted(scope, body)
            else:
                pieces = await self._result(scope)
            if pieces is not None:
                await _answer(pieces, send)
                return
        await self._app(scope, receive, send)

    async def _submitted(self, scope: Scope, body: Sequence[Message]) -> Sequence[bytes] | None:
        """Return the records of the jobs in ``body``; None for what the routes are to answer."""
        chunks = [message.get("body", b"") for message in body]
        wait = _seconds(scope["query_string"])
        size = sum(map(len, chunks))
        if size >= LARGE_BYTES or wait is None:
            return None
        text = b"".join(chunks)
        jobs, user = self._parts().jobs, scope["user"]
        try:
            asked = json.loads(text)
            if not isinstance(asked, list):
                return None
            if is_of_this_release(scope):
                require_known_keys(JobRequest, asked)
            requests = checked_items(JobRequest, with_request_id(asked, scope))
            accepted = await jobs.accept(user, jobs.planned(user, requests, size=size))
            if wait:
                ids = [JobId(request.id) for request in requests]
                return await submitted_pieces(self._parts(), user, ids, wait)
            submitted = partial(jobs.submitted, user, accepted)
            if jobs.takes_time(user, accepted):
                return [await in_thread_of(user, written_records, submitted)]
        except Exception:  # noqa: BLE001 (the routes say what it is)
            return None
        return [written_records(submitted)]

    async def _result(self, scope: Scope) -> Sequence[bytes] | None:
        """Return what a job came to; None for what the routes are to answer."""
        asked = _RESULT.fullmatch(scope["path"])
        wait = _seconds(scope["query_string"])
        if asked is None or wait is None or scope["method"] != "GET":
            return None
        try:
            return await result_pieces(self._parts(), scope["user"], JobId(asked[1]), wait)
        except Exception:  # noqa: BLE001 (the routes say what it is)
            return None


def _seconds(query: bytes) -> float | None:
    """Return the ``wait`` of a query that has nothing else, 0 of none; None for any other."""
    if not query:
        return 0.0
    found = _WAIT.fullmatch(query)
    return float(found[1]) if found is not None and float(found[1]) <= LONG_POLL_S else None


async def _answer(pieces: Sequence[bytes], send: Send) -> None:
    """Send JSON as the routes do."""
    size = str(sum(map(len, pieces))).encode("ascii")
    headers = [(b"content-type", b"application/json"), (b"content-length", size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    small = [b"".join(pieces)] if int(size) < LARGE_BYTES else pieces
    for number, piece in enumerate(small, 1):
        await send({"type": "http.response.body", "body": piece, "more_body": number < len(small)})
