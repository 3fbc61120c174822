"""Unpack one wheel into a folder that every environment with this wheel can link to.

`installer` reads the wheel and decides what goes where (PyPA specification "Binary
distribution format"); the destination here writes it. What depends on the place of an
environment (console scripts, ``#!python`` lines) is not written but noted. RECORD is that
of an environment whose site-packages is ``lib/pythonX.Y/site-packages``; the scripts in
it bear no digest, which the specification "Recording installed projects" allows.
"""

from __future__ import annotations

import configparser
import errno
import hashlib
import os
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from zipfile import BadZipFile

from installer import install
from installer.destinations import WheelDestination
from installer.exceptions import InstallerError, InvalidWheelSource
from installer.records import Hash, InvalidRecordEntry, RecordEntry
from installer.sources import WheelContentElement, WheelFile
from installer.utils import Scheme, construct_record_file
from packaging.utils import NormalizedName, canonicalize_name

from park.errors import CannotSatisfy
from park_repo.checks.generated_scripts import check_script_name
from park_repo.checks.members import MAX_PART_BYTES, MAX_PATH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from installer.scripts import ScriptSection

__all__ = ["INSTALLER_NAME", "ConsoleScript", "Unpacked", "unpack"]

INSTALLER_NAME = "park"
"""What the INSTALLER file of each distribution says."""

_FOLDERS = {
    "purelib": "site",
    "platlib": "site",
    "scripts": "scripts",
    "data": "data",
    "headers": "headers",
}
"""The folder of an entry that each scheme goes to. Environments have one site-packages."""

_COPY_BYTES = 256 * 1024

_PIP_OF_A_MINOR = re.compile(r"pip3\.\d+")
"""pip's wheels named a script for the Python that built them; pip and uv name it for theirs."""

_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsoleScript:
    """A script that an environment generates: an entry point (console or gui section)."""

    name: str
    module: str
    attribute: str
    section: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacked:
    """A wheel on disk: digests (SHA-256 in hex) by path, and what was only noted.

    ``shebang_scripts`` are the names of the files in ``scripts/`` that begin with
    ``#!python`` and need the path of an interpreter.
    """

    name: NormalizedName
    version: str
    digests: dict[str, str]
    scripts: tuple[ConsoleScript, ...]
    shebang_scripts: tuple[str, ...]


def unpack(wheel: Path, folder: Path, *, python: str) -> Unpacked:
    """Unpack ``wheel`` into the new ``folder``, for environments of the minor ``python``.

    Raises `CannotSatisfy` for a file that is no valid wheel.
    """
    try:
        with _Source.open(wheel) as source:
            destination = _Destination(folder, name=source.distribution, python=python)
            install(source, destination, {"INSTALLER": f"{INSTALLER_NAME}\n".encode()})
            return destination.unpacked(source.version)
    except _INVALID as err:
        raise _not_valid(wheel, _reason(err)) from err
    except OSError as err:
        # what else the disk refuses is no fault of the wheel
        if err.errno == errno.ENAMETOOLONG:
            raise _not_valid(wheel, f"a name is too long for this file system: {err}") from err
        raise


def _not_valid(wheel: Path, reason: str) -> CannotSatisfy:
    return CannotSatisfy(
        f"not a valid wheel: {wheel.name}: {reason}",
        hint="build the wheel again, or pin another version",
    )


_INVALID = (
    InstallerError,
    InvalidRecordEntry,
    BadZipFile,
    configparser.Error,  # entry_points.txt
    FileExistsError,  # a member twice
    NotADirectoryError,  # a member that is a file and a folder
    IsADirectoryError,
    AssertionError,  # installer's own checks of entry points
    KeyError,  # a member of .dist-info that must be there
    ValueError,
)


def _reason(error: Exception) -> str:
    """Return what is wrong in words; `InvalidWheelSource` has it behind the source object."""
    if isinstance(error, InvalidWheelSource):
        return str(error.args[-1])
    return str(error) or type(error).__name__


class _Written(NamedTuple):
    """What was written: raw digest, number of bytes, first bytes."""

    digest: bytes
    size: int
    head: bytes


class _Source(WheelFile):
    """A wheel without the bytecode that it may carry, which belongs to nobody's source."""

    @property
    def data_dir(self) -> str:
        """The name of the ``.data`` folder: spelled as its ``.dist-info``, as uv has it."""
        return self.dist_info_dir.removesuffix(".dist-info") + ".data"

    def get_contents(self) -> Iterator[WheelContentElement]:
        for element in super().get_contents():
            if "__pycache__" not in element[0][0].split("/"):
                yield element


class _Destination(WheelDestination):
    """Writes the schemes of one wheel side by side under ``folder``."""

    def __init__(self, folder: Path, *, name: str, python: str) -> None:
        self._folder = folder
        self._name = name
        self._python = python
        self._made: set[PurePosixPath] = set()
        self._digests: dict[str, str] = {}
        self._scripts: list[ConsoleScript] = []
        self._shebang_scripts: list[str] = []

    def unpacked(self, version: str) -> Unpacked:
        """Return what was written."""
        return Unpacked(
            name=canonicalize_name(self._name),
            version=version,
            digests=self._digests,
            scripts=tuple(self._scripts),
            shebang_scripts=tuple(self._shebang_scripts),
        )

    def write_script(
        self, name: str, module: str, attr: str, section: ScriptSection
    ) -> RecordEntry:
        """Note a script for the environments to generate.

        Raises `ValueError` for a name that is none of a file in a folder.
        """
        check_script_name(name)
        if _PIP_OF_A_MINOR.fullmatch(name):
            name = f"pip{self._python}"
        self._scripts.append(
            ConsoleScript(name=name, module=module, attribute=attr, section=section)
        )
        return RecordEntry(name, None, None)

    def write_file(
        self,
        scheme: Scheme,
        path: str | os.PathLike[str],
        stream: BinaryIO,
        is_executable: bool,  # noqa: FBT001 (installer's signature)
    ) -> RecordEntry:
        """Write one member of the wheel."""
        relative = os.fspath(path)
        member = _inside(_FOLDERS[scheme], relative)
        written = self._write(member, stream, 0o755 if is_executable else 0o644)
        if scheme == "scripts" and written.head.startswith(b"#!python"):
            self._shebang_scripts.append(relative)
            return RecordEntry(relative, None, None)
        return RecordEntry(relative, _record_hash(written.digest), written.size)

    def finalize_installation(
        self,
        scheme: Scheme,
        record_file_path: str,
        records: Iterable[tuple[Scheme, RecordEntry]],
    ) -> None:
        """Write RECORD, whose paths are relative to site-packages."""
        outside = {
            "scripts": "../../../bin/",
            "data": "../../../",
            "headers": f"../../../include/site/python{self._python}/{self._name}/",
        }
        with construct_record_file(list(records), outside.get) as stream:
            self._write(_inside(_FOLDERS[scheme], record_file_path), stream, 0o644)

    def _write(self, member: PurePosixPath, stream: BinaryIO, mode: int) -> _Written:
        """Write ``member``, hashing on the way."""
        self._make_directory(member.parent)
        digest, size, head = hashlib.sha256(), 0, b""
        descriptor = os.open(self._folder / member, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 (a descriptor, not a path)
            while chunk := stream.read(_COPY_BYTES):
                head = head or chunk[:8]
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        self._digests[str(member)] = digest.hexdigest()
        return _Written(digest.digest(), size, head)

    def _make_directory(self, directory: PurePosixPath) -> None:
        if directory not in self._made:
            (self._folder / directory).mkdir(parents=True, exist_ok=True)
            self._made.add(directory)


def _too_long(path: str) -> bool:
    """Tell whether the index would refuse ``path`` in an upload, for the same reasons."""
    parts = (len(part.encode()) for part in path.split("/"))
    return len(path.encode()) > MAX_PATH_BYTES or max(parts) > MAX_PART_BYTES


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")


def _inside(folder: str, path: str) -> PurePosixPath:
    """Return ``folder/path``; raises `ValueError` if it leads out of ``folder``."""
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise ValueError(f"member {path!r} leads out of the environment")
    if _too_long(path):
        raise ValueError(f"the name of member {_shown(path)} is too long")
    return folder / relative


def _record_hash(digest: bytes) -> Hash:
    return Hash("sha256", urlsafe_b64encode(digest).decode("ascii").rstrip("="))
