"""Crates as they come from anybody: nothing is taken from one before all of it was looked at."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from park.client.crates.crate_records import ABOUT, FORMAT, METADATA, CrateFile, CrateRecord
from park.digests import is_sha256
from park.errors import ParkError, UsageError
from park.model.file_names import is_name
from park.model.portable_names import WINDOWS_FORBIDS
from park.model.sizes import shown_size
from park.wire import decode

__all__ = ["Crate", "opened"]

_MOST_DOCUMENT_BYTES = 256 << 20
"""What the description of some hundred thousand files takes."""

_MOST_EXPANSION = 200
"""Text of numbers shrinks to a tenth, seldom more; what swells farther is made to fill a disk."""

_SMALL_BYTES = 64 << 20
"""Up to so much nobody minds how it is compressed."""

_WORD = re.compile(r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*")
"""An id, a digest, a minor of Python: they become names of folders and programs."""

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Crate:
    """A crate that was looked at: each member is a plain file that the description names."""

    path: Path
    record: CrateRecord
    archive: zipfile.ZipFile

    def unpack(self, folder: Path) -> None:
        """Write all members below ``folder``; raises `UsageError` for one that was changed."""
        free, wanted = shutil.disk_usage(folder).free, sum(f.size for f in self.record.files)
        if wanted > free:
            raise UsageError(
                f"{self.path} takes {shown_size(wanted)}, and {folder} has {shown_size(free)} free",
                hint="-d names a folder elsewhere",
            )
        for file in self.record.files:
            self._unpack(file, folder.joinpath(*file.path.split("/")))

    def _unpack(self, file: CrateFile, target: Path) -> None:
        digest, size = hashlib.sha256(), 0
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as written:
                for block in self._blocks(file):
                    size += len(block)
                    digest.update(block)
                    written.write(block)
        except OSError as error:  # a full disk; or a member is what others take for a folder
            raise UsageError(f"cannot write {target}: {error.strerror}") from None
        if (digest.hexdigest(), size) != (file.sha256, file.size):
            raise UsageError(
                f"{file.path} in {self.path}: expected {file.size} bytes with the SHA-256 "
                f"{file.sha256}, found {size} with {digest.hexdigest()}",
                hint="the crate was changed or damaged on its way: get it again",
            )

    def _blocks(self, file: CrateFile) -> Iterator[bytes]:
        with _reading(self.path), self.archive.open(file.path) as member:
            while block := member.read(_BLOCK):
                yield block


@contextmanager
def opened(path: Path) -> Iterator[Crate]:
    """Give the crate at ``path``; raises `UsageError` for what is damaged, foreign or hostile."""
    with ExitStack() as open_there:
        with _reading(path):
            archive = open_there.enter_context(zipfile.ZipFile(path))
            _require_plain(path, archive)
            record = _record(path, archive)
            _require_whole(path, archive, record)
        yield Crate(path=path, record=record, archive=archive)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Have whatever is wrong with the archive at ``path`` refused by name.

    Its reader raises what each of its decompressors does, and more where an entry is encrypted, of
    another version, or has a name in no encoding.
    """
    try:
        yield
    except (ParkError, GeneratorExit):
        raise
    except Exception as error:  # noqa: BLE001 (see above)
        reason = getattr(error, "strerror", None) or f"{error}" or type(error).__name__
        raise _refused(path, f"it cannot be read: {reason}") from None


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is no crate that can be run again: {why}", hint=_HINT)


_HINT = "park export JOB -o FILE writes one"


def _require_plain(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what no crate of park has: links, names that lead out, bombs, a name twice."""
    seen: set[str] = set()
    for member in archive.infolist():
        name = member.filename
        if member.is_dir():
            raise _refused(path, f"{name!r} is a folder, and only files are in one")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in {0, stat.S_IFREG}:
            raise _refused(path, f"{name!r} is a link, or another thing that is no file")
        if not _stays_inside(name):
            raise _refused(path, f"{name!r} leads out of the crate, or is no name of a file")
        if name in seen:
            raise _refused(path, f"{name!r} is in it twice")
        seen.add(name)
        swells = member.file_size > _MOST_EXPANSION * max(member.compress_size, 1)
        if swells and member.file_size > _SMALL_BYTES:
            raise _refused(
                path,
                f"{name!r} would take {shown_size(member.file_size)}, of "
                f"{shown_size(member.compress_size)} in it",
            )


def _stays_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    odd = WINDOWS_FORBIDS.intersection(name) or not name.isprintable()
    return name == "/".join(parts) and ".." not in parts and not odd and not name.startswith("/")


def _record(path: Path, archive: zipfile.ZipFile) -> CrateRecord:
    names = set(archive.namelist())
    if ABOUT not in names:
        what = "an RO-Crate" if METADATA in names else "an archive"
        raise _refused(path, f"it is {what} of another program: it has no {ABOUT}")
    try:
        document = json.loads(_document(path, archive, ABOUT))
        json.loads(_document(path, archive, METADATA))
        if document["format"] != FORMAT:
            raise _refused(
                path, f"its format is {document['format']!r}, and this park reads {FORMAT}"
            )
        record = decode(CrateRecord, document)
        _require_sound(path, record)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _refused(path, f"{ABOUT} or {METADATA} is damaged: {error!r:.200}") from None
    return record


def _document(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        member = archive.getinfo(name)
    except KeyError:
        raise _refused(path, f"it has no {name}") from None
    if member.file_size > _MOST_DOCUMENT_BYTES:
        raise _refused(path, f"{name} has {shown_size(member.file_size)}")
    return archive.read(member)


def _require_sound(path: Path, record: CrateRecord) -> None:
    """Refuse a description that contradicts itself; raises as a mapping does for odd types."""
    by_path = {each.path: each for each in record.files}
    locks = {each.lock_hash for each in record.environments}
    jobs = {each.id for each in record.jobs}
    if len(by_path) != len(record.files) or len(jobs) != len(record.jobs):
        raise _refused(path, "its description names something twice")
    if record.job not in jobs or not all(job.environment in locks for job in record.jobs):
        raise _refused(path, "its description names a job or an environment that it lacks")
    odd = [each for each in by_path.values() if not is_sha256(each.sha256) or each.size < 0]
    if odd:
        raise _refused(path, f"{odd[0].path!r} has no digest")
    for name in (*jobs, *locks, *(each.python for each in record.environments)):
        if not _is_word(name):
            raise _refused(path, f"{name!r} is no id")
    for each in (each for job in record.jobs for each in job.inputs):
        if not is_name(each.name):
            raise _refused(path, f"an input is called {each.name!r}, which is no name of a file")
    for used, sha256 in _named_files(record):
        if used not in by_path or sha256 not in {None, by_path[used].sha256}:
            raise _refused(path, f"its description names {used!r}, and does not list it so")


def _is_word(text: Any) -> bool:
    return _WORD.fullmatch(text) is not None


def _named_files(record: CrateRecord) -> Iterator[tuple[str, str | None]]:
    """Yield each file that jobs and environments name, and its digest where they say it."""
    for environment in record.environments:
        yield environment.lock, None
        for wheel in environment.wheels:
            yield environment.wheel_path(wheel), wheel.sha256
    for job in record.jobs:
        yield job.call, None
        if job.result is not None:
            yield job.result, None
        for each in (*job.inputs, *job.outputs, *job.logs):
            yield each.path, each.sha256


def _require_whole(path: Path, archive: zipfile.ZipFile, record: CrateRecord) -> None:
    """Refuse an archive that has other members than its description, or of other sizes."""
    inside = {each.filename: each.file_size for each in archive.infolist()}
    listed = {each.path: each.size for each in record.files}
    for name in sorted(listed.keys() - inside.keys()):
        raise _refused(path, f"{name!r} is missing")
    for name in sorted(inside.keys() - listed.keys() - {ABOUT, METADATA}):
        raise _refused(path, f"{name!r} is in it, and not in its description")
    for name in sorted(name for name, size in listed.items() if size != inside[name]):
        raise _refused(
            path, f"{name!r} has {inside[name]} bytes, and {listed[name]} by its description"
        )
