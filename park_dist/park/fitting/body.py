"""The body of ``park.Fit``: from a problem to its best point, and to what is left of the fit."""

from __future__ import annotations

import importlib
import time

from park.fitting.early_end import CANCELLED, Stop, Stopped
from park.fitting.fit_problem import as_problem, chisq_scale
from park.fitting.fitter import expected_steps, fitter_of, settings_of
from park.fitting.monitor import Monitor
from park.fitting.parallel import spread_of, workers
from park.fitting.random_numbers import seed_all
from park.fitting.what_is_left import Ended, leave, left_early

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["fit"]


def fit(
    problem: Any,
    *,
    method: str = "amoeba",
    steps: int | None = None,
    seed: int = 1,
    parallel: int = 1,
    good_enough: float | None = None,
    timeout: float | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Fit ``problem`` and return the result as plain data.

    ``problem`` is a bumps ``FitProblem``, or a model that one can be made of (an experiment
    of refl1d), or a list of those. ``method`` is a fitter of bumps, ``steps`` the most that it
    takes (after the burn-in of ``dream``), ``options`` its other settings; without them it uses
    its own. ``parallel`` spreads a population over as many processes (0: one for each core).
    The same problem, settings, seed and versions give the same result.

    It stops between steps, with the best point so far, once chisq is below ``good_enough``,
    after ``timeout`` seconds, or when the job is asked to stop. ``stopped`` in the result says
    which (``good enough``, ``timeout``, ``asked``; None: the fitter came to its own end).

    The result: ``chisq`` (per degree of freedom), ``points`` (of data), ``labels``, ``values``,
    ``uncertainties`` (1 sigma; None where the problem does not determine it), ``covariance``,
    and ``parameters``, which has these by name, with ``bounds`` (None: open); ``converged``
    (None: the method does not say) and ``why``; ``method``, ``options``, ``steps`` (taken),
    ``seconds``, ``seed``, ``parallel``, ``versions``. It is written to ``fit.json`` in the job's
    directory, beside the curves, profiles, draws and a picture. Progress reports have
    ``chisq``, that of the best point so far.

    Raises `ValueError` for a method or an option that bumps does not have, and for what is
    no problem; `RuntimeError` where the fitter finds no minimum.
    """
    problem = as_problem(problem)
    fitter = fitter_of(method)
    settings = settings_of(fitter, steps, options)
    spread = spread_of(parallel, method)
    stop = Stop(good_enough=good_enough, timeout_s=timeout)
    total = expected_steps(fitter, settings, problem)
    monitor = Monitor(
        scale=chisq_scale(problem, method),
        total=total,
        stop=stop,
        keep=lambda monitor: left_early(problem, monitor, method=method, seed=seed),
    )
    began = time.monotonic()
    with workers(problem, spread) as mapper:
        driver = _driver(
            fitclass=fitter, problem=problem, mapper=mapper, monitors=[monitor],
            abort_test=stop, **settings,
        )  # fmt: skip
        driver.clip()
        seed_all(seed, method)
        best = _best(driver, monitor, stop)
    if best is None:
        raise RuntimeError(f"{method} found no minimum within {monitor.step} steps")
    ended = Ended(
        driver=driver, best=best, monitor=monitor, stopped=stop.reason, total=total,
        method=method, settings=settings, seed=seed, spread=spread,
        seconds=time.monotonic() - began,
    )  # fmt: skip
    result = leave(ended)
    if stop.reason == CANCELLED:
        raise SystemExit("cancelled; fit.json has the best point so far")
    return result


def _driver(**settings: Any) -> Any:
    return importlib.import_module("bumps.fitters").FitDriver(**settings)


def _best(driver: Any, monitor: Monitor, stop: Stop) -> Any:
    """Run the fitter; return the point that it ends with, or the best one where it was stopped."""
    found = None
    try:
        with stop.watching():
            found, _ = driver.fit()
    except Stopped:
        pass
    except Exception:
        if not stop():
            raise  # one that was stopped may have too little to go on with
    if not stop() or monitor.best is None:
        return found if found is not None or not stop() else driver.problem.getp()
    return _lower(driver.problem, found, monitor.best)


def _lower(problem: Any, found: Any, best: Any) -> Any:
    """Return the one of two points that costs less; the first may be none."""
    numpy: Any = importlib.import_module("numpy")
    known = numpy.asarray(best)
    if found is None or problem.nllf(known) < problem.nllf(numpy.asarray(found)):
        return known
    return found
