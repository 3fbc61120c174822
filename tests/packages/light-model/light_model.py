# Written as a scientist would.
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, T201
"""Jobs that tests drive: each does one thing that can be seen from outside."""

import os
import signal
import sys
import threading
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sortedcontainers import SortedList

ANSWER = 42


@dataclass
class Layer:
    """A value that JSON does not have."""

    name: str
    thickness: float


def answer():
    """Return the constant that tests edit."""
    return ANSWER


def echo(value):
    """Return what came."""
    return value


def ordered(values):
    """Use a dependency."""
    return list(SortedList(values))


def versions():
    """Return the versions that this job sees."""
    return {name: version(name) for name in ("light-model", "sortedcontainers", "packaging")}


def layer(name, thickness):
    """Return an object of this module."""
    return Layer(name, thickness)


def double(layer):
    """Take an object of this module."""
    return 2 * layer.thickness


def write(name, text):
    """Leave a file."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path.absolute())


def read(path):
    """Read a file that came as an argument."""
    return Path(path).read_text()


def talk(out, err):
    """Print a line to each stream."""
    print(out)
    print(err, file=sys.stderr)


def fail(reason):
    """Raise."""
    raise ValueError(reason)


def count(path):
    """Add a line to a file outside the job, so that runs can be counted."""
    with Path(path).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return ANSWER


def hold(up, go, runs):
    """Count this run, say so through the pipe ``up``, and wait for a line from ``go``."""
    count(runs)
    print("holding", flush=True)
    with Path(up).open("w") as pipe:
        pipe.write(f"{os.getpid()}\n")
    with Path(go).open() as pipe:
        return pipe.readline().strip()


def stubborn(up):
    """Ignore SIGTERM, say so through the pipe ``up``, and stay."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Path(up).open("w") as pipe:
        pipe.write(f"{os.getpid()}\n")
    while True:
        signal.pause()


def reluctant(up, go):
    """Report SIGTERM through the pipe ``up`` and stay until a line comes from ``go``."""

    def hear(*_):
        with Path(up).open("w") as pipe:
            pipe.write("heard\n")

    signal.signal(signal.SIGTERM, hear)
    with Path(up).open("w") as pipe:
        pipe.write(f"{os.getpid()}\n")
    with Path(go).open() as pipe:
        sys.exit(pipe.readline())


def leave(name, up, reason):
    """Leave a file, say so through the pipe ``up``, and raise, or stay where there is no reason."""
    Path(name).write_text("left")
    with Path(up).open("w") as pipe:
        pipe.write(f"{os.getpid()}\n")
    if reason is not None:
        raise ValueError(reason)
    while True:
        signal.pause()


def improve(up):
    """Take steps, say so through the pipe ``up``, and return the best once asked to stop."""
    import park  # what the service brings along

    chisq, pause = 9.0, threading.Event()
    with Path(up).open("w") as pipe:
        pipe.write(f"{os.getpid()}\n")
    while not park.should_stop():
        chisq *= 0.9
        park.progress(chisq=chisq)
        pause.wait(0.01)
    Path("best.txt").write_text(str(chisq))
    return chisq
