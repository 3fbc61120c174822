"""What the starting model predicts, before there are any data."""

import json
from pathlib import Path

import numpy as np
from refl1d.names import Experiment

from .data import FWHM_PER_SIGMA, Curve, probe
from .running import job
from .sample import SAMPLES

RESOLUTION = 0.042  # dq/q, full width at half maximum, as Platypus was set up
BACKGROUND = 4e-7


@job
def prefit_simulation(n=2000, q_min=0.008, q_max=0.47, sample="wafer"):
    """Simulate the reflectivity of the starting model at ``n`` points from q_min to q_max (1/Å).

    ``sample`` is one of `SAMPLES`. Returns the curve, the critical edge (1/Å), and what the
    free parameters of the model were. Writes ``prefit.json``: those, from which `define_fit`
    starts, and the curve.
    """
    if sample not in SAMPLES:
        raise ValueError(f"no sample {sample!r}; there are {', '.join(SAMPLES)}")
    if n < 2 or not 0 < q_min < q_max:
        raise ValueError(f"need n >= 2 and 0 < q_min < q_max; got {n}, {q_min}, {q_max}")
    q = np.geomspace(q_min, q_max, n)
    curve = Curve(q, None, None, q * RESOLUTION / FWHM_PER_SIGMA)
    kind = SAMPLES[sample]
    stack, free = kind.make()
    beam = probe(curve, background=BACKGROUND, through_silicon=kind.through_silicon)
    _, reflectivity = Experiment(sample=stack, probe=beam).reflectivity()

    start = {name: float(parameter.value) for name, parameter in free.items()}
    write(sample, start, q, reflectivity)
    return {
        "n": n,
        "sample": sample,
        "start": start,
        "q_critical": critical_edge(kind.fronting, kind.backing),
        "q": q,
        "reflectivity": reflectivity,
    }


def write(sample, start, q, reflectivity):
    """Write the model file into the current directory."""
    document = {
        "sample": sample,
        "parameters": start,
        "curve": {"q": q.tolist(), "reflectivity": reflectivity.tolist()},
    }
    Path("prefit.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def starting_model(path):
    """Return what a model file is of: the sample, its stack, and its parameters as they start.

    Raises `ValueError` where it is no model file, or one of another state of the model.
    """
    try:
        document = json.loads(Path(path).read_text("utf-8"))
        kind, values = SAMPLES[document["sample"]], document["parameters"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a file that prefit_simulation left: {error}") from error
    stack, free = kind.make()
    if values.keys() != free.keys():
        other = ", ".join(sorted(values.keys() ^ free.keys()))
        raise ValueError(f"{path} is of another model, which differs in: {other}")
    for name, value in values.items():
        free[name].value = value
    return kind, stack, free


def critical_edge(fronting, backing):
    """Return q (1/Å) below which everything is reflected, between two media of given SLDs."""
    return float(np.sqrt(16 * np.pi * (backing - fronting) * 1e-6))
