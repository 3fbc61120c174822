"""`park_server.installs.lock_station`: known, exchanged or resolved, and in that order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.labs.environment_lab import lock_of
from support.labs.install_lab import (
    LOCKS,
    TREE,
    add_install,
    checked_request,
    install_request,
    local_wheel,
)
from support.material.open_doors import without_limit
from support.material.wheels import make_wheel

from park.digests import file_sha256
from park.model.pins import parse_pin
from park.wire import SourceArchive
from park_repo.index import Index, Upload
from park_server.envs.pylock import dump
from park_server.installs.lock_station import LockStation, ResolverAccess

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.pylock import Pylock

    from park_repo.database import Database
    from park_server.envs.realise_progress import OnProgress, Progress
    from park_server.envs.resolve import ResolutionRequest
    from park_server.installs.checked_request import CheckedRequest
    from park_server.installs.lock_station import Locked

URL = "http://127.0.0.1:9/simple/"


class Lab:
    """A station whose resolver and builder answer with what the test has at hand."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self.index = Index(database, folder / "index")
        self.asked: list[ResolutionRequest] = []
        self.stages: list[str] = []
        self.built_from: list[CheckedRequest] = []
        self.document: Pylock = lock_of([make_wheel(folder, "demo", "1.0")])
        stands_in: Any = self
        access = ResolverAccess(resolver=stands_in, index_url=URL, cache=folder)
        self.station = LockStation(database, self.index, access, stands_in)

    def resolve(self, request: ResolutionRequest) -> Pylock:
        self.asked.append(request)
        return self.document

    async def built(self, request: CheckedRequest, _: OnProgress) -> CheckedRequest:
        self.built_from.append(request)
        return request

    def locked(self, request: CheckedRequest) -> Locked:
        def note(progress: Progress) -> None:
            self.stages.append(progress.stage)

        return asyncio.run(self.station.locked(request, note))

    def publish(self, path: Path) -> None:
        with self.index.incoming() as content:
            content.write(path.read_bytes())
            upload = Upload(content=content, filename=path.name, user="ada", permit=without_limit)
            asyncio.run(self.index.publish(upload))


@pytest.fixture
def lab(database: Database, tmp_path: Path) -> Lab:
    return Lab(database, tmp_path)


def test_what_is_new_is_resolved_and_says_what_it_needs_here_alone(lab: Lab) -> None:
    lab.document = lock_of([make_wheel(lab.folder, name, "1.0") for name in ("demo", "extra")])
    found = lab.locked(checked_request("demo==1.0"))
    (asked,) = lab.asked
    assert [str(pin) for pin in asked.pins.pins] == ["demo==1.0"]
    assert asked.index_url == URL
    assert found.added == (parse_pin("extra", "1.0"),)
    assert [wheel.name for wheel in found.selection.wheels] == ["demo", "extra"]
    assert lab.stages == ["resolve"]


def test_the_resolver_gets_the_files_of_trees(lab: Lab) -> None:
    wheel = make_wheel(lab.folder, "demo", TREE)
    lab.publish(wheel)
    lab.document = lock_of([wheel])
    built = local_wheel("demo", TREE, sha256=file_sha256(wheel))
    lab.locked(checked_request(f"demo=={TREE}", wheels=[built]))
    (path,) = lab.asked[0].trees.values()
    assert path.read_bytes() == wheel.read_bytes()


def test_a_known_lock_is_neither_built_for_nor_resolved(lab: Lab, database: Database) -> None:
    source = SourceArchive(
        name="demo",
        version=TREE,
        filename="demo.tar.gz",
        sha256="0" * 64,
        size=1,
        build_pins=[],
    )
    known = lock_of([make_wheel(lab.folder, "demo", TREE)])
    request = install_request(f"demo=={TREE}", sources=[source])
    add_install(database, request, lock=LOCKS[0], document=dump(known).decode())
    found = lab.locked(checked_request(f"demo=={TREE}", sources=[source]))
    assert [wheel.version for wheel in found.selection.wheels] == [TREE]
    assert (found.added, lab.asked, lab.built_from, lab.stages) == ((), [], [], [])


def test_an_edit_takes_the_lock_of_before(lab: Lab, database: Database) -> None:
    old, new = (make_wheel(lab.folder, "demo", f"1.0+t{digit * 16}") for digit in "12")
    for path in (old, new):
        lab.publish(path)
    versions = [path.name.split("-")[1] for path in (old, new)]
    wheels = [
        local_wheel("demo", version, sha256=file_sha256(path))
        for version, path in zip(versions, (old, new), strict=True)
    ]
    before = install_request(f"demo=={versions[0]}", wheels=wheels[:1])
    document = dump(lock_of([old])).decode()
    add_install(database, before, lock=LOCKS[0], document=document)
    found = lab.locked(checked_request(f"demo=={versions[1]}", wheels=wheels[1:]))
    assert [wheel.sha256 for wheel in found.selection.wheels] == [file_sha256(new)]
    assert lab.asked == []
