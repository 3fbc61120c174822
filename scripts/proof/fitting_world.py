"""The example model with refl1d, and a package that reads files from C: their jobs and edits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proof.world import Change, Distribution, World, added, joined_by, replaced

__all__ = [
    "FITTING_JOBS",
    "MAKES_FILES",
    "NEEDED_OF_WHEELS",
    "NEEDED_OF_WORLD",
    "UNNEEDED_OF_WHEELS",
    "UNNEEDED_OF_WORLD",
    "WheelEdit",
    "fitting_world",
    "with_files",
]

EXAMPLE = Path(__file__).parents[2] / "examples" / "mymodel" / "src"

_READER = '''"""Reads files without that Python opens them, and with it."""

import os
import sysconfig

import numpy as np

HERE = os.path.dirname(__file__)
SITE = sysconfig.get_path("purelib")


def made(value):
    """Return an HDF5 file, and one of numpy's, that have ``value``."""
    import h5py

    with h5py.File("made.h5", "w") as file:
        file["x"] = [value]
    np.array([value]).tofile("made.f64")
    return [open(name, "rb").read() for name in ("made.h5", "made.f64")]


def hdf5():
    import h5py

    with h5py.File(os.path.join(HERE, "curve.h5")) as file:
        return float(file["x"][0])


def hdf5_of_others():
    import h5py

    with h5py.File(os.path.join(SITE, "only_data", "curve.h5")) as file:
        return float(file["x"][0])


def fromfile():
    return float(np.fromfile(os.path.join(HERE, "curve.f64"))[0])


def memory_mapped():
    return float(np.memmap(os.path.join(HERE, "curve.f64"), dtype=float, mode="r")[0])


def loaded_text():
    return np.loadtxt(os.path.join(HERE, "curve.txt")).tolist()
'''

MAKES_FILES = "reader:made"

FITTING_JOBS: dict[str, tuple[object, ...]] = {
    "constants": ("mymodel:constants",),
    "simulation": ("mymodel:prefit_simulation",),
    **{
        name: (f"reader:{name}",)
        for name in ("hdf5", "hdf5_of_others", "fromfile", "memory_mapped", "loaded_text")
    },
}


def fitting_world() -> World:
    """Return the distributions that are edited, before they have files for C."""
    model = {str(path.relative_to(EXAMPLE)): path.read_text() for path in EXAMPLE.rglob("*.py")}
    reader = {"reader/__init__.py": _READER, "reader/curve.txt": "1 2\n"}
    return {
        name: Distribution(name=name, version="0.1", files=files, info={})
        for name, files in (("mymodel", model), ("reader", reader), ("only-data", {}))
    }


def with_files(world: World, hdf5: bytes, numpy: bytes) -> World:
    """Return the world with files that C reads."""
    for name, path, content in (
        ("reader", "reader/curve.h5", hdf5),
        ("reader", "reader/curve.f64", numpy),
        ("only-data", "only_data/curve.h5", hdf5),
    ):
        world = added(name, path, content)(world)
    return world


NEEDED_OF_WORLD: dict[str, tuple[str, Change]] = {
    "a constant of the example": (
        "constants simulation",
        replaced("mymodel", "mymodel/sample.py", "FILM_SLD = 2.0", "FILM_SLD = 2.5"),
    ),
    "the simulation of the example": (
        "constants simulation",
        added("mymodel", "mymodel/simulation.py", "raise SystemExit\n"),
    ),
    "a text that numpy reads": (
        "loaded_text",
        replaced("reader", "reader/curve.txt", "1 2", "1 3"),
    ),
    "a data file more, which compiled code may look for": (
        "hdf5 simulation",
        joined_by("more-data", {"more_data/curve.h5": b"x"}),
    ),
}

UNNEEDED_OF_WORLD: dict[str, tuple[str, Change]] = {
    "a dependency that is new and unrelated": (
        "constants simulation hdf5",
        joined_by("newcomer", {"newcomer/__init__.py": "", "newcomer/py.typed": ""}),
    ),
}
"""Those that list distributions (numba does, for its plugins) see a new one."""


@dataclass(frozen=True, kw_only=True)
class WheelEdit:
    """An edit of a member of a released wheel, whose name begins with ``wheel``."""

    wheel: str
    member: str
    jobs: str
    change: Callable[[bytes], bytes]


def _more(content: bytes) -> bytes:
    return content + b"\n# more\n"


def _wheel(wheel: str, member: str, jobs: str = "constants simulation") -> WheelEdit:
    return WheelEdit(wheel=wheel, member=member, jobs=jobs, change=_more)


NEEDED_OF_WHEELS: dict[str, WheelEdit] = {
    "a module of refl1d": _wheel("refl1d", "refl1d/sample/layers.py"),
    "names of refl1d": _wheel("refl1d", "refl1d/names.py"),
    "a module that refl1d imports as it calculates": _wheel(
        "refl1d", "refl1d/lib/numba/reflectivity.py", "simulation"
    ),
    "__init__ of refl1d's parts": _wheel("refl1d", "refl1d/probe/__init__.py"),
    "a module of bumps": _wheel("bumps", "bumps/parameter.py"),
    "a table of periodictable": _wheel("periodictable", "periodictable/nsf.py"),
    "a data file of a package that was imported": _wheel(
        "periodictable", "periodictable/xsf/si.nff"
    ),
    "any file of a wheel with an extension that was loaded": _wheel("numpy", "numpy/__init__.pyi"),
    "a module of scipy": _wheel("scipy", "scipy/special/__init__.py"),
    "a file of h5py": _wheel("h5py", "h5py/version.py", "hdf5"),
}

UNNEEDED_OF_WHEELS: dict[str, WheelEdit] = {
    "a module of refl1d that is not used": _wheel("refl1d", "refl1d/webview/server/colors.py"),
    "another one": _wheel("refl1d", "refl1d/wx_gui/binder.py"),
    "a loader of refl1d that is not used": _wheel("refl1d", "refl1d/validation/gepore_runner.py"),
    "the README of refl1d": _wheel("refl1d", "refl1d-1.0.1.dist-info/METADATA"),
    "the README of bumps": _wheel("bumps", "bumps-1.0.4.dist-info/METADATA"),
    "a module of bumps that is not used": _wheel("bumps", "bumps/webview/server/api.py"),
    "a dependency that is not used": _wheel("aiohttp", "aiohttp/web.py"),
    "one that is not used, either": _wheel("narwhals", "narwhals/__init__.py"),
    "a dependency's licence": _wheel("dill", "dill-0.4.1.dist-info/METADATA"),
}
