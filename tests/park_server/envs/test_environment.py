"""`park_server.envs.environment`: a manifest proves itself, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from park.errors import EnvironmentMismatch
from park.model.lock_hash import LockHash, SelectedWheel, Target, lock_hash
from park_repo.wheelstore.manifest import Stamp
from park_server.envs.environment import Environment, Layout, PackageConflict, parse_manifest

PLACE = Path("/envs/it")
TARGET = Target(python="3.11", abi="cp311", platform="linux-x86_64")
PACKAGES = (SelectedWheel(name=canonicalize_name("demo"), version="1.0", sha256="a" * 64),)
NAME = lock_hash(TARGET, PACKAGES)


def environment(**changes: Any) -> Environment:
    facts: dict[str, Any] = {
        "lock_hash": NAME,
        "path": PLACE,
        "target": TARGET,
        "python": "3.11.7",
        "cache_tag": "cpython-311",
        "packages": PACKAGES,
        "created": "2026-11-26T00:00:00Z",
        "layout": Layout.HARD_LINKS,
        "entry_inodes": (7, 8),
        "size_own": 1,
        "size_shared": 2,
        "conflicts": (PackageConflict(path="clash.py", owners=("demo", "other")),),
        "stamps": (Stamp("bin", 0o40555, 0, 1, 2, 3, ""),),
    }
    return Environment(**facts | changes)


def test_a_manifest_says_all_of_its_environment() -> None:
    found = parse_manifest(environment().manifest(), PLACE, NAME)
    assert found == environment()
    assert found.store_keys == (f"{'a' * 64}-cpython-311",)
    assert found.executable == PLACE / "bin" / "python"


def test_the_environment_of_another_lock_bears_its_name() -> None:
    asked = LockHash("b" * 64)
    with pytest.raises(EnvironmentMismatch, match="not the environment") as caught:
        parse_manifest(environment().manifest(), PLACE, asked)
    assert caught.value.details == {"bears": NAME}


def test_a_name_that_its_packages_do_not_have_is_no_proof() -> None:
    others = (*PACKAGES, SelectedWheel(name=canonicalize_name("b"), version="1", sha256="b" * 64))
    with pytest.raises(EnvironmentMismatch, match="lists packages of"):
        parse_manifest(environment(packages=others).manifest(), PLACE, NAME)


@pytest.mark.parametrize("change", [{"format": 1}, {"target": {}}, {"stamps": [1]}, {"created": 0}])
def test_a_manifest_of_another_shape_is_damaged(change: dict[str, Any]) -> None:
    document = json.loads(environment().manifest()) | change
    if change == {"created": 0}:
        del document["created"]
    with pytest.raises(EnvironmentMismatch, match="is damaged"):
        parse_manifest(json.dumps(document).encode(), PLACE, NAME)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"format": 1'])
def test_what_is_no_manifest_is_damaged(content: bytes) -> None:
    with pytest.raises(EnvironmentMismatch, match="is damaged"):
        parse_manifest(content, PLACE, NAME)
