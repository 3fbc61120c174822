"""A crate on its way to disk: files are gathered in a folder, and become one archive at once."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from park.atomic import appearing
from park.client.crates.crate_records import ABOUT, METADATA, CrateFile, CrateRecord
from park.client.crates.described import described
from park.digests import file_sha256
from park.errors import UsageError
from park.wire import encode

__all__ = ["files_below", "write_crate"]

_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Members bear no time of their own: the same content is the same archive."""


def files_below(folder: Path) -> list[CrateFile]:
    """Return what is below ``folder``, in the order of names."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        CrateFile(
            path=path.relative_to(folder).as_posix(),
            sha256=file_sha256(path),
            size=path.stat().st_size,
        )
        for path in paths
    ]


def write_crate(record: CrateRecord, folder: Path, target: Path) -> None:
    """Write ``record`` and its files, which are below ``folder``, to ``target``: all or nothing."""
    if not target.parent.is_dir():
        raise UsageError(f"no folder {target.parent} to write {target.name} into")
    try:
        with appearing(target) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
            _write(archive, METADATA, described(record))
            _write(archive, ABOUT, encode(record))
            _copy(archive, folder, record.files)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from None


def _write(archive: zipfile.ZipFile, name: str, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1, allow_nan=False)
    archive.writestr(_member(name), text)


def _copy(archive: zipfile.ZipFile, folder: Path, files: Iterable[CrateFile]) -> None:
    for file in files:
        member = _member(file.path)
        member.file_size = file.size  # says at once whether it takes the form of large archives
        with (folder / file.path).open("rb") as source, archive.open(member, "w") as target:
            while block := source.read(1 << 20):
                target.write(block)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _MOMENT)
    member.external_attr = 0o100644 << 16
    return member
