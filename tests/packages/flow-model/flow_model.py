# Written as a scientist would.
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, T201
"""Pieces of workflows: each can be seen from what it returns."""

import threading
from pathlib import Path

import park

ANSWER = 42


@park.job
def add(*values, more=()):
    """Add numbers."""
    return sum(values) + sum(more)


@park.job
def facts(**values):
    """Return what came, by name."""
    return values


@park.job
def leave(name, text):
    """Leave a file, and return its name."""
    Path(name).write_text(text)
    return name


@park.job
def several():
    """Leave two files."""
    Path("a.txt").write_text("a")
    Path("b.txt").write_text("b")


@park.job
def read(path):
    """Read a file that came by its path."""
    return Path(path).read_text()


@park.job
def fail(reason, timeout=None):
    """Raise; ``timeout`` is this function's own."""
    raise ValueError(f"{reason} {timeout}")


@park.job(retries=2, backoff=0.05)
def unsteady(runs):
    """Fail twice."""
    with Path(runs).open("a") as file:
        file.write("run\n")
    if len(Path(runs).read_text().split()) < 3:
        raise ValueError("not yet")
    return "at last"


@park.job
def improve(up, go):
    """Report progress, and wait for a line from ``go``."""
    park.progress(1, 10, chisq=5.0)
    park.progress(2, 10, chisq=1.5)
    with Path(up).open("w") as pipe:
        pipe.write("there\n")
    with Path(go).open() as pipe:
        return pipe.readline().strip()


@park.job
def hold(up, go):
    """Say so through the pipe ``up``, and wait for a line from ``go``."""
    with Path(up).open("w") as pipe:
        pipe.write("there\n")
    with Path(go).open() as pipe:
        return pipe.readline().strip()


@park.job
def fit(chisq, up=None, go=None):
    """Report a chisq and return it, of a fit that may first wait for a line from ``go``."""
    park.progress(chisq=chisq)
    if go is not None:
        hold(up, go)
    Path("fit.txt").write_text(str(chisq))
    return {"chisq": chisq, "curve": Curve([chisq])}


@park.job
def descend(up, chisq=9.0):
    """Fit until it is asked to stop, and return the best."""
    Path(up).write_text("there\n")
    pause = threading.Event()
    while not park.should_stop():
        chisq = max(chisq * 0.8, 1.5)
        park.progress(chisq=chisq)
        pause.wait(0.01)
    return {"chisq": chisq}


@park.job
class Reduce:
    """Reduce a file of the service into another."""

    def __init__(self, infile, outfile):
        self.counts = Path(infile).read_text()
        Path(outfile).write_text(self.counts.upper())

    def __getstate__(self):
        return self.__dict__


class Curve:
    """What travels as a pickle."""

    def __init__(self, values):
        self.values = values


@park.job
def curve(n):
    """Return an object of this module."""
    return Curve(list(range(n)))


@park.job
def total(curve):
    """Take an object of this module."""
    return sum(curve.values)
