"""Requests that are under way, by the token that each is made with: revoked, it ends them.

A request that reads (a download, a log that is followed, a long poll) is cut where it is. One
that changes something is left to finish what it does, which may be committed already; only
what it still waits to be sent is cut off.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from park.errors import OverLimit

__all__ = ["RequestUnderWay", "UnderWay"]

_SOON_S = 3_600.0
"""An end that is nearer is waited for; a request of longer than that is asked for again."""


@dataclass(slots=True, eq=False)
class RequestUnderWay:
    """A request in its task; ``may_cut``: nothing is lost where it ends now.

    ``is_open`` tells whether who asks may ask for it still.
    """

    task: asyncio.Task[object]
    may_cut: bool
    is_open: Callable[[], bool]
    is_over: bool = False

    def end(self) -> None:
        """Cut it, at once or where it waits for more of its body."""
        self.is_over = True
        if self.may_cut:
            self.task.cancel()


class UnderWay:
    """The requests that are made with tokens and grants, by their ids. For one event loop.

    One user may have ``most`` at a time: each takes a connection, of which there is an end.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._requests: dict[str, set[RequestUnderWay]] = {}
        self._of_users: Counter[str] = Counter()

    def require_room(self, user: str) -> None:
        """Raise `OverLimit` where ``user`` has as many requests under way as he may."""
        if self._most is not None and self._of_users[user] >= self._most:
            raise OverLimit(
                f"{self._of_users[user]:,} requests of {user} are under way, which is the most",
                hint="wait for some of them: park waits for many jobs by one request",
                details={"retry_after_s": 5.0, "limit": self._most},
            )

    @contextmanager
    def noted(
        self,
        id: str,  # noqa: A002 (what it is)
        expires: str,
        *,
        may_cut: bool,
        user: str,
        is_open: Callable[[], bool],
    ) -> Iterator[RequestUnderWay]:
        """Note that this task answers ``user`` a request with token ``id``, which ``expires``."""
        task = asyncio.current_task()
        assert task is not None, "a request is answered in a task"  # noqa: S101 (for mypy)
        request = RequestUnderWay(task, may_cut, is_open)
        self._requests.setdefault(id, set()).add(request)
        self._of_users[user] += 1
        timer = _timer(request, expires)
        try:
            yield request
        finally:
            if timer is not None:
                timer.cancel()
            self._of_users[user] -= 1
            if not self._of_users[user]:
                del self._of_users[user]
            others = self._requests[id]
            others.discard(request)
            if not others:
                del self._requests[id]

    def end(self, ids: Collection[str]) -> None:
        """End what is under way with any of the tokens ``ids``."""
        for each in ids:
            for request in list(self._requests.get(each, ())):
                request.end()

    def look_again(self) -> None:
        """End what may not be asked for any more: rights, groups or the policy have changed."""
        for each in [request for some in self._requests.values() for request in some]:
            if not each.is_open():
                each.end()


def _timer(request: RequestUnderWay, expires: str) -> asyncio.TimerHandle | None:
    left_s = (datetime.fromisoformat(expires) - datetime.now(UTC)).total_seconds()
    if left_s > _SOON_S:
        return None
    return asyncio.get_running_loop().call_later(max(left_s, 0.0), request.end)
