# Written as a scientist would.
# ruff: noqa: ANN001, ANN201, T201
"""Jobs that say something about themselves, and jobs that end in every other way."""

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

import park


@park.job(timeout=0.3)
def brief(up, go):
    """Wait for longer than it may."""
    return stay(up, go)


def stay(up, go):
    """Say the process and its fork server through the pipe ``up``, and wait for a line from ``go``.

    The fork server is the parent of the process that forks for it.
    """
    fork_server = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1]
    with Path(up).open("w") as pipe:
        pipe.write(f"{os.getpid()} {fork_server}\n")
    with Path(go).open() as pipe:
        return pipe.readline().strip()


@park.job(restartable=True)
def again(up, go, runs):
    """Count this run, then stay."""
    with Path(runs).open("a") as file:
        file.write(f"{os.environ['PARK_JOB_ATTEMPT']}\n")
    Path("left-by-the-first").touch(exist_ok=False)
    return stay(up, go)


@park.job
class Fit:
    """A class is a job, too; its instance is the result."""

    def __init__(self, slope, offset=0.0):
        self.slope = slope
        self.offset = offset

    def at(self, x):
        """Return the value of the line."""
        return self.slope * x + self.offset


def leave(code):
    """Leave, in place of returning."""
    sys.exit(code)


def vanish(code):
    """End without a word."""
    os._exit(code)


def die(number):
    """End by a signal."""
    os.kill(os.getpid(), number)


def crash():
    """Read what is nobody's."""
    ctypes.string_at(0)


def eat(megabytes):
    """Take memory."""
    return len(bytearray(megabytes * 2**20))


def lock():
    """Return what cannot be sent."""
    return threading.Lock()


def children(up, go):
    """Start a process that ignores SIGTERM; stay."""
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "
    argv = [sys.executable, "-c", code + "signal.pause()"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        with Path(up).open("w") as pipe:
            pipe.write(f"{os.getpid()} {child.pid}\n")
        with Path(go).open() as pipe:
            return pipe.readline()


def plots(names, which=None):
    """Leave files; return the name of one."""
    for name in names:
        Path(name).write_text(name)
    return which


def copy(source, target):
    """Read a file of the service, write another."""
    Path(target).write_text(Path(source).read_text().upper())
    return Path(target).name


def report(steps):
    """Report progress, as models do."""
    for step in range(steps):
        park.progress(step + 1, steps, chisq=1.5)
    return str(park.job_directory())
