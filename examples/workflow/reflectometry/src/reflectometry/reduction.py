"""From the angles of a run, as they were measured, to one reflectivity curve."""

import zipfile
from pathlib import Path

import numpy as np
from refnx.dataset import ReflectDataset
from refnx.util.nsplice import get_scaling_in_overlap

import park

COLUMNS = "q (1/Å)  R  dR  dq (1/Å, FWHM)"


@park.job
class SnsReduce:
    """The reduction of the angles in ``infile``, a zip, to the curve in ``outfile``.

    Each angle is scaled to what the angles before it have become, by the points where they
    overlap. ``angles`` are the names of the files, ``scales`` the factors, and ``points``
    and ``q_range`` (1/Å) what the curve has.

    Raises `ValueError` where there are no angles, or one of them overlaps with none before.
    """

    def __init__(self, infile, outfile):
        measured = load_angles(infile)
        self.angles = [name for name, _ in measured]
        curve, self.scales = splice(measured)
        self.points = len(curve)
        self.q_range = float(curve.x.min()), float(curve.x.max())
        save(curve, outfile)
        for name, scale in zip(self.angles, self.scales, strict=True):
            print(f"{name}: scaled by {scale:.4f}")
        print(f"{self.points} points, q = {self.q_range[0]:.4f} ... {self.q_range[1]:.4f} 1/Å")

    def __repr__(self):
        return f"<SnsReduce of {len(self.angles)} angles: {self.points} points>"


def load_angles(path):
    """Return the angles in the zip ``path`` by name, each with q, R, dR and dq."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".dat"))
        tables = [np.loadtxt(archive.open(name), skiprows=1, unpack=True) for name in names]
    if not names:
        raise ValueError(f"{path}: there is no angle (a file NAME.dat) in it")
    return list(zip(names, tables, strict=True))


def splice(measured):
    """Return the angles as one curve, and the factor by which each was multiplied."""
    curve, scales = ReflectDataset(), []
    for name, table in measured:
        scale = factor(curve, table) if scales else 1.0
        if not np.isfinite(scale):
            raise ValueError(f"{name} does not overlap with the angles before it")
        curve.add_data(table, requires_splice=bool(scales))
        scales.append(scale)
    return curve, scales


def factor(curve, table):
    """Return by what refnx multiplies ``table`` to join it to ``curve``."""
    q, reflectivity, error, _ = table
    scale, _, _ = get_scaling_in_overlap(curve.x, curve.y, curve.y_err, q, reflectivity, error)
    return float(scale)


def save(curve, path):
    """Write the curve as four columns, into a folder that is made where it is not there."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    columns = np.column_stack([curve.x, curve.y, curve.y_err, curve.x_err])
    np.savetxt(path, columns, fmt="%.8g", header=COLUMNS, encoding="utf-8")
