"""Search from several starts at once, and keep the first that is good enough.

    python examples/race.py

It needs a service, for instance one of your own (`park serve`), and no package besides park.
"""

import math

import park


@park.job
def search(start: float, steps: int = 400) -> dict[str, float]:
    """Go downhill from ``start``, in a valley with many hollows; look each step whether to stop."""
    at, stride = start, 0.5
    for step in range(steps):
        if park.should_stop():
            break
        best = min((at - stride, at, at + stride), key=misfit)
        at, stride = best, stride if best != at else stride / 2
        park.progress(step, steps, misfit=misfit(at))
    return {"at": at, "misfit": misfit(at)}


def misfit(at: float) -> float:
    """Return how far from the truth ``at`` is."""
    return (at - 3) ** 2 / 50 + 1 - math.cos(2 * (at - 3))


with park.remote_service():
    searches = [search(start) for start in (-9.0, -4.0, 2.5, 8.0)]
    race = park.race(
        searches,
        good_enough=lambda j: j.progress["misfit"] < 1e-3,
        rank=lambda j: j.output["misfit"],
        stop="keep",
    )

best = race.result()
print(f"at {best['at']:.2f}, misfit {best['misfit']:.1e}")
print(f"won by the search from {searches.index(race.winner) + 1} of {len(searches)}")
