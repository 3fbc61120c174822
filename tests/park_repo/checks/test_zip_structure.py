"""Archives that two programs would read differently are refused."""

from __future__ import annotations

import struct
import zipfile
from typing import IO, TYPE_CHECKING, cast

import pytest
from support.material.wheels import make_wheel

from park.errors import InvalidUpload
from park_repo.checks.zip_structure import check_structure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path)


def check(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        check_structure(archive)


def test_plain_archives_are_taken(wheel: Path, tmp_path: Path) -> None:
    check(wheel)
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    check(tmp_path / "empty.zip")


def test_archives_that_were_written_as_a_stream_are_refused(tmp_path: Path) -> None:
    """Such a writer puts the sizes behind each member, in a data descriptor."""

    class Unseekable:
        def __init__(self) -> None:
            self.data = bytearray()

        def write(self, data: bytes) -> int:
            self.data += data
            return len(data)

        def flush(self) -> None: ...

    stream = Unseekable()
    with zipfile.ZipFile(cast("IO[bytes]", stream), "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.py", "b.py"):
            archive.writestr(name, b"x" * 1000)
    (tmp_path / "streamed.zip").write_bytes(stream.data)
    with pytest.raises(InvalidUpload, match="its sizes behind it"):
        check(tmp_path / "streamed.zip")


def test_large_archives_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "zip64.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.py", "w", force_zip64=True) as file:
        file.write(b"x")
    check(path)


def test_bytes_in_front_are_refused(wheel: Path) -> None:
    wheel.write_bytes(b"#!/bin/sh\n" + wheel.read_bytes())
    with pytest.raises(InvalidUpload, match="bytes before it belong to no member"):
        check(wheel)


def test_bytes_behind_the_end_are_refused(wheel: Path) -> None:
    wheel.write_bytes(wheel.read_bytes() + b"more")
    with pytest.raises(InvalidUpload, match="bytes behind its end"):
        check(wheel)


def hidden_member(wheel: Path) -> bytes:
    """Return the archive without its second member in the directory: the bytes remain."""
    content = wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        start = archive.start_dir
        first, second = archive.infolist()[:2]
    lengths = [46 + len(info.filename) for info in (first, second)]
    begin = start + lengths[0]
    content = content[:begin] + content[begin + lengths[1] :]
    end = len(content) - 22
    count, size = struct.unpack_from("<HI", content, end + 10)
    changed = struct.pack("<HHI", count - 1, count - 1, size - lengths[1])
    return content[: end + 8] + changed + content[end + 16 :]


def test_a_member_that_the_directory_hides_is_refused(wheel: Path) -> None:
    wheel.write_bytes(hidden_member(wheel))
    with pytest.raises(InvalidUpload, match="overlaps the next one, or leaves a gap"):
        check(wheel)


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    """Many entries of the directory that share one run of bytes: a bomb without a ratio."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"x" * 100)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.start_dir
    entry = content[start:-22]
    end = bytearray(content[-22:])
    struct.pack_into("<HHI", end, 8, 2, 2, 2 * len(entry))
    path.write_bytes(content[:start] + entry + entry + end)
    with pytest.raises(InvalidUpload, match=r"overlaps|belong to no member"):
        check(path)


def test_a_local_header_that_says_another_name_is_refused(wheel: Path) -> None:
    content = wheel.read_bytes()
    wheel.write_bytes(content.replace(b"demo.py", b"evil.py", 1))
    with pytest.raises(InvalidUpload, match=r"member 'demo\.py': its local header says \('evil"):
        check(wheel)


@pytest.mark.parametrize("offset", [18, 22])
def test_a_local_header_that_says_other_sizes_is_refused(wheel: Path, offset: int) -> None:
    """A reader of the stream would find the next member inside this one."""
    content = bytearray(wheel.read_bytes())
    struct.pack_into("<I", content, offset, 5)
    wheel.write_bytes(content)
    with pytest.raises(InvalidUpload, match=r"member 'demo\.py': its local header says"):
        check(wheel)


@pytest.mark.parametrize(
    "extra", [struct.pack("<HHBI", 0x7075, 12, 1, 0) + b"evil.py", b"\1", b"\1\0\0\0" * 2]
)
def test_extra_fields_that_say_something_else_are_refused(tmp_path: Path, extra: bytes) -> None:
    info = zipfile.ZipInfo("demo.py")
    with zipfile.ZipFile(tmp_path / "extra.zip", "w") as archive:
        # of fields that it knows itself, zipfile would complain
        info.extra = b"\xfe\xca" + extra[2:] if len(extra) > 1 else extra
        archive.writestr(info, b"")
    content = (tmp_path / "extra.zip").read_bytes()
    (tmp_path / "extra.zip").write_bytes(content.replace(info.extra, extra, 1))
    with pytest.raises(InvalidUpload, match=r"local header says|extra fields cannot be read"):
        check(tmp_path / "extra.zip")


def test_a_directory_that_miscounts_is_refused(wheel: Path) -> None:
    content = bytearray(wheel.read_bytes())
    struct.pack_into("<HH", content, len(content) - 22 + 8, 3, 3)
    wheel.write_bytes(content)
    with pytest.raises(InvalidUpload, match="counts 3 members"):
        check(wheel)


def test_a_name_with_a_nul_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nul.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo.pyx", b"")
    path.write_bytes(path.read_bytes().replace(b"demo.pyx", b"demo\0pyx"))
    with pytest.raises(InvalidUpload, match="NUL byte"):
        check(path)
