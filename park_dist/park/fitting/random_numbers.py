"""The random numbers of a fit, from one seed: those of Python, of numpy and of compiled code."""

from __future__ import annotations

import importlib
import random
import sys
from functools import cache

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["compiled_seed", "seed_all"]


def seed_all(seed: int, method: str) -> None:
    """Start all random numbers that a fit by ``method`` can use at ``seed``.

    numba keeps a generator of its own for compiled code, on which the seed of numpy has no
    effect; dream takes its steps there. Where nothing has loaded numba, nothing is compiled.
    """
    random.seed(seed)
    numpy: Any = importlib.import_module("numpy")
    numpy.random.seed(seed)
    if method == "dream":
        importlib.import_module("bumps.dream.core")
    if "numba" in sys.modules:
        compiled_seed()(seed)


@cache
def compiled_seed() -> Any:
    """Return what seeds numba's generator, which has to be done in compiled code."""
    numpy: Any = importlib.import_module("numpy")

    def seed_compiled(seed: int) -> None:
        numpy.random.seed(seed)  # numba's own generator, of the same name

    return importlib.import_module("numba").njit(seed_compiled)
