"""Populations spread over processes of the node, with the same numbers as in one process.

The processes are forked from the fit when it begins, so that the problem need not travel, and
points and costs go through pipes as the doubles that they are.
"""

from __future__ import annotations

import importlib
import os
import signal
import struct
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from park.fitting.fitter import maps_populations
from park.fitting.thread_limits import limit_threads

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Spread", "WorkersLost", "spread_of", "workers"]

_COST = struct.Struct("=d")
_WAIT_S = 1.0
"""For a worker to end that was told to; one that computes is killed."""


class WorkersLost(RuntimeError):
    """A process that evaluated points has ended, or its evaluation raised."""


class Spread:
    """How many processes were asked for and are ``used``; ``why`` not all, where they are not."""

    def __init__(self, asked: int, used: int, why: str | None = None) -> None:
        self.asked, self.used, self.why = asked, used, why


def spread_of(asked: int, method: str) -> Spread:
    """Return over how many processes a fit by ``method`` goes; 0 asks for all cores.

    Raises `ValueError`.
    """
    if isinstance(asked, bool) or not isinstance(asked, int) or asked < 0:
        raise ValueError(f"parallel={asked!r}: it is a number of processes, or 0 for all cores")
    wanted = asked or len(os.sched_getaffinity(0))
    if wanted > 1 and not maps_populations(method):
        return Spread(wanted, 1, f"{method} evaluates one point after the other")
    return Spread(wanted, wanted)


@contextmanager
def workers(problem: Any, spread: Spread) -> Iterator[Any]:
    """Give a mapper of points to costs, for bumps: None where one process does it all."""
    if spread.used == 1:
        yield None
        return
    mapper = _Mapper(problem, spread.used)
    try:
        yield mapper
    finally:
        mapper.close()


class _Mapper:
    """Calls of ``problem.nllf`` by several processes; each takes the next point once it is free."""

    def __init__(self, problem: Any, count: int) -> None:
        context: Any = importlib.import_module("multiprocessing").get_context("fork")
        self._workers: dict[Any, Any] = {}
        try:
            for _ in range(count):
                here, there = context.Pipe()
                others = [*self._workers, here]
                worker = context.Process(
                    target=_work, args=(problem, there, others, count), daemon=True
                )
                worker.start()
                there.close()
                self._workers[here] = worker
        except BaseException:
            self.close()
            raise

    def __call__(self, points: Sequence[Any]) -> list[float]:
        """Return the cost of each point, in their order."""
        waiting: Any = importlib.import_module("multiprocessing.connection").wait
        costs = [0.0] * len(points)
        left = iter(enumerate(points))
        at: dict[Any, int] = {}
        for pipe in self._workers:
            _give(pipe, left, at)
        while at:
            for pipe in waiting(list(at)):
                costs[at.pop(pipe)] = self._cost(pipe)
                _give(pipe, left, at)
        return costs

    def _cost(self, pipe: Any) -> float:
        try:
            answer = pipe.recv_bytes()
        except EOFError:
            worker = self._workers[pipe]
            worker.join()
            raise WorkersLost(
                f"a process of the fit ended with exit status {worker.exitcode}"
            ) from None
        if answer[:1] == b"!":
            raise WorkersLost(f"in a process of the fit:\n{answer[1:].decode()}")
        return float(_COST.unpack(answer[1:])[0])

    def close(self) -> None:
        """End the processes."""
        for pipe in self._workers:
            pipe.close()
        for worker in self._workers.values():
            worker.join(_WAIT_S)
            if worker.is_alive():
                worker.kill()
                worker.join()
        self._workers.clear()


def _give(pipe: Any, left: Iterator[tuple[int, Any]], at: dict[Any, int]) -> None:
    """Send the next point, if there is one, and note which it is."""
    for number, point in left:
        with suppress(OSError):  # it has ended, and why is told where its answer is read
            pipe.send_bytes(struct.pack(f"={len(point)}d", *point))
        at[pipe] = number
        return


def _work(problem: Any, pipe: Any, others: Sequence[Any], count: int) -> None:
    """Evaluate points until the other end closes."""
    for other in others:
        other.close()  # else nobody would see that the fit is gone
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limit_threads(max(1, len(os.sched_getaffinity(0)) // count))
    numpy: Any = importlib.import_module("numpy")
    with suppress(EOFError, OSError):
        while True:
            point = numpy.frombuffer(bytearray(pipe.recv_bytes()), dtype="=f8")  # to be written to
            pipe.send_bytes(_evaluated(problem, point))


def _evaluated(problem: Any, point: Any) -> bytes:
    try:
        return b"=" + _COST.pack(float(problem.nllf(point)))
    except Exception:  # noqa: BLE001 (told where the fit is)
        return b"!" + traceback.format_exc().encode(errors="replace")
