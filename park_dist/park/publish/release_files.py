"""The files of a release: a source distribution and a wheel, or those that were built before.

Built by ``python -m build`` in the tree itself, and the wheel from the source distribution: a
release has the version that the tree declares, with its history in reach, and is what everybody
else would build. (The wheels that park sends to services are made from a copy of the tree.)
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from park.build.backend_answers import describe
from park.build.cache import Cache
from park.build.output import build_failed
from park.build.step import Progress
from park.errors import LocalSetError, UsageError
from park.local.find import find
from park.local.project import ProjectKind

__all__ = ["Release", "built", "is_file_of_release", "release_of"]

_SDIST, _WHEEL = ".tar.gz", ".whl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One version of one project, as files."""

    name: NormalizedName
    version: Version
    files: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def release_of(files: Iterable[Path]) -> Release:
    """Return the release that ``files`` are; raises `UsageError` for what cannot be one."""
    found = tuple(sorted(files))
    named = {_named(file) for file in found}
    if len(named) != 1:
        told = ", ".join(sorted(f"{name} {version}" for name, version in named)) or "no file"
        raise UsageError(
            f"expected the files of one release, found {told}", hint="publish one after the other"
        )
    ((name, version),) = named
    if version.local is not None:
        raise UsageError(
            f"{name} {version} has a local version, and no index takes that as a release",
            hint="commit and tag what is to be released, or declare its version",
        )
    return Release(name=name, version=version, files=found)


def is_file_of_release(target: str) -> bool:
    """Tell whether ``target`` names a file that may be published as it is."""
    return target.endswith((_SDIST, _WHEEL)) and Path(target).is_file()


def built(target: str, folder: Path, *, cache: Cache, progress: Progress) -> Release:
    """Build the release of the tree that ``target`` names, into the empty ``folder``.

    Raises `LocalSetError` for what is no tree, `BuildFailed` with the last lines of the build,
    or `UsageError` where what the tree declares is no released version.
    """
    project = find(target, describe=partial(describe, cache=cache, progress=progress))
    if project.kind is not ProjectKind.TREE or project.root is None:
        raise LocalSetError(
            f"{target} is {project.origin or 'no tree'}, and nothing of it can be built",
            hint="name a source tree, or the files of a release: park publish dist/*",
        )
    progress(f"building the release of {project.name}")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(project.root)]
    _run(command)
    return release_of(folder.iterdir())


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise build_failed("the release could not be built", error) from None


def _named(file: Path) -> tuple[NormalizedName, Version]:
    """Return the project and the version that a file's name says."""
    try:
        if file.name.endswith(_WHEEL):
            return parse_wheel_filename(file.name)[:2]
        return parse_sdist_filename(file.name)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise UsageError(
            f"{file} is no file of a release: {error}",
            hint="expected NAME-VERSION.tar.gz and NAME-VERSION-….whl",
        ) from None
