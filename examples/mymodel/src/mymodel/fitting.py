"""The fit of the model to a measured curve, with bumps."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from bumps.fitters import FITTERS, FitDriver
from bumps.monitor import TimedUpdate
from bumps.util import format_uncertainty
from refl1d.names import Experiment, FitProblem, Parameter

from .data import load_data, probe
from .figure import draw
from .running import job, progress
from .sample import SAMPLES, UNITS
from .simulation import starting_model


@job
def define_fit(data, model=None):
    """Return the bumps problem for ``data`` (see `load_data`), with the free parameters set.

    Besides those of the sample, the scale of the curve (the plateau below the critical
    edge is not at 1) and the background are free. ``model`` is a file that
    `prefit_simulation` left: it says which sample this is, and where the parameters start.
    Without one it is the film, and they start from what `film_on_silicon` assumes.
    """
    if model is None:
        kind = SAMPLES["film"]
        stack, _ = kind.make()
    else:
        kind, stack, _ = starting_model(model)
    scale = Parameter(kind.scale, name="scale").range(0.7, 1.2)
    background = Parameter(4e-7, name="background").range(0, kind.background)
    beam = probe(load_data(data), scale, background, through_silicon=kind.through_silicon)
    return FitProblem(Experiment(sample=stack, probe=beam))


@job
def fit(data, steps=3000, method="amoeba", seed=1):
    """Fit the model to ``data`` (a file or an array, see `load_data`) and return the result.

    ``method`` is a fitter of bumps. ``amoeba`` and ``lm`` go down from the start, in about a
    second; ``de`` searches the whole of the bounds, ``dream`` samples around the minimum:
    some hundred steps of these take ten seconds. ``steps`` is the most that may be taken,
    after the burn-in of ``dream``. The same data, method, steps and seed give the same
    result, bit by bit.

    chisq is per degree of freedom. The uncertainties are 1 sigma, from the curvature of
    chisq at its minimum (from the sample for ``dream``), with the error bars taken as they
    are: multiply by the square root of chisq for errors as large as the scatter.

    Writes ``fit.json`` (the result), ``curve.txt`` and ``fit.png``.
    """
    problem = define_fit(data)
    driver, best, steps_taken = run(problem, steps, method, seed)
    uncertainty = driver.stderr()
    problem.setp(best)  # numerical derivatives have moved it
    (model,) = problem.models
    result = {
        "chisq": float(problem.chisq()),
        "parameters": {
            name: {
                "value": float(value),
                "uncertainty": float(error),
                "unit": UNITS.get(name.split()[-1], ""),
            }
            for name, value, error in zip(problem.labels(), best, uncertainty, strict=True)
        },
        "points": int(model.numpoints()),
        "method": method,
        "steps": steps_taken,
        "seed": seed,
        "versions": {name: installed_version(name) for name in ("mymodel", "refl1d", "bumps")},
    }
    write(model, result)
    print(summary(result))
    return result


def run(problem, steps, method, seed):
    """Run the fitter; return its driver, the best point and how many steps were taken."""
    fitters = {fitter.id: fitter for fitter in FITTERS}
    if method not in fitters:
        raise ValueError(f"no fit method {method!r} in bumps; it has {', '.join(sorted(fitters))}")
    if steps < 1:
        raise ValueError(f"a fit takes at least one step; got steps={steps}")
    fitter = fitters[method]
    reporter = Reporter(problem, steps + dict(fitter.settings).get("burn", 0))
    driver = FitDriver(
        fitclass=fitter, problem=problem, mapper=None, monitors=[reporter], steps=steps
    )
    driver.clip()
    start_random_numbers(seed)
    best, _ = driver.fit()
    if best is None:
        raise RuntimeError(f"{method} found no minimum within {steps} steps")
    return driver, best, reporter.step


class Reporter(TimedUpdate):
    """Says how far the fit is: a few times each second, and at the end."""

    def __init__(self, problem, steps):
        super().__init__(progress=0.3, improvement=np.inf)
        self.problem = problem
        self.steps = steps
        self.step = 0

    def __call__(self, history):
        self.step = int(history.step[0])
        super().__call__(history)

    def show_progress(self, history):
        self.report(history.value[0])

    def final(self, _history, best):
        self.report(best["value"])

    def report(self, nllf):
        chisq = float(self.problem.chisq(nllf=nllf))
        progress(done=self.step, total=self.steps, chisq=chisq)


def start_random_numbers(seed):
    """Start numpy's random numbers at ``seed``, and those that numba keeps for compiled code.

    dream takes its steps in compiled code, where the seed of numpy has no effect.
    """
    np.random.seed(seed)  # noqa: NPY002 (the generator that bumps draws from)
    try:
        from numba import njit
    except ImportError:
        return

    @njit
    def seed_compiled(seed):
        np.random.seed(seed)  # noqa: NPY002 (numba's own generator, of the same name)

    seed_compiled(seed)


def installed_version(name):
    """Return the version of an installed distribution, or None for a bare source tree."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def write(model, result):
    """Write the result, the fitted curve and the figure into the current directory."""
    Path("fit.json").write_text(json.dumps(result, indent=2, ensure_ascii=False), "utf-8")
    q, fitted = model.reflectivity()
    measured = model.probe
    residual = (measured.R - fitted) / measured.dR
    np.savetxt(
        "curve.txt",
        np.column_stack([q, measured.R, measured.dR, fitted, residual]),
        fmt="%.8g",
        header="q (1/Å)  R  dR  fit  residual (sigma)",
        encoding="utf-8",
    )
    draw(model, result["chisq"], "fit.png")


def summary(result):
    """Return the result as a scientist would read it."""
    lines = [f"chisq {result['chisq']:.3f}, {result['points']} points, {result['method']}"]
    for name, parameter in result["parameters"].items():
        value = format_uncertainty(parameter["value"], parameter["uncertainty"])
        lines.append(f"  {name:22} {value} {parameter['unit']}".rstrip())
    return "\n".join(lines)
