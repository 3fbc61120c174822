"""A polymer film on oxidised silicon under D2O, and its bare wafer, by neutron reflectometry.

What one calls: `prefit_simulation` before the experiment, `define_fit` for the problem that
starts from it (`park.Fit` takes that), and `fit` for the film on its measured curve. Files are
written into the current directory.
"""

from .data import load_data
from .fitting import define_fit, fit
from .sample import FILM_SLD, SAMPLES, constants, film_on_silicon, wafer_in_air
from .simulation import prefit_simulation

__all__ = [
    "FILM_SLD",
    "SAMPLES",
    "constants",
    "define_fit",
    "film_on_silicon",
    "fit",
    "load_data",
    "prefit_simulation",
    "wafer_in_air",
]
