"""Wheels written here: equal content gives equal bytes, and RECORD says what is in them."""

from __future__ import annotations

import csv
import io
import zipfile
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.build.archive import Member, write_wheel

DIST_INFO = "film-1.0.dist-info"
MEMBERS = [
    Member("film/__init__.py", b"SLD = 2.0\n"),
    Member('film/a,"b".txt', b""),
    Member("film-1.0.data/scripts/film", b"#!python\n", executable=True),
]


def written(folder: Path, members: list[Member] = MEMBERS) -> Path:
    folder.mkdir()
    return write_wheel(folder / "film.whl", members, dist_info=DIST_INFO)


def test_equal_members_give_equal_bytes(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one"), written(tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()


def test_members_are_in_their_order_at_a_fixed_time_uncompressed(tmp_path: Path) -> None:
    with zipfile.ZipFile(written(tmp_path / "one")) as archive:
        found = archive.infolist()
    assert [each.filename for each in found] == [*(m.name for m in MEMBERS), f"{DIST_INFO}/RECORD"]
    assert {each.date_time for each in found} == {(1980, 1, 1, 0, 0, 0)}
    assert {each.compress_type for each in found} == {zipfile.ZIP_STORED}
    modes = [each.external_attr >> 16 & 0o777 for each in found]
    assert modes == [0o644, 0o644, 0o755, 0o644]


@given(st.dictionaries(st.from_regex(r'[a-z][a-z ,"\'é]{0,8}', fullmatch=True), st.binary()))
def test_record_has_the_digest_and_size_of_every_member_and_none_of_its_own(
    content: dict[str, bytes],
) -> None:
    members = [Member(name, data) for name, data in content.items()]
    with pytest.MonkeyPatch.context() as patch:
        buffer = io.BytesIO()
        opened = zipfile.ZipFile
        patch.setattr(zipfile, "ZipFile", lambda *_: opened(buffer, "w"))
        write_wheel(Path("film.whl"), members, dist_info=DIST_INFO)
    with zipfile.ZipFile(buffer) as archive:
        text = archive.read(f"{DIST_INFO}/RECORD").decode()
    digests = {
        name: urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
        for name, data in content.items()
    }
    assert list(csv.reader(io.StringIO(text))) == [
        *([name, f"sha256={digests[name]}", str(len(data))] for name, data in content.items()),
        [f"{DIST_INFO}/RECORD", "", ""],
    ]


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    wheel = written(tmp_path / "one")
    with pytest.raises(FileExistsError):
        write_wheel(wheel, MEMBERS, dist_info=DIST_INFO)
