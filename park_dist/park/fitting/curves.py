"""The curves and profiles of fitted experiments, as columns: of refl1d, sasmodels and bumps."""

from __future__ import annotations

import math
from collections.abc import Callable

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Table", "curves_of", "profile_of"]


class Table:
    """Named columns of equal length: ``name`` says what they are of, ``of`` what each one is."""

    def __init__(self, name: str, columns: dict[str, Any], of: str = "") -> None:
        self.name, self.columns, self.of = name, columns, of


def curves_of(experiment: Any) -> list[Table]:
    """Return measured and fitted values of ``experiment``, and their residuals.

    The columns are x, dx (where there is a resolution), y, dy, fit, and residual, which is
    (fit - y) / dy; of a model of which no more is known: residual alone, as it defines them.
    There are several where it has several cross sections.
    """
    for known in (_of_refl1d, _of_sasmodels, _of_curve):
        tables = known(experiment)
        if tables is not None:
            return tables
    residuals = _flat(experiment.residuals())
    return [Table(_name(experiment), {"residual": residuals})]


def profile_of(experiment: Any) -> Table | None:
    """Return the profile of scattering length density along the depth, where there is one."""
    if not hasattr(experiment, "smooth_profile"):
        return None
    is_magnetic = bool(getattr(experiment, "ismagnetic", False))
    profile = experiment.magnetic_smooth_profile() if is_magnetic else experiment.smooth_profile()
    names = ("z", "rho", "irho", "rho_m", "theta_m") if is_magnetic else ("z", "rho", "irho")
    columns = {name: _flat(each) for name, each in zip(names, profile, strict=False)}
    return Table(_name(experiment), columns, "z in Å, densities in 1e-6/Å²")


def _of_refl1d(experiment: Any) -> list[Table] | None:
    probe = getattr(experiment, "probe", None)
    if probe is None or not hasattr(experiment, "reflectivity"):
        return None
    calculated = experiment.reflectivity()
    if not getattr(probe, "polarized", False):
        pairs = [(probe, calculated, "")]
    else:
        names = (" --", " -+", " +-", " ++")
        pairs = [
            each for each in zip(probe.xs, calculated, names, strict=False) if each[0] is not None
        ]
    return [
        _table(
            f"{_name(experiment)}{suffix}",
            "x is Q in 1/Å, dx its resolution (1 sigma), y the reflectivity",
            x=part.Q,
            dx=getattr(part, "dQ", None),
            y=part.R,
            dy=part.dR,
            fit=fit,
        )
        for part, (_, fit), suffix in pairs
        if part.R is not None
    ]


def _of_sasmodels(experiment: Any) -> list[Table] | None:
    data, index = getattr(experiment, "_data", None), getattr(experiment, "index", None)
    if data is None or index is None or not hasattr(experiment, "Iq"):
        return None
    x = getattr(data, "x", None)
    known = {"y": experiment.Iq, "dy": experiment.dIq, "fit": experiment.theory()}
    if x is None:
        places = {"qx": data.qx_data, "qy": data.qy_data}
        chosen = {name: values[index] for name, values in places.items()}
        return [_table(_name(experiment), "qx, qy in 1/Å, y the intensity", **chosen, **known)]
    dx = getattr(data, "dx", None)
    return [
        _table(
            _name(experiment),
            "x is q in 1/Å, dx its resolution, y the intensity",
            x=x[index],
            dx=None if dx is None else dx[index],
            **known,
        )
    ]


def _of_curve(experiment: Any) -> list[Table] | None:
    """Whatever has x, y, dy and a theory, as bumps' own ``Curve``."""
    theory: Callable[[], Any] | None = getattr(experiment, "theory", None)
    x, y, dy = (getattr(experiment, name, None) for name in ("x", "y", "dy"))
    if theory is None or x is None or y is None or dy is None:
        return None
    return [_table(_name(experiment), "", x=x, y=y, dy=dy, fit=theory())]


def _table(name: str, of: str, **columns: Any) -> Table:
    flat = {each: _flat(values) for each, values in columns.items() if values is not None}
    lengths = {len(values) for values in flat.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    rows = zip(flat["fit"], flat["y"], flat["dy"], strict=True)
    flat["residual"] = [(fit - y) / dy if dy else math.nan for fit, y, dy in rows]
    return Table(name, flat, of)


def _flat(values: Any) -> list[float]:
    """Return an array of any shape, or a sequence, as numbers in a row."""
    return [float(each) for each in (values.ravel() if hasattr(values, "ravel") else values)]


def _name(experiment: Any) -> str:
    return str(getattr(experiment, "name", None) or type(experiment).__name__)
