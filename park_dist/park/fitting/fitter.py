"""The fitters of the bumps that is there: found by their names, and what they can be told."""

from __future__ import annotations

import importlib
import math

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["expected_steps", "fitter_of", "maps_populations", "settings_of"]

_MAPS = frozenset({"de", "dream", "ps", "rl"})
"""Fitters of bumps that give a whole population to a mapper; the others go point by point."""


def fitter_of(method: str) -> Any:
    """Return the class of the fitter that is called ``method``; raises `ValueError`."""
    fitters = {each.id: each for each in importlib.import_module("bumps.fitters").FITTERS}
    if method not in fitters:
        raise ValueError(f"no fit method {method!r} in bumps; it has {', '.join(sorted(fitters))}")
    return fitters[method]


def maps_populations(method: str) -> bool:
    """Tell whether ``method`` has several points at a time to evaluate."""
    return method in _MAPS


def settings_of(fitter: Any, steps: int | None, options: dict[str, Any]) -> dict[str, Any]:
    """Return what the fitter is told; raises `ValueError` for what it does not know."""
    known = dict(fitter.settings)
    if unknown := sorted(options.keys() - known):
        raise ValueError(
            f"{fitter.id} has no option {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    if steps is None:
        return options
    if steps < 1:
        raise ValueError(f"a fit takes at least one step; got steps={steps}")
    return {**options, "steps": steps}


def expected_steps(fitter: Any, settings: dict[str, Any], problem: Any) -> int | None:
    """Return the most steps that the fit can take, or None where that is not known."""
    chosen = {**dict(fitter.settings), **settings}
    steps = int(chosen.get("steps") or 0)
    if not steps and chosen.get("samples") and chosen.get("pop"):
        # as dream does: a population for each parameter (a negative one counts as it is)
        each = len(problem.getp()) if chosen["pop"] > 0 else 1
        steps = math.ceil(chosen["samples"] / math.ceil(abs(chosen["pop"]) * each))
    starts = max(int(chosen.get("starts") or 1), 1)
    return steps + int(chosen.get("burn") or 0) if steps and starts == 1 else None
