# Written as a scientist would.
# ruff: noqa: ANN001, ANN201
"""A straight line, fitted with the newest bumps."""

from importlib.metadata import version

import numpy as np
from bumps.names import Curve, FitProblem, fit


def line(x, slope=1.0, offset=0.0):
    """Return a straight line."""
    return slope * x + offset


def fit_line(slope, offset):
    """Fit points on a known line; return what bumps found, and which bumps it was."""
    x = np.linspace(0, 1, 20)
    curve = Curve(line, x, line(x, slope, offset), dy=np.full_like(x, 0.1))
    curve.slope.range(-10, 10)
    curve.offset.range(-10, 10)
    problem = FitProblem(curve)
    found = fit(problem, method="lm", verbose=False)
    return {
        "bumps": version("bumps"),
        "parameters": dict(zip(problem.labels(), map(float, found.x), strict=True)),
    }
