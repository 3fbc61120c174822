"""The structure of a zip archive: one reading of it, and nothing that only some programs see.

A zip file says everything twice, in its local headers and in its central directory, and
readers differ in which of the two they believe. Bytes before, between or behind the members
are for yet other readers. So a wheel is taken only where both say the same, without gaps::

    member | member | … | central directory | end of central directory

Source: the APPNOTE of PKWARE, sections 4.3 and 4.4; PyPI refuses the same since August 2025.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from typing import IO, TYPE_CHECKING

from park.errors import InvalidUpload
from park_repo.members import Member

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_structure", "zip_members"]

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_END_HEADER = struct.Struct("<4s4H2IH")
_END_SIGNATURE = b"PK\x05\x06"

_ENCRYPTED = 0x1
_HAS_DESCRIPTOR = 0x8
_UTF8 = 0x800
_DESCRIPTOR_BYTES = frozenset({12, 16, 20, 24})
"""A data descriptor: CRC and two sizes of 4 or 8 bytes, with a signature of 4 or without."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The compression methods that every installer can unpack."""

_IN_ZIP64 = frozenset({0xFFFF << 16, 0xFFFFFFFF})
"""A count (16 bits, shifted here) or an offset that is found in the zip64 record instead."""


def zip_members(archive: zipfile.ZipFile) -> list[Member]:
    """Return the members as the rules for all archives see them."""
    return [
        Member(
            name=info.filename.removesuffix("/"), size=info.file_size, is_directory=info.is_dir()
        )
        for info in archive.infolist()
    ]


def check_structure(archive: zipfile.ZipFile) -> None:
    """Refuse links, devices, encryption, odd compression, gaps, overlaps and contradictions."""
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    for info in infos:
        _check_kind(info)
    file = archive.fp
    if file is None:
        raise InvalidUpload("the archive is closed")
    _check_end(archive, file)
    _check_layout(infos, file, end=archive.start_dir)


def _check_kind(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise InvalidUpload(f"member {info.filename!r}: only files, no links or devices")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise InvalidUpload(f"member {info.filename!r}: only stored or deflated, unencrypted")
    if info.orig_filename != info.filename:
        # zipfile ends a name at a NUL byte; other programs do not
        raise InvalidUpload(f"member {info.orig_filename!r}: a path may not hold a NUL byte")


def _check_layout(infos: Sequence[zipfile.ZipInfo], file: IO[bytes], *, end: int) -> None:
    """Each member begins where the one before it ends; the last ends at the directory."""
    place = 0
    starts = [*(info.header_offset for info in infos), end]
    for info, following in zip(infos, starts[1:], strict=True):
        if info.header_offset != place:
            raise InvalidUpload(f"member {info.filename!r}: bytes before it belong to no member")
        trailing = following - _end_of_data(info, file)
        allowed = _DESCRIPTOR_BYTES if info.flag_bits & _HAS_DESCRIPTOR else {0}
        if trailing not in allowed:
            raise InvalidUpload(
                f"member {info.filename!r}: it overlaps the next one, or leaves a gap behind it"
            )
        place = following


def _end_of_data(info: zipfile.ZipInfo, file: IO[bytes]) -> int:
    """Return where the data of a member ends, by its local header, which must agree."""
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or header[:4] != _LOCAL_SIGNATURE:
        raise InvalidUpload(f"member {info.filename!r}: it has no local header")
    fields = _LOCAL_HEADER.unpack(header)
    flags, method, name_bytes, extra_bytes = fields[2], fields[3], fields[9], fields[10]
    name = file.read(name_bytes).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    if (name, method) != (info.orig_filename, info.compress_type):
        raise InvalidUpload(f"member {info.filename!r}: its local header says {name!r}")
    header_bytes = _LOCAL_HEADER.size + int(name_bytes) + int(extra_bytes)
    return info.header_offset + header_bytes + info.compress_size


def _check_end(archive: zipfile.ZipFile, file: IO[bytes]) -> None:
    """See that the directory ends the file, and counts as many members as it has."""
    size = file.seek(0, os.SEEK_END)
    place = size - _END_HEADER.size - len(archive.comment)
    file.seek(max(place, 0))
    header = file.read(_END_HEADER.size)
    if len(header) < _END_HEADER.size or header[:4] != _END_SIGNATURE:
        raise InvalidUpload("the archive has bytes behind its end")
    *_, count, directory_bytes, start, _comment = _END_HEADER.unpack(header)
    if _IN_ZIP64.intersection({count << 16, directory_bytes, start}):
        return  # the zip64 record says it, and zipfile has read and checked that one
    if count != len(archive.infolist()):
        raise InvalidUpload(f"the directory counts {count} members, and has others")
    if place != archive.start_dir + directory_bytes:
        raise InvalidUpload("bytes between directory and end belong to no member")
