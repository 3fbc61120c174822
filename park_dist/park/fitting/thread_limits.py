"""Threads of numerical libraries: fewer in each of several processes that share the cores."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["VARIABLES", "limit_threads", "setters_of"]

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
)
"""What libraries read when they are loaded; those that are loaded already are told. Not numba's
own, which raises where it changes after the start."""

_SETTERS = {
    "openblas": (
        "openblas_set_num_threads",
        "openblas_set_num_threads64_",
        "scipy_openblas_set_num_threads",
        "scipy_openblas_set_num_threads64_",
    ),
    "libmkl_rt": ("MKL_Set_Num_Threads",),
    "libblis": ("bli_thread_set_num_threads",),
    "libgomp": ("omp_set_num_threads",),
    "libomp": ("omp_set_num_threads",),
    "libiomp": ("omp_set_num_threads",),
}
"""How each library is told; as threadpoolctl does, which need not be there. The wheels of numpy
and scipy bring an OpenBLAS whose names have a prefix and, for 64-bit integers, a suffix."""


def limit_threads(count: int) -> None:
    """Let the numerical libraries of this process use ``count`` threads each."""
    for variable in VARIABLES:
        os.environ[variable] = str(count)
    with suppress(ImportError):
        importlib.import_module("threadpoolctl").threadpool_limits(count)
    for library in _loaded():
        with suppress(OSError):
            _tell(ctypes.CDLL(library), setters_of(library), count)
    numba: Any = sys.modules.get("numba")
    if numba is not None:
        with suppress(Exception):  # it refuses more than it started with
            numba.set_num_threads(count)


def setters_of(library: str) -> tuple[str, ...]:
    """Return the names that the functions may have by which ``library`` (a path) is told."""
    name = Path(library).name
    return next((setters for part, setters in _SETTERS.items() if part in name), ())


def _loaded() -> Iterator[str]:
    """Yield the numerical libraries that are loaded."""
    with suppress(OSError):
        lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
        paths = dict.fromkeys(line.split(None, 5)[-1] for line in lines)
        yield from (path for path in paths if ".so" in path and setters_of(path))


def _tell(library: Any, setters: tuple[str, ...], count: int) -> None:
    for setter in setters:
        function = getattr(library, setter, None)
        if function is not None:
            function(ctypes.c_int(count))
