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
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from park.fitting.fitter import maps_populations
from park.fitting.thread_limits import limit_threads

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Spread", "WorkersLost", "spread_of", "workers"]

_COUNT = struct.Struct("=q")
_AHEAD = 2
"""Pieces that a worker has: it goes on while the answer to one is on its way."""

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
    """Calls of ``problem.nllf`` by several processes; each takes the next points as it goes."""

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
        left = _pieces(len(points), len(self._workers))
        at = {pipe: deque[tuple[int, int]]() for pipe in self._workers}
        costs = [0.0] * len(points)
        for _ in range(_AHEAD):
            for pipe, given in at.items():
                self._give(pipe, points, left, given)
        while busy := [pipe for pipe in at if at[pipe]]:
            for pipe in waiting(busy):
                first, end = at[pipe].popleft()
                costs[first:end] = self._costs(pipe, end - first)
                self._give(pipe, points, left, at[pipe])
        return costs

    def _give(
        self,
        pipe: Any,
        points: Sequence[Any],
        left: Iterator[tuple[int, int]],
        given: deque[tuple[int, int]],
    ) -> None:
        """Send the next piece, if there is one, and note which it is."""
        for first, end in left:
            with suppress(OSError):  # it has ended, and why is told where its answer is read
                piece = [struct.pack(f"={len(each)}d", *each) for each in points[first:end]]
                pipe.send_bytes(_COUNT.pack(end - first) + b"".join(piece))
            given.append((first, end))
            return

    def _costs(self, pipe: Any, count: int) -> tuple[float, ...]:
        try:
            answer = pipe.recv_bytes()
        except (EOFError, OSError):
            worker = self._workers[pipe]
            worker.join()
            raise WorkersLost(
                f"a process of the fit ended with exit status {worker.exitcode}"
            ) from None
        if answer[:1] == b"!":
            raise WorkersLost(f"in a process of the fit:\n{answer[1:].decode()}")
        return struct.unpack(f"={count}d", answer[1:])

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


def _pieces(count: int, workers: int) -> Iterator[tuple[int, int]]:
    """Yield pieces of ``count`` points: large ones first, single ones at the end.

    So nobody waits for the last of them, and there are few answers to wait for before.
    """
    first = 0
    while first < count:
        end = first + max(1, (count - first) // (2 * workers))
        yield first, end
        first = end


def _work(problem: Any, pipe: Any, others: Sequence[Any], count: int) -> None:
    """Evaluate points until the other end closes."""
    for other in others:
        other.close()  # else nobody would see that the fit is gone
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limit_threads(max(1, len(os.sched_getaffinity(0)) // count))
    numpy: Any = importlib.import_module("numpy")
    with suppress(EOFError, OSError):
        while True:
            piece = pipe.recv_bytes()
            values = numpy.frombuffer(bytearray(piece[_COUNT.size :]), dtype="=f8")
            (count,) = _COUNT.unpack_from(piece)
            size = len(values) // count
            points = [values[at * size : (at + 1) * size] for at in range(count)]
            pipe.send_bytes(_evaluated(problem, points))


def _evaluated(problem: Any, points: Sequence[Any]) -> bytes:
    try:
        costs = [float(problem.nllf(point)) for point in points]
    except Exception:  # noqa: BLE001 (told where the fit is)
        return b"!" + traceback.format_exc().encode(errors="replace")
    return b"=" + struct.pack(f"={len(costs)}d", *costs)
