# Written as a scientist would.
# ruff: noqa: ANN001, ANN201, ANN202
"""A package of the reader: what the how-tos call."""

from pathlib import Path

from sortedcontainers import SortedList

import park


@park.job
def simulate(thickness, seed=0):
    """Return a number that depends on both."""
    return thickness + seed / 10


@park.job
def fit(path=None, data=None, n=3, label="", range=None, seed=0):  # noqa: A002
    """Return how many numbers a file has, and a chisq; leave a curve."""
    file = path or data
    points = len(SortedList(Path(file).read_text().split())) if file else n
    Path("fit.png").write_text(f"{points} {label} {range}\n")
    park.progress(1, 1, chisq=1.1 + seed / 10)
    return {"points": points, "chisq": 1.1 + seed / 10}


@park.job
def mean(values):
    """Return the mean of what other jobs returned."""
    return sum(values) / len(values)


@park.job
def merge(names):
    """Return how many numbers several files have."""
    return sum(len(Path(name).read_text().split()) for name in names)


@park.job
def report(chisq, curve):
    """Return a line about a fit."""
    return f"{chisq}: {Path(curve).read_text()}"


@park.job
def measure(timeout):
    """Return what has the name of an option of park."""
    return timeout


@park.job
def prefit_simulation(n=1000):
    """Leave a simulation in a file."""
    Path("model.txt").write_text(str(n))
    return "model.txt"


@park.job
def remove_scratch():
    """Tidy up."""
