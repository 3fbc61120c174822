from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
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


def link_to(target: str, *, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info, content = info_of("demo-1.0/link", kind=kind)
    info.linkname = target
    return info, content


def sparse(version: str, content: bytes, **said: str) -> tuple[tarfile.TarInfo, bytes]:
    """Return a file with holes in one of the forms that GNU tar writes into extended headers."""
    info, _ = info_of("demo-1.0/holes", content)
    major, _, minor = version.partition(".")
    if major != "0":
        said |= {"major": major, "minor": minor}
    info.pax_headers = {f"GNU.sparse.{name}": value for name, value in said.items()}
    return info, content


def test_links_inside_are_taken_as_the_data_filter_takes_them(tmp_path: Path) -> None:
    links = [link_to("demo.py"), link_to("../demo-1.0/docs/../demo.py"), link_to("nowhere")]
    links.append(link_to("demo-1.0/demo.py", kind=tarfile.LNKTYPE))
    for link in links:
        path = packed(tmp_path, info_of("demo-1.0/demo.py", b"x = 1\n"), link)
        assert inspect_file(path, path.name, {}).version == "1.0"
        with tarfile.open(path) as archive:
            archive.extractall(tmp_path / "unpacked", filter="data")


def test_nothing_is_below_a_link(tmp_path: Path) -> None:
    path = packed(tmp_path, link_to("."), info_of("demo-1.0/link/x"))
    with pytest.raises(InvalidUpload, match=r"'demo-1\.0/link' is a file, not a directory"):
        inspect_file(path, path.name, {})


@pytest.mark.parametrize(
    "filename", ["Demo-1.0.tar.gz", "demo-1.0rc01.tar.gz", "my-demo-1.0.tar.gz", "demo-01.tar.gz"]
)
def test_a_name_that_is_not_normalised_is_refused(tmp_path: Path, filename: str) -> None:
    with pytest.raises(
        InvalidUpload, match=r"its project and version; expected '[a-z_]+-[0-9.rc]+"
    ):
        inspect_file(make_sdist(tmp_path), filename, {})


def test_another_archive_in_the_file_is_refused(tmp_path: Path) -> None:
    """pip would read the zip, and others the tar."""
    path = packed(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("demo-1.0/setup.py", "import evil")
    with pytest.raises(InvalidUpload, match="read as a zip archive as well"):
        inspect_file(path, path.name, {})


@pytest.mark.parametrize(
    "more",
    [gzip.compress(b"more"), gzip.compress(bytes(2000)) + b"\1"],
    ids=["a member", "and a byte"],
)
def test_bytes_behind_the_archive_are_refused(tmp_path: Path, more: bytes) -> None:
    path = packed(tmp_path)
    path.write_bytes(path.read_bytes() + more)
    with pytest.raises(InvalidUpload, match=r"bytes behind|not a readable"):
        inspect_file(path, path.name, {})


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
        (link_to("/etc/passwd"), "a link may not be absolute"),
        (link_to("../up"), "leads out of the folder"),
        (link_to("a/../../../up"), "leads out of the folder"),
        (link_to("..\\up"), "nor hold a backslash"),
        (link_to("link/x"), "leads through another link"),
        (link_to("link/../x"), "leads through another link"),
        (link_to("demo-1.0/none", kind=tarfile.LNKTYPE), "must be to a file of the sdist"),
        (link_to("/etc/passwd", kind=tarfile.LNKTYPE), "a link may not be absolute"),
        (link_to("demo-1.0/../../x", kind=tarfile.LNKTYPE), "leads out of the folder"),
        (info_of("demo-1.0/pipe", kind=tarfile.FIFOTYPE), "only files and links, no devices"),
        (info_of("demo-1.0/holes", kind=tarfile.GNUTYPE_SPARSE), "a sparse file"),
        (sparse("0.1", b"x", map="0,1", size="9"), "a sparse file"),
        (sparse("1.0", b"1\n0\n1\n".ljust(512, b"\0") + b"x", realsize="9"), "a sparse file"),
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


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"no tar, but long" * 100)],
    ids=["nothing", "no gzip", "no tar"],
)
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


def test_requirements_of_an_sdist_name_no_url(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0.tar.gz"
    metadata = METADATA + b"Requires-Dist: evil @ git+http://127.0.0.1/evil\n"
    with tarfile.open(path, "w:gz") as archive:
        info, content = info_of("demo-1.0/PKG-INFO", metadata)
        archive.addfile(info, io.BytesIO(content))
    with pytest.raises(InvalidUpload, match="has a direct reference"):
        inspect_file(path, path.name, {})


def test_an_sdist_has_the_licence_that_it_names(tmp_path: Path) -> None:
    metadata = b"Metadata-Version: 2.4\nName: demo\nVersion: 1.0\nLicense-File: LICENSE\n"
    without = make_sdist(tmp_path / "a", files={"demo-1.0/PKG-INFO": metadata})
    with pytest.raises(InvalidUpload, match="License-File names 'LICENSE'"):
        inspect_file(without, without.name, {})
    licence = {"demo-1.0/PKG-INFO": metadata, "demo-1.0/LICENSE": b"yours"}
    whole = make_sdist(tmp_path / "b", files=licence)
    assert inspect_file(whole, whole.name, {}).version == "1.0"
