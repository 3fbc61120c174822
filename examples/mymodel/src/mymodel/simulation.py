"""What the starting model predicts, before there are any data."""

import numpy as np
from refl1d.names import Experiment

from . import sample
from .data import FWHM_PER_SIGMA, Curve, probe

RESOLUTION = 0.042  # dq/q, full width at half maximum, as Platypus was set up
BACKGROUND = 4e-7


def prefit_simulation(n=2000, q_min=0.008, q_max=0.47):
    """Simulate the reflectivity of the starting model at ``n`` points from q_min to q_max (1/Å).

    Returns the curve with its resolution, the SLD of the film that it was made with, and
    the critical edge (1/Å). Writes ``prefit.txt``, with the columns q and R.
    """
    if n < 2 or not 0 < q_min < q_max:
        raise ValueError(f"need n >= 2 and 0 < q_min < q_max; got {n}, {q_min}, {q_max}")
    q = np.geomspace(q_min, q_max, n)
    curve = Curve(q, None, None, q * RESOLUTION / FWHM_PER_SIGMA)
    stack, _ = sample.film_on_silicon()
    model = Experiment(sample=stack, probe=probe(curve, background=BACKGROUND))
    _, reflectivity = model.reflectivity()

    header = f"starting model, film SLD {sample.FILM_SLD} 1e-6/Å²\nq (1/Å)  R"
    columns = np.column_stack([q, reflectivity])
    np.savetxt("prefit.txt", columns, fmt="%.8g", header=header, encoding="utf-8")
    return {
        "n": n,
        "film_sld": sample.FILM_SLD,
        "q_critical": critical_edge(sample.SILICON_SLD, sample.D2O_SLD),
        "q": q,
        "reflectivity": reflectivity,
    }


def critical_edge(fronting, backing):
    """Return q (1/Å) below which everything is reflected, between two media of given SLDs."""
    return float(np.sqrt(16 * np.pi * (backing - fronting) * 1e-6))
