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
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from park.fitting.early_end import CANCELLED, Stop, on_termination
from park.fitting.fit_problem import finite, versions_of_fits
from park.fitting.fitter import fitter_of
from park.fitting.monitor import Convergence
from park.fitting.random_numbers import compiled_seed
from park.fitting.what_is_left import Ended, leave, left_early
from park.jobside import job_directory, progress

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["command_line", "fit_script", "session_name"]

_LOOKS_EVERY_S = 0.2
"""At the clock, and at whether the job is asked to stop."""

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
    good_enough: float | None = None,
    timeout: float | None = None,
) -> dict[str, Any]:
    """Fit the ``problem`` of a model script as ``bumps SCRIPT`` does; return what was found.

    That is what `park.fitting.fit` returns, and ``session``, the name of the file in which
    bumps has left its own. The files of that fit are left beside those of bumps.

    ``script`` is its path in this job's directory, where ``files`` are brought: copies, by the
    path that they are to have. ``folders`` go on the module path. ``arguments`` are the
    script's own, ``options`` those of bumps. ``session`` is the session of an earlier fit,
    from which this one goes on. It stops between two steps, with its best point, once chisq
    is below ``good_enough``, after ``timeout`` seconds, or when the job is asked to stop.

    Raises `RuntimeError` with what bumps has to say where the fit fails, and where it is older
    than 1.0, whose command fits no script without a window.
    """
    _check_bumps()
    work = job_directory()
    brought = [_brought(Path(copy), work / name) for name, copy in files.items()]
    sys.path += [str(work / name) for name in folders]
    os.environ["MPLBACKEND"] = "agg"
    try:
        stop = Stop(good_enough=good_enough, timeout_s=timeout)
        return _fitted(command_line(script, options, session), arguments, stop)
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


def _check_bumps() -> None:
    if importlib.util.find_spec("bumps.webview") is None:
        there = versions_of_fits().get("bumps", "no bumps")
        raise RuntimeError(
            f"this environment has bumps {there}, and the command that fits a script here is that "
            "of bumps 1; pass the problem that the script defines: park.Fit(problem)"
        )


def _fitted(line: list[str], arguments: list[str], stop: Stop) -> dict[str, Any]:
    api: Any = importlib.import_module("bumps.webview.server.api")
    said = _Said(api, stop, method=_of_line(line, "fit"), seed=_seed(line))
    with _arguments(line), said.listening(), _stopping(stop, api.state.fit_abort_event):
        _seed_compiled(_seed(line))
        _main(api.state, arguments)
    said.raise_what_failed()
    result = leave(_ended(api.state, said, stop, line))
    if stop.reason == CANCELLED:
        raise SystemExit("cancelled; fit.json has the best point so far")
    return {**result, "session": session_name(line[0], line)}


def _of_line(line: list[str], name: str) -> str:
    """Return what is said last on the command line as ``--name=…``; empty for nothing."""
    said = [each.partition("=")[2] for each in line if each.startswith(f"--{name}=")]
    return said[-1] if said else ""


def _seed(line: list[str]) -> int:
    """Return the seed that is said on the command line, 0 for none, as bumps has it."""
    return int(_of_line(line, "seed") or 0)


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
        state.app_name, state.app_version = "refl1d", versions_of_fits().get("refl1d", "")
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
def _stopping(stop: Stop, abort: Any) -> Iterator[None]:
    """Have bumps end its fit between two steps once ``stop`` says so.

    It is told again and again: as a fit begins, bumps forgets what it was told before.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOKS_EVERY_S):
            if stop.look():
                abort.set()

    watcher = threading.Thread(target=watch, name="park fit watch", daemon=True)
    with on_termination(lambda: stop.because(CANCELLED)):
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


class _Said:
    """What bumps says while it fits: passed on as progress, and kept where it failed.

    ``best`` is the best point of which it has spoken, ``total`` the most steps that there can be.
    """

    def __init__(self, api: Any, stop: Stop, *, method: str, seed: int) -> None:
        self.step = 0
        self.total: int | None = None
        self.best: list[float] | None = None
        self.convergence = Convergence()
        self._api, self._stop, self._method, self._seed = api, stop, method, seed
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
            self.step = int(event["step"])
        if event.get("value") is not None:
            self._note(float(event["value"]), event.get("point"))
        self.seconds = time.monotonic() - self._began

    def _note(self, value: float, point: Any) -> None:
        if value < self._lowest:
            self._lowest = value
            self.best = self.best if point is None else [float(each) for each in point]
        self.total = self._api.state.shared.active_fit.get("num_steps") or self.total
        self.report(self.chisq)
        self._stop.judge(self.chisq)
        if point is not None and self.best is not None:  # for one that is killed
            left_early(self._problem, self, method=self._method, seed=self._seed)

    @property
    def _problem(self) -> Any:
        return self._api.state.problem.fitProblem

    @property
    def chisq(self) -> float:
        """The chisq of the best point of which bumps has spoken."""
        return float(self._problem.chisq(nllf=self._lowest))

    def report(self, chisq: float | None) -> None:
        """Say how far the fit is, and the ``chisq`` of its best point."""
        done = self.step if self.total is None else min(self.step, self.total)
        progress(done, self.total, chisq=None if chisq is None else finite(chisq))

    def raise_what_failed(self) -> None:
        """Raise `RuntimeError` where bumps has said that the fit failed."""
        if self._error is not None:
            sys.stderr.write(str(self._error["traceback"]))
            raise RuntimeError(f"the fit failed: {self._error['error_string']}")


def _ended(state: Any, said: _Said, stop: Stop, line: list[str]) -> Ended:
    """Return the fit that bumps has made, as one of `park.fitting`."""
    problem, fitting = state.problem.fitProblem, state.fitting
    numpy: Any = importlib.import_module("numpy")
    best = numpy.asarray(problem.getp())
    for number, row in enumerate(fitting.convergence):  # the lowest cost comes first
        lowest = float(problem.chisq(nllf=float(row[0])))
        said.convergence.add(number + 1, math.nan, lowest)  # bumps keeps no times
    said.step = max(said.step, len(said.convergence.step))
    return Ended(
        driver=_driver(problem, fitting),
        best=best,
        monitor=said,
        stopped=stop.reason,
        total=said.total,
        method=fitting.method,
        settings=dict(_settings(line)),
        seed=_seed(line) or None,
        spread=_Spread(int(_of_line(line, "parallel") or 1)),
        seconds=said.seconds,
    )


def _driver(problem: Any, fitting: Any) -> Any:
    """Return what bumps asks for uncertainties, as it is after a fit."""
    driver = importlib.import_module("bumps.fitters").FitDriver(
        fitclass=fitter_of(fitting.method), problem=problem
    )
    if hasattr(fitting.fit_state, "draw"):
        driver.fitter = fitter_of(fitting.method)(problem)
        driver.fitter.state = fitting.fit_state
    return driver


def _settings(line: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what the command line says to the fitter, by name."""
    for each in line[1:]:
        name, _, value = each.removeprefix("--").partition("=")
        if value and name not in _NO_SETTINGS:
            yield name, value


_NO_SETTINGS = {
    *("fit", "seed", "parallel", "export", "session", "write-session", "read-session", "pars"),
}
"""Options that say something of the program, or stand elsewhere in the result."""


class _Spread:
    """Over how many processes bumps was told to spread the fit; 0: one for each core."""

    def __init__(self, asked: int) -> None:
        self.asked = asked
        self.used = asked or os.cpu_count() or 1
        self.why: str | None = None
