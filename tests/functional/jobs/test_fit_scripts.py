"""Model scripts as jobs, with real bumps: what bumps itself leaves, in the same environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import REPOSITORY, Client
from support.services.refl1d_ready import virtualenv_with_refl1d
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

SCRIPT = """
import sys
import numpy as np
from bumps.names import Curve, FitProblem
from lines import line, line_of_a_slow_model
x, y, dy = np.loadtxt("run-%s.dat" % sys.argv[1]).T
curve = Curve(line_of_a_slow_model if "slow" in sys.argv else line, x, y, dy)
curve.slope.range(0, 5)
curve.offset.range(-5, 5)
problem = FitProblem(curve)
"""

LINES = """
import time

def line(x, slope=1, offset=0):
    return slope * x + offset

def line_of_a_slow_model(x, slope=1, offset=0):
    time.sleep(0.002)  # what is ended early anyway leaves the processor to others
    return line(x, slope, offset)
"""

DATA = "".join(f"{x} {2 * x + 1 + (-1) ** x * 0.05} 0.1\n" for x in range(12))


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, service_with_refl1d: ParkService
) -> Client:
    """Give the command line of a virtualenv with refl1d, which brings its bumps."""
    folder = tmp_path_factory.mktemp("scripts")
    python = virtualenv_with_refl1d(folder / "venv")
    service = service_with_refl1d
    return Client.of(python, folder / "client", cache=client_cache, service=service)


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a user: a script, a module beside it, and two measurements."""
    folder = tmp_path_factory.mktemp("fits")
    (folder / "model.py").write_text(SCRIPT)
    (folder / "lines.py").write_text(LINES)
    (folder / "run-1.dat").write_text(DATA)
    (folder / "run-2.dat").write_text("")
    return folder


@pytest.fixture(scope="module")
def drawn(client: Client, fits: Path) -> dict[str, Any]:
    """Fit with dream; return the answer."""
    line = ["--fit=dream", "--samples=200", "--burn=10", "--seed=3", "--", "1"]
    return fitted(client, fits, *line)


def fitted(client: Client, fits: Path, *line: str) -> dict[str, Any]:
    """Fit the script with park; return the answer."""
    done = client.run("fit", fits / "model.py", "--json", *line)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def bumps(client: Client, fits: Path, *options: str | Path) -> None:
    """Run bumps itself here, as a user would."""
    environ = {**client.environ(), "PYTHONPATH": str(fits)}
    command = [client.python.parent / "bumps", *options, "--batch", "--parallel=1"]
    done = subprocess.run(
        command, cwd=fits.parent, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_fit_of_a_script_is_that_of_bumps_itself(
    client: Client, fits: Path, tmp_path: Path
) -> None:
    line = ["--fit=de", "--steps=30", "--pop=5", "--seed=5"]
    answer = fitted(client, fits, *line, "--store=T1", "--", "1")
    record = client.json("status", answer["id"])
    files = {file["name"] for file in record["files"]}
    assert files >= {"model.h5", "model.py", "T1/model.par", "T1/model.out", "T1/model-model0.png"}
    assert not {"run-1.dat", "run-2.dat", "lines.py"} & files
    assert record["progress"]["values"]["chisq"] == pytest.approx(answer["result"]["chisq"])
    assert (answer["result"]["points"], answer["result"]["method"]) == (12, "de")
    client.run("get", answer["id"], "T1/model.par", "-o", str(tmp_path / "there.par"))
    here = tmp_path / "here"
    session = f"--session={tmp_path / 'here.h5'}"
    bumps(client, fits, fits / "model.py", *line, session, f"--export={here}", "--args", "1")
    assert (tmp_path / "there.par").read_text() == (here / "model.par").read_text()


@pytest.mark.slow
def test_it_goes_on_from_a_fit_before_there_and_here(
    client: Client, fits: Path, drawn: dict[str, Any], tmp_path: Path
) -> None:
    line = ["--fit=dream", "--samples=600", "--burn=0", "--resume", drawn["id"], "--", "1"]
    again = fitted(client, fits, *line)
    first, second = tmp_path / "first.h5", tmp_path / "second.h5"
    client.run("get", drawn["id"], "model.h5", "-o", str(first))
    client.run("get", again["id"], "model.h5", "-o", str(second))
    session = f"--session={second}"
    counted = generations(client, first), generations(client, second)
    bumps(client, fits, session, "--resume", "--fit=dream", "--samples=700", "--burn=0")
    assert 0 < counted[0] < counted[1] < generations(client, second)


def generations(client: Client, session: Path) -> int:
    text = "import h5py, json, sys\nwith h5py.File(sys.argv[1]) as file:\n"
    text += "    print(json.dumps(int(file['fitting/fit_state/total_generations'][()])))\n"
    found: int = client.script(text, session)
    return found


@pytest.mark.slow
def test_dream_draws_the_same_from_the_same_seed(
    client: Client, fits: Path, drawn: dict[str, Any]
) -> None:
    line = ["--method", "dream", "--samples", "200", "--burn", "10", "--seed", "3", "--args", "1"]
    again = fitted(client, fits, *line)
    assert again["result"]["parameters"] == drawn["result"]["parameters"]


AS_ANY_FIT = """
import json, sys, park
with park.remote_service():
    fit = park.Fit(sys.argv[1], method="dream", samples=1000, burn=10, seed=3, args=["1"])
    good = park.Fit(
        sys.argv[1], method="de", steps=100000, xtol=0, ftol=0, good_enough=50.0, args=["1"]
    )
    asked = park.Fit(sys.argv[1], method="de", steps=1000000, xtol=0, ftol=0, args=["1", "slow"])
    left = fit.result()
    while not asked.refresh().progress:
        assert not asked.refresh().status.is_final, asked.error
        asked.logs()
    asked.stop(grace=60)
    found = park.get_job(fit.id)
print(json.dumps({
    "left": left,
    "read": fit.left(),
    "kinds": [type(each).__name__ for each in (fit, found)],
    "summary": fit.summary(),
    "picture": fit.plot().svg[:4],
    "notebook": found._repr_html_()[:3],
    "files": [each.name for each in fit.files.records()],
    "good": good.result(),
    "asked": asked.result(),
}))
"""


@pytest.mark.slow
def test_what_it_leaves_is_that_of_any_fit_beside_that_of_bumps(client: Client, fits: Path) -> None:
    found = client.script(AS_ANY_FIT, fits / "model.py")
    left = found["left"]
    assert found["read"] == {name: each for name, each in left.items() if name != "session"}
    assert found["kinds"] == ["FitJob", "FitJob"]
    assert (left["method"], left["seed"], left["stopped"], left["notes"]) == ("dream", 3, None, [])
    assert left["labels"] == ["offset", "slope"] == sorted(left["parameters"])
    assert len(left["covariance"]) == 2
    assert left["converged"] in {True, False}
    assert {"python", "bumps", "numpy"} <= left["versions"].keys()
    assert found["summary"].startswith(f"chisq {left['chisq']:.5g} of 12 points, dream, ")
    assert (found["picture"], found["notebook"]) == ("<svg", "<p>")
    assert {
        *("fit.json", "fit.svg", "fit.npz", "draws.npz", "curve-1.dat", "convergence.dat"),
        *("model.h5", "model.par"),
    } <= set(found["files"])
    good, asked = found["good"], found["asked"]
    assert (good["stopped"], asked["stopped"]) == ("good enough", "asked")
    assert good["chisq"] < 50.0


def test_a_script_that_cannot_be_loaded_is_told_before_anything_is_sent(
    client: Client, fits: Path
) -> None:
    before = len(client.json("jobs"))
    told = client.error("fit", fits / "model.py", "--", "9", status=2)
    assert "model.py, line 6: FileNotFoundError: run-9.dat not found" in told
    told = client.error("fit", fits / "model.py", "--samples=many", "--", "1", status=2)
    assert "argument --samples" in told
    assert len(client.json("jobs")) == before


NATURAL = """
import json, pickle, sys
import cloudpickle, numpy as np, park
from bumps.names import Curve, FitProblem
from refl1d.names import SLD, Experiment, NeutronProbe, air, silicon

def line(x, slope=1, offset=0):
    return slope * x + offset

def named(data):
    return type(pickle.loads(data)).__module__

x = np.arange(9.0)
curve = Curve(line, x, 2 * x + 1, np.ones(9))
curve.slope.range(0, 5)
sample = silicon(0, 5) | SLD("film", 4)(240, 3) | air
sample[1].thickness.range(200, 300)
probe = NeutronProbe(T=np.linspace(0.2, 2, 40), dT=0.01, L=5, dL=0.05)
film = Experiment(sample=sample, probe=probe)
probe.R = film.reflectivity()[1]
probe.dR = 0.1 * probe.R + 1e-9
with park.remote_service():
    fits = [park.Fit(each, method="lm", steps=50) for each in (curve, film, FitProblem(film))]
    inner = park.remote_service().submit(named, cloudpickle.dumps(sample[1]))
lacking = pickle.dumps(sample[1].material).replace(b"refl1d.", b"refl9d.")
try:
    park.remote_service().submit(named, lacking)
except park.ParkError as error:
    told = [error.message, error.hint]
print(json.dumps([[each.result()["points"] for each in fits], inner.result(), *told]))
"""


@pytest.mark.slow
def test_the_natural_argument_runs_where_all_is_that_it_refers_to(client: Client) -> None:
    points, module, told, hint = client.script(NATURAL)
    assert points == [9, 40, 40]
    assert module.startswith("refl1d.")
    assert "names SLD of refl9d.sample.material, and no environment" in told
    assert "pip install" in hint
    assert " refl9d (or " in hint


ENDED_EARLY = """
import json, time, numpy as np, park
from bumps.names import Curve

def line(x, slope=1, offset=0):
    time.sleep(0.002)  # what is ended early anyway leaves the processor to others
    return slope * x + offset

def curve(shift):
    x = np.arange(9.0)
    made = Curve(line, x, 2 * x + 1 + shift + 0.1 * (-1) ** x, 0.1 * np.ones(9))
    made.slope.range(0, 5)
    made.offset.range(-5, 5)
    return made

forever = {"method": "de", "steps": 10**8, "xtol": 0, "ftol": 0}

def until_it_reports(fit):
    while "chisq" not in ((fit.refresh().progress or {}).get("values") or {}):
        assert not fit.refresh().status.is_final, fit.error
        fit.logs()

with park.remote_service():
    both = park.Fit([curve(0), curve(1)], method="lm")
    cancelled = park.Fit(curve(0), seed=1, **forever)
    until_it_reports(cancelled)
    cancelled.cancel()
    fits = [park.Fit(curve(0), seed=seed, **forever) for seed in (2, 3)]
    for fit in fits:
        until_it_reports(fit)
    race = park.race(
        fits, good_enough=lambda j: j.progress["chisq"] < 1e9, stop="keep", grace=600
    )
    race.wait()
    for fit in fits:
        fit.wait()
left = cancelled.left()
print(json.dumps({
    "both": [both.result()["points"], [each.name for each in both.files.records()]],
    "cancelled": [str(cancelled.status), left["stopped"], left["chisq"], left["values"]],
    "race": [str(race.status), race.result()["stopped"], race.winner.id in [f.id for f in fits]],
    "fits": [[str(fit.status), fit.left()["stopped"]] for fit in fits],
}))
"""


def test_a_fit_that_is_cancelled_or_has_lost_leaves_its_best_point(client: Client) -> None:
    found = client.script(ENDED_EARLY)
    points, names = found["both"]
    assert points == 18
    assert {"curve-1.dat", "curve-2.dat"} <= set(names)
    status, stopped, chisq, values = found["cancelled"]
    assert (status, stopped, len(values)) == ("cancelled", "cancelled", 2)
    assert chisq is not None
    assert found["race"] == ["completed", "asked", True]
    assert found["fits"] == [["completed", "asked"]] * 2


def test_a_mapper_over_jobs_finds_what_bumps_finds_alone(client: Client) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "fit-a-model.md").read_text("utf-8")
    section = page.partition("## A population over jobs")[2]
    script = client.folder / "mapped.py"
    script.write_text(section.partition("```python\n")[2].partition("```")[0])
    done = subprocess.run(
        [client.python, script], env=client.environ(), cwd=client.folder,
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == ["True True"], done.stderr
    assert "It ends with `True True`" in section
