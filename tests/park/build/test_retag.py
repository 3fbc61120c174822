from __future__ import annotations

import base64
import csv
import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import parse_wheel_filename

from park.build.retag import renamed, retag, with_names, with_version
from park.errors import BuildFailed

if TYPE_CHECKING:
    from pathlib import Path

NEW = "1.4.2+t0123456789abcdef"
METADATA = "Metadata-Version: 2.4\nName: My.Model\nVersion: 1.4.2\n\nVersion: 9 is out\n"
TAGS = st.sampled_from(["py3-none-any", "cp311-cp311-linux_x86_64", "1-py3-none-any"])
LOCALS = st.sampled_from(["", "+g12", "+ubuntu.1"])


def make_wheel(folder: Path, members: dict[str, str], *, reverse: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "my_model-1.4.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(members.items(), reverse=reverse):
            info = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6 if reverse else 8))
            mode = 0o777 if name.endswith(".sh") else 0o600
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, text)
    return path


MEMBERS = {
    "my_model/__init__.py": "SLD = 2.0\n",
    "my_model/données, brutes.txt": "x",
    "my_model-1.4.2.data/scripts/run.sh": "#!/bin/sh\n",
    "my_model-1.4.2.dist-info/METADATA": METADATA,
    "my_model-1.4.2.dist-info/RECORD": "stale",
    "my_model-1.4.2.dist-info/RECORD.jws": "stale",
    "my_model-1.4.2.dist-info/WHEEL": "Wheel-Version: 1.0\n",
    "my_model-1.4.2.dist-info/licenses/LICENSE": "",
}


@given(version=LOCALS, tags=TAGS)
def test_only_the_version_of_a_file_name_changes(version: str, tags: str) -> None:
    before = parse_wheel_filename(f"my_model-1.4.2{version}-{tags}.whl")
    after = parse_wheel_filename(renamed(f"my_model-1.4.2{version}-{tags}.whl", NEW))
    assert (after[0], after[2], after[3]) == (before[0], before[2], before[3])
    assert str(after[1]) == NEW


def test_a_file_that_is_no_wheel() -> None:
    with pytest.raises(BuildFailed, match=r"made 'my_model-1.4.2.tar.gz'"):
        renamed("my_model-1.4.2.tar.gz", NEW)


@given(
    before=st.sampled_from([b"Name: m\n", b"Metadata-Version: 2.4\r\nName: m\r\n", b""]),
    ending=st.sampled_from([b"\n", b"\r\n"]),
    after=st.sampled_from([b"", b"Summary: Version: 1\n", b"\nVersion: 9\n"]),
)
def test_only_the_version_header_changes(before: bytes, ending: bytes, after: bytes) -> None:
    old = before + b"Version: 1.4.2" + ending + after
    assert with_version(old, NEW) == before + b"Version: " + NEW.encode() + ending + after


def test_metadata_without_a_version() -> None:
    with pytest.raises(BuildFailed, match="no Version header"):
        with_version(b"Name: m\n\nVersion: 1\n", NEW)


def test_the_wheel_is_whole_under_its_new_version(tmp_path: Path) -> None:
    wheel = retag(make_wheel(tmp_path / "old", MEMBERS), NEW, tmp_path)
    assert wheel.name == f"my_model-{NEW}-py3-none-any.whl"
    info = f"my_model-{NEW}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            f"my_model-{NEW}.data/scripts/run.sh",
            "my_model/__init__.py",
            "my_model/données, brutes.txt",
            f"{info}/METADATA",
            f"{info}/WHEEL",
            f"{info}/licenses/LICENSE",
            f"{info}/RECORD",
        ]
        metadata = archive.read(f"{info}/METADATA").decode()
        assert metadata == METADATA.replace("1.4.2", NEW, 1)
        rows = list(csv.reader(archive.read(f"{info}/RECORD").decode().splitlines()))
        assert [row[0] for row in rows] == archive.namelist()
        for name, digest, size in rows[:-1]:
            content = archive.read(name)
            raw = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            assert (digest, size) == (f"sha256={raw.decode()}", str(len(content)))
        assert rows[-1] == [f"{info}/RECORD", "", ""]


def test_modes_and_times_are_fixed(tmp_path: Path) -> None:
    wheel = retag(make_wheel(tmp_path / "old", MEMBERS), NEW, tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        modes = {info.filename[-6:]: info.external_attr >> 16 for info in archive.infolist()}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert modes["run.sh"] == 0o100755
    assert set(modes.values()) == {0o100755, 0o100644}


def test_order_times_and_compression_of_the_old_wheel_leave_no_trace(tmp_path: Path) -> None:
    one = retag(make_wheel(tmp_path / "1", MEMBERS), NEW, tmp_path / "1")
    other = retag(make_wheel(tmp_path / "2", MEMBERS, reverse=True), NEW, tmp_path / "2")
    assert one.read_bytes() == other.read_bytes()


def test_a_wheel_without_its_dist_info(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "old", {"my_model.py": ""})
    with pytest.raises(BuildFailed, match=r"0 .dist-info folders; expected one"):
        retag(wheel, NEW, tmp_path)


def test_a_wheel_that_is_no_archive(tmp_path: Path) -> None:
    wheel = tmp_path / "my_model-1.4.2-py3-none-any.whl"
    wheel.write_bytes(b"not a zip file")
    with pytest.raises(BuildFailed, match="is not a zip file"):
        retag(wheel, NEW, tmp_path)


REFERENCES = """\
Metadata-Version: 2.4
Name: My.Model
Version: 1.4.2
Requires-Dist: film[a] @ file:///home/ada/film
Requires-Dist: six>=1
requires-dist: common@git+ssh://git@e.org/common@v1#subdirectory=x ; extra == "plot"
Requires-Dist: folded @
        https://e.org/folded.whl ;
  python_version > "3"
Provides-Extra: plot

Requires-Dist: readme @ https://e.org
"""


def test_requirements_by_url_become_names_and_record_agrees(tmp_path: Path) -> None:
    members = MEMBERS | {"my_model-1.4.2.dist-info/METADATA": REFERENCES}
    wheel = retag(make_wheel(tmp_path / "raw", members), NEW, tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        name = f"my_model-{NEW}.dist-info"
        metadata = archive.read(f"{name}/METADATA").decode()
        rows = list(csv.reader(archive.read(f"{name}/RECORD").decode().splitlines()))
    assert [line for line in metadata.splitlines() if "equires-dist" in line.lower()] == [
        "Requires-Dist: film[a]",
        "Requires-Dist: six>=1",
        'requires-dist: common; extra == "plot"',
        'Requires-Dist: folded; python_version > "3"',
        "Requires-Dist: readme @ https://e.org",
    ]
    digest = base64.urlsafe_b64encode(hashlib.sha256(metadata.encode()).digest()).rstrip(b"=")
    assert [f"{name}/METADATA", f"sha256={digest.decode()}", str(len(metadata))] in rows


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_all_else_of_the_metadata_stays(ending: str) -> None:
    before = REFERENCES.replace("\n", ending).encode()
    after = with_names(before)
    assert with_names(after) == after
    kept = [line for line in before.split(b"\n") if b"@" not in line]
    assert [line for line in kept if line not in after.split(b"\n")] == [
        line for line in kept if line.startswith((b"  ", b"\t"))
    ]
