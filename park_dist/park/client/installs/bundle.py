"""A bundle: one file with a lock and all its wheels, for a service or a machine without index.

It is a zip archive, its members stored as they are::

    pylock.toml       the lock (PEP 751); every wheel by SHA-256, at wheels/<file name>
    wheels/*.whl      the wheels
    park-bundle.json  what was bundled, for `park install`

Unpacked, plain pip and uv install from its lock, each with one command.
"""

from __future__ import annotations

import json
import shutil
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from packaging.markers import default_environment
from packaging.pylock import Pylock, PylockValidationError
from packaging.utils import canonicalize_name, parse_wheel_filename

from park.atomic import appearing
from park.build.releases import pip_on
from park.digests import file_sha256
from park.errors import UsageError
from park.model.pylock import dumps, lock_of, wheel_package
from park.wire import LocalWheel, PinRecord

if TYPE_CHECKING:
    from park.build.local_set import LocalSet
    from park.model.pins import Pin

__all__ = ["Bundle", "is_bundle", "read_bundle", "write_bundle"]

LOCK, WHEELS, ABOUT = "pylock.toml", "wheels", "park-bundle.json"

_FORMAT = 1
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What a bundle says of itself, and its lock as text; ``wheels`` are all in it."""

    path: Path
    project: str
    version: str
    python: str
    wheels: tuple[LocalWheel, ...]
    lock: str

    @property
    def pins(self) -> list[PinRecord]:
        """The requirement set."""
        return [PinRecord(name=wheel.name, version=wheel.version) for wheel in self.wheels]

    def extract(self, wheel: LocalWheel, folder: Path) -> Path:
        """Write one wheel into ``folder``; raises `UsageError` where it is not the lock's."""
        target = folder / wheel.filename
        with (
            zipfile.ZipFile(self.path) as archive,
            archive.open(f"{WHEELS}/{wheel.filename}") as member,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(member, file, _COPY_BYTES)
        found = file_sha256(target)
        if found != wheel.sha256:
            raise UsageError(
                f"{wheel.filename} in {self.path}: expected SHA-256 {wheel.sha256}, found {found}",
                hint="the bundle was damaged on its way: copy it again",
            )
        return target


def is_bundle(path: Path) -> bool:
    """Tell whether ``path`` is a bundle: a zip archive that says so."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return ABOUT in archive.namelist()


def read_bundle(path: Path) -> Bundle:
    """Return what is in the bundle at ``path``; raises `UsageError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(ABOUT))
            lock = archive.read(LOCK).decode()
        if about["format"] != _FORMAT:
            raise ValueError(f"format {about['format']!r}, expected {_FORMAT}")
        wheels = tuple(LocalWheel(**wheel) for wheel in about["wheels"])
        if _digests_in(lock) != {wheel.filename: wheel.sha256 for wheel in wheels}:
            raise ValueError(f"{LOCK} and {ABOUT} name different wheels")
        return Bundle(
            path=path,
            project=about["project"],
            version=about["version"],
            python=about["python"],
            wheels=wheels,
            lock=lock,
        )
    except _NO_BUNDLE as error:
        raise UsageError(
            f"{path} is not a bundle: {error}", hint="park bundle MODULE -o FILE makes one"
        ) from None


_NO_BUNDLE = (
    OSError,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    RecursionError,
    PylockValidationError,
)


def _digests_in(lock: str) -> dict[str, str]:
    """Return the SHA-256 of each wheel of a lock by its file name."""
    packages = Pylock.from_dict(tomllib.loads(lock)).packages
    wheels = (wheel for package in packages for wheel in package.wheels or ())
    return {wheel.filename: wheel.hashes["sha256"] for wheel in wheels}


def write_bundle(local: LocalSet, built: Mapping[Pin, Path], target: Path) -> Bundle:
    """Write the closure ``local`` to ``target``; ``built`` are the wheels that come from here.

    The others are fetched with pip, under the settings that pip has here, for this Python
    and this platform. All or nothing. Raises `ResolutionFailed` with pip's last lines where
    one has no wheel.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        released = [pin for pin in local.requirements.pins if pin not in built]
        paths = [*built.values(), *_fetched(released, folder)]
        wheels = sorted(map(_described, paths), key=lambda wheel: wheel.name)
        about = {
            "format": _FORMAT,
            "project": local.project.name,
            "version": local.version,
            "python": local.requirements.python,
            "wheels": [asdict(wheel) for wheel in wheels],
        }
        with (
            appearing(target) as unfinished,
            zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive,
        ):
            archive.writestr(ABOUT, json.dumps(about, indent=1))
            archive.writestr(LOCK, _lock(wheels, local.requirements.python))
            for path in paths:
                archive.write(path, f"{WHEELS}/{path.name}")
    return read_bundle(target)


def _fetched(pins: Sequence[Pin], folder: Path) -> list[Path]:
    """Fetch the wheels of released ``pins`` with pip."""
    if not pins:
        return []
    wheels = folder / WHEELS
    failure = "cannot fetch all that is installed here"
    pip_on(pins, "download", "--dest", str(wheels), failure=failure)
    return sorted(wheels.glob("*.whl"))


def _described(path: Path) -> LocalWheel:
    name, version, _, _ = parse_wheel_filename(path.name)
    return LocalWheel(
        name=canonicalize_name(name),
        version=str(version),
        filename=path.name,
        sha256=file_sha256(path),
        size=path.stat().st_size,
    )


def _lock(wheels: Iterable[LocalWheel], python: str) -> str:
    packages = [
        wheel_package(wheel.name, wheel.version, wheel, path=f"{WHEELS}/{wheel.filename}")
        for wheel in wheels
    ]
    here = cast("dict[str, str]", default_environment())
    return dumps(lock_of(packages, python=python, markers=here))
