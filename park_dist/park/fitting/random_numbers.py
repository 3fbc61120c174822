"""The random numbers of a fit, from one seed: those of Python, of numpy and of compiled code."""

from __future__ import annotations

import importlib
import random
import sys

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["seed_all"]


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
    numba: Any = sys.modules.get("numba")
    if numba is None:
        return

    def seed_compiled(seed: int) -> None:
        numpy.random.seed(seed)  # numba's own generator, of the same name

    numba.njit(seed_compiled)(seed)
