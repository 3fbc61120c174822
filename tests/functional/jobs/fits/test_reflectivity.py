"""The body of ``park.Fit`` with refl1d, on reflectivity that was measured: the curve of the
example, and two contrasts of a polymer film together."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.services.park_client import REPOSITORY, uv_install
from support.services.park_service import own_environ
from support.services.refl1d_ready import virtualenv_with_refl1d

pytestmark = pytest.mark.slow

EXAMPLES = REPOSITORY / "examples"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter with park, bumps, refl1d and the example."""
    folder = tmp_path_factory.mktemp("fitting")
    python = virtualenv_with_refl1d(folder / "venv", EXAMPLES / "mymodel")
    uv_install(python, "refnx==0.1.67", options=("--no-deps",))  # for its data alone
    return python


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Get the measured curve."""
    folder = tmp_path_factory.mktemp("curve")
    command = [sys.executable, str(EXAMPLES / "platypus.py"), str(folder)]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def run(python: Path, folder: Path, script: str, *arguments: str | Path) -> Any:
    """Run ``script`` in ``folder`` as a job would run; return what it prints."""
    folder.mkdir(exist_ok=True)
    environ = {
        **own_environ(),
        "PARK_PROGRESS_FILE": str(folder / "progress.jsonl"),
        "PARK_JOB_DIRECTORY": str(folder),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(folder.parent / "matplotlib")),
    }
    done = subprocess.run(
        [python, "-c", script, *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FIT = """
import json, pickle, sys
import mymodel, park.fitting
mymodel.prefit_simulation(n=20, sample="film")
made = mymodel.define_fit(model="prefit.json", data=sys.argv[1])
problem = pickle.loads(pickle.dumps(made))
print(json.dumps(park.fitting.fit(problem, **json.loads(sys.argv[2]))))
"""


def fitted(python: Path, folder: Path, data: Path, **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = run(python, folder, FIT, data, json.dumps(options))
    return result


def test_a_problem_that_was_pickled_is_fitted(python: Path, data: Path, tmp_path: Path) -> None:
    result = fitted(python, tmp_path / "a", data, method="lm")
    assert result["chisq"] == pytest.approx(1.917, abs=0.005)
    assert (result["method"], result["points"]) == ("lm", 408)
    film = result["parameters"]["film thickness"]
    assert film["bounds"] == [200, 300]
    assert 200 < film["value"] < 300
    assert 0 < film["uncertainty"] < 10
    assert result["versions"].keys() >= {"python", "bumps", "refl1d", "numpy"}
    assert json.loads((tmp_path / "a" / "fit.json").read_text()) == result
    covariance = result["covariance"]
    at = result["labels"].index("film thickness")
    assert film["uncertainty"] == pytest.approx(covariance[at][at] ** 0.5)
    assert result["converged"] is True
    assert result["seconds"] > 0


def test_progress_has_the_best_chisq_so_far(python: Path, data: Path, tmp_path: Path) -> None:
    result = fitted(python, tmp_path / "a", data, method="amoeba", steps=300)
    lines = (tmp_path / "a" / "progress.jsonl").read_text().splitlines()
    reports = [json.loads(line) for line in lines]
    assert {report["total"] for report in reports} == {300}
    chisq = [report["values"]["chisq"] for report in reports]
    assert len(chisq) > 1
    assert chisq == sorted(chisq, reverse=True)
    assert reports[-1]["done"] == result["steps"] <= 300
    assert chisq[-1] == pytest.approx(result["chisq"])
    # at most five each second, but for the last one
    times = [report["time"] for report in reports[:-1]]
    assert all(after - before > 0.19 for before, after in itertools.pairwise(times))


TOGETHER = """
import contextlib, json, sys, warnings
from importlib.util import find_spec
from pathlib import Path
import bumps.fitters, numba, numpy as np, mymodel, park.fitting
from refl1d.names import Experiment, FitProblem, QProbe, SLD

warnings.simplefilter("ignore")

@numba.njit
def seed_compiled(seed):
    np.random.seed(seed)

def own(problem, method, **options):
    np.random.seed(7)
    seed_compiled(7)
    result = bumps.fitters.fit(problem, method=method, **options)
    return {"values": list(result.x), "chisq": float(problem.chisq())}

def curve():
    return mymodel.define_fit(sys.argv[1])

def both():
    data = Path(find_spec("refnx").submodule_search_locations[0]) / "analysis/tests"
    film, oxide = SLD("film", rho=2), SLD("oxide", rho=3.47)
    inner, outer = oxide(40, 3), film(200, 3)
    outer.thickness.range(150, 250)
    film.rho.range(0.1, 4)
    made = []
    for name, solvent in (("e361r.txt", 6.36), ("e366r.txt", -0.56)):
        q, r, error = np.loadtxt(data / name).T[:3]
        probe = QProbe(q, 0.02 * q, R=r, dR=error, background=5e-7, back_reflectivity=True)
        stack = SLD("si", rho=2.07)(0, 3) | inner | outer | SLD(name, rho=solvent)
        made.append(Experiment(sample=stack, probe=probe, name=name))
    return FitProblem(made)

with contextlib.redirect_stdout(sys.stderr):
    options = {"samples": 300, "burn": 5}
    dream = [park.fitting.fit(curve(), method="dream", seed=seed, **options) for seed in (7, 7, 8)]
    spread = park.fitting.fit(curve(), method="dream", seed=7, parallel=2, **options)
    dream.append(spread)
    ours = park.fitting.fit(both(), method="amoeba", seed=7, steps=60)
    found = {
        "dream": dream, "own dream": own(curve(), "dream", **options),
        "both": ours, "own both": own(both(), "amoeba", steps=60),
        "files": sorted(path.name for path in Path().iterdir()),
        "profile": np.loadtxt("profile-2.dat").shape[1],
        "names": [line for n in (1, 2) for line in open(f"curve-{n}.dat").readlines()[:3]],
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def together(python: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run(python, tmp_path_factory.mktemp("together") / "work", TOGETHER, data)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_result(together: Any) -> None:
    first, again, other, spread = map(without_times, together["dream"])
    assert first == again == spread
    assert first["values"] != other["values"]


def without_times(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in {"seconds", "parallel"}}


@pytest.mark.slow
def test_draws_that_are_compiled_are_those_of_bumps_at_the_same_seed(together: Any) -> None:
    assert same(together["dream"][0], together["own dream"])


@pytest.mark.slow
def test_a_simultaneous_fit_of_two_is_that_of_bumps(together: Any) -> None:
    assert same(together["both"], together["own both"])
    assert together["both"]["notes"] == []
    assert {"curve-1.dat", "curve-2.dat", "profile-1.dat", "fit.svg"} <= {*together["files"]}
    assert together["profile"] == 3  # z, rho, irho
    assert "# e361r.txt\n" in together["names"]
    assert "# x dx y dy fit residual\n" in together["names"]


def same(ours: dict[str, Any], own: dict[str, Any]) -> bool:
    return (ours["values"], ours["chisq"]) == (own["values"], own["chisq"])


REFUSED = """
import json, mymodel, sys
from park.fitting import fit
problem = mymodel.define_fit(sys.argv[1])
said = []
for value, options in [
    (problem, {"method": "magic"}),
    (problem, {"method": "lm", "burn": 3}),
    (problem, {"steps": 0}),
    ("text", {}),
]:
    try:
        fit(value, **options)
    except ValueError as error:
        said.append(str(error))
open("other.json", "w").write('{"sample": "film", "parameters": {"film SLD": 2}}')
for model in ("other.json", sys.argv[1]):
    try:
        mymodel.define_fit(sys.argv[1], model=model)
    except ValueError as error:
        said.append(str(error))
(experiment,) = problem.models
said.append(fit(experiment, method="lm", steps=1)["points"])
print(json.dumps(said))
"""


def test_what_is_refused_says_why(python: Path, data: Path, tmp_path: Path) -> None:
    magic, burn, steps, text, other, no_model, points = run(python, tmp_path, REFUSED, data)
    assert magic.startswith("no fit method 'magic' in bumps; it has amoeba, de, dream, ")
    assert burn == "lm has no option burn; it has ftol, jump, starts, steps, xtol"
    assert steps == "a fit takes at least one step; got steps=0"
    assert text == "a fit takes a bumps FitProblem or a model for one; got str"
    assert other.startswith("other.json is of another model, which differs in: D2O SLD, ")
    assert "is not a file that prefit_simulation left" in no_model
    assert points == 408  # a model of refl1d will do as well
