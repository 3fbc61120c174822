"""The body of ``park fit``: what bumps is called with, what is brought, and what is left."""

from __future__ import annotations

import importlib
import importlib.util
import json
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.session.limits import LIMIT_S

from park import model_script
from park.fitting.random_numbers import compiled_seed
from park.model_script import command_line, fit_script, session_name


class Signal:
    """As much of a signal of blinker as is used."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def connect(self, function: Any, *, weak: bool) -> None:
        assert not weak
        self.heard.append(function)

    def disconnect(self, function: Any) -> None:
        self.heard.remove(function)

    def send(self, **event: Any) -> None:
        for each in self.heard:
            each(event)


class Problem:
    """A problem of three parameters, two of which have one name."""

    models = (SimpleNamespace(numpoints=lambda: 13),)

    def getp(self) -> list[float]:
        return [1.0, 2.0, 3.0]

    def setp(self, _: Any) -> None: ...

    def bounds(self) -> tuple[list[float], list[float]]:
        return [0.0, 0.0, 0.0], [5.0, 5.0, float("inf")]

    def labels(self) -> list[str]:
        return ["a", "b", "a"]

    def chisq(self, nllf: float = 0.5) -> float:
        return 2 * nllf


class Driver:
    """What bumps asks for uncertainties."""

    def __init__(self, *, fitclass: Any, problem: Any) -> None:
        assert fitclass.id == "lm"
        self.problem, self.fitter, self.result = problem, None, None

    def stderr(self) -> list[float]:
        return [0.1, float("nan"), 0.3]

    def cov(self) -> Any:
        raise ValueError("singular")


@pytest.fixture
def bumps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return what stands for bumps: ``main`` is its command."""
    found = SimpleNamespace(lines=[], main=lambda: None, progress=Signal(), complete=Signal())
    found.state = SimpleNamespace(
        problem=SimpleNamespace(fitProblem=Problem()),
        fitting=SimpleNamespace(fit_state=None, method="lm", convergence=[[4.0], [2.0], [0.5]]),
        shared=SimpleNamespace(active_fit={"num_steps": 20}),
        fit_abort_event=threading.Event(),
    )

    def main(options: Any) -> None:
        found.lines.append([*sys.argv, options.args])
        found.main()

    api = SimpleNamespace(state=found.state)
    thread = SimpleNamespace(EVT_FIT_PROGRESS=found.progress, EVT_FIT_COMPLETE=found.complete)
    known: dict[str, Any] = {
        "bumps.webview.server.api": api,
        "bumps.webview.server.cli": SimpleNamespace(
            main=main, get_commandline_options=SimpleNamespace
        ),
        "bumps.webview.server.fit_thread": thread,
        "bumps.fitters": SimpleNamespace(FITTERS=[SimpleNamespace(id="lm")], FitDriver=Driver),
    }
    real = importlib.import_module

    def imported(name: str) -> ModuleType:
        return known.get(name) or real(name)

    monkeypatch.setattr(importlib, "import_module", imported)
    there = {"bumps.webview"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in there else None)
    found.there = there
    monkeypatch.setenv("PARK_STOP_FILE", str(tmp_path / "stop"))
    monkeypatch.setenv("PARK_JOB_DIRECTORY", str(tmp_path / "work"))
    monkeypatch.setenv("PARK_PROGRESS_FILE", str(tmp_path / "progress.jsonl"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "work").mkdir()
    return found


def fitted(tmp_path: Path, *options: str, **said: Any) -> dict[str, Any]:
    (tmp_path / "script").write_text("x")
    (tmp_path / "data").write_text("1 2")
    files = {"fits/model.py": str(tmp_path / "script"), "data/run.dat": str(tmp_path / "data")}
    arguments = said.pop("arguments", [])
    return fit_script(
        "fits/model.py",
        files=files,
        folders=["fits"],
        arguments=arguments,
        options=list(options),
        **said,
    )


def test_bumps_is_called_as_a_person_would() -> None:
    assert command_line("m/model.py", ["--fit=dream", "--export=T1"], None) == [
        *("m/model.py", "--batch", "--export=.", "--parallel=1", "--write-session=model.h5"),
        *("--fit=dream", "--export=T1"),
    ]
    assert command_line("model.py", ["--session=x.h5"], "/in/old.h5") == [
        *("model.py", "--batch", "--export=.", "--parallel=1"),
        *("--resume", "--read-session=/in/old.h5", "--session=x.h5"),
    ]
    assert session_name("a/model.py", ["--session=x.h5", "--seed=1"]) == "x.h5"
    assert session_name("a/model.py", ["--write-session=x.h5"]) == "x.h5"
    assert session_name("a/model.py", ["--read-session=x.h5"]) == "model.h5"


def test_what_is_brought_is_there_and_is_taken_away_unless_it_was_changed(
    bumps: Any, tmp_path: Path
) -> None:
    work = tmp_path / "work"

    def main() -> None:
        assert (work / "data/run.dat").read_text() == "1 2"
        assert str(work / "fits") in sys.path
        (work / "model.par").write_text("a 1\n")

    bumps.main = main
    before = sys.argv
    fitted(tmp_path, "--fit=lm", arguments=["--film", "0.3"])
    assert sys.argv is before
    assert bumps.lines[0][:2] == ["bumps", "fits/model.py"]
    assert bumps.lines[0][-2:] == ["--fit=lm", ["--film", "0.3"]]
    left = {path.name for path in work.rglob("*") if path.is_file()}
    assert left >= {"model.py", "model.par", "fit.json", "fit.svg", "convergence.dat"}
    assert "run.dat" not in left
    bumps.main = lambda: (work / "data/run.dat").write_text("3") and None
    fitted(tmp_path)
    assert (work / "data/run.dat").read_text() == "3"


def test_the_result_is_data_and_two_of_one_name_are_told_apart(bumps: Any, tmp_path: Path) -> None:
    del bumps
    found = fitted(tmp_path, "--session=x.h5", "--steps=9", "--fit=lm", "--seed=4")
    assert (found["chisq"], found["points"], found["method"], found["steps"]) == (1.0, 13, "lm", 3)
    assert found["session"] == "x.h5"
    assert (found["labels"], found["values"]) == (["a", "b", "a"], [1.0, 2.0, 3.0])
    assert (found["converged"], found["why"]) == (True, "met the tolerance of lm")
    assert (found["covariance"], found["options"], found["seed"]) == (None, {"steps": "9"}, 4)
    left = json.loads((tmp_path / "work/fit.json").read_text())
    assert left == {name: value for name, value in found.items() if name != "session"}
    courses = np.loadtxt(tmp_path / "work/convergence.dat")
    assert courses[:, 2].tolist() == [8.0, 4.0, 1.0]
    assert found["parameters"] == {
        "a": {"value": 1.0, "uncertainty": 0.1, "bounds": [0.0, 5.0]},
        "b": {"value": 2.0, "uncertainty": None, "bounds": [0.0, 5.0]},
        "a [2]": {"value": 3.0, "uncertainty": 0.3, "bounds": [0.0, None]},
    }
    json.dumps(found, allow_nan=False)


def test_it_reports_the_best_so_far(bumps: Any, tmp_path: Path) -> None:
    def main() -> None:
        bumps.progress.send(message="progress", step=3, value=2.0)
        bumps.progress.send(message="progress", step=30, value=4.0)
        bumps.progress.send(message="convergence_update", convergence=[])

    bumps.main = main
    assert fitted(tmp_path)["steps"] == 30
    lines = (tmp_path / "progress.jsonl").read_text().splitlines()
    reports = [json.loads(line) for line in lines]
    assert [(each["done"], each["total"]) for each in reports] == [(3, 20), (20, 20), (20, 20)]
    assert [each["values"]["chisq"] for each in reports] == [4.0, 4.0, 1.0]
    assert bumps.progress.heard == bumps.complete.heard == []


def test_what_fails_there_fails_here(
    bumps: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bumps.main = lambda: bumps.complete.send(
        message="error", error_string="no such point", traceback="Traceback: x\n"
    )
    with pytest.raises(RuntimeError, match="the fit failed: no such point"):
        fitted(tmp_path)
    assert "Traceback: x" in capsys.readouterr().err

    def ends() -> None:
        sys.exit(2)

    bumps.main = ends
    with pytest.raises(RuntimeError, match="has ended with 2"):
        fitted(tmp_path)


def until_told_to_stop(bumps: Any, **event: Any) -> None:
    """Go on, as a fitter does, until bumps is told to stop."""
    bumps.progress.send(message="progress", step=3, value=0.5, point=[9.0, 8.0, 7.0], **event)
    assert bumps.state.fit_abort_event.wait(LIMIT_S)


def test_a_cancellation_ends_the_fit_between_two_steps_and_keeps_its_best(
    bumps: Any, tmp_path: Path
) -> None:
    def main() -> None:
        signal.raise_signal(signal.SIGTERM)
        until_told_to_stop(bumps)

    bumps.main = main
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match="has the best point so far"):
        fitted(tmp_path)
    assert signal.getsignal(signal.SIGTERM) is before
    assert json.loads((tmp_path / "work/fit.json").read_text())["stopped"] == "cancelled"


def test_what_is_asked_good_enough_or_too_long_stops_it_and_says_so(
    bumps: Any, tmp_path: Path
) -> None:
    bumps.main = lambda: until_told_to_stop(bumps)
    for said, reason in (({"good_enough": 1.5}, "good enough"), ({"timeout": 0.0}, "timeout")):
        bumps.state.fit_abort_event.clear()
        found = fitted(tmp_path, **said)
        assert (found["stopped"], found["converged"]) == (reason, False)
    bumps.state.fit_abort_event.clear()
    (tmp_path / "stop").touch()
    assert fitted(tmp_path)["stopped"] == "asked"


def test_one_that_is_killed_has_left_its_best_point(bumps: Any, tmp_path: Path) -> None:
    kept: list[Any] = []

    def main() -> None:
        bumps.progress.send(message="improvement", step=3, value=0.5, point=[9.0, 8.0, 7.0])
        kept.append(json.loads((tmp_path / "work/fit.json").read_text()))

    bumps.main = main
    fitted(tmp_path)
    assert (kept[0]["values"], kept[0]["stopped"]) == ([9.0, 8.0, 7.0], "killed")


def test_bumps_before_1_is_told_to_fit_no_script(bumps: Any, tmp_path: Path) -> None:
    bumps.there.clear()
    with pytest.raises(RuntimeError, match=r"is that of bumps 1; .*park.Fit\(problem\)"):
        fitted(tmp_path)


def test_the_seed_is_that_of_compiled_code_as_well_in_the_thread_that_fits(
    bumps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del bumps
    said: list[Any] = []

    class FitThread:
        def run(self) -> None:
            said.append("runs")

    real = importlib.import_module
    known: dict[str, Any] = {
        "bumps.webview.server.fit_thread": SimpleNamespace(FitThread=FitThread),
        "numpy": SimpleNamespace(random=SimpleNamespace(seed=said.append)),
        "numba": SimpleNamespace(njit=lambda function: function),
    }
    monkeypatch.setattr(importlib, "import_module", lambda name: known.get(name) or real(name))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert model_script._seed(["--seed=3", "--seed=4"]) == 4
    assert model_script._seed([]) == 0
    compiled_seed.cache_clear()  # what another test has had compiled
    model_script._seed_compiled(0)
    FitThread().run()
    model_script._seed_compiled(4)
    FitThread().run()
    FitThread().run()
    compiled_seed.cache_clear()
    assert said == ["runs", 4, "runs", "runs"]
