"""What numbers depend on besides versions: processor, C library, Python, numpy, and its BLAS."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

__all__ = ["facts"]

_READ_BYTES = 2_048
"""The model is among the first lines; the kernel writes no more than it is asked for."""

_CORE_NAMES = [
    f"{prefix}openblas_get_corename{suffix}"
    for prefix in ("scipy_", "")
    for suffix in ("64_", "", "_64")
]
"""How builds of OpenBLAS call it: numpy's and scipy's wheels, and distributions."""

_known: dict[str, str] = {}


def facts() -> dict[str, str]:
    """Return what this process finds, by name; of numpy only where it is loaded already.

    It is found once: a fork server asks before it forks, and its jobs need not look again.
    """
    if not _known:
        _known.update(_of_machine())
    numpy = sys.modules.get("numpy")
    if numpy is not None and "numpy" not in _known and hasattr(numpy, "__version__"):
        _known["numpy"] = str(numpy.__version__)
        blas = _blas(numpy)
        if blas is not None:
            _known["blas"] = blas
    return _known


def _of_machine() -> dict[str, str]:
    found = {"cpu": _processor(), "libc": _libc(), "python": sys.version.split()[0]}
    return {name: value for name, value in found.items() if value}


def _processor() -> str:
    with suppress(OSError), open("/proc/cpuinfo", "rb", buffering=0) as file:  # noqa: PTH123 (no Path is made)
        for line in file.read(_READ_BYTES).decode(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    import platform  # a fresh interpreter need not load it where the kernel has said it

    return platform.processor() or platform.machine()


def _libc() -> str:
    with suppress(AttributeError, OSError, ValueError):  # musl and macOS do not say
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    system = os.uname()
    return f"{system.sysname} {system.release}"


def _blas(numpy: Any) -> str | None:
    """Return the BLAS that ``numpy`` was built with, and the kernels that it took here."""
    with suppress(Exception):  # numpy keeps no promise about this, and a job must not fail of it
        built = numpy.__config__.CONFIG["Build Dependencies"]["blas"]
        said = f"{built['name']} {built['version']}"
        core = _openblas_core()
        return said if core is None else f"{said}, {core} kernels"
    return None


def _openblas_core() -> str | None:
    import ctypes  # which takes longer to load than most jobs take, and numpy alone needs

    for path in _loaded("openblas"):
        library = ctypes.CDLL(path)
        for name in _CORE_NAMES:
            function = getattr(library, name, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return str(function().decode())
    return None


def _loaded(name: str) -> set[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:  # noqa: PTH123 (no Path is made)
        paths = {line.rstrip("\n").partition("/")[2] for line in maps if "/" in line}
    return {f"/{path}" for path in paths if name in path.rpartition("/")[2]}
