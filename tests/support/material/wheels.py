"""Small real wheels for tests, and broken ones: a wheel is a dict of members until written."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

from park.build.cache import Cache
from park.build.source_kinds import local_source
from park.build.wheel_source import BuiltWheel
from park.local.project import LocalProject

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

__all__ = ["make_sdist", "make_wheel", "record_of", "wheel_members", "wheel_of", "write_archive"]

Members = dict[str, bytes]


def wheel_members(
    project: str = "demo",
    version: str = "1.0",
    *,
    files: Mapping[str, bytes] | None = None,
    requires: Sequence[str] = (),
    requires_python: str = ">=3.11",
) -> Members:
    """Return the members of a pure wheel; ``files`` default to one module."""
    members = dict(files or {f"{project}.py": f"VERSION = {version!r}\n".encode()})
    dist_info = f"{project}-{version}.dist-info"
    headers = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
    headers += [f"Requires-Python: {requires_python}", *(f"Requires-Dist: {r}" for r in requires)]
    members[f"{dist_info}/METADATA"] = ("\n".join(headers) + "\n").encode()
    members[f"{dist_info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: park-tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    members[f"{dist_info}/RECORD"] = record_of(members, dist_info)
    return members


def record_of(members: Members, dist_info: str) -> bytes:
    """Return the RECORD that fits ``members``."""
    rows = []
    for name, data in members.items():
        if name != f"{dist_info}/RECORD":
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(data)}")
    return ("\n".join([*rows, f"{dist_info}/RECORD,,"]) + "\n").encode()


def write_archive(path: Path, members: Members, *, executable: Collection[str] = ()) -> Path:
    """Write ``members`` as a zip archive at ``path``, the same bytes every time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            if name in executable:
                info.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(info, data)
    return path


def make_wheel(
    directory: Path,
    project: str = "demo",
    version: str = "1.0",
    *,
    files: Mapping[str, bytes] | None = None,
    requires: Sequence[str] = (),
    requires_python: str = ">=3.11",
    executable: Collection[str] = (),
) -> Path:
    """Write a pure wheel into ``directory`` and return its path."""
    members = wheel_members(
        project, version, files=files, requires=requires, requires_python=requires_python
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{project}-{version}-py3-none-any.whl"
    return write_archive(path, members, executable=executable)


def make_sdist(
    directory: Path,
    project: str = "demo",
    version: str = "1.0",
    *,
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write an sdist into ``directory`` and return its path, the same bytes every time."""
    root = f"{project}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode()
    content = {f"{root}/PKG-INFO": metadata, f"{root}/{project}.py": b"", **(files or {})}
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as unpacked,
        tarfile.open(fileobj=unpacked, mode="w|") as archive,
    ):
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{root}.tar.gz"
    path.write_bytes(packed.getvalue())
    return path


def wheel_of(project: LocalProject, *, cache: Cache) -> BuiltWheel:
    """Return the wheel of the local ``project`` as it is now."""
    return local_source(project, cache=cache).wheel()
