"""The end of a fit: its result as plain data, and its files."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from park.fitting.curves import Table, curves_of, profile_of
from park.fitting.early_end import CANCELLED
from park.fitting.estimates import (
    converged_why,
    covariance_of,
    draws_of,
    parameters_of,
    uncertainties_of,
)
from park.fitting.fit_problem import experiments_of, finite, points_of, versions_of
from park.fitting.left_files import (
    FIT,
    write_arrays,
    write_draws,
    write_json,
    write_table,
    write_text,
)
from park.fitting.monitor import Monitor
from park.fitting.picture import picture
from park.fitting.summary import summary
from park.jobside import job_directory

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Course(Protocol):
        """How far a fit is: `Monitor`, or what hears bumps' own command."""

        step: int
        best: list[float] | None

        @property
        def chisq(self) -> float:
            """The chisq of the best point."""


__all__ = ["Ended", "leave", "left_early"]


class Ended:
    """A fit that has ended, however it did; ``stopped`` says why before its own end."""

    def __init__(self, **known: Any) -> None:
        self.driver: Any = known["driver"]
        self.best: Any = known["best"]
        self.monitor: Monitor = known["monitor"]
        self.stopped: str | None = known["stopped"]
        self.known = known
        self.problem = self.driver.problem
        self.draws = draws_of(self.driver)


def left_early(problem: Any, monitor: Course, *, method: str, seed: int) -> None:
    """Write the best point of a fit that goes on, for when it is killed."""
    labels = [str(label) for label in problem.labels()]
    document = {
        "chisq": finite(monitor.chisq),
        "points": points_of(problem),
        "labels": labels,
        "values": monitor.best,
        "uncertainties": [None] * len(labels),
        "converged": False,
        "why": "the best point so far of a fit that goes on, or was killed",
        "stopped": "killed",
        "method": method,
        "steps": monitor.step,
        "seed": seed,
    }
    write_json(job_directory() / FIT, document)


def leave(ended: Ended) -> dict[str, Any]:
    """Write all files of a fit; return its result.

    The values come first, since a job that is cancelled has seconds for its end; what takes
    evaluations, the uncertainties, comes last, and never where nobody waits for it.
    """
    folder = job_directory()
    ended.problem.setp(ended.best)
    result = _result(ended)
    if ended.stopped is not None:
        write_json(folder / FIT, result)
    notes: list[str] = result["notes"]
    tables = dict(_tables(ended, notes))
    _noted(notes, "files", lambda: _write_tables(folder, tables, ended, result["labels"]))
    if ended.stopped != CANCELLED:
        _add_uncertainties(ended, result)
    _noted(notes, "picture", lambda: write_text(folder / "fit.svg", picture(result, tables)))
    write_json(folder / FIT, result)
    sys.stderr.write(summary(result) + "\n")  # in the logs of a job, and in no program's output
    ended.monitor.report(result["chisq"])
    return result


def _result(ended: Ended) -> dict[str, Any]:
    known, problem = ended.known, ended.problem
    draws = ended.draws
    is_converged, why = converged_why(
        ended.driver,
        method=known["method"],
        steps=ended.monitor.step,
        total=known["total"],
        stopped=ended.stopped,
        chains=None if draws is None else draws.chains,
    )
    spread = known["spread"]
    return {
        "chisq": finite(problem.chisq()),
        "points": points_of(problem),
        "labels": [str(label) for label in problem.labels()],
        "values": [float(value) for value in ended.best],
        "uncertainties": [None] * len(ended.best),
        "covariance": None,
        "parameters": parameters_of(problem, ended.best, [None] * len(ended.best)),
        "converged": is_converged,
        "why": why,
        "stopped": ended.stopped,
        "method": known["method"],
        "options": {name: _plain(value) for name, value in sorted(known["settings"].items())},
        "steps": ended.monitor.step,
        "seconds": round(known["seconds"], 3),
        "seed": known["seed"],
        "parallel": {"asked": spread.asked, "used": spread.used, "why": spread.why},
        "versions": versions_of(problem),
        "notes": [],
    }


def _plain(value: Any) -> Any:
    is_plain = value is None or isinstance(value, (bool, int, float, str))
    return value if is_plain else str(value)


def _add_uncertainties(ended: Ended, result: dict[str, Any]) -> None:
    ended.driver.result = ended.best, None  # where bumps takes its derivatives
    uncertainties = uncertainties_of(ended.driver, len(ended.best))
    result["covariance"] = covariance_of(ended.driver, ended.draws)
    ended.problem.setp(ended.best)  # numerical derivatives have moved it
    result["uncertainties"] = uncertainties
    result["parameters"] = parameters_of(ended.problem, ended.best, uncertainties)


def _tables(ended: Ended, notes: list[str]) -> Iterator[tuple[str, Table]]:
    """Yield curves, profiles and the convergence, each with the name of its file."""
    curves: list[Table] = []
    profiles: list[Table] = []
    for experiment in experiments_of(ended.problem):
        curves += _noted(notes, "curves", partial(curves_of, experiment)) or []
        profile = _noted(notes, "profile", partial(profile_of, experiment))
        profiles += [profile] if profile is not None else []
    for kind, tables in (("curve", curves), ("profile", profiles)):
        for number, table in enumerate(tables, start=1):
            yield f"{kind}-{number}", table
    course = ended.monitor.convergence
    columns = {"step": course.step, "seconds": course.seconds, "chisq": course.chisq}
    of = "the lowest chisq after each step"
    yield "convergence", Table("convergence", columns, of)


def _write_tables(folder: Path, tables: dict[str, Table], ended: Ended, labels: list[str]) -> None:
    for name, table in tables.items():
        write_table(folder / f"{name}.dat", table)
    write_arrays(folder / "fit.npz", tables.items())
    if ended.draws is not None:
        write_draws(folder / "draws.npz", ended.draws, labels)


def _noted(notes: list[str], what: str, make: Callable[[], Any]) -> Any:
    """Return what ``make`` does; where a model's own code fails at it, the fit is no worse."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 (anything, of anybody's)
        notes.append(f"no {what}: {type(error).__name__}: {error}")
        traceback.print_exc()
        return None
