"""Which jobs go to a worker together: very short ones, where more wait than there are workers.

A task of Parsl's costs more than such a job itself. Jobs that may have the process of another
(``reuse``) come to be known by how long those before them took; a worker to which one turns out
to be slow gives back those behind it (see `park_server.pilots.pilot_worker`).

What is known to be short waits here while each worker has tasks ahead, and so finds company: what a
service orders comes one by one, as its commits do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["MOST", "TASK_S", "Group", "Groups"]

MOST = 8
"""Jobs of one task: with so many, what it costs is a small part."""

TASK_S = 0.25
"""How long a task may take by what is known: so late is the end of the first of them told."""

_SHORT_S = 1.0
"""Those of which one took longer wait for nobody. Shorter ones do, though a task may have one of
them only: a single one that a busy machine has held up lets no crowd go one by one."""

_AHEAD = 2
"""Tasks for each worker that are under way: who is done with one has another one."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Group:
    """The orders of one task; ``is_short``: of those that wait for one another."""

    messages: list[dict[str, Any]]
    is_short: bool = False


class Groups:
    """Orders on their way to workers, by the name of the file of each one's fork server.

    And what is known of how long the jobs of those took.
    """

    def __init__(self) -> None:
        self._took_s: dict[str, float] = {}
        self._alone: deque[dict[str, Any]] = deque()
        self._short: dict[str, deque[dict[str, Any]]] = {}
        self._under_way = 0

    def learn(self, server: str, took_s: float) -> None:
        """Note how long a job took; one slow one weighs more than a few quick ones after it."""
        self._took_s[server] = max(took_s, self._took_s.get(server, took_s) / 2)

    def add(self, message: dict[str, Any]) -> None:
        """Have an order wait for `taken`.

        One that was given back is alone: nobody would see a second time that it is slow.
        """
        if message["order"].get("reuse") and "again" not in message:
            self._short.setdefault(message["server"], deque()).append(message)
        else:
            self._alone.append(message)

    def taken(self, workers: int) -> Iterator[Group]:
        """Yield what goes to one of ``workers`` now, each with what shares its task.

        The kinds of fork servers take turns; those of one keep their order.
        """
        while self._alone:
            yield Group(messages=[self._alone.popleft()])
        together = [name for name in self._short if workers and self._is_short(name)]
        for server in self._short.keys() - together:
            for message in self._short.pop(server):
                yield Group(messages=[message])
        while self._short and self._under_way < _AHEAD * workers:
            waiting = sum(map(len, self._short.values()))
            server = next(iter(self._short))
            orders = self._short.pop(server)
            size = max(1, min(self._by_time(server), waiting // (_AHEAD * workers)))
            group = Group(
                messages=[orders.popleft() for _ in range(min(size, len(orders)))], is_short=True
            )
            if orders:
                self._short[server] = orders
            self._under_way += 1
            yield group

    def over(self, group: Group) -> None:
        """Note that the task of ``group`` has ended, however it did."""
        self._under_way -= group.is_short

    def _is_short(self, server: str) -> bool:
        return self._took_s.get(server, 2 * _SHORT_S) <= _SHORT_S

    def _by_time(self, server: str) -> int:
        """Return how many a task has at most, by how long those before them took."""
        return int(TASK_S / max(self._took_s[server], TASK_S / MOST))
