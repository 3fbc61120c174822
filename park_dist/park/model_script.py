"""The body of ``park fit model.py``: bumps' own command, run as a job.

It leaves what ``bumps`` leaves, so that ``bumps`` can load it and go on from it. It runs
inside job environments that have bumps 1, alone or with refl1d; here nothing outside the
standard library is imported until a fit begins.
"""

from __future__ import annotations

import filecmp
import importlib
import importlib.util
import math
import os
import shutil
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from park.fitting.fit_problem import finite, points_of
from park.fitting.random_numbers import compiled_seed
from park.jobside import job_directory, progress

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["command_line", "fit_script", "session_name"]

_BETWEEN_REPORTS_S = 0.5
"""Of bumps' own reports, which it makes each five seconds for a browser."""


def fit_script(
    script: str,
    *,
    files: dict[str, str],
    folders: list[str],
    arguments: list[str],
    options: list[str],
    session: str | None = None,
) -> dict[str, Any]:
    """Fit the ``problem`` of a model script as ``bumps SCRIPT`` does; return what was found.

    ``script`` is its path in this job's directory, where ``files`` are brought: copies, by the
    path that they are to have. ``folders`` go on the module path. ``arguments`` are the
    script's own, ``options`` those of bumps. ``session`` is the session of an earlier fit,
    from which this one goes on.

    Raises `RuntimeError` with what bumps has to say where the fit fails.
    """
    work = job_directory()
    brought = [_brought(Path(copy), work / name) for name, copy in files.items()]
    sys.path += [str(work / name) for name in folders]
    os.environ["MPLBACKEND"] = "agg"
    try:
        return _fitted(command_line(script, options, session), arguments)
    finally:
        _take_away([pair for pair in brought if pair[1] != work / script])


def command_line(script: str, options: list[str], session: str | None) -> list[str]:
    """Return what bumps is called with, the name of the program left out.

    It stores a session and exports the fit, also where nobody has said so.
    """
    line = [script, "--batch", "--export=.", "--parallel=1"]
    if not any(each.startswith(("--session=", "--write-session=")) for each in options):
        line += [f"--write-session={session_name(script, options)}"]
    if session is not None:
        line += ["--resume", f"--read-session={session}"]
    return line + options  # of two of the same name the later one counts


def session_name(script: str, options: list[str]) -> str:
    """Return the name of the file in which bumps stores its session."""
    for each in reversed(options):
        name, _, value = each.partition("=")
        if name in {"--write-session", "--session"} and value:
            return value
    return f"{PurePosixPath(script).stem}.h5"


def _brought(copy: Path, place: Path) -> tuple[Path, Path]:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(copy, place)
    return copy, place


def _take_away(brought: list[tuple[Path, Path]]) -> None:
    """Remove what was brought and is as it was: it is nothing that the job leaves."""
    for copy, place in brought:
        if place.is_file() and filecmp.cmp(copy, place, shallow=False):
            place.unlink()


def _fitted(line: list[str], arguments: list[str]) -> dict[str, Any]:
    api: Any = importlib.import_module("bumps.webview.server.api")
    said = _Said(api)
    with _arguments(line), said.listening(), _stopped_by_termination(api.state.fit_abort_event):
        _seed_compiled(_seed(line))
        _main(api.state, arguments)
    said.raise_what_failed()
    return _result(api.state, said, line)


def _seed(line: list[str]) -> int:
    """Return the seed that is said on the command line, 0 for none, as bumps has it."""
    said = [each.partition("=")[2] for each in line if each.startswith("--seed=")]
    return int(said[-1]) if said else 0


def _seed_compiled(seed: int) -> None:
    """Start the random numbers of compiled code at ``seed``, in the thread where bumps fits.

    bumps starts those of numpy. numba has others, for each thread its own; dream takes its
    steps there.
    """
    if not seed or importlib.util.find_spec("numba") is None:
        return
    thread: Any = importlib.import_module("bumps.webview.server.fit_thread").FitThread
    run = thread.run

    def seeded(self: Any) -> None:
        thread.run = run
        compiled_seed()(seed)
        run(self)

    thread.run = seeded


def _main(state: Any, arguments: list[str]) -> None:
    """Run the command: refl1d's where that is, which knows the files of refl1d as well.

    The script's own arguments are not on its command line, where bumps takes ``--x`` for one
    of its options.
    """
    cli: Any = importlib.import_module("bumps.webview.server.cli")
    if importlib.util.find_spec("refl1d") is not None:
        importlib.import_module("refl1d.webview.server.cli")  # registers what refl1d adds
        state.app_name, state.app_version = "refl1d", _versions().get("refl1d", "")
    try:
        options = cli.get_commandline_options()
        options.args = arguments or None
        cli.main(options)
    except SystemExit as end:
        if end.code not in {None, 0}:
            raise RuntimeError(f"the script or bumps has ended with {end.code}") from end


@contextmanager
def _arguments(line: list[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = ["bumps", *line]
    try:
        yield
    finally:
        sys.argv = before


@contextmanager
def _stopped_by_termination(abort: Any) -> Iterator[None]:
    """Have SIGTERM, with which a service cancels, end the fit between two steps."""
    before = signal.signal(signal.SIGTERM, lambda *_: abort.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Said:
    """What bumps says while it fits: passed on as progress, and kept where it failed."""

    def __init__(self, api: Any) -> None:
        self.steps = 0
        self._api = api
        self._thread: Any = importlib.import_module("bumps.webview.server.fit_thread")
        self._lowest = math.inf
        self._error: dict[str, Any] | None = None
        self._began = time.monotonic()
        self.seconds = 0.0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what bumps says, until the block ends."""
        signals = self._thread.EVT_FIT_PROGRESS, self._thread.EVT_FIT_COMPLETE
        self._thread.PROGRESS_DELAY = _BETWEEN_REPORTS_S
        for each in signals:
            each.connect(self._hear, weak=False)
        try:
            yield
        finally:
            for each in signals:
                each.disconnect(self._hear)

    def _hear(self, event: dict[str, Any]) -> None:
        if event["message"] == "error":
            self._error = event
        if event["message"] == "progress":
            self.steps = int(event["step"])
        if event.get("value") is not None:
            self._lowest = min(self._lowest, float(event["value"]))
            self._report()
        self.seconds = time.monotonic() - self._began

    def _report(self) -> None:
        state = self._api.state
        total = state.shared.active_fit.get("num_steps") or None
        chisq = finite(state.problem.fitProblem.chisq(nllf=self._lowest))
        done = self.steps if total is None else min(self.steps, total)
        progress(done, total, chisq=chisq)

    def raise_what_failed(self) -> None:
        """Raise `RuntimeError` where bumps has said that the fit failed."""
        if self._error is not None:
            sys.stderr.write(str(self._error["traceback"]))
            raise RuntimeError(f"the fit failed: {self._error['error_string']}")


def _result(state: Any, said: _Said, line: list[str]) -> dict[str, Any]:
    """Return what the fit has found, as `park.fitting.fit` does."""
    problem = state.problem.fitProblem
    numpy: Any = importlib.import_module("numpy")
    best = numpy.asarray(problem.getp())
    low, high = problem.bounds()
    uncertainties = _uncertainties(problem, state.fitting.fit_state, best)
    problem.setp(best)  # numerical derivatives have moved it
    return {
        "chisq": finite(problem.chisq()),
        "points": points_of(problem),
        "method": state.fitting.method,
        "steps": max(said.steps, len(state.fitting.convergence)),
        "seconds": said.seconds,
        "parameters": {
            name: {
                "value": float(value),
                "uncertainty": uncertainty,
                "bounds": [finite(lowest), finite(highest)],
            }
            for name, value, uncertainty, lowest, highest in zip(
                _names(problem.labels()), best, uncertainties, low, high, strict=True
            )
        },
        "session": session_name(line[0], line),
        "versions": _versions(),
    }


def _names(labels: list[str]) -> list[str]:
    """Return ``labels``, the second of the same name and those that follow with their number."""
    found: list[str] = []
    for label in map(str, labels):
        again = found.count(label)
        names = (f"{label} [{number}]" for number in range(again + 1, len(labels) + 2))
        found.append(label if not again else next(each for each in names if each not in found))
    return found


def _uncertainties(problem: Any, draws: Any, best: Any) -> list[float | None]:
    """Return one sigma of each parameter: from the draws, else from the curvature."""
    if hasattr(draws, "draw"):
        stats: Any = importlib.import_module("bumps.dream.stats")
        found = [(each.p68[1] - each.p68[0]) / 2 for each in stats.var_stats(draws.draw())]
        return [finite(each) for each in found[: len(best)]]
    errors: Any = importlib.import_module("bumps.lsqerror")
    algebra: Any = importlib.import_module("numpy.linalg")
    try:
        return [finite(each) for each in errors.stderr(problem.cov(best))]
    except (ArithmeticError, ValueError, algebra.LinAlgError):
        return [None] * len(best)  # a curvature that cannot be inverted says nothing of errors


def _versions() -> dict[str, str]:
    """Return the versions of Python, and of what is known to fit."""
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    found = {"python": python_version()}
    for name in ("bumps", "numpy", "refl1d", "sasmodels", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
