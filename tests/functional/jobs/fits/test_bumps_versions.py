"""The body of ``park.Fit`` with the bumps that users have: 0.9, and the newest.

Each method is tried on a line through measured-like points; `test_measured` has real data.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import make_virtualenv
from support.services.park_service import own_environ
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

MODEL = """
import json, os, sys, threading, time, warnings
import numpy as np
from bumps.names import Curve, FitProblem
from bumps.fitters import FITTERS
import park.fitting

warnings.simplefilter("ignore")  # bumps' own
x = np.linspace(0, 10, 40)
noise = np.random.RandomState(3).randn(40)

def line(x, m, b):
    return m * x + b

def problem(function=line):
    model = Curve(function, x, line(x, 2, 1) + 0.2 * noise, 0.2 * np.ones(40), m=1, b=0)
    model.m.range(0, 4)
    model.b.range(-5, 5)
    return FitProblem(model)

def fit(made, **options):
    sys.stdout = sys.stderr
    try:
        return park.fitting.fit(made, **options)
    finally:
        sys.stdout = sys.__stdout__
"""

ALL = (
    MODEL
    + """
short = {"dream": {"samples": 400, "burn": 10}, "pt": {"steps": 20, "burn": 20}}
short["scipy.leastsq"] = {}
found = {}
for each in FITTERS:
    options = short.get(each.id, {"steps": 100})
    found[each.id] = [
        fit(problem(), method=each.id, seed=seed, parallel=parallel, **options)
        for seed, parallel in [(7, 1), (7, 1), (7, 2), (8, 1)]
    ]
fit(problem(), method="dream", samples=400)
arrays, draws = np.load("fit.npz"), np.load("draws.npz")
text = np.loadtxt("curve-1.dat")
read = {
    "same": bool((text[:, 0] == arrays["curve_1_x"]).all() and text.shape == (40, 5)),
    "fit": float(abs(arrays["curve_1_fit"] - arrays["curve_1_y"]).max()),
    "steps": arrays["convergence_step"].tolist(),
    "chisq": arrays["convergence_chisq"].tolist(),
    "draws": draws["points"].shape,
    "logp": draws["logp"].shape,
    "labels": draws["labels"].tolist(),
}
print(json.dumps([found, read]))
"""
)

BESIDE = (
    MODEL
    + """
import bumps.fitters
found = {}
for each in FITTERS:
    options = {"samples": 400, "burn": 10} if each.id == "dream" else {"steps": 40}
    ours = fit(problem(), method=each.id, seed=7, **options)
    made = problem()
    np.random.seed(7)
    driver = bumps.fitters.FitDriver(fitclass=each, problem=made, monitors=[], **options)
    driver.clip()
    point, _ = driver.fit()
    found[each.id] = [ours["values"], list(point), ours["chisq"], float(made.chisq()),
                      ours["uncertainties"], list(driver.stderr())]
print(json.dumps(found))
"""
)

STOPPED = (
    MODEL
    + """
def slow(x, m, b):
    time.sleep(0.002)
    return line(x, m, b)

stop = os.environ["PARK_STOP_FILE"] = os.path.abspath("stop")
found = {}
for each in FITTERS:
    if each.id in ("lm", "scipy.leastsq", "newton"):
        continue  # a line takes them two steps
    options = {"samples": 10**6} if each.id == "dream" else {"steps": 10**6}
    if each.id == "amoeba":
        options.update(starts=10**6)
    found[each.id] = [fit(problem(slow), method=each.id, good_enough=1000.0, **options),
                      fit(problem(slow), method=each.id, timeout=0.2, **options)]
    threading.Timer(0.2, lambda: open(stop, "w").close()).start()
    found[each.id].append(fit(problem(slow), method=each.id, **options))
    os.remove(stop)
print(json.dumps(found))
"""
)

LOOPS = (
    MODEL
    + """
import bumps.partemp

def loop(*_):
    open("loops", "w").close()
    while True:
        pass

bumps.partemp.Stepper.direct = loop
print(json.dumps(fit(problem(), method="pt", steps=10**6, timeout=float(sys.argv[1]))))
"""
)

ENDLESS = (
    MODEL
    + """
def slow(x, m, b):
    time.sleep(0.002)
    return line(x, m, b)

fit(problem(slow), method="de", steps=10**6)
"""
)


@pytest.fixture(scope="module", params=["bumps<1", "bumps>=1"], ids=["0.9", "newest"])
def python(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path_factory.mktemp("bumps")
    return make_virtualenv(folder / "venv", request.param, "numpy", "scipy", "six")


def environ(folder: Path) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    return {**own_environ(), "PARK_JOB_DIRECTORY": str(folder), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def run(python: Path, tmp_path: Path) -> Callable[..., Any]:
    """Return what runs a script as a job would run, and reads what it prints."""

    def run(script: str, *arguments: str) -> Any:
        done = subprocess.run(
            [python, "-c", script, *arguments], cwd=tmp_path, env=environ(tmp_path),
            capture_output=True, text=True, check=False, timeout=LIMIT_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])  # bumps 0.9 prints as well

    return run


def without_times(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in {"seconds", "parallel"}}


def check_files(read: dict[str, Any]) -> None:
    """Check what numpy alone reads of the files that a fit by dream has left."""
    assert read["same"] is True
    assert read["fit"] < 100  # dream has hardly begun
    assert read["steps"] == sorted(read["steps"])
    assert read["chisq"] == sorted(read["chisq"], reverse=True)
    assert read["labels"] == ["b", "m"]
    assert read["draws"][1:] == [2]
    assert read["draws"][:1] == read["logp"]


@pytest.mark.slow
def test_each_method_gives_the_same_for_the_same_seed_on_one_process_and_on_two(
    run: Callable[..., Any],
) -> None:
    found, read = run(ALL)
    check_files(read)
    assert found.keys() >= {"amoeba", "de", "dream", "lm", "newton", "pt"}
    for method, (first, again, spread, other) in found.items():
        assert without_times(first) == without_times(again) == without_times(spread), method
        assert spread["parallel"]["asked"] == 2
        maps = method in {"de", "dream"}
        assert spread["parallel"]["used"] == (2 if maps else 1)
        assert (spread["parallel"]["why"] is None) is maps
        assert first["notes"] == []
        if method in {"de", "dream", "pt"}:
            assert first["values"] != other["values"], method
        else:
            assert first["chisq"] == pytest.approx(1.0347, abs=1e-3)
            assert first["converged"] is True
            assert all(first["uncertainties"])
        assert first["covariance"] is not None


def test_the_numbers_are_those_of_bumps_itself(run: Callable[..., Any]) -> None:
    for method, found in run(BESIDE).items():
        values, point, chisq, own_chisq, errors, own_errors = found
        assert values == point, method
        assert chisq == own_chisq, method
        assert errors == pytest.approx(own_errors, rel=1e-6), method


@pytest.mark.slow
def test_each_method_stops_between_its_steps_and_keeps_its_best(run: Callable[..., Any]) -> None:
    for method, results in run(STOPPED).items():
        assert [each["stopped"] for each in results] == ["good enough", "timeout", "asked"], method
        assert results[0]["chisq"] < 1000
        for each in results:
            assert each["converged"] is False
            assert each["why"].startswith("stopped: ")
            assert each["steps"] >= 1
            assert -5 <= each["values"][0] <= 5


def test_one_that_loops_is_stopped_as_well(run: Callable[..., Any], tmp_path: Path) -> None:
    for timeout_s in (0.2, 2, 20, LIMIT_S / 2):  # until it gets as far as the loop before it ends
        result = run(LOOPS, str(timeout_s))
        if (tmp_path / "loops").exists():
            break
    assert (tmp_path / "loops").exists()
    assert result["stopped"] == "timeout"
    assert result["chisq"] > 0


def test_a_cancelled_one_leaves_what_it_had_and_does_not_complete(
    python: Path, tmp_path: Path
) -> None:
    reports = tmp_path / "progress"
    os.mkfifo(reports)
    variables = {**environ(tmp_path), "PARK_PROGRESS_FILE": str(reports)}
    fit = subprocess.Popen(
        [python, "-c", ENDLESS], cwd=tmp_path, env=variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        with reports.open() as first:
            assert json.loads(first.readline())["values"]["chisq"] > 0
            fit.send_signal(signal.SIGTERM)
            output, _ = fit.communicate(timeout=LIMIT_S)
    finally:
        fit.kill()
        fit.wait()
    assert fit.returncode == 1
    assert "fit.json has the best point so far" in output
    left = json.loads((tmp_path / "fit.json").read_text())
    assert left["stopped"] == "cancelled"
    assert len(left["values"]) == 2
    assert {path.name for path in tmp_path.iterdir()} >= {"curve-1.dat", "fit.npz", "fit.svg"}
