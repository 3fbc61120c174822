"""A polymer film on oxidised silicon under D2O, measured by neutron reflectometry.

What one calls: `prefit_simulation` before the experiment, `fit` on the measured curve.
Both write their files into the current directory and return plain values.
"""

from .data import load_data
from .fitting import define_fit, fit
from .sample import FILM_SLD, constants, film_on_silicon
from .simulation import prefit_simulation

__all__ = [
    "FILM_SLD",
    "constants",
    "define_fit",
    "film_on_silicon",
    "fit",
    "load_data",
    "prefit_simulation",
]
