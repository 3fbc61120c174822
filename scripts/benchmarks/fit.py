"""A fit by park: on two processes over one, and beside bumps' own driver, which records nothing."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.timing import compared

ROUNDS = 5
EVALUATION_S = 0.005
LEAST_SPEEDUP = 1.6
MOST_RECORDING = 1.03
PROCESSES = 2


def measure(rounds: int | None) -> dict[str, Any]:
    """Return both figures; an evaluation of the first takes 5 ms of a processor or more."""
    with TemporaryDirectory(prefix="park-bench-") as folder:
        os.environ["PARK_JOB_DIRECTORY"] = folder
        with (Path(folder) / "log").open("w") as log, redirect_stderr(log):
            return {
                "spread": _spread(rounds or ROUNDS),
                "recording": _recording(rounds or ROUNDS),
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

    try:
        figures = compared(rounds, lambda: fitting.fit(_line(work), method="de", steps=100), bare)
    finally:
        fitting.leave = leave
    ratio = figures["seconds"] / figures["yardstick_seconds"]
    return {
        "yardstick": "bumps' driver without a monitor",
        **figures,
        "ours_over_yardstick": round(ratio, 3),
        "evaluation_seconds": round(_cost(work), 5),
        "holds": ratio < MOST_RECORDING,
    }


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
