"""The archive that a node runs: this very program, and the few distributions that it needs there.

Pure Python all of it, so that it runs under any interpreter of the node; named by its content,
so that each version is brought once. Nothing has to be installed on a node but Python.
"""

from __future__ import annotations

import hashlib
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from threading import Lock

from packaging.requirements import Requirement

import park
import park_repo
import park_server
from park.atomic import appearing

__all__ = ["Machinery", "machinery_files"]

_PACKAGES = (park, park_repo, park_server)
_DISTRIBUTIONS = ("filelock", "installer", "packaging", "virtualenv")
"""What realising an environment takes; what they need comes with them."""

_LEFT_OUT = (".pyc", ".so", ".whl", "/RECORD")
"""What the archive goes without: seeds of virtualenv, and what is of one interpreter."""

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""One time for all, so that equal contents are equal archives."""


class Machinery:
    """The archive, made below ``folder`` when it is first asked for. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._made: tuple[str, Path] | None = None

    def made(self) -> tuple[str, Path]:
        """Return its SHA-256 in hex, and the file. Takes a second the first time."""
        with self._lock:
            if self._made is None or not self._made[1].exists():
                self._made = self._make()
            return self._made

    def _make(self) -> tuple[str, Path]:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "machinery.zip"
        with appearing(path) as partial:
            _write(partial, machinery_files())
        return hashlib.sha256(path.read_bytes()).hexdigest(), path


def machinery_files() -> dict[str, Path]:
    """Return the files of the archive by their path there."""
    files: dict[str, Path] = {}
    for package in _PACKAGES:
        top = Path(package.__path__[0])
        files |= {
            f"{top.name}/{path.relative_to(top).as_posix()}": path
            for path in top.rglob("*")
            if path.suffix in {".py", ".typed"}
        }
    for each in _with_requirements(_DISTRIBUTIONS).values():
        for path in each.files or ():
            text = path.as_posix()
            place = Path(str(path.locate()))
            if not text.endswith(_LEFT_OUT) and not text.startswith("../") and place.is_file():
                files[text] = place
    return files


def _with_requirements(names: tuple[str, ...]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = distribution(name)
            needs = map(Requirement, found[name].requires or ())
            wanted += [need.name for need in needs if need.marker is None or need.marker.evaluate()]
    return found


def _write(archive: Path, files: dict[str, Path]) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _LONG_AGO)
            file.writestr(info, files[name].read_bytes(), zipfile.ZIP_DEFLATED)
