from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest
from packaging.utils import canonicalize_name
from support.material.wheels import make_wheel
from support.neighbours.index_server import add_file, opened_index

from park.digests import file_sha256
from park.errors import Conflict, InvalidUpload, UnknownItem
from park_repo.file_records import Layer, PublishedFile
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packaging.utils import NormalizedName

    from park_repo.index import Index

TREE = "1.0+t0123456789abcdef"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with opened_index(tmp_path / "index") as index:
        yield index


def test_a_released_version_is_everybodys(index: Index, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    published = add_file(index, wheel)
    assert published.is_new
    file = published.file
    assert (file.layer, file.owner, file.uploaded_by) == (Layer.PROJECTS, "", "ada")
    assert (file.size, file.sha256) == (wheel.stat().st_size, file_sha256(wheel))
    assert [owned.name for owned in index.owned_projects()] == ["demo"]
    assert index.project_files("Demo") == (file,)
    assert index.has(file.sha256, user="bob")
    assert index.path_of(file.sha256).name == wheel.name
    assert index.path_of(file.sha256).read_bytes() == wheel.read_bytes()


def test_a_tree_is_its_owners_alone(index: Index, tmp_path: Path) -> None:
    file = add_file(index, make_wheel(tmp_path, version=TREE)).file
    assert (file.layer, file.owner) == (Layer.TREES, "ada")
    assert index.owned_projects() == ()
    assert (index.tree_projects("ada"), index.tree_projects("bob")) == (("demo",), ())
    assert (index.tree_files("demo", "ada"), index.tree_files("demo", "bob")) == ((file,), ())
    assert index.has(file.sha256)
    assert not index.has(file.sha256, user="bob")
    with pytest.raises(UnknownItem):
        index.file_by_hash(file.sha256, user="bob")


def test_two_users_may_have_different_trees_of_one_name(index: Index, tmp_path: Path) -> None:
    adas = make_wheel(tmp_path / "a", version=TREE, files={"demo.py": b"a"})
    bobs = make_wheel(tmp_path / "b", version=TREE, files={"demo.py": b"b"})
    assert add_file(index, adas, "ada").is_new
    assert add_file(index, bobs, "bob").is_new


def test_the_same_upload_again_heals_a_file_that_was_damaged(index: Index, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    file = add_file(index, wheel).file
    place = index.stored_at(file)
    for damage in (lambda: place.write_bytes(b"scribble"), place.unlink):
        damage()
        assert not index.has(file.sha256)
        assert not place.exists()
        with pytest.raises(UnknownItem, match="was changed or lost on the disk"):
            asyncio.run(index.ready_at(file))
        assert not add_file(index, wheel).is_new
        assert index.has(file.sha256)
        assert asyncio.run(index.ready_at(file)).read_bytes() == wheel.read_bytes()


def test_metadata_that_were_damaged_are_taken_from_the_wheel_anew(
    index: Index, tmp_path: Path
) -> None:
    file = add_file(index, make_wheel(tmp_path)).file
    place = index.whole_metadata(file)
    whole = place.read_bytes()
    for damage in (lambda: place.write_bytes(b"Requires-Dist: evil"), place.unlink):
        damage()
        assert index.whole_metadata(file).read_bytes() == whole
    place.unlink()
    index.stored_at(file).write_bytes(b"scribble")
    with pytest.raises(UnknownItem, match="was changed or lost on the disk"):
        index.whole_metadata(file)


def test_the_same_bytes_of_two_users_are_stored_once(index: Index, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, version=TREE)
    files = [add_file(index, wheel, user).file for user in ("ada", "bob")]
    assert len({index.stored_at(file) for file in files}) == 1


def test_a_file_name_is_immutable(index: Index, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "a")
    first = add_file(index, wheel)
    again = add_file(index, wheel)
    assert not again.is_new
    assert again.file == first.file
    other = make_wheel(tmp_path / "b", files={"demo.py": b"other"})
    with pytest.raises(Conflict, match="is here already with other bytes"):
        add_file(index, other)
    assert index.project_files("demo") == (first.file,)
    assert not index.has(file_sha256(other))


def test_a_refused_upload_leaves_nothing(index: Index, tmp_path: Path) -> None:
    broken = tmp_path / "demo-1.0-py3-none-any.whl"
    broken.write_bytes(b"no zip archive")
    with pytest.raises(InvalidUpload):
        add_file(index, broken)
    add_file(index, make_wheel(tmp_path / "a"))
    with pytest.raises(Conflict):
        add_file(index, make_wheel(tmp_path / "b", files={"demo.py": b"other"}))
    root = tmp_path / "index"
    assert list((root / "incoming").iterdir()) == []
    assert len([p for p in (root / "files").rglob("*") if p.is_file()]) == 2


def test_a_files_own_fault_is_told_before_whose_its_name_is(tmp_path: Path) -> None:
    """Upstream is not even asked; a name that is taken by other bytes does not hide it either."""
    unreachable = Upstream("http://127.0.0.1:9/simple/")
    hostile = make_wheel(tmp_path, files={"../up.py": b""})
    with (
        opened_index(tmp_path / "new", upstream=unreachable) as index,
        pytest.raises(InvalidUpload, match=r"member '\.\./up\.py'"),
    ):
        add_file(index, hostile)
    with opened_index(tmp_path / "taken") as index:
        add_file(index, make_wheel(tmp_path / "a"))
        with pytest.raises(InvalidUpload, match=r"member '\.\./up\.py'"):
            add_file(index, hostile)


def test_listeners_hear_of_new_files_once_and_cannot_spoil_them(
    index: Index, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_file: PublishedFile) -> None:
        raise RuntimeError("listener")

    heard: list[PublishedFile] = []
    index.on_published += [fail, heard.append]
    wheel = make_wheel(tmp_path)
    for _ in range(2):
        add_file(index, wheel)
    assert heard == list(index.project_files("demo"))
    assert "a listener failed" in caplog.text


def test_of_racing_uploads_with_different_bytes_one_wins(index: Index, tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path / str(n), files={"demo.py": str(n).encode()}) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = [pool.submit(add_file, index, wheel) for wheel in wheels]
    errors = [outcome.exception() for outcome in outcomes]
    assert errors.count(None) == 1
    assert sum(isinstance(error, Conflict) for error in errors) == 7
    (file,) = index.project_files("demo")
    assert file_sha256(index.stored_at(file)) == file.sha256


KILLED = """
import asyncio, os, pathlib, signal, sys
from park_repo import index as module
from park_repo import file_store
from park_repo.index import Upload
from support.neighbours.index_server import add_file, opened_index
root, wheel, where = map(pathlib.Path, sys.argv[1:])
die = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
with opened_index(root) as index, index.incoming() as content:
    content.write(wheel.read_bytes())
    content._file.flush()
    owner, _, name = str(where).rpartition(".")
    owners = {"index": module, "file_store": file_store, "queries": module.queries}
    setattr(owners[owner], name, die)
    upload = Upload(content=content, filename=wheel.name, user="ada", permit=lambda *_: None)
    asyncio.run(index.publish(upload))
"""


@pytest.mark.parametrize(
    "where",
    ["index._check", "file_store.write_synced", "file_store.sync_directory", "queries.add_file",
     "index.Publication"],
)  # fmt: skip
def test_a_kill_at_any_moment_leaves_nothing_half_made(tmp_path: Path, where: str) -> None:
    root, wheel = tmp_path / "index", make_wheel(tmp_path)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, root, wheel, where], env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert [p for p in root.rglob("*") if p.is_file() and p.suffix in {".part", ".whl"}]
    with opened_index(root) as index:
        assert index.owned_projects() == ()
        left = [*(root / "files").rglob("*"), *(root / "incoming").rglob("*")]
        assert not [p for p in left if p.suffix in {".part", ".whl", ".metadata"}]
        assert add_file(index, wheel).is_new


def test_what_is_no_name_is_asked_of_nobody(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Remote:
        async def project(self, name: str) -> None:
            asked.append(name)

    monkeypatch.setattr(index, "_remotes", lambda: [Remote()])
    for name in ("-x-", "a b", "\udcff", ""):
        assert asyncio.run(index.remote_project(cast("NormalizedName", name))) is None
    assert asked == []
    assert asyncio.run(index.remote_project(canonicalize_name("six"))) is None
    assert asked == ["six"]
