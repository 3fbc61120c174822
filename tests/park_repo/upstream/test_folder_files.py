"""What lies in a folder of wheels that anybody fills: each is what an upload has to be."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from packaging.utils import NormalizedName
from support.material.wheels import make_sdist, make_wheel, wheel_members, write_archive

from park_repo.upstream.folder_files import FolderFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "wheels"
    made.mkdir()
    return made


def objection(folder: Path, path: Path, sha256: str | None = None) -> str | None:
    """Ask as a page would that lists ``path`` with its own digest, or ``sha256``."""
    place = quote(path.relative_to(folder).as_posix())
    entry = {"filename": path.name, "url": f"http://127.0.0.1:1/packages/{place}"}
    return FolderFiles(folder).objection(entry, sha256 or digest_of(path))


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_whole_is_offered(folder: Path) -> None:
    (folder / "sub folder").mkdir()
    for path in (
        make_wheel(folder, "demo", "1.0"),
        make_sdist(folder, "demo", "1.0"),
        make_wheel(folder / "sub folder", "other", "2.0"),
    ):
        assert objection(folder, path) is None
    assert list(FolderFiles(folder).problems()) == []


def test_what_is_half_written_is_not(folder: Path) -> None:
    whole = make_wheel(folder, "demo", "1.0")
    content = whole.read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        whole.write_bytes(content[:length])
        assert objection(folder, whole), length
    whole.write_bytes(content)
    assert objection(folder, whole) is None


def test_nor_is_garbage_or_what_is_not_what_its_name_says(folder: Path) -> None:
    garbage = folder / "garbage-1.0-py3-none-any.whl"
    garbage.write_bytes(os.urandom(1000))
    renamed = folder / "renamed-9.0-py3-none-any.whl"
    shutil.copy(make_wheel(folder, "demo", "1.0"), renamed)
    nameless = folder / "demo.whl"
    nameless.write_bytes(b"")
    tree = make_wheel(folder, "demo", "1.0+t0123456789abcdef")
    climbing = write_archive(
        folder / "climbing-1.0-py3-none-any.whl",
        wheel_members("climbing", files={"../climbing.py": b""}),
    )
    said = dict(FolderFiles(folder).problems())
    assert set(said) == {garbage, renamed, nameless, tree, climbing}
    assert "zip" in said[garbage]
    assert "demo-1.0.dist-info" in said[renamed]
    assert "park install" in said[tree]
    for path, problem in said.items():
        assert objection(folder, path) == problem


def test_nor_what_is_another_file_than_the_page_says(folder: Path) -> None:
    path = make_wheel(folder, "demo", "1.0")
    assert objection(folder, path, "0" * 64) == "it changes while it is read"
    path_of_page = folder / "gone-1.0-py3-none-any.whl"
    assert "No such file" in str(objection(folder, path_of_page, "0" * 64))


def test_a_file_is_read_once_and_again_when_it_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_wheel(folder, "demo", "1.0")
    entry = {"filename": path.name, "url": f"http://h/packages/{path.name}"}
    files = FolderFiles(folder)
    read = Mock(side_effect=hashlib.file_digest)
    monkeypatch.setattr(hashlib, "file_digest", read)
    first = digest_of(path)
    for _ in range(3):
        assert files.objection(entry, first) is None
    assert read.call_count == 1
    make_wheel(folder.parent, "demo", "1.0", files={"demo.py": b"x = 2\n"}).replace(path)
    assert files.objection(entry, first) == "it changes while it is read"
    assert files.objection(entry, digest_of(path)) is None
    assert read.call_count == 2


def test_hidden_files_are_nobody_s(folder: Path) -> None:
    """rsync writes ``.name.XXXXXX`` beside, and renames it when it is whole."""
    (folder / ".demo-1.0-py3-none-any.whl").write_bytes(b"half")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "demo-1.0-py3-none-any.whl").write_bytes(b"half")
    (folder / "README.txt").write_text("wheels of the lab")
    assert list(FolderFiles(folder).problems()) == []


def test_what_is_offered_is_told_with_where_it_lies(folder: Path) -> None:
    (folder / "sub").mkdir()
    wheel, sdist = make_wheel(folder, "demo", "1.0"), make_sdist(folder, "demo", "1.0")
    other = make_wheel(folder / "sub", "other", "2.0")
    (folder / "garbage-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    (folder / ".demo-2.0-py3-none-any.whl").write_bytes(b"half")
    os.utime(wheel, (0, 0))
    files = FolderFiles(folder)
    assert {each.path for each in files.offered()} == {wheel, sdist, other}
    told = {each.path: each for each in files.offered(NormalizedName("demo"))}
    assert told.keys() == {wheel, sdist}
    found = told[wheel]
    assert (found.project, found.version) == ("demo", "1.0")
    assert (found.sha256, found.size) == (digest_of(wheel), wheel.stat().st_size)
    assert found.changed == "1970-01-01T00:00:00Z"
    wheel.unlink()
    assert {each.path for each in files.offered()} == {sdist, other}
