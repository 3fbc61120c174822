"""The partitions of a cluster, as its sinfo shows them now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from park_server.jobs.engines.offers import EngineOffer, PartitionOffer
from park_server.jobs.engines.slurm.answers import SINFO, parse_sinfo
from park_server.jobs.engines.slurm.asking import Answer, asked_now
from park_server.jobs.engines.slurm.submission import EXTRA

__all__ = ["Partitions"]

_FRESH_S = 5.0
_LIMIT_S = 3.0
"""How long somebody who submits waits for sinfo, which takes some milliseconds."""


class Partitions:
    """Those that jobs may go to: ``allowed``, the first being the default, or all of them."""

    def __init__(
        self,
        allowed: Sequence[str] = (),
        *,
        ask: Callable[[Sequence[str], float], Answer] = asked_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = tuple(allowed)
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Mapping[str, PartitionOffer] = {}
        self._default = next(iter(allowed), None)
        self._asked: float | None = None

    @property
    def default(self) -> str | None:
        """The partition that the operator wants for jobs that name none; None: the cluster's."""
        return next(iter(self._allowed), None)

    def offer(self, name: str) -> EngineOffer:
        """Return what the cluster can give as engine ``name``; from any thread."""
        with self._lock:
            if self._asked is None or self._clock() - self._asked > _FRESH_S:
                self._look()
        return EngineOffer(
            name=name,
            is_cluster=True,
            partitions=self._known,
            partition=self._default,
            extra=EXTRA,
        )

    def _look(self) -> None:
        answer = self._ask(SINFO, _LIMIT_S)
        self._asked = self._clock()
        if answer.is_answered:  # else what was known still holds, as far as anybody knows
            found, default = parse_sinfo(answer.stdout)
            self._default = self.default or default
            allowed = self._allowed or tuple(found)
            self._known = {each: found[each] for each in allowed if each in found}
