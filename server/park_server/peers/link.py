"""HTTP to one other service, with the tokens that it gave out, and patience while it is silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import httpx2

from park.errors import PROBLEM_TYPE, CannotSatisfy, NotPermitted, ParkError, from_problem
from park.model.truth import Truth, Verdict
from park.wire import API, StopHow, VerdictRecord, decode, json_body
from park_server.bouncing.wanted_passes import Wanted, WantedPassBook
from park_server.clock import now
from park_server.jobs.races.race_rows import Order
from park_server.json_pieces import LARGE_BYTES, loads
from park_server.peers.lent import Lent, Opening
from park_server.peers.outage import Outage
from park_server.peers.peer_answer import line_of
from park_server.peers.urls import file_path, job_path, normalised
from park_server.proofs.identity import ServiceIdentity
from park_server.threads import in_thread

__all__ = ["Barred", "Followed", "Link", "Silent"]

T = TypeVar("T")

_CONNECT_S = 10.0
_ANSWER_S = 60.0
_GRACE_S = 15.0
"""How much longer than it was asked to a long poll may take."""

_MOST_READS = 16
"""Records and files that are read at a time; long polls do not count."""

_LARGEST_RESULT = 256 << 20
"""Bytes of a record with its result; files, which may be larger, are streamed."""

_LARGEST_ANSWER = 16 << 20
"""Bytes of all else: verdicts of some hundred leaves, the state of a job, what is wrong."""

_WHOLE_S = 600.0
"""How long an answer may take to come that has begun."""

_OK, _REDIRECTED = 200, 300
_UNAUTHORIZED = 401
_TOO_MANY = 429
_SERVER_FAULT = 500


class Silent(Exception):
    """No answer of a park service; another attempt may have one. The text says what came."""


class Barred(Exception):
    """This service does not connect there; the text is for people."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A leaf of a condition as JSON, and what opens it."""

    leaf: dict[str, Any]
    lent: Lent


class Link:
    """One other service. ``client`` follows no redirects: a token stays where it belongs.

    ``opened`` opens the tokens of grants, which are kept sealed: as late as they are sent, so that
    each that it does not open is the end of what needs that one alone.
    ``identity`` signs each use of a grant that is bound to this service; ``passes`` has the
    agents of users asked for those of grants that are bounced.
    """

    def __init__(
        self,
        url: str,
        client: httpx2.AsyncClient,
        opened: Callable[[str], str],
        identity: ServiceIdentity | None = None,
        passes: WantedPassBook | None = None,
    ) -> None:
        self._passes = passes
        self._unanswered: dict[Wanted, str] = {}
        self.url = normalised(url)
        self._client = client
        self._opened = opened
        self._identity = identity
        self._outage: Outage | None = None
        self._is_up = asyncio.Event()
        self._is_up.set()
        self._probing: asyncio.Task[None] | None = None
        self._slots = asyncio.Semaphore(_MOST_READS)

    @property
    def host(self) -> str:
        """Host and port, as people name it."""
        return urlsplit(self.url).netloc

    @property
    def remark(self) -> str:
        """A line on its silence, or nothing."""
        return "" if self._outage is None else self._outage.told(self.host)

    async def stop(self) -> None:
        """Ask no more whether it is back."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what ``ask`` returns, asking again for as long as it raises `Silent`."""
        while True:
            await self._is_up.wait()
            try:
                answer = await ask()
            except Silent as error:
                self.fell_silent(str(error))
            except ParkError:
                self._outage = None
                raise
            else:
                self._outage = None
                return answer

    async def back(self, limit_s: float) -> None:
        """Return when it seems to be up again; raises `Silent` after ``limit_s``."""
        try:
            async with asyncio.timeout(limit_s):
                await self._is_up.wait()
        except TimeoutError as error:
            raise Silent(self.remark) from error

    def fell_silent(self, reason: str) -> None:
        """Let nobody ask until a probe has had an answer; there is one probe for all."""
        if self._outage is None:
            began_s = asyncio.get_running_loop().time()
            self._outage = Outage(since=now(), began_s=began_s, reason=reason)
        elif self._is_up.is_set():
            self._outage = self._outage.again(reason)
        if self._is_up.is_set():
            self._is_up.clear()
            self._probing = asyncio.create_task(self._probe())

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            assert self._outage is not None  # noqa: S101 (it ends where an answer came)
            await asyncio.sleep(self._outage.pause_s(loop.time()))
            try:
                await self._answer("GET", API)
            except Silent as error:
                if self._outage is not None:
                    self._outage = self._outage.again(str(error))
                    continue
            except (ParkError, Barred):
                pass  # without a token it answers 401: it is there
            self._is_up.set()
            return

    async def follow(self, leaves: Sequence[Followed], wait_s: float) -> list[Verdict]:
        """Return a verdict for each leaf, when one is decided or after ``wait_s``."""
        path, lent = f"{API}/follow", leaves[0].lent
        opening = await self._opening("POST", path, lent)
        if len({each.lent.request_id for each in leaves}) > 1:  # one poll for jobs of several
            opening = replace(opening, request_id=None)
        answer = await self._answer(
            "POST",
            path,
            opening,
            timeout=httpx2.Timeout(wait_s + _GRACE_S, connect=_CONNECT_S),
            **json_body(
                {
                    "leaves": [
                        # a pass opens one request: it stands there once, as what that is made with
                        {
                            "leaf": each.leaf,
                            "token": None if lent.bounced else self._opened(each.lent.token),
                        }
                        for each in leaves
                    ],
                    "wait": wait_s,
                }
            ),
        )
        try:
            said = [decode(VerdictRecord, each) for each in await _json(answer)]
            verdicts = [Verdict(Truth(each.truth), line_of(each.why)) for each in said]
        except (TypeError, ValueError) as error:
            raise Silent(f"its verdicts cannot be read: {error}") from error
        if len(verdicts) != len(leaves):
            raise Silent(f"it answered {len(verdicts)} verdicts for {len(leaves)} leaves")
        return verdicts

    async def job(self, job: str, lent: Lent) -> dict[str, Any]:
        """Return the record of a job, with its result where there is one."""
        path = f"{job_path(job)}/result"
        opening = await self._opening("GET", path, lent)
        async with self._slots:
            answer = await self._answer("GET", path, opening, largest=_LARGEST_RESULT)
        document: dict[str, Any] = await _json(answer)
        return document

    async def end_job(self, order: Order, lent: Lent) -> str:
        """Have a job cancelled, or asked to stop, unless others need it there; return its state."""
        is_kept = order.how is StopHow.KEEP
        query = {"unless_needed": "true"} | ({"grace": str(order.grace_s)} if is_kept else {})
        path = f"{job_path(order.competitor)}/{'stop' if is_kept else 'cancel'}"
        opening = await self._opening("POST", path, lent)
        async with self._slots:
            answer = await _json(await self._answer("POST", path, opening, params=query))
        return line_of(str(answer.get("status"))) if isinstance(answer, dict) else ""

    async def renew(self, lent: Lent) -> None:
        """Have a grant be good for another day."""
        await self._answer("PUT", f"{API}/grant", self._itself(lent))

    async def give_back(self, lent: Lent) -> None:
        """Revoke a grant."""
        await self._answer("DELETE", f"{API}/grant", self._itself(lent))

    @asynccontextmanager
    async def file(
        self, job: str, name: str, lent: Lent, headers: dict[str, str]
    ) -> AsyncIterator[httpx2.Response]:
        """Open a file of a job as a stream; raises `Silent` wherever it breaks."""
        path = file_path(job, name)
        opening = await self._opening("GET", path, lent)
        request = self._request("GET", path, headers=headers)
        async with self._slots:
            response = await self._sent(request, opening)
            try:
                if not response.is_success:
                    _check(response.status_code, await _body(response))
                yield response
            except httpx2.HTTPError as error:
                raise Silent(_told(error)) from error
            finally:
                await response.aclose()

    async def _opening(self, method: str, path: str, lent: Lent) -> Opening:
        """Return what opens one request: ``lent`` itself or, where that is bounced, a pass.

        It is waited for before anything that others wait for is taken. A pass that got no answer
        is tried once more: it may not have arrived, and a person may be asked for each.
        """
        if lent.bounced is None or self._passes is None:
            return self._itself(lent)
        wanted = Wanted(
            user=lent.user,
            job=lent.job,
            grant=lent.bounced,
            service=self.url,
            method=method,
            path=unquote(path),
        )
        sent = self._unanswered.pop(wanted, None)
        token = await self._passes.token(wanted) if sent is None else sent
        return replace(self._itself(lent), token=token, wanted=wanted, was_sent=sent is not None)

    def _itself(self, lent: Lent) -> Opening:
        """Return what a grant opens by itself: it is renewed and given back without a pass."""
        token = self._opened(lent.token)
        return Opening(token=token, holder=lent.holder, request_id=lent.request_id)

    async def _answer(
        self,
        method: str,
        path: str,
        opening: Opening | None = None,
        *,
        largest: int = _LARGEST_ANSWER,
        **arguments: Any,
    ) -> bytes:
        response = await self._sent(self._request(method, path, **arguments), opening)
        try:
            body = await _body(response, largest)
        except httpx2.HTTPError as error:
            raise Silent(_told(error)) from error
        finally:
            await response.aclose()
        _check(response.status_code, body)
        return body

    def _request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        **arguments: Any,
    ) -> httpx2.Request:
        timeout = arguments.pop("timeout", httpx2.Timeout(_ANSWER_S, connect=_CONNECT_S))
        return self._client.build_request(
            method,
            f"{self.url}{path}",
            headers={"Accept-Encoding": "identity", **(headers or {})},
            timeout=timeout,
            **arguments,
        )

    async def _sent(self, request: httpx2.Request, opening: Opening | None) -> httpx2.Response:
        if opening is not None and opening.request_id is not None:  # both logs tell of one request
            request.headers["X-Request-Id"] = opening.request_id
        auth: httpx2.Auth | None = None
        if opening is not None and opening.holder is not None and self._identity is not None:
            auth = self._identity.use(opening.token, opening.holder)
        elif opening is not None:
            request.headers["Authorization"] = f"Bearer {opening.token}"
        try:
            response = await self._client.send(
                request, stream=True, follow_redirects=False, auth=auth
            )
        except NotPermitted as error:
            raise Barred(f"{error.message} ({error.hint})") from error
        except httpx2.HTTPError as error:
            if opening is not None and opening.wanted is not None and not opening.was_sent:
                self._unanswered[opening.wanted] = opening.token
            raise Silent(_told(error)) from error
        if opening is not None and opening.was_sent and response.status_code == _UNAUTHORIZED:
            await response.aclose()
            raise Silent("what was asked before had arrived, and its answer was lost")
        return response


async def _body(response: httpx2.Response, largest: int = _LARGEST_ANSWER) -> bytes:
    """Return the body; raises `CannotSatisfy` for one that would fill the memory.

    And `Silent` for one that is compressed, which nobody asked for: what it becomes is known too
    late; and for one that comes by drops, and does not end.
    """
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Silent("it answered compressed, which was not asked for")
    body = bytearray()
    try:
        async with asyncio.timeout(_WHOLE_S):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > largest:
                    raise CannotSatisfy(
                        f"the answer has more than {largest >> 20} MiB",
                        hint="pass large results as files",
                    )
    except TimeoutError as error:
        raise Silent(f"its answer did not end in {_WHOLE_S:.0f} s") from error
    return bytes(body)


def _check(status: int, body: bytes) -> None:
    """Raise what the service says is wrong; `Silent` where it is not a service that speaks."""
    if _OK <= status < _REDIRECTED:
        return
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        problem = None
    is_ours = isinstance(problem, dict) and str(problem.get("type", "")).startswith(PROBLEM_TYPE)
    if not is_ours or status >= _SERVER_FAULT or status == _TOO_MANY:
        raise Silent(f"it answered {status}" if is_ours else f"{status}, not from a park service")
    detail, hint = (problem.get(name) for name in ("detail", "hint"))
    said = {"type": str(problem["type"]), "status": status, "detail": line_of(str(detail or ""))}
    # of all else that it may say, nothing is told here
    raise from_problem(said | ({"hint": line_of(hint)} if isinstance(hint, str) else {}))


async def _json(body: bytes) -> Any:
    """Return the JSON in ``body``; raises `CannotSatisfy` for what is nested beyond reading.

    A large one is read beside the event loop.
    """
    try:
        return loads(body) if len(body) < LARGE_BYTES else await in_thread(loads, body)
    except RecursionError as error:
        raise CannotSatisfy("the answer is nested too deep") from error
    except ValueError as error:
        raise Silent("it answered without JSON, not as a park service") from error


def _told(error: Exception) -> str:
    return line_of(str(error)) or type(error).__name__
