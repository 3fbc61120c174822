"""Asking services what a condition is worth, once or until it is decided."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from park.client.access.transport import patient
from park.client.connection import Connection
from park.client.jobs.handle import Handle
from park.client.jobs.told.waiting_line import WaitingLine
from park.client.submission.seconds import deadline_said
from park.client.voice import Voice, of_script
from park.errors import ParkError, UsageError
from park.model.conditions import (
    At,
    Before,
    Expression,
    Leaf,
    Pool,
    describe,
    evaluate,
    leaves,
)
from park.model.leaves import service_of
from park.model.truth import NOT_YET, TRUE, Verdict, never

__all__ = ["Question"]


class Question:
    """A condition while it is asked about: what its leaves are worth, as far as it is known.

    ``handles`` are the jobs and installs that it speaks of, ``pools`` the service whose pools
    it means, and ``shown`` what a person knows it by.
    """

    def __init__(
        self,
        expression: Expression,
        handles: Sequence[Handle],
        *,
        pools: Connection | None,
        shown: str,
    ) -> None:
        self._expression = expression
        self._handles = handles
        self._shown = shown
        self._verdicts: dict[int, Verdict] = {}
        self._asked: dict[Connection, list[Leaf]] = {}
        self._timed: list[Leaf] = []
        connections = {handle.connection.url: handle.connection for handle in handles}
        for leaf in leaves(self._expression):
            if isinstance(leaf, (At, Before)):
                self._timed.append(leaf)
                continue
            is_pool = isinstance(leaf, Pool)
            where = pools if is_pool else connections.get(str(service_of(leaf)))
            if where is None:
                raise UsageError(
                    f"which service has {describe(leaf)}? It is not said",
                    hint="make park.available(…) in the block of a service: with service: …",
                )
            self._asked.setdefault(where, []).append(leaf)

    def _worth(self) -> Verdict:
        now = datetime.now(UTC)
        for leaf in self._timed:
            if isinstance(leaf, At):
                self._verdicts[id(leaf)] = TRUE if now >= leaf.moment else NOT_YET
            elif isinstance(leaf, Before):
                passed = now >= leaf.moment
                self._verdicts[id(leaf)] = never(f"it is past {leaf.moment}") if passed else TRUE
        return evaluate(self._expression, lambda leaf: self._verdicts.get(id(leaf), NOT_YET))

    def _confirm(self) -> None:
        for handle in self._handles:
            handle.confirm()

    def asked_once(self) -> Verdict:
        """Ask each service once, and return what the condition is worth now."""
        self._confirm()
        for connection, asked in self._asked.items():
            for leaf, verdict in zip(asked, connection.verdicts(asked, 0), strict=True):
                self._verdicts[id(leaf)] = verdict
        return self._worth()

    def answered(self, timeout: float | None) -> Verdict:
        """Wait until it is decided, or raise `TimeoutError`."""
        timeout, deadline = deadline_said(timeout)
        answers: queue.Queue[tuple[Leaf, Verdict | ParkError]] = queue.Queue()
        ended = threading.Event()
        with patient(timeout):
            verdict = self.asked_once()
        if not verdict.is_decided:
            self._follow(answers, ended)
        line = WaitingLine(self._voice(), self._line)
        try:
            while not verdict.is_decided:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    why = f": {verdict.why}" if verdict.why else ""
                    raise TimeoutError(f"{self._shown}: not yet after {timeout:g} s{why}")
                wait_s = line.wait_s(_shortest(left, self._until_next_moment()))
                with suppress(queue.Empty):
                    self._hear(answers.get(timeout=wait_s))
                line.look()
                verdict = self._worth()
        finally:
            line.end()
            ended.set()
        return verdict

    def _voice(self) -> Voice:
        """Return what is heard where somebody waits for it: the service's that is asked."""
        return next((each.transport.voice for each in self._asked), None) or of_script()

    def _line(self) -> str:
        """Return what is still waited for."""
        return f"{self._shown} is not true yet: {self._worth().why}"

    def _follow(
        self, answers: queue.Queue[tuple[Leaf, Verdict | ParkError]], ended: threading.Event
    ) -> None:
        """Have what is not decided put into ``answers`` once it is, until it has ended."""
        for connection, asked in self._asked.items():
            open_leaves = [
                (leaf, partial(_put, answers, leaf))
                for leaf in asked
                if not self._verdicts[id(leaf)].is_decided
            ]
            connection.follow(open_leaves, wanted=lambda: not ended.is_set())

    def _hear(self, answer: tuple[Leaf, Verdict | ParkError]) -> None:
        leaf, verdict = answer
        if isinstance(verdict, ParkError):
            raise verdict
        self._verdicts[id(leaf)] = verdict

    def _until_next_moment(self) -> float | None:
        now = datetime.now(UTC)
        moments = [leaf.moment for leaf in self._timed if isinstance(leaf, (At, Before))]
        seconds = [(moment - now).total_seconds() for moment in moments if moment > now]
        return min(seconds, default=None)


def _put(
    answers: queue.Queue[tuple[Leaf, Verdict | ParkError]], leaf: Leaf, verdict: Verdict | ParkError
) -> None:
    answers.put((leaf, verdict))


def _shortest(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)
