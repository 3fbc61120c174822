"""The body of ``park.Fit``, with real bumps and refl1d on the curve of the example."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.services.park_client import REPOSITORY, make_virtualenv
from support.services.park_service import own_environ

EXAMPLES = REPOSITORY / "examples"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter with park, bumps, refl1d and the example."""
    folder = tmp_path_factory.mktemp("fitting")
    return make_virtualenv(folder / "venv", EXAMPLES / "mymodel")


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


def test_the_same_seed_gives_the_same_result(python: Path, data: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"method": "dream", "samples": 500, "burn": 5}
    first = fitted(python, tmp_path / "a", data, **options, seed=7)
    again = fitted(python, tmp_path / "b", data, **options, seed=7)
    other = fitted(python, tmp_path / "c", data, **options, seed=8)
    assert first == again
    assert first["parameters"] != other["parameters"]


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
