"""The children of a fork server that wait for orders: forked ahead, or at once if none is left."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Iterable

from .. import processes  # noqa: TID252 (named otherwise in environments)
from ..cage.own_processes import OutsideNumbers  # noqa: TID252 (named otherwise in environments)
from ..order import Order, ServerSettings  # noqa: TID252 (named otherwise in environments)
from ..spare import Spare  # noqa: TID252 (named otherwise in environments)
from .zygote import Zygote, begin_zygote

__all__ = ["Supply"]

_RETRY_S = 1.0
"""Time until the next try where the machine has no room for another process."""


class Supply:
    """Children that wait, for a loop that reacts to ``selector`` by the data of its keys.

    It keeps as many ahead as the ``settings`` say. ``numbers`` are processes' outside of here.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        settings: ServerSettings,
        numbers: OutsideNumbers | None = None,
    ) -> None:
        self._selector = selector
        self._settings = settings
        self._numbers = numbers
        self._waiting: deque[Spare] = deque()
        self._ready: list[Spare] = []
        self._zygote: Zygote | None = None
        self._refill_at = 0.0
        self._is_over = False

    def begin(self, inherited: Iterable[int]) -> None:
        """Have what forks, before there is much to be copied; it closes ``inherited``."""
        self._zygote = begin_zygote(inherited, self._settings.jobs, self._numbers)
        self._selector.register(self._zygote, selectors.EVENT_READ, self._welcome)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def pids(self) -> list[int]:
        """The processes that are here for no order: those that wait, and what forks them."""
        zygote = [] if self._zygote is None else [self._zygote.pid]
        return [*zygote, *(spare.pid for spare in (*self._waiting, *self._ready))]

    @property
    def is_short(self) -> bool:
        """Whether one more should be forked now."""
        coming = 0 if self._zygote is None else self._zygote.expected
        enough = self._is_over or len(self._waiting) + coming >= self._settings.spares
        return not enough and time.monotonic() >= self._refill_at

    @property
    def is_untidy(self) -> bool:
        """Whether there is something to be cleared up, at leisure."""
        return self._zygote is not None and self._zygote.has_ended

    def refill(self) -> None:
        """Have one forked ahead, which comes when it is there."""
        try:
            self._forking().ask()
        except OSError:
            self._refill_at = time.monotonic() + _RETRY_S

    def clear_up(self) -> None:
        """Have what has ended waited for."""
        if self._zygote is not None:
            self._zygote.clear_up()

    def hand_over(self, order: Order) -> Spare | None:
        """Give ``order`` to a waiting child or, where none is left, to a new one.

        One that lets it goes to a process that had others. None where the machine does not let a
        process fork.
        """
        while order.reuse and self._ready:
            spare = self._ready.pop()
            self._selector.unregister(spare.pidfd)
            try:
                spare.give(order)
            except OSError:
                self._drop(spare)
                continue
            return spare
        while self._waiting:
            spare = self._waiting.popleft()
            try:
                spare.give(order)
            except OSError:
                self.release(spare)
                continue
            self._selector.unregister(spare.pidfd)
            return spare
        try:
            spare = self._forked()
        except OSError:
            return None
        spare.give(order)
        return spare

    def _forked(self) -> Spare:
        """Return a new child, and have another one follow it. Raises `OSError`."""
        zygote = self._forking()
        while zygote.expected <= min(1, self._settings.spares):
            zygote.ask()
        return zygote.take()

    def _forking(self) -> Zygote:
        if self._zygote is None or self._zygote.is_gone:
            raise OSError("nothing forks for this fork server any more")
        return self._zygote

    def _welcome(self) -> None:
        """Have a child wait that has come."""
        zygote = self._zygote
        if zygote is None:
            return
        try:
            spare = zygote.take()
        except OSError:
            self._refill_at = time.monotonic() + _RETRY_S
            if zygote.is_gone:
                self._selector.unregister(zygote)
                self._is_over = True
            return
        if self._is_over:
            spare.close()
            zygote.reap(spare.pid)
            return
        self._selector.register(spare.pidfd, selectors.EVENT_READ, lambda: self._bury(spare))
        self._waiting.append(spare)

    def _bury(self, spare: Spare) -> None:
        """Forget one that somebody killed."""
        self._waiting.remove(spare)
        self.release(spare)

    def keep(self, spare: Spare) -> None:
        """Have one wait for another order that has ended its job; the loop knows it no more.

        There are as many as wait for their first one, at most.
        """
        if self._is_over or len(self._ready) >= max(1, self._settings.spares):
            self._drop(spare)
            return
        self._selector.register(spare.pidfd, selectors.EVENT_READ, lambda: self._lose(spare))
        self._ready.append(spare)

    def _lose(self, spare: Spare) -> None:
        """Forget one that had a job and is gone: killed, or it left its order to nobody."""
        self._ready.remove(spare)
        self._selector.unregister(spare.pidfd)
        self._drop(spare)

    def _drop(self, spare: Spare) -> None:
        """Let go of one that had a job: whatever that made of it, it ends."""
        processes.signal_group(spare.pid, signal.SIGKILL)
        spare.close()
        if self._zygote is not None:
            self._zygote.reap(spare.pid)

    def release(self, spare: Spare) -> None:
        """Let go of a child that has ended, or is about to, however it does."""
        self._let_go(spare)
        if self._zygote is not None:
            self._zygote.reap(spare.pid)

    def status_of(self, spare: Spare) -> int:
        """Let go of a child that has ended; return its wait status."""
        self._let_go(spare)
        if self._zygote is None:
            return os.waitpid(spare.pid, 0)[1]
        status = self._zygote.status_of(spare.pid)
        while self._zygote.has_come:
            self._welcome()
        return status

    def _let_go(self, spare: Spare) -> None:
        self._selector.unregister(spare.pidfd)
        spare.close()

    def send_home(self) -> None:
        """Have all leave that wait, and no other one come."""
        self._is_over = True
        while self._waiting:
            self.release(self._waiting.popleft())
        while self._ready:
            self._lose(self._ready[-1])
        self.clear_up()

    def close(self) -> None:
        """Have what forks leave; those that wait go with it."""
        while self._ready:
            self._lose(self._ready[-1])
        if self._zygote is not None:
            self._zygote.close()
