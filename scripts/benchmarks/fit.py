"""A fit by park: on two processes over one, and beside bumps' own driver, which records nothing."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.timing import compared

ROUNDS = 5
EVALUATION_S = 0.005
LEAST_SPEEDUP = 1.6
MOST_RECORDING = 1.03
PROCESSES = 2
MOST_NOTES_S = 0.002


def measure(rounds: int | None) -> dict[str, Any]:
    """Return both figures; an evaluation of the first takes 5 ms of a processor or more."""
    with TemporaryDirectory(prefix="park-bench-") as folder:
        os.environ["PARK_JOB_DIRECTORY"] = folder
        with (Path(folder) / "log").open("w") as log, redirect_stderr(log):
            return {
                "spread": _spread(rounds or ROUNDS),
                "recording": _recording(rounds or ROUNDS),
                "notes_of_a_trivial_job": _notes_of_a_job(Path(folder)),
            }


def _spread(rounds: int) -> dict[str, Any]:
    work = _work()
    fit = import_module("park.fitting").fit

    def by(processes: int) -> Callable[[], object]:
        return lambda: fit(_line(work), method="de", steps=25, parallel=processes)

    figures = compared(rounds, by(PROCESSES), by(1))
    spread, alone = _cpu_seconds(by(PROCESSES)), _cpu_seconds(by(1))
    return {
        "yardstick": "the same fit in one process",
        **figures,
        # what it would be if nobody else wanted the processors
        "by_processor_time": round(alone[0] / (spread[0] + spread[1] / PROCESSES), 2),
        "processes": PROCESSES,
        "evaluation_seconds": round(_cost(work), 4),
        "load": round(os.getloadavg()[0], 1),
        "holds": figures["yardstick_over_ours"] >= LEAST_SPEEDUP,
    }


def _cpu_seconds(action: Callable[[], object]) -> tuple[float, float]:
    """Return the processor seconds of ``action`` in this process, and of its children."""
    usages = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    before = [resource.getrusage(each) for each in usages]
    action()
    after = [resource.getrusage(each) for each in usages]
    own, children = (
        late.ru_utime + late.ru_stime - early.ru_utime - early.ru_stime
        for early, late in zip(before, after, strict=True)
    )
    return own, children


def _recording(rounds: int) -> dict[str, Any]:
    """Compare a fit with its monitor, watch and convergence to one without."""
    work = _work(EVALUATION_S / 10)
    fitting: Any = import_module("park.fitting.body")
    fitters = import_module("bumps.fitters")
    de = next(each for each in fitters.FITTERS if each.id == "de")
    leave, fitting.leave = fitting.leave, lambda _: {}  # the files are another matter

    def bare() -> object:
        import_module("numpy").random.seed(1)
        driver = fitters.FitDriver(fitclass=de, problem=_line(work), monitors=[], steps=100)
        driver.clip()
        return driver.fit()

    def ours() -> object:
        return fitting.fit(_line(work), method="de", steps=100)

    try:
        figures = compared(rounds, ours, bare)
        spent = [(sum(_cpu_seconds(ours)), sum(_cpu_seconds(bare))) for _ in range(rounds)]
    finally:
        fitting.leave = leave
    ratio = figures["seconds"] / figures["yardstick_seconds"]
    by_processor = statistics.median(mine / theirs for mine, theirs in spent)
    return {
        "yardstick": "bumps' driver without a monitor",
        **figures,
        "ours_over_yardstick": round(ratio, 3),
        # what it would be if nobody else wanted the processors
        "by_processor_time": round(by_processor, 3),
        "evaluation_seconds": round(_cost(work), 5),
        "holds": ratio < MOST_RECORDING,
    }


def _notes_of_a_job(folder: Path) -> dict[str, Any]:
    """Return what it costs a job that does nothing to note what it used, with refl1d loaded."""
    said = subprocess.run(
        [sys.executable, "-c", _FORKED, str(folder)], capture_output=True, text=True, check=True
    )
    spent = [float(line) for line in said.stdout.split()]
    return {
        "jobs": len(spent),
        "seconds": round(statistics.median(spent), 5),
        "limit_seconds": MOST_NOTES_S,
        "holds": statistics.median(spent) < MOST_NOTES_S,
    }


_FORKED = """
import os, sys, time
from park.runtime.folder import write_record
from park.runtime.used import recorder

recorder.start()
import mymodel

recorder.keep_base(sys.argv[1])
for _ in range(100):
    child = os.fork()
    if not child:
        recorder.rehearse()  # as a child does that waits for its order
        began = time.process_time()
        recorder.begin(sys.argv[1])
        write_record(sys.argv[1] + "/used", recorder.finish())
        print(time.process_time() - began, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def _line(work: Callable[[], object]) -> Any:
    numpy, names = import_module("numpy"), import_module("bumps.names")
    x = numpy.linspace(0, 10, 40)

    def line(x: Any, m: float, b: float) -> Any:
        work()
        return m * x + b

    model = names.Curve(line, x, 2 * x + 1 + 0.2 * numpy.cos(99 * x), 0.2 + 0 * x, m=1, b=0)
    model.m.range(0, 4)
    model.b.range(-5, 5)
    return names.FitProblem(model)


def _work(seconds: float = EVALUATION_S) -> Callable[[], object]:
    """Return what takes ``seconds`` of a processor, whoever else wants it."""
    numpy = import_module("numpy")
    size = 1_000

    def work() -> object:
        return numpy.sin(values).sum()

    while True:
        values = numpy.arange(size, dtype=float)
        if _cost(work) >= seconds:
            return work
        size = round(size * 1.5)


def _cost(work: Callable[[], object]) -> float:
    costs = []
    for _ in range(7):
        start = time.process_time()
        work()
        costs.append(time.process_time() - start)
    return min(costs)
