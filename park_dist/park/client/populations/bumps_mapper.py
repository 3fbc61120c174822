"""bumps' own fitters on this machine, and their populations on a service: ``park.bumps_mapper``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from park.calling import service_named
from park.errors import UsageError

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["bumps_mapper"]

_ENTRY_POINT = "park.fitting.population:costs"

Mapper = Callable[[Sequence[Any]], list[float]]


def bumps_mapper(
    problem: Any, *, service: Service | str | None = None, jobs: int = 8, **options: Any
) -> Mapper:
    """Return what gives bumps the costs of a population: up to ``jobs`` jobs of a service.

    It goes where a mapper of bumps goes: ``FitDriver(…, mapper=park.bumps_mapper(problem))``, and
    ``fitter.solve(mapper=…)``. The fitter runs here and draws its random numbers here, so that a
    method that asks for whole populations (de, dream, pt, …) finds what it finds alone, to the
    last bit, where the processors are alike. It is for models that take seconds; `park.Fit` has
    the whole fit there. ``service`` is a handle or a name, else that of the block, else the default
    one; ``options`` are those of `Service.submit`. Raises `UsageError` for fewer than one job.
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise UsageError(f"jobs={jobs!r}: expected how many there are at once, 1 or more")
    if not hasattr(problem, "nllf"):
        raise UsageError(
            f"a mapper is of a bumps FitProblem; got {type(problem).__qualname__}",
            hint="FitProblem(experiment) makes one",
        )
    chosen = service_named(service)
    if chosen is None:
        from park.client.service import remote_service

        chosen = remote_service()
    said = {"memo": False, "label": "population", **options}

    def mapped(points: Sequence[Any]) -> list[float]:
        calls = [{"problem": problem, "points": piece} for piece in pieces(points, jobs)]
        made = chosen.submit_all(_ENTRY_POINT, calls, **said)
        return [cost for job in made for cost in job.result()]

    return mapped


bumps_mapper.__module__ = "park"


def pieces(points: Sequence[Any], most: int) -> Iterator[list[list[float]]]:
    """Yield ``points`` in up to ``most`` pieces, in their order and as even as they come.

    >>> list(pieces([[1], [2], [3]], 2))
    [[[1.0], [2.0]], [[3.0]]]
    """
    count = len(points)
    parts = min(most, count)
    ends = [count * part // parts for part in range(parts + 1)] if parts else []
    # the larger ones first: they are sent first
    sizes = sorted((b - a for a, b in pairwise(ends)), reverse=True)
    begin = 0
    for size in sizes:
        yield [[float(value) for value in point] for point in points[begin : begin + size]]
        begin += size
