"""`park_server.installs.exchanged_lock`: when a lock needs no resolver, and when it does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.labs.environment_lab import lock_of
from support.labs.install_lab import (
    LOCKS,
    add_install,
    checked_request,
    install_request,
    local_wheel,
)
from support.material.open_doors import without_limit
from support.material.wheels import make_wheel

from park.digests import file_sha256
from park.wire import SourceArchive
from park_repo.index import Index, Upload
from park_server.envs.pylock import dump
from park_server.installs.exchanged_lock import LockExchange, differ_in_wheels_alone
from park_server.installs.lock_rows import Earlier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from packaging.pylock import Pylock

    from park.wire import LocalWheel
    from park_repo.database import Database

OLD, NEW = (f"1.0+t{digit * 16}" for digit in "12")


@pytest.fixture
def index(database: Database, tmp_path: Path) -> Index:
    return Index(database, tmp_path / "index")


def earlier(*pins: str, wheels: Sequence[LocalWheel]) -> Earlier:
    request = checked_request(*pins, wheels=list(wheels))
    return Earlier(
        pins=frozenset(request.requirements.pins),
        wheels=request.wheels,
        has_sources=False,
        document="",
    )


def test_wheels_of_other_projects_or_other_pins_are_more_than_an_edit() -> None:
    before = earlier(f"demo=={OLD}", "a==1", wheels=[local_wheel("demo", OLD)])
    wheels = [local_wheel("demo", NEW)]
    pins = f"demo=={NEW}"
    assert differ_in_wheels_alone(before, checked_request(pins, "a==1", wheels=wheels))
    assert not differ_in_wheels_alone(before, checked_request(pins, "a==2", wheels=wheels))
    assert not differ_in_wheels_alone(before, checked_request(pins, wheels=wheels))
    both = [*wheels, local_wheel("a", "1")]
    assert not differ_in_wheels_alone(before, checked_request(pins, "a==1", wheels=both))


def publish(index: Index, path: Path) -> LocalWheel:
    with index.incoming() as content:
        content.write(path.read_bytes())
        asyncio.run(
            index.publish(
                Upload(content=content, filename=path.name, user="ada", permit=without_limit)
            )
        )
    name, version = path.name.split("-")[:2]
    return local_wheel(name, version, sha256=file_sha256(path))


def built(index: Index, folder: Path, version: str, **facts: Sequence[str]) -> LocalWheel:
    return publish(index, make_wheel(folder, "demo", version, **facts))  # type: ignore[arg-type]


def installed(index: Index, database: Database, folder: Path) -> None:
    """Install an older tree of demo, beside a released project."""
    old = built(index, folder, OLD, requires=["a"])
    lock = lock_of([folder / old.filename, make_wheel(folder, "a", "1.0")])
    request = install_request(f"demo=={OLD}", "a==1.0", wheels=[old])
    add_install(database, request, lock=LOCKS[0], document=dump(lock).decode())


def exchanged(index: Index, database: Database, wheel: LocalWheel, user: str) -> Pylock | None:
    request = checked_request(f"demo=={NEW}", "a==1.0", wheels=[wheel], user=user)
    return LockExchange(database, index).document(request)


def test_an_edit_that_requires_the_same_takes_the_old_lock(
    index: Index, database: Database, tmp_path: Path
) -> None:
    installed(index, database, tmp_path)
    new = built(index, tmp_path, NEW, requires=["a"])
    lock = exchanged(index, database, new, "ada")
    assert lock is not None
    assert {p.name: str(p.version) for p in lock.packages} == {"a": "1.0", "demo": NEW}
    (demo,) = (package for package in lock.packages if package.name == "demo")
    assert [wheel.hashes["sha256"] for wheel in demo.wheels or ()] == [new.sha256]
    assert exchanged(index, database, new, "bob") is None


def test_an_edit_that_requires_more_is_resolved(
    index: Index, database: Database, tmp_path: Path
) -> None:
    installed(index, database, tmp_path)
    new = built(index, tmp_path, NEW, requires=["a", "b"])
    assert exchanged(index, database, new, "ada") is None


def test_a_wheel_that_is_gone_proves_nothing(
    index: Index, database: Database, tmp_path: Path
) -> None:
    new = built(index, tmp_path, NEW)
    gone = local_wheel("demo", OLD, sha256="f" * 64)
    lock = dump(lock_of([tmp_path / new.filename])).decode()
    request = install_request(f"demo=={OLD}", "a==1.0", wheels=[gone])
    add_install(database, request, lock=LOCKS[0], document=lock)
    assert exchanged(index, database, new, "ada") is None


def test_what_is_still_to_be_built_has_no_wheel_to_exchange(
    index: Index, database: Database, tmp_path: Path
) -> None:
    installed(index, database, tmp_path)
    source = SourceArchive(
        name="demo",
        version=NEW,
        filename="demo.tar.gz",
        sha256="0" * 64,
        size=1,
        build_pins=[],
    )
    request = checked_request(f"demo=={NEW}", "a==1.0", sources=[source])
    assert LockExchange(database, index).document(request) is None


def test_a_wheel_whose_bytes_went_since_the_look_at_its_row_proves_nothing(
    index: Index, database: Database, tmp_path: Path
) -> None:
    installed(index, database, tmp_path)
    new = built(index, tmp_path, NEW, requires=["a"])
    (old,) = (file for file in index.tree_files("demo", "ada") if file.version == OLD)
    for path in (index.whole_metadata(old), index.stored_at(old)):
        path.unlink()
    assert exchanged(index, database, new, "ada") is None
