"""The measurement: what the columns of a data file mean, and how refl1d wants them."""

import os
from typing import NamedTuple

import numpy as np
from refl1d.names import QProbe

FWHM_PER_SIGMA = np.sqrt(8 * np.log(2))  # of a Gaussian: 2.3548


class Curve(NamedTuple):
    """A reflectivity curve; the error of R and the resolution of q (1/Å) are 1 sigma."""

    q: np.ndarray
    reflectivity: np.ndarray | None
    error: np.ndarray | None
    resolution: np.ndarray


def load_data(data):
    """Return the curve in ``data``: a file, or an array, with the columns q, R, dR, dq.

    Platypus reduction (and so refnx) gives dq as the full width at half maximum of the
    resolution; refl1d works with its standard deviation, so it is converted here. The
    data agree: read as sigma, the same numbers smear the fringes that were measured, and
    chisq of the best fit is nearly three times as large.

    Raises `ValueError` where that is not what ``data`` holds.
    """
    is_file = isinstance(data, (str, os.PathLike))
    where = os.fspath(data) if is_file else "the array"
    table = np.loadtxt(data, ndmin=2) if is_file else np.asarray(data, dtype=float)
    if table.ndim != 2 or table.shape[1] != 4 or len(table) == 0:
        raise ValueError(f"{where}: expected 4 columns (q, R, dR, dq), found shape {table.shape}")
    q, reflectivity, error, fwhm = table.T
    if not np.isfinite(table).all() or (table[:, [0, 2, 3]] <= 0).any():
        raise ValueError(f"{where}: q, dR and dq must be positive in each row, and all finite")
    return Curve(q, reflectivity, error, fwhm / FWHM_PER_SIGMA)


def probe(curve, scale=1.0, background=0.0, *, through_silicon=True):
    """Return the beam of the measurement: it comes through the silicon, from below, or from above.

    ``scale`` and ``background`` may be numbers or parameters of the fit.
    """
    return QProbe(
        curve.q,
        curve.resolution,
        R=curve.reflectivity,
        dR=curve.error,
        intensity=scale,
        background=background,
        back_reflectivity=through_silicon,
    )
