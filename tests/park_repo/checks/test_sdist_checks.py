from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from support.material.wheels import make_sdist

from park.errors import InvalidUpload
from park_repo.checks import members as rules
from park_repo.checks.inspection import inspect_file

if TYPE_CHECKING:
    from pathlib import Path


def packed(directory: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Write demo-1.0.tar.gz with a good PKG-INFO and ``members``."""
    path = directory / "demo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for info, content in [info_of("demo-1.0/PKG-INFO", METADATA), *members]:
            archive.addfile(info, io.BytesIO(content))
    return path


METADATA = b"Metadata-Version: 2.2\nName: demo\nVersion: 1.0\nRequires-Python: >=3.9\n"


def info_of(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type = len(content), kind
    return info, content


def test_a_good_sdist_tells_its_facts(tmp_path: Path) -> None:
    path = packed(tmp_path, info_of("demo-1.0/demo.py", b"x = 1\n"))
    facts = inspect_file(path, path.name, {"name": "Demo", "version": "1.0"})
    assert (facts.name.project, facts.version, facts.requires_python) == ("demo", "1.0", ">=3.9")
    assert (facts.metadata, facts.metadata_sha256) == (None, None)
    made = make_sdist(tmp_path / "made")
    assert inspect_file(made, made.name, {}).version == "1.0"


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (info_of("/etc/passwd"), "a path may not be absolute"),
        (info_of("demo-1.0/../up.py"), "a path may not be absolute"),
        (info_of("other/x.py"), "2 directories at its top"),
        (info_of("demo-1.0/aux.py"), "a device on Windows"),
        (info_of("demo-1.0/pkg-info"), "differ in case only"),
        (info_of("demo-1.0/PKG-INFO", METADATA), "occurs 2 times"),
        (info_of("demo-1.0/link", kind=tarfile.SYMTYPE), "only files, no links"),
        (info_of("demo-1.0/hard", kind=tarfile.LNKTYPE), "only files, no links"),
        (info_of("demo-1.0/pipe", kind=tarfile.FIFOTYPE), "only files, no links"),
    ],
)
def test_members_that_break_a_rule_are_refused(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes], reason: str
) -> None:
    path = packed(tmp_path, member)
    with pytest.raises(InvalidUpload, match=rf"^demo-1\.0\.tar\.gz: .*{reason}"):
        inspect_file(path, path.name, {})


def test_metadata_must_be_there_and_agree(tmp_path: Path) -> None:
    other = make_sdist(tmp_path, "other")
    with pytest.raises(InvalidUpload, match=r"other-1\.0; expected that of demo"):
        inspect_file(other, "demo-1.0.tar.gz", {})
    bare = tmp_path / "demo-1.0.tar.gz"
    with tarfile.open(bare, "w:gz") as archive:
        archive.addfile(info_of("demo-1.0/x.py")[0])
    with pytest.raises(InvalidUpload, match="there is no PKG-INFO"):
        inspect_file(bare, bare.name, {})


def test_a_bomb_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    """100 MB of zeros in 100 kB: refused at the limit, not after all of it."""
    path = packed(tmp_path, info_of("demo-1.0/zeros", bytes(100 << 20)))
    with pytest.raises(InvalidUpload, match="times as much"):
        inspect_file(path, path.name, {})


def test_the_unpacked_size_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_UNPACKED_BYTES", 2000)
    path = packed(tmp_path, info_of("demo-1.0/x.py", bytes(3000)))
    with pytest.raises(InvalidUpload, match="the limit is 2,000"):
        inspect_file(path, path.name, {})


def test_a_header_that_readers_would_hold_in_memory_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, info_of("demo-1.0/x", bytes(2 << 20), tarfile.XHDTYPE))
    with pytest.raises(InvalidUpload, match="a header of"):
        inspect_file(path, path.name, {})


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"no tar, but long" * 100)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "demo-1.0.tar.gz"
    path.write_bytes(content)
    with pytest.raises(InvalidUpload, match=r"not a readable|directories at its top"):
        inspect_file(path, path.name, {})


def test_a_broken_off_archive_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, info_of("demo-1.0/x.py", bytes(range(256)) * 100))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InvalidUpload, match="not a readable"):
        inspect_file(path, path.name, {})
