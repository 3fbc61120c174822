from __future__ import annotations

import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from support.labs.environment_lab import own_interpreter
from support.material.projects import copy_package

from park.build.cache import Cache
from park.build.sdist import write_sdist
from park.build.versioned_tree import version_tree
from park.errors import BuildFailed, CannotSatisfy, InvalidUpload
from park.local.find import find
from park.model.pins import parse_pin
from park_server.accounts.account import Account
from park_server.installs.checked_request import TreeSource
from park_server.installs.sdist_build import BuildPolicy, SourceBuilder

if TYPE_CHECKING:
    from pathlib import Path

INTERPRETER = own_interpreter()
VERSION = "1.0+t0123456789abcdef"


def source(name: str = "offline", *, filename: str = "offline.tar.gz") -> TreeSource:
    return TreeSource(pin=parse_pin(name, VERSION), filename=filename, sha256="0" * 64)


def builder(tmp_path: Path, *, allowed: bool = True) -> SourceBuilder:
    home = tmp_path / "home"
    home.mkdir()
    return SourceBuilder(
        policy=BuildPolicy(allowed=allowed),
        home=home,
        folder=home / "builds",
        index_url="http://127.0.0.1:9/simple/",
        cache=home / "cache",
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Write the source distribution of a tree whose backend needs nothing installed."""
    root = copy_package("offline", tmp_path)
    tree = version_tree(find(str(root)), cache=Cache(root=tmp_path / "cache"))
    return write_sdist(tree, tree.wheel(), tmp_path)


def test_a_source_distribution_is_the_tree_and_its_metadata(archive: Path) -> None:
    with tarfile.open(archive) as members:
        files = {m.name.partition("/")[2]: m for m in members}
        stem = archive.name.removesuffix(".tar.gz")
        metadata = members.extractfile(f"{stem}/PKG-INFO")
        assert metadata is not None
        assert f"\nVersion: {stem.partition('-')[2]}\n" in metadata.read().decode()
    assert set(files) == {"PKG-INFO", "backend.py", "offline/__init__.py", "pyproject.toml"}
    assert {member.mtime for member in files.values()} == {315532800}


def test_equal_trees_give_equal_source_distributions(tmp_path: Path, archive: Path) -> None:
    first = archive.read_bytes()
    archive.unlink()
    tree = version_tree(find(str(tmp_path / "offline")), cache=Cache(root=tmp_path / "cache"))
    assert write_sdist(tree, tree.wheel(), tmp_path).read_bytes() == first


def test_a_source_becomes_a_wheel_of_its_version_with_a_build_tag(
    tmp_path: Path, archive: Path
) -> None:
    made = builder(tmp_path)
    with made.built(source(), archive, INTERPRETER) as wheel:
        name, version, build, *tags = wheel.name.removesuffix(".whl").split("-")
        assert (name, version, tags) == ("offline", VERSION, ["py3", "none", "any"])
        assert build.startswith("0b")
        assert wheel.exists()
    assert list(made.folder.iterdir()) == []


def test_what_a_backend_left_goes_however_deep_it_is(tmp_path: Path) -> None:
    deep = b"""
import os
for _ in range(1500):
    os.mkdir("x")
    os.chdir("x")
os.mkfifo("pipe")
raise SystemExit("no wheel of this")
"""
    members = {
        "a-1/pyproject.toml": b"[build-system]\nrequires = []\nbuild-backend = 'deep'\n"
        b"backend-path = ['.']\n",
        "a-1/deep.py": deep,
    }
    made = builder(tmp_path)
    try:
        with (
            pytest.raises(BuildFailed),
            made.built(source(), written(tmp_path, members), INTERPRETER),
        ):
            pass
        assert list(made.folder.iterdir()) == []
    finally:  # pytest itself removes nothing that is so deep, and fails from then on
        subprocess.run(["rm", "-rf", made.folder], check=True)


def test_a_tree_of_another_name_is_refused(tmp_path: Path, archive: Path) -> None:
    with (
        pytest.raises(BuildFailed, match="builds offline; expected other"),
        builder(tmp_path).built(source("other"), archive, INTERPRETER),
    ):
        pass


def test_builds_are_off_by_default(tmp_path: Path, archive: Path) -> None:
    made = builder(tmp_path, allowed=False)
    made.require_allowed([])
    with pytest.raises(CannotSatisfy, match=r"builds nothing .*: offline.tar.gz") as caught:
        made.require_allowed([source()])
    assert "--allow-builds" in str(caught.value.hint)
    with pytest.raises(CannotSatisfy), made.built(source(), archive, INTERPRETER):
        pass


def test_build_requirements_that_cannot_be_had(tmp_path: Path) -> None:
    pyproject = b"[build-system]\nrequires = ['setuptools']\n"
    file = written(tmp_path, {"a-1/pyproject.toml": pyproject})
    with (
        pytest.raises(BuildFailed, match="cannot install the build requirements") as caught,
        builder(tmp_path).built(source(), file, INTERPRETER),
    ):
        pass
    assert "setuptools" in caught.value.details["output"]


def written(tmp_path: Path, members: dict[str, bytes]) -> Path:
    path = tmp_path / "source.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"../escape": b""}, "not a source distribution: .*outside"),
        ({"a/x": b"", "b/x": b""}, "one folder at its top, not 2"),
        ({"file": b""}, "one folder at its top"),
        ({}, "one folder at its top, not 0"),
        ({"a/.git/config": b"[core]"}, "a source has no folder .git"),
    ],
)
def test_what_is_no_source_distribution(
    tmp_path: Path, members: dict[str, bytes], why: str
) -> None:
    made, file = builder(tmp_path), written(tmp_path, members)
    with pytest.raises(InvalidUpload, match=why), made.built(source(), file, INTERPRETER):
        pass
    assert list(made.folder.iterdir()) == []


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    file = tmp_path / "source.tar.gz"
    file.write_bytes(b"?")
    with (
        pytest.raises(InvalidUpload, match="not a source distribution"),
        builder(tmp_path).built(source(), file, INTERPRETER),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has accounts to give")
def test_the_backend_is_run_as_the_account_of_its_user(tmp_path: Path) -> None:
    """It writes where it builds, and not where uv installs with the login of the index."""
    pyproject = b"[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n"
    backend = b"""
import os, pathlib
def build_wheel(folder, config_settings=None, metadata_directory=None):
    places = [pathlib.Path("."), pathlib.Path(folder), pathlib.Path("../../venv/lib")]
    raise RuntimeError(f"found {os.getuid()}, {[os.access(each, os.W_OK) for each in places]}")
"""
    members = {"own-1/pyproject.toml": pyproject, "own-1/own.py": backend}
    file = written(tmp_path, members)
    account = Account(name="ada", uid=70_000, gid=70_000, home=tmp_path)
    with (
        pytest.raises(BuildFailed) as caught,
        builder(tmp_path).built(source("own"), file, INTERPRETER, account),
    ):
        pass
    assert "found 70000, [True, True, False]" in caught.value.details["output"]
