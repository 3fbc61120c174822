"""What a fit found, as plain data: values, uncertainties, covariance, and whether it converged."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from contextlib import suppress

from park.fitting.early_end import ASKED, CANCELLED, GOOD_ENOUGH, TIMEOUT
from park.fitting.fit_problem import finite

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Draws",
    "converged_why",
    "covariance_of",
    "draws_of",
    "parameters_of",
    "scale_reduction",
    "uncertainties_of",
]

_MOST_REDUCTION = 1.2
"""Chains agree below it (Vrugt et al. 2009, doi:10.1515/IJNSNS.2009.10.3.273)."""

_FEWEST = 2
"""Draws of a chain, and chains, that have a variance."""

_SAMPLES = ("pt",)
"""Fitters that sample, and never say that they have seen enough."""


class Draws:
    """What dream has drawn: ``points`` (draws x parameters), ``logp`` of each, and its chains."""

    def __init__(self, points: Any, logp: Any, chains: Any) -> None:
        self.points, self.logp, self.chains = points, logp, chains


def draws_of(driver: Any) -> Draws | None:
    """Return the draws of a fit by dream, without those before it settled; None of others."""
    fitter = driver.fitter
    state = getattr(fitter, "state", None)
    if state is None or not hasattr(state, "draw"):
        return None
    portion = getattr(fitter, "_trimmed", None)  # bumps 0.9; later ones have it in the state
    try:
        drawn = state.draw() if portion is None else state.draw(portion=portion)
        return Draws(drawn.points, drawn.logp, state.chains()[1])
    except (ArithmeticError, LookupError, ValueError):
        return None  # stopped before there was one


def parameters_of(
    problem: Any, best: Sequence[float], uncertainties: Sequence[float | None]
) -> dict[str, Any]:
    """Return each parameter by its name; several of one name have their numbers."""
    low, high = problem.bounds()
    return {
        name: {
            "value": float(value),
            "uncertainty": uncertainty,
            "bounds": [finite(lowest), finite(highest)],
        }
        for name, value, uncertainty, lowest, highest in zip(
            _names(problem.labels()), best, uncertainties, low, high, strict=True
        )
    }


def _names(labels: Sequence[str]) -> list[str]:
    """Return ``labels``, the second of the same name and those that follow with their number."""
    found: list[str] = []
    for label in map(str, labels):
        again = found.count(label)
        names = (f"{label} [{number}]" for number in range(again + 1, len(labels) + 2))
        found.append(label if not again else next(each for each in names if each not in found))
    return found


def uncertainties_of(driver: Any, count: int) -> list[float | None]:
    """Return 1 sigma of each parameter: from the draws of dream, else from the covariance.

    None where the problem does not determine it.
    """
    values = _computed(driver.stderr)
    return [None] * count if values is None else [finite(value) for value in values]


def covariance_of(driver: Any, draws: Draws | None) -> list[list[float | None]] | None:
    """Return the covariance at the best point, or of the draws; None where there is none."""
    numpy: Any = importlib.import_module("numpy")
    if draws is not None:
        found = _computed(lambda: numpy.atleast_2d(numpy.cov(draws.points, rowvar=False)))
    else:
        found = _computed(driver.cov)
    if found is None or not numpy.isfinite(found).any():
        return None
    return [[finite(value) for value in row] for row in numpy.atleast_2d(found)]


def _computed(compute: Any) -> Any:
    """Return what ``compute`` does; None where a curvature that cannot be inverted says nothing."""
    algebra: Any = importlib.import_module("numpy.linalg")
    try:
        return compute()
    except (ArithmeticError, IndexError, ValueError, algebra.LinAlgError):
        return None


def converged_why(
    driver: Any, *, method: str, steps: int, total: int | None, stopped: str | None, chains: Any
) -> tuple[bool | None, str]:
    """Tell whether a fit has converged (None: its method does not say), and why one thinks so."""
    if stopped is not None:
        return False, _STOPPED[stopped]
    if chains is not None:
        return _settled(scale_reduction(chains))
    if (status := _newton_status(driver)) is not None:
        return status
    if method in _SAMPLES:
        return None, f"{method} takes samples, and has no test of convergence"
    if total is not None and steps >= total - 1:  # amoeba counts from 0
        return False, f"came to the limit of its {total} steps"
    return True, f"met the tolerance of {method}"


_STOPPED = {
    GOOD_ENOUGH: "stopped: its chisq is good enough",
    ASKED: "stopped: it was asked to, and kept its best point",
    TIMEOUT: "stopped: its time was up, and it kept its best point",
    CANCELLED: "stopped: it was cancelled",
}


def _settled(reduction: float | None) -> tuple[bool | None, str]:
    if reduction is None:
        return None, "too few draws to compare its chains"
    if reduction < _MOST_REDUCTION:
        return True, f"its chains agree (R {reduction:.3g}, below {_MOST_REDUCTION})"
    return False, f"its chains do not agree (R {reduction:.3g}, not below {_MOST_REDUCTION})"


def scale_reduction(chains: Any) -> float | None:
    """Return the largest R of Gelman and Rubin (1992) over the parameters.

    ``chains`` is generations x chains x parameters; the first half of each is left out. None
    where that is too little.
    """
    numpy: Any = importlib.import_module("numpy")
    later = chains[len(chains) // 2 :]
    length, count = later.shape[0], later.shape[1]
    if min(length, count) < _FEWEST:
        return None
    within = later.var(axis=0, ddof=1).mean(axis=0)
    between = later.mean(axis=0).var(axis=0, ddof=1)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        ratio = numpy.sqrt((length - 1) / length + between / within)
    return finite(numpy.max(ratio))


def _newton_status(driver: Any) -> tuple[bool, str] | None:
    """Return what the quasi-Newton fitter says of its end; None of the others."""
    found = getattr(driver.fitter, "result", None)
    status = found.get("status") if isinstance(found, dict) else None
    if status is None:
        return None
    text = f"status {status}"
    with suppress(ImportError, AttributeError, KeyError):
        text = importlib.import_module("bumps.quasinewton").STATUS[status]
    return status in {1, 2}, text
