"""What is fitted: a bumps problem, from whatever one can be made of, and what it consists of."""

from __future__ import annotations

import importlib
import math
import platform
from collections.abc import Iterable, Iterator

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "as_problem",
    "chisq_scale",
    "experiments_of",
    "finite",
    "points_of",
    "versions_of",
    "versions_of_fits",
]

_OF_PROBLEMS = ("getp", "setp", "nllf", "bounds")
_OF_MODELS = ("parameters", "residuals", "numpoints")


def as_problem(value: Any) -> Any:
    """Return ``value`` as a bumps problem: itself, or one of a model or of several.

    Raises `ValueError`.
    """
    if _has(value, _OF_PROBLEMS):
        return value
    several = isinstance(value, (list, tuple)) and value
    if _has(value, _OF_MODELS) or (several and all(_has(each, _OF_MODELS) for each in value)):
        made = list(value) if several else value
        return importlib.import_module("bumps.fitproblem").FitProblem(made)
    raise ValueError(
        f"a fit takes a bumps FitProblem or a model for one; got {type(value).__qualname__}"
    )


def _has(value: Any, names: tuple[str, ...]) -> bool:
    return all(hasattr(value, name) for name in names)


def experiments_of(problem: Any) -> Iterator[Any]:
    """Yield the models of ``problem``, each with its own values of free variables.

    In bumps 0.9 a problem of one model has it as ``fitness``, and one of several has problems.
    """
    for model in getattr(problem, "models", None) or [problem]:
        if hasattr(model, "model_update"):
            model.model_update()
        yield getattr(model, "fitness", model)


def points_of(problem: Any) -> int:
    """Return how many data points are fitted."""
    return sum(int(model.numpoints()) for model in experiments_of(problem))


def chisq_scale(problem: Any, method: str) -> float:
    """Return what the costs that bumps reports are multiplied by to give chisq.

    bumps 0.9 cannot say it itself, and its ``lm`` reports a sum of squares, twice the others.
    """
    try:
        return float(problem.chisq(nllf=1.0))
    except TypeError:
        degrees = float(problem.dof)
        return (1.0 if method == "lm" else 2.0) / degrees if degrees > 0 else 1.0


def finite(value: Any) -> float | None:
    """Return a number for JSON, which has none that is not finite."""
    number = float(value)
    return number if math.isfinite(number) else None


def versions_of(problem: Any) -> dict[str, str]:
    """Return the versions of Python, of bumps and what it stands on, and of the model's code."""
    kinds = [type(problem), *map(type, experiments_of(problem))]
    return versions_of_fits({kind.__module__.partition(".")[0] for kind in kinds})


def versions_of_fits(more: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of Python, of what is known to fit, and of ``more``, as far as here."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in sorted({*more, "bumps", "numpy", "refl1d", "sasmodels", "scipy"}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # a module that is no distribution of that name
    return found
