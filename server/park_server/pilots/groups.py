"""Which jobs go to a worker together: very short ones, where more wait than there are workers.

A task of Parsl's costs more than such a job itself. Jobs that may have the process of another
(``reuse``) come to be known by how long those before them took; a worker to which one turns out
to be slow gives back those behind it (see `park_server.pilots.pilot_worker`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["MOST", "TASK_S", "Groups"]

MOST = 8
"""Jobs of one task: with so many, what it costs is a small part."""

TASK_S = 0.25
"""How long a task may take by what is known: so late is the end of the first of them told."""

_AHEAD = 2
"""Tasks for each worker that are left, at least: who is done first has another one."""


class Groups:
    """What is known of the jobs of each fork server's kind, by the name of its file."""

    def __init__(self) -> None:
        self._took_s: dict[str, float] = {}

    def learn(self, server: str, took_s: float) -> None:
        """Note how long a job took; one slow one weighs more than a few quick ones after it."""
        self._took_s[server] = max(took_s, self._took_s.get(server, took_s) / 2)

    def of(
        self, messages: Iterable[dict[str, Any]], *, waiting: int, workers: int
    ) -> list[list[dict[str, Any]]]:
        """Return what was to be started at once, in the groups of each task, in their order.

        ``waiting`` counts all that have not ended, of which ``workers`` take one each. One that
        was given back is alone: nobody would see that a second time.
        """
        made: list[list[dict[str, Any]]] = []
        open_ones: dict[str, list[dict[str, Any]]] = {}
        for message in messages:
            server = message["server"]
            group = open_ones.get(server)
            may_share = message["order"].get("reuse") and "again" not in message
            size = self._size(server, waiting, workers) if may_share else 1
            if size == 1 or group is None or len(group) >= size:
                group = []
                made.append(group)
            group.append(message)
            if size > 1:
                open_ones[server] = group
        return made

    def _size(self, server: str, waiting: int, workers: int) -> int:
        took_s = self._took_s.get(server)
        if took_s is None or not workers:
            return 1
        by_time = TASK_S / max(took_s, TASK_S / MOST)
        return max(1, min(MOST, waiting // (_AHEAD * workers), int(by_time)))
