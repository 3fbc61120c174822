"""Passes that are wanted of the agents of users, and who waits for each of them.

Nothing here is written down: after a restart whoever needs a pass wants it again.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from park.errors import NotPermitted, UnknownItem, UsageError
from park.wire import PassAnswer, WantedPass
from park_server.bus import Bus
from park_server.clock import now

__all__ = ["PassRefused", "Wanted", "WantedPassBook"]

_GAP_S = 5.0
"""An agent that asks again within that was there all the while."""

_LOST_S = 90.0
"""Longer than an agent waits for a person: what it took and did not answer, it lost."""

_LATER_S = 10.0
"""After which an agent is told again of what it could not answer yet."""

_LONGEST = 500
"""Characters of what an agent says, and of a token."""


class PassRefused(NotPermitted):
    """The agent, or the person at it, does not permit a use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One request to the service at the URL ``service``, with a ``grant`` of ``user``, for ``job``.

    ``path`` is decoded, and begins below that URL.
    """

    user: str
    job: str
    grant: str
    service: str
    method: str
    path: str


@dataclass(kw_only=True, slots=True)
class _Open:
    id: str
    wanted: Wanted
    since: str
    answer: asyncio.Future[str]
    taken_by: str | None = None
    told_again_at: float = -math.inf
    remark: str = ""


@dataclass(slots=True)
class _Agents:
    """The agents of a user: how many listen now, and when one did last."""

    listening: int = 0
    last: float = -math.inf
    gone_since: str = field(default_factory=now)


class WantedPassBook:
    """What is wanted, by its id; ``bus`` wakes agents. All methods belong to the event loop."""

    def __init__(self, bus: Bus, steady: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._steady = steady
        self._open: dict[str, _Open] = {}
        self._agents: dict[str, _Agents] = {}
        self._on_change: list[Callable[[], None]] = []

    def on_change(self, act: Callable[[], None]) -> None:
        """Have ``act`` called whenever a job begins, or ceases, to wait for a pass."""
        self._on_change.append(act)

    async def token(self, wanted: Wanted) -> str:
        """Return a pass for ``wanted``, however long its user's agents are away.

        Raises `PassRefused` where it is refused.
        """
        each = _Open(
            id=secrets.token_urlsafe(12),
            wanted=wanted,
            since=now(),
            answer=asyncio.get_running_loop().create_future(),
        )
        self._open[each.id] = each
        self._bus.publish(_subject(wanted.user))
        self._tell()
        try:
            return await each.answer
        finally:
            del self._open[each.id]
            self._tell()

    def waiting(self, jobs: Collection[str]) -> int:
        """Return how many of ``jobs`` wait for a pass."""
        return len({each.wanted.job for each in self._open.values()} & set(jobs))

    async def listen(self, user: str, agent: str, wait_s: float) -> list[WantedPass]:
        """Return what is wanted of ``user`` and new to ``agent``, waiting for the first of it."""
        agents = self._agents.setdefault(user, _Agents())
        agents.listening += 1
        try:
            found = await self._bus.wait_until(
                _subject(user), lambda: self._new_to(user, agent), bool, self._pause(user, wait_s)
            )
            found = found or self._new_to(user, agent)
        finally:
            agents.listening -= 1
            agents.last, agents.gone_since = self._steady(), now()
        for each in found:
            each.taken_by, each.told_again_at = agent, self._steady() + _LOST_S
        return [_record(each) for each in found]

    def answer(self, id: str, user: str, answer: PassAnswer) -> None:  # noqa: A002
        """Give an agent's ``answer`` to who waits; raises `UnknownItem` where nobody does."""
        each = self._open.get(id)
        if each is None or each.wanted.user != user or each.answer.done():
            raise UnknownItem(
                "nobody waits for this pass", hint="it was answered, or its job has ended"
            )
        if answer.token is not None:
            each.answer.set_result(answer.token[:_LONGEST])
        elif answer.refused is not None:
            each.answer.set_exception(PassRefused(_line(answer.refused)))
        elif answer.later is not None:
            each.remark = _line(answer.later)
            each.told_again_at = self._steady() + _LATER_S
        else:
            raise UsageError("an answer has a token, or says why there is none")

    def remark(self, job: str) -> str:
        """Return a line on what ``job`` waits for an agent to permit, or nothing."""
        found = [each for each in list(self._open.values()) if each.wanted.job == job]
        if not found:
            return ""
        return self._told(min(found, key=lambda each: each.since))

    def _told(self, each: _Open) -> str:
        wanted = each.wanted
        what = (
            f"the agent of {wanted.user} is to permit {wanted.method} {wanted.service}{wanted.path}"
        )
        agents = self._agents.get(wanted.user, _Agents())
        if not agents.listening and self._steady() - agents.last > _GAP_S:
            since = _minute(max(agents.gone_since, each.since))
            return f"{what}, and none is reachable since {since}: park login where it is to run"
        if each.remark:
            return f"{what}: {each.remark}"
        return f"{what}, and was asked at {_minute(each.since)}"

    def _new_to(self, user: str, agent: str) -> list[_Open]:
        moment = self._steady()
        return [
            each
            for each in self._open.values()
            if each.wanted.user == user
            and not each.answer.done()
            and (each.taken_by != agent or each.told_again_at <= moment)
        ]

    def _pause(self, user: str, wait_s: float) -> float:
        """Return for how long to wait: no longer than until an agent is to be told again."""
        moment = self._steady()
        again = [
            each.told_again_at - moment
            for each in self._open.values()
            if each.wanted.user == user and each.told_again_at > moment
        ]
        return max(0.0, min([wait_s, *again]))

    def _tell(self) -> None:
        for act in self._on_change:
            act()


def _record(each: _Open) -> WantedPass:
    wanted = each.wanted
    return WantedPass(
        id=each.id,
        grant=wanted.grant,
        service=wanted.service,
        method=wanted.method,
        path=wanted.path,
        job=wanted.job,
    )


def _subject(user: str) -> str:
    return f"passes of {user}"


def _minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def _line(text: str) -> str:
    return " ".join(text[: 2 * _LONGEST].split())[:_LONGEST]
