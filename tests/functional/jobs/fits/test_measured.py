"""``park.Fit`` on measured data that packages carry: chisq and parameters are those of bumps.

NIST's ultrasonic calibration (Chwirut2, with certified values) with bumps alone, and the
polymer blend that LOQ is calibrated with (TK49), with sasmodels. `test_fitting` has the
reflectivity of refl1d.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from support.services.park_client import make_virtualenv, uv_install
from support.services.park_service import own_environ
from support.session.limits import LIMIT_S

DATA = ("refnx==0.1.67", "sasdata==0.11.0")  # both BSD-3-Clause
"""Their files alone are read; to install what they require would take a while."""

SCRIPT = """
import json, re, sys, warnings
from importlib.util import find_spec
from pathlib import Path
import numpy as np
import bumps.fitters
import park.fitting
from bumps.names import Curve, FitProblem
from sasmodels.bumps_model import Experiment, Model
from sasmodels.core import load_model
from sasmodels.data import Data1D

warnings.simplefilter("ignore")  # those of bumps, sasmodels and numpy
sys.stdout = sys.stderr

def folder(package):
    return Path(find_spec(package).submodule_search_locations[0])

def ultrasonic():
    path = folder("refnx") / "analysis/tests/NIST_STRD/Chwirut2.dat"
    y, x = np.loadtxt(path, skiprows=60).T

    def decay(x, b1, b2, b3):
        return np.exp(-b1 * x) / (b2 + b3 * x)

    model = Curve(decay, x, y, np.ones_like(y), b1=0.15, b2=0.008, b3=0.010, name="ultrasonic")
    for name in ("b1", "b2", "b3"):
        getattr(model, name).range(0, 1)
    return model

def blend(name="ISIS_Polymer_Blend_TK49.xml"):
    text = (folder("sasdata") / "example_data/1d_data" / name).read_text()
    q, i, error = (
        np.array(re.findall(f"<{tag} unit=.*?>(.*?)</{tag}>", text), float)
        for tag in ("Q", "I", "Idev")
    )
    kernel = load_model("poly_gauss_coil")
    model = Model(kernel, scale=1, background=0.1, i_zero=70, rg=60, polydispersity=1.02)
    model.i_zero.range(1, 500)
    model.rg.range(10, 300)
    model.background.range(0, 5)
    keep = q < 0.2
    data = Data1D(x=q[keep], y=i[keep], dy=error[keep])
    return Experiment(data=data, model=model)

def both():
    one, other = blend(), blend("ISIS_Polymer_Blend_RT2.xml")
    other.model.background = one.model.background  # what two have in common
    return FitProblem([one, other])

found = {}
for make, method, options in [
    (lambda: FitProblem(ultrasonic()), "lm", {"steps": 200}),
    (lambda: FitProblem(blend()), "amoeba", {"steps": 400}),
    (both, "de", {"steps": 20}),
]:
    ours = park.fitting.fit(make(), method=method, seed=3, **options)
    problem = make()
    np.random.seed(3)
    own = bumps.fitters.fit(problem, method=method, **options)
    found[method] = {
        "ours": ours,
        "own": {"values": list(own.x), "uncertainties": list(own.dx), "chisq": problem.chisq()},
        "files": sorted(path.name for path in Path().iterdir()),
    }
sys.stdout = sys.__stdout__
print(json.dumps(found, default=float))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("measured")
    python = make_virtualenv(folder / "venv", "bumps>=1", "sasmodels")
    uv_install(python, *DATA, options=("--no-deps",))
    work = folder / "work"
    work.mkdir()
    done = subprocess.run(
        [python, "-c", SCRIPT], cwd=work, env={**own_environ(), "PARK_JOB_DIRECTORY": str(work)},
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("method", ["lm", "amoeba", "de"])
def test_chisq_and_parameters_are_those_of_bumps(found: dict[str, Any], method: str) -> None:
    ours, own = found[method]["ours"], found[method]["own"]
    assert ours["values"] == own["values"]
    assert ours["chisq"] == own["chisq"]
    assert ours["uncertainties"] == pytest.approx(own["uncertainties"], rel=1e-6)
    assert ours["notes"] == []


def test_the_certified_values_are_found(found: dict[str, Any]) -> None:
    # NIST StRD, Chwirut2: values, sum of squares, and errors, which are scaled by the scatter
    ours = found["lm"]["ours"]
    assert ours["values"] == pytest.approx([0.16657666537, 0.0051653291286, 0.012150007096], 1e-4)
    assert ours["chisq"] * 51 == pytest.approx(513.04802941, rel=1e-6)
    scale = ours["chisq"] ** 0.5
    errors = [scale * each for each in ours["uncertainties"]]
    assert errors == pytest.approx([0.038303286810, 6.6621605126e-4, 1.5304234767e-3], rel=1e-3)
    assert ours["converged"] is True


def test_a_simultaneous_fit_of_two_has_a_curve_of_each(found: dict[str, Any]) -> None:
    assert {"curve-1.dat", "curve-2.dat"} <= {*found["de"]["files"]}
    assert "curve-2.dat" not in found["amoeba"]["files"]
    assert len(found["de"]["ours"]["labels"]) == 5  # with one background
    assert found["amoeba"]["ours"]["versions"].keys() >= {"bumps", "sasmodels"}
