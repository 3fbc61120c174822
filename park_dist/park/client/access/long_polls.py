"""Following leaves of conditions on a service: many of them, in few requests, from one thread.

A request that waits cannot be told of one leaf more, so new leaves go into a request of
their own. So that there are few of those and each leaf is sent seldom, a new one takes over
the leaves of those that are not larger, as a log-structured merge tree does with its files
(P. O'Neil and others, 1996): of n leaves there are at most log n requests.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from park.client.access.address import Address
from park.client.access.async_transport import AsyncTransport
from park.client.access.http.pulse import BEAT_S
from park.client.voice import of_script
from park.errors import ParkError, ServiceFault, ServiceUnreachable, TooFast
from park.model.backoff import Backoff
from park.model.truth import Truth
from park.wire import API, VerdictRecord, decode

__all__ = ["LongPolls", "Told", "Wanted", "long_polls"]

Told = Callable[[VerdictRecord | ParkError], object]
"""Hears how a leaf was decided, or why that cannot be learned; called in the thread, once."""

Wanted = Callable[[], bool]
"""Whether anybody still waits; what is not wanted is not asked for again."""

_WAIT_S = 25.0
_MOST = 2_000
"""Leaves in one request."""

_PACE_S = 100e-6
"""Between an answer and the next question, for each leaf: about what an answer takes to make."""

_GIVE_UP_S = 60.0
_BACKOFF = Backoff(first_s=0.25, longest_s=5.0)
_IDLE_S = 2.0
"""How long the thread waits for more when there is nothing to follow."""


@dataclass(frozen=True, slots=True, eq=False)
class _Followed:
    """A leaf that somebody waits for, and who is told of it."""

    leaf: dict[str, Any]
    told: Told
    wanted: Wanted


@dataclass(slots=True, eq=False)
class _Question:
    """A request under way, again and again until all of its leaves are decided."""

    leaves: list[_Followed]
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Thread:
    """The loop of a thread that asks, and what it asks for."""

    loop: asyncio.AbstractEventLoop
    wake: asyncio.Event
    questions: list[_Question] = field(default_factory=list)


class LongPolls:
    """Follows leaves on the service at ``address``; its thread ends when there are none."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._new: list[_Followed] = []
        self._thread: _Thread | None = None

    def follow(
        self, leaves: Iterable[tuple[dict[str, Any], Told]], *, wanted: Wanted = lambda: True
    ) -> None:
        """Follow ``leaves`` (as JSON, without a service) while they are ``wanted``.

        Returns at once.
        """
        with self._lock:
            self._new += [_Followed(leaf, told, wanted) for leaf, told in leaves]
            if self._thread is not None:
                self._thread.loop.call_soon_threadsafe(self._thread.wake.set)
                return
            self._thread = _Thread(asyncio.new_event_loop(), asyncio.Event())
            name = f"park follows {self._address.url}"
            threading.Thread(target=self._run, args=(self._thread,), name=name, daemon=True).start()

    def _run(self, thread: _Thread) -> None:
        with asyncio.Runner(loop_factory=lambda: thread.loop) as runner:
            runner.run(self._serve(thread))

    async def _serve(self, thread: _Thread) -> None:
        """Ask until nothing is left to be followed, and nothing comes for a while."""
        transport = AsyncTransport(self._address)
        beats = asyncio.ensure_future(_beats(thread, transport))
        try:
            while True:
                self._take(thread, transport)
                try:
                    await asyncio.wait_for(thread.wake.wait(), _IDLE_S)
                except TimeoutError:
                    if self._ends(thread):
                        return
                thread.wake.clear()
        finally:
            beats.cancel()
            await transport.close()

    def _ends(self, thread: _Thread) -> bool:
        """Tell whether there is nothing to do; whoever comes later starts another thread."""
        with self._lock:
            idle = not self._new and not thread.questions
            if idle:
                self._thread = None
            return idle

    def _take(self, thread: _Thread, transport: AsyncTransport) -> None:
        """Ask for what is new, together with what is asked for in requests no larger."""
        with self._lock:
            new, self._new = self._new, []
        for start in range(0, len(new), _MOST):
            leaves = new[start : start + _MOST]
            for question in sorted(thread.questions, key=lambda each: len(each.leaves)):
                if len(question.leaves) <= min(len(leaves), _MOST - len(leaves)):
                    leaves += _taken_from(question)
                    thread.questions.remove(question)
            _ask(thread, transport, leaves)


async def _beats(thread: _Thread, transport: AsyncTransport) -> None:
    """Ask whether the service is still there, while questions wait and somebody hears of it.

    One that is stopped keeps the connections, so that a question waits for it as for news.
    """
    while True:
        await asyncio.sleep(BEAT_S)
        if thread.questions and of_script().is_heard:
            await transport.beat()


def _taken_from(question: _Question) -> list[_Followed]:
    if question.task is not None:
        question.task.cancel()
    return question.leaves


def _ask(thread: _Thread, transport: AsyncTransport, leaves: list[_Followed]) -> None:
    question = _Question(leaves)
    thread.questions.append(question)
    question.task = asyncio.ensure_future(_answered(thread, transport, question))


async def _answered(thread: _Thread, transport: AsyncTransport, question: _Question) -> None:
    """Ask until every leaf is decided, or nothing more can be learned."""
    silent_since, failures = None, 0
    while question.leaves:
        try:
            verdicts = await _verdicts(transport, question.leaves)
        except ServiceUnreachable as error:
            silent_since = silent_since or time.monotonic()
            if time.monotonic() - silent_since > _GIVE_UP_S:
                _tell_all(question, error)
            failures += 1
            transport.silence.because(error.message)
            await asyncio.sleep(_BACKOFF.after(failures))
        except TooFast as error:
            await asyncio.sleep(float(error.details.get("retry_after_s", 1.0)))
        except ParkError as error:
            if len(question.leaves) == 1:
                _tell_all(question, error)
                break
            middle = len(question.leaves) // 2  # it may concern one of them
            _ask(thread, transport, question.leaves[:middle])
            _ask(thread, transport, question.leaves[middle:])
            break
        else:
            silent_since, failures = None, 0
            transport.silence.answered()
            _tell(question, verdicts)
            await asyncio.sleep(len(question.leaves) * _PACE_S)
        question.leaves = [each for each in question.leaves if each.wanted()]
    thread.questions.remove(question)


async def _verdicts(transport: AsyncTransport, leaves: Sequence[_Followed]) -> list[VerdictRecord]:
    body = {"leaves": [{"leaf": each.leaf} for each in leaves], "wait": _WAIT_S}
    answer = await transport.json("POST", f"{API}/follow", json=body)
    if not isinstance(answer, list) or len(answer) != len(leaves):
        raise ServiceFault(f"{transport.address.url} answered other leaves than it was asked for")
    return [decode(VerdictRecord, each) for each in answer]


def _tell(question: _Question, verdicts: Sequence[VerdictRecord]) -> None:
    """Tell what is decided, and keep the others."""
    pairs = list(zip(question.leaves, verdicts, strict=True))
    question.leaves = [each for each, verdict in pairs if verdict.truth == Truth.NOT_YET]
    for each, verdict in pairs:
        if verdict.truth != Truth.NOT_YET:
            each.told(verdict)


def _tell_all(question: _Question, error: ParkError) -> None:
    leaves, question.leaves = question.leaves, []
    for each in leaves:
        each.told(error)


_known: dict[Address, LongPolls] = {}
_lock = threading.Lock()


def long_polls(address: Address) -> LongPolls:
    """Return those of the service at ``address``, which this process has once."""
    with _lock:
        return _known.setdefault(address, LongPolls(address))


def _after_fork() -> None:
    """Begin anew in a forked process, which has none of the threads."""
    global _lock  # noqa: PLW0603 (another thread may have held it)
    _lock = threading.Lock()
    _known.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
