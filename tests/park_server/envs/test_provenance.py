"""Where the artifacts of a lock may come from, and what a tree's metadata may not say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
)
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.material.wheels import make_wheel

from park.errors import ResolutionFailed
from park.model.pins import parse_pin
from park_server.envs.provenance import require_names_alone, require_provenance

if TYPE_CHECKING:
    from typing import Any

INDEX = "http://__token__:secret@127.0.0.1:8000/simple/"
TREE = parse_pin("mymodel", "1.0+t0123456789abcdef")
FILE = Path("/srv/index/mymodel-1.0+t0123456789abcdef-py3-none-any.whl")
HASHES = {"sha256": "0" * 64}


def lock(name: str = "six", **artifact: Any) -> Pylock:
    package = Package(name=canonicalize_name(name), version=None, **artifact)
    return Pylock(lock_version=Version("1.0"), created_by="tests", packages=[package])


def wheel(place: str) -> list[PackageWheel]:
    return [PackageWheel(name="six-1-py3-none-any.whl", url=place, hashes=HASHES)]


def archive(place: str) -> PackageArchive:
    if place.startswith("/"):
        return PackageArchive(path=place, hashes=HASHES)
    return PackageArchive(url=place, hashes=HASHES)


@pytest.mark.parametrize(
    "document",
    [
        lock(wheels=wheel("http://127.0.0.1:8000/files/00/six-1-py3-none-any.whl")),
        lock("mymodel", archive=archive(FILE.as_uri())),
        lock("mymodel", archive=archive(str(FILE))),
    ],
)
def test_files_of_the_index_and_of_trees(document: Pylock) -> None:
    assert require_provenance(document, index_url=INDEX, trees={TREE: FILE}) is document


@pytest.mark.parametrize(
    "document",
    [
        lock(wheels=wheel("http://127.0.0.1:8001/six-1-py3-none-any.whl")),
        lock(wheels=wheel("https://127.0.0.1:8000/six-1-py3-none-any.whl")),
        lock(wheels=wheel("http://127.0.0.1:8000@e.org/six-1-py3-none-any.whl")),
        lock(wheels=wheel("file:///etc/six-1-py3-none-any.whl")),
        lock(archive=archive(str(FILE))),
        lock("mymodel", archive=archive("/etc/mymodel.whl")),
        lock("mymodel", archive=archive(f"file://host{FILE}")),
        lock(sdist=PackageSdist(name="six-1.tar.gz", url="https://e.org/six", hashes=HASHES)),
        lock(vcs=PackageVcs(type="git", url="https://e.org/six", commit_id="0" * 40)),
        lock(directory=PackageDirectory(path="/srv/six")),
    ],
)
def test_anything_from_elsewhere(document: Pylock) -> None:
    with pytest.raises(ResolutionFailed, match="expected files of the service's index") as caught:
        require_provenance(document, index_url=INDEX, trees={TREE: FILE})
    assert "secret" not in caught.value.message


def test_the_wheel_of_a_tree_may_not_name_a_url(tmp_path: Path) -> None:
    plain = make_wheel(tmp_path, TREE.name, TREE.version, requires=["six"])
    require_names_alone({TREE: plain})
    other = parse_pin("demo", "1.0")
    found = make_wheel(tmp_path, requires=["six @ file:///etc/six.whl ; extra == 'x'"])
    with pytest.raises(ResolutionFailed, match="six @ file:///etc") as caught:
        require_names_alone({TREE: plain, other: found})
    assert caught.value.details["references"] == ["six @ file:///etc/six.whl ; extra == 'x'"]
