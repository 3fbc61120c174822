"""Several calls at once, which Ctrl-C waits for none of."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from park.lasting_step import SILENCE_S

__all__ = ["side_by_side"]

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")
_Told = Callable[[int, int], object]


def side_by_side(
    work: Callable[[_Item], _Found],
    items: Iterable[_Item],
    *,
    at_once: int,
    told: _Told = lambda done, total: None,  # noqa: ARG005 (nobody listens)
    told_after_s: float = SILENCE_S,
) -> list[_Found]:
    """Return what ``work`` makes of each of ``items``, in their order; ``at_once`` at a time.

    Raises the first error as it comes. Each ``told_after_s`` seconds, ``told`` hears in the thread
    of the caller how many are done, of how many. The threads are daemons, unlike those of a
    `concurrent.futures.ThreadPoolExecutor`: where the caller is interrupted, or Python ends,
    nobody waits for an answer that may never come.
    """
    calls = _Calls(work, list(items))
    for _ in range(min(at_once, calls.total)):
        threading.Thread(target=calls.run, name="park side by side", daemon=True).start()
    try:
        return calls.collected(told, told_after_s)
    finally:
        calls.stop()


class _Calls:
    """Items that threads take one by one, and what became of each."""

    def __init__(self, work: Callable[[Any], Any], items: list[Any]) -> None:
        self.total = len(items)
        self._work = work
        self._left: queue.SimpleQueue[tuple[int, Any] | None] = queue.SimpleQueue()
        for numbered in enumerate(items):
            self._left.put(numbered)
        self._heard: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()

    def run(self) -> None:
        """Work until nothing is left, in a thread."""
        while (taken := self._taken()) is not None:
            number, item = taken
            try:
                self._heard.put((number, self._work(item), None))
            except BaseException as error:  # noqa: BLE001 (raised by the caller)
                self._heard.put((number, None, error))

    def _taken(self) -> tuple[int, Any] | None:
        try:
            return self._left.get_nowait()
        except queue.Empty:
            return None

    def stop(self) -> None:
        """Let nobody take another one."""
        while self._taken() is not None:
            pass

    def collected(self, told: _Told, told_after_s: float) -> list[Any]:
        """Return what all calls made, or raise the first error."""
        found: list[Any] = [None] * self.total
        done, is_told = 0, False
        again = time.monotonic() + told_after_s
        while done < self.total:
            try:
                number, value, error = self._heard.get(timeout=max(again - time.monotonic(), 0))
            except queue.Empty:
                told(done, self.total)
                is_told, again = True, time.monotonic() + told_after_s
                continue
            if error is not None:
                raise error
            found[number], done = value, done + 1
        if is_told:
            told(done, self.total)
        return found
