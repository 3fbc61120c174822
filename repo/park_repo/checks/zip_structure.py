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
from park_repo.checks.members import Member
from park_repo.checks.refusal import Rule, refused

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

_ZIP64_SIZES = 0x0001
_UNICODE_PATH = 0x7075
"""Extra fields (4.6.1): sizes past 4 GiB; and another name, which some readers prefer."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The compression methods that every installer can unpack."""

_IN_ZIP64_SIZE = 0xFFFFFFFF
_IN_ZIP64 = frozenset({0xFFFF << 16, _IN_ZIP64_SIZE})
"""A count (16 bits, shifted here) or an offset that is found in the zip64 record instead."""


def zip_members(archive: zipfile.ZipFile) -> list[Member]:
    """Return the members as the rules for all archives see them."""
    return [
        Member(
            name=info.filename.removesuffix("/"),
            size=info.file_size,
            # `ZipInfo.is_dir` fails on an empty name
            is_directory=info.filename.endswith("/"),
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
        raise _refused(info, "only files, no links or devices", Rule.KIND)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise _refused(info, "only stored or deflated, unencrypted", Rule.KIND)
    if info.flag_bits & _HAS_DESCRIPTOR:
        # its local header has no sizes, so whoever reads the archive as a stream must guess
        raise _refused(
            info,
            "it was written as a stream, its sizes behind it",
            hint="write the wheel to a file on disk, not to a pipe",
        )
    if info.orig_filename != info.filename:
        # zipfile ends a name at a NUL byte; other programs do not
        raise _refused(info, "a path may not hold a NUL byte", Rule.PORTABLE_NAME)


def _check_layout(infos: Sequence[zipfile.ZipInfo], file: IO[bytes], *, end: int) -> None:
    """Each member begins where the one before it ends; the last ends at the directory."""
    place = 0
    starts = [*(info.header_offset for info in infos), end]
    for info, following in zip(infos, starts[1:], strict=True):
        if info.header_offset != place:
            raise _refused(info, "bytes before it belong to no member")
        if following != _end_of_data(info, file):
            raise _refused(info, "it overlaps the next one, or leaves a gap behind it")
        place = following


def _end_of_data(info: zipfile.ZipInfo, file: IO[bytes]) -> int:
    """Return where the data of a member ends, by its local header, which must agree."""
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or header[:4] != _LOCAL_SIGNATURE:
        raise _refused(info, "it has no local header")
    fields = _LOCAL_HEADER.unpack(header)
    flags, method, packed, size, name_bytes, extra_bytes = *fields[2:4], *fields[7:]
    name = file.read(name_bytes).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    extra = _extra_fields(info, file.read(extra_bytes))
    sizes = _sizes(packed, size, extra.get(_ZIP64_SIZES))
    found = (name, method, *sizes)
    expected = (info.orig_filename, info.compress_type, info.compress_size, info.file_size)
    if found != expected or _UNICODE_PATH in extra:
        raise _refused(info, f"its local header says {found}; expected {expected}")
    header_bytes = _LOCAL_HEADER.size + int(name_bytes) + int(extra_bytes)
    return info.header_offset + header_bytes + info.compress_size


def _extra_fields(info: zipfile.ZipInfo, data: bytes) -> dict[int, bytes]:
    """Return the extra fields of a local header by their id; each may occur once."""
    fields: dict[int, bytes] = {}
    while data:
        kind, length = struct.unpack_from("<HH", data.ljust(4, b"\0"))
        if kind in fields or length + 4 > len(data):
            raise _refused(info, "its extra fields cannot be read")
        fields[kind], data = data[4 : 4 + length], data[4 + length :]
    return fields


def _sizes(packed: int, size: int, zip64: bytes | None) -> tuple[int, int]:
    """Return (packed, unpacked), each from the zip64 field where the header refers to it."""
    values = [int.from_bytes(zip64[i : i + 8], "little") for i in (0, 8)] if zip64 else []
    # 4.5.3: the unpacked size first; a field has only those that the header refers to
    if size == _IN_ZIP64_SIZE and values:
        size = values.pop(0)
    if packed == _IN_ZIP64_SIZE and values:
        packed = values.pop(0)
    return packed, size


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


def _refused(
    info: zipfile.ZipInfo, why: str, rule: Rule = Rule.STRUCTURE, *, hint: str | None = None
) -> InvalidUpload:
    name = info.orig_filename
    return refused(f"member {name!r}: {why}", member=name, rule=rule, hint=hint)
