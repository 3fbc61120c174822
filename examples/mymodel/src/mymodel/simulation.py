"""What the starting model predicts, before there are any data."""

import json
from pathlib import Path

import numpy as np
from refl1d.names import Experiment

from . import sample
from .data import FWHM_PER_SIGMA, Curve, probe
from .running import job

RESOLUTION = 0.042  # dq/q, full width at half maximum, as Platypus was set up
BACKGROUND = 4e-7


@job
def prefit_simulation(n=2000, q_min=0.008, q_max=0.47):
    """Simulate the reflectivity of the starting model at ``n`` points from q_min to q_max (1/Å).

    Returns the curve with its resolution, the SLD of the film that it was made with, and
    the critical edge (1/Å). Writes ``prefit.json``: the free parameters of the model, from
    which `define_fit` starts, and the curve.
    """
    if n < 2 or not 0 < q_min < q_max:
        raise ValueError(f"need n >= 2 and 0 < q_min < q_max; got {n}, {q_min}, {q_max}")
    q = np.geomspace(q_min, q_max, n)
    curve = Curve(q, None, None, q * RESOLUTION / FWHM_PER_SIGMA)
    stack, free = sample.film_on_silicon()
    model = Experiment(sample=stack, probe=probe(curve, background=BACKGROUND))
    _, reflectivity = model.reflectivity()

    write(free, q, reflectivity)
    return {
        "n": n,
        "film_sld": sample.FILM_SLD,
        "q_critical": critical_edge(sample.SILICON_SLD, sample.D2O_SLD),
        "q": q,
        "reflectivity": reflectivity,
    }


def write(free, q, reflectivity):
    """Write the model file into the current directory."""
    document = {
        "parameters": {name: float(parameter.value) for name, parameter in free.items()},
        "curve": {"q": q.tolist(), "reflectivity": reflectivity.tolist()},
    }
    Path("prefit.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def start_from(path, free):
    """Set the parameters ``free``, by name, to what a model file says.

    Raises `ValueError` where it is no model file, or one of another model.
    """
    try:
        values = json.loads(Path(path).read_text("utf-8"))["parameters"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a file that prefit_simulation left: {error}") from error
    if values.keys() != free.keys():
        other = ", ".join(sorted(values.keys() ^ free.keys()))
        raise ValueError(f"{path} is of another model, which differs in: {other}")
    for name, value in values.items():
        free[name].value = value


def critical_edge(fronting, backing):
    """Return q (1/Å) below which everything is reflected, between two media of given SLDs."""
    return float(np.sqrt(16 * np.pi * (backing - fronting) * 1e-6))
