"""The body of ``park.Fit``: fit a bumps problem and say how far it is.

It runs inside job environments that have bumps, with whatever version of it is there; here
nothing outside the standard library is imported until a fit begins.
"""

from __future__ import annotations

import importlib
import json
import math
import platform
import time

from park.jobside import job_directory, progress

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["fit"]

_BETWEEN_REPORTS_S = 0.2
"""Faster than a person reads, slow enough to cost a fit nothing."""


def fit(
    problem: Any,
    *,
    method: str = "amoeba",
    steps: int | None = None,
    seed: int = 1,
    **options: Any,
) -> dict[str, Any]:
    """Fit ``problem`` and return the result as plain data.

    ``problem`` is a bumps ``FitProblem``, or a model that one can be made of (an experiment
    of refl1d). ``method`` is a fitter of bumps, ``steps`` the most that it takes (after the
    burn-in of ``dream``), ``options`` its other settings; without them it uses its own. The
    same problem, settings, seed and versions give the same result.

    The result: ``chisq`` (per degree of freedom), ``points`` (of data), ``method``, ``steps``
    (taken), ``seed``, ``versions``, and ``parameters``, each with ``value``, ``uncertainty``
    (1 sigma; None where the problem does not determine it) and ``bounds`` (None: open).
    It is written to ``fit.json`` in the job's directory as well. Progress reports have
    ``chisq``, that of the best point so far.

    Raises `ValueError` for a method or an option that bumps does not have, and for what is
    no problem; `RuntimeError` where the fitter finds no minimum.
    """
    problem = _as_problem(problem)
    fitter = _fitter(method)
    settings = _settings(fitter, steps, options)
    monitor = _Monitor(problem, _expected_steps(fitter, settings, problem))
    driver = importlib.import_module("bumps.fitters").FitDriver(
        fitclass=fitter, problem=problem, mapper=None, monitors=[monitor], **settings
    )
    driver.clip()
    _start_random_numbers(seed)
    best, _ = driver.fit()
    if best is None:
        raise RuntimeError(f"{method} found no minimum within {monitor.step} steps")
    result = {
        "chisq": _finite(problem.chisq()),
        "points": _points(problem),
        "method": method,
        "steps": monitor.step,
        "seed": seed,
        "parameters": _parameters(problem, best, driver),
        "versions": _versions(problem),
    }
    text = json.dumps(result, indent=2, ensure_ascii=False)
    (job_directory() / "fit.json").write_text(text, encoding="utf-8")
    return result


def _as_problem(value: Any) -> Any:
    """Return ``value`` as a bumps problem; raises `ValueError`."""
    if all(hasattr(value, name) for name in ("getp", "setp", "nllf", "bounds")):
        return value
    if all(hasattr(value, name) for name in ("parameters", "residuals", "numpoints")):
        return importlib.import_module("bumps.fitproblem").FitProblem(value)
    raise ValueError(
        f"a fit takes a bumps FitProblem or a model for one; got {type(value).__qualname__}"
    )


def _fitter(method: str) -> Any:
    fitters = {each.id: each for each in importlib.import_module("bumps.fitters").FITTERS}
    if method not in fitters:
        raise ValueError(f"no fit method {method!r} in bumps; it has {', '.join(sorted(fitters))}")
    return fitters[method]


def _settings(fitter: Any, steps: int | None, options: dict[str, Any]) -> dict[str, Any]:
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


def _expected_steps(fitter: Any, settings: dict[str, Any], problem: Any) -> int | None:
    """Return the most steps that the fit can take, or None where that is not known."""
    chosen = {**dict(fitter.settings), **settings}
    steps = int(chosen.get("steps") or 0)
    if not steps and chosen.get("samples") and chosen.get("pop"):
        # as dream does: a population for each parameter (a negative one counts as it is)
        each = len(problem.getp()) if chosen["pop"] > 0 else 1
        steps = math.ceil(chosen["samples"] / math.ceil(abs(chosen["pop"]) * each))
    starts = max(int(chosen.get("starts") or 1), 1)
    return steps + int(chosen.get("burn") or 0) if steps and starts == 1 else None


class _Monitor:
    """What bumps calls at each step: reports a few times each second, and at the end."""

    def __init__(self, problem: Any, total: int | None) -> None:
        self.step = 0
        self._problem = problem
        self._total = total
        self._lowest = math.inf
        self._reported = -math.inf

    def config_history(self, history: Any) -> None:
        """Ask for what is read."""
        history.requires(value=1, step=1)

    def __call__(self, history: Any) -> None:
        """Take note of a step."""
        self.step = int(history.step[0])
        self._lowest = min(self._lowest, float(history.value[0]))
        now = time.monotonic()
        if now - self._reported >= _BETWEEN_REPORTS_S:
            self._reported = now
            self._report()

    def final(self, _history: Any, best: dict[str, Any]) -> None:
        """Report the end."""
        if best["value"] is not None:
            self._lowest = float(best["value"])
        self._report()

    def _report(self) -> None:
        chisq = _finite(self._problem.chisq(nllf=self._lowest))
        # dream counts the population that it starts with as a step or two
        done = self.step if self._total is None else min(self.step, self._total)
        progress(done, self._total, chisq=chisq)


def _start_random_numbers(seed: int) -> None:
    """Start numpy's random numbers at ``seed``, and those that numba keeps for compiled code.

    dream takes its steps in compiled code, where the seed of numpy has no effect.
    """
    numpy = importlib.import_module("numpy")
    numpy.random.seed(seed)
    try:
        numba = importlib.import_module("numba")
    except ImportError:
        return

    def seed_compiled(seed: int) -> None:
        numpy.random.seed(seed)  # numba's own generator, of the same name

    numba.njit(seed_compiled)(seed)


def _points(problem: Any) -> int:
    return sum(int(model.numpoints()) for model in problem.models)


def _parameters(problem: Any, best: Any, driver: Any) -> dict[str, Any]:
    """Return each parameter by name, at the best point, to which ``problem`` is set."""
    uncertainties = _uncertainties(driver, len(best))
    problem.setp(best)  # numerical derivatives have moved it
    low, high = problem.bounds()
    return {
        str(name): {
            "value": float(value),
            "uncertainty": uncertainty,
            "bounds": [_finite(lowest), _finite(highest)],
        }
        for name, value, uncertainty, lowest, highest in zip(
            problem.labels(), best, uncertainties, low, high, strict=True
        )
    }


def _uncertainties(driver: Any, count: int) -> Iterable[float | None]:
    linear_algebra = importlib.import_module("numpy.linalg")
    try:
        return [_finite(value) for value in driver.stderr()]
    except (ArithmeticError, ValueError, linear_algebra.LinAlgError):
        return [None] * count  # a curvature that cannot be inverted says nothing of errors


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _versions(problem: Any) -> dict[str, str]:
    """Return the versions of Python, of bumps and what it stands on, and of the model's code."""
    from importlib.metadata import PackageNotFoundError, version

    kinds = [type(problem), *map(type, problem.models)]
    names = {kind.__module__.partition(".")[0] for kind in kinds}
    found = {"python": platform.python_version()}
    for name in sorted(names | {"bumps", "numpy", "scipy"}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # a module that is no distribution of that name
    return found
