"""Build environments, made once per set of build requirements and kept.

A fresh one costs a second with uv and some with pip. A kept one is no less isolated: it holds what
the requirements ask for and nothing else, and it is made anew once its contents differ
from what was recorded when it was complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import NormalizedName

from park.atomic import write_atomically
from park.build.cache import Cache, lock_beside
from park.build.output import build_failed
from park.build.step import Progress, silent
from park.file_lock import exclusive
from park.model.pins import Pin, parse_pin

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BuildEnvironment", "build_environment"]

_RECORD = "environment.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildEnvironment:
    """An environment that holds build requirements; the `build.env.IsolatedEnv` of a build.

    ``installed`` is every distribution in it: what the requirements were locked to.
    """

    python_executable: str
    installed: tuple[Pin, ...]

    @property
    def record(self) -> Path:
        """Where it is recorded, which is written last; its time says when it was used."""
        return Path(self.python_executable).parents[2] / _RECORD

    @property
    def site_packages(self) -> Path:
        """The folder of what is installed in it."""
        return _site_packages(self.record.parent)

    def make_extra_environ(self) -> dict[str, str]:
        """Return what a process needs to run in this environment: its scripts come first."""
        scripts = str(Path(self.python_executable).parent)
        path = os.environ.get("PATH")
        return {"PATH": os.pathsep.join([scripts, path] if path else [scripts]), "PYTHONPATH": ""}


def build_environment(
    requires: Iterable[str], *, cache: Cache, progress: Progress = silent
) -> BuildEnvironment:
    """Return the environment for ``requires``, making it if this machine has none yet.

    Of several processes that want the same one, one makes it and the others wait. Raises
    `BuildFailed` where the requirements cannot be installed.
    """
    wanted = sorted(set(requires))
    folder = cache.environments / _key(wanted)
    if (environment := _load(folder)) is not None:
        return environment
    with exclusive(lock_beside(folder)):
        if (environment := _load(folder)) is not None:
            return environment
        progress(f"making a build environment with {', '.join(wanted) or 'nothing in it'}")
        shutil.rmtree(folder, ignore_errors=True)
        return _make(folder, wanted)


def _key(wanted: list[str]) -> str:
    """Name the environment: requirements and base interpreter (the folder has Python, platform)."""
    document = json.dumps([wanted, sys.base_prefix], separators=(",", ":"))
    return hashlib.sha256(document.encode()).hexdigest()[:32]


def _make(folder: Path, wanted: list[str]) -> BuildEnvironment:
    """Make the environment in place and record it last.

    Not beside and renamed: the scripts of a virtual environment (``cmake``, ``cython``) begin
    with its path. A folder without its record is a leftover and never used.
    """
    from build.env import DefaultIsolatedEnv

    from park.build.isolation import uv_installer  # few installs make one

    isolated = DefaultIsolatedEnv(path=str(_venv(folder)))
    try:
        # entered and never left: leaving would delete it, and its life is ours to decide
        isolated.__enter__()
        if not uv_installer.install_with_uv(isolated.python_executable, wanted):
            isolated.install(wanted)
    except Exception as error:  # noqa: BLE001 (whatever an installer raises)
        shutil.rmtree(folder, ignore_errors=True)
        raise build_failed(
            f"cannot install the build requirements {', '.join(wanted)}",
            error,
            hint="check [build-system] requires, and that the package index can be reached",
        ) from None
    _record(folder, isolated.python_executable)
    environment = _load(folder)
    if environment is None:
        raise build_failed(f"the new build environment {folder} is not as it was left", None)
    return environment


def _record(folder: Path, python: str) -> None:
    from importlib.metadata import distributions

    site = _site_packages(folder)
    found = [
        (distribution.metadata["Name"], distribution.version)
        for distribution in distributions(path=[str(site)])
    ]
    pins = sorted(parse_pin(name, version) for name, version in found)
    record = {
        "python": python,
        "installed": [[pin.name, pin.version] for pin in pins],
        "site": sorted(_contents(site)),
    }
    write_atomically(folder / _RECORD, json.dumps(record, indent=1))


def _load(folder: Path) -> BuildEnvironment | None:
    """Return the recorded environment if it is complete and still holds the same projects."""
    try:
        record: dict[str, Any] = json.loads((folder / _RECORD).read_bytes())
        os.utime(folder / _RECORD)  # in use: see park.build.eviction
        intact = set(record["site"]) == _contents(_site_packages(folder))
    except (OSError, ValueError, KeyError):
        return None
    if not intact or not Path(record["python"]).exists():  # its base interpreter may be gone
        return None
    return BuildEnvironment(
        python_executable=record["python"],
        installed=tuple(
            Pin(name=NormalizedName(name), version=version) for name, version in record["installed"]
        ),
    )


def _contents(site: Path) -> set[str]:
    """List what is installed, without what a build may add and do no harm: bytecode."""
    return {path.name for path in site.iterdir()} - {"__pycache__"}


def _venv(folder: Path) -> Path:
    return folder / "venv"


def _site_packages(folder: Path) -> Path:
    base = str(_venv(folder))
    return Path(sysconfig.get_path("purelib", "venv", {"base": base, "platbase": base}))
