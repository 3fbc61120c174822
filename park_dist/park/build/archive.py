"""Writing wheels so that equal content gives equal bytes on every machine.

Members are in a fixed order, with fixed times and modes, and stored without compression,
since deflated bytes differ between builds of zlib. RECORD is written last (Binary
Distribution Format specification).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import zipfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Member", "write_wheel"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip file can tell


class Member(NamedTuple):
    """One file of a wheel."""

    name: str
    content: bytes
    executable: bool = False


def write_wheel(path: Path, members: Iterable[Member], *, dist_info: str) -> Path:
    """Write ``members`` in their order, then the RECORD of them, to the new file ``path``."""
    record: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(path, "x") as archive:
        for member in members:
            _write(archive, member)
            record.append((member.name, f"sha256={_digest(member)}", str(len(member.content))))
        name = f"{dist_info}/RECORD"
        _write(archive, Member(name, _record(record, name)))
    return path


def _write(archive: zipfile.ZipFile, member: Member) -> None:
    info = zipfile.ZipInfo(member.name, _EPOCH)
    info.create_system = 3  # Unix: the modes below mean what they say
    info.external_attr = (stat.S_IFREG | (0o755 if member.executable else 0o644)) << 16
    info.compress_type = zipfile.ZIP_STORED
    archive.writestr(info, member.content)


def _digest(member: Member) -> str:
    digest = hashlib.sha256(member.content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _record(rows: Iterable[tuple[str, str, str]], own_name: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([*rows, (own_name, "", "")])
    return text.getvalue().encode()
