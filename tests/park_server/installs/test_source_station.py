"""What clients sent as source becomes wheels of their own layer, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.labs.install_lab import TREE, checked_request
from support.material.open_doors import of_the_service

from park.errors import CannotSatisfy, UnknownItem
from park.model.pins import parse_pin
from park_repo.index import Index
from park_server.content import ContentStore
from park_server.envs.realise_progress import Progress
from park_server.installs.checked_request import CheckedRequest, TreeSource, TreeWheel
from park_server.installs.sdist_build import SourceBuilder
from park_server.installs.source_station import SourceStation


def source(name: str) -> TreeSource:
    return TreeSource(pin=parse_pin(name, TREE), filename=f"{name}.tar.gz", sha256=name)


class Around:
    """A builder, an index and a content store, which note what is asked of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_allowed = True
        self.there = {"demo", "other"}
        self.published: list[tuple[str, str, bytes]] = []
        self.built_from: list[tuple[str, Path, Any]] = []
        self.closed = 0
        self.stopped = False
        self.station = SourceStation(
            cast("SourceBuilder", self),
            cast("Index", self),
            cast("ContentStore", self),
            of_the_service,
        )

    def require_allowed(self, sources: Any) -> None:
        if sources and not self.is_allowed:
            raise CannotSatisfy("no builds here")

    def path_of(self, sha256: str) -> Path:
        if sha256 not in self.there:
            raise UnknownItem(f"no file {sha256}")
        return self.folder / sha256

    @contextmanager
    def built(
        self, source: TreeSource, archive: Path, interpreter: Any, account: None
    ) -> Iterator[Path]:
        assert account is None  # of a service without accounts for its users
        self.built_from.append((source.pin.name, archive, interpreter))
        wheel = self.folder / f"{source.pin.name}-1.whl"
        wheel.write_bytes(b"wheel of " + source.pin.name.encode())
        yield wheel
        wheel.unlink()

    @contextmanager
    def incoming(self) -> Iterator[bytearray]:
        class Incoming(bytearray):
            def write(self, block: bytes) -> None:
                self.extend(block)

        yield Incoming()
        self.closed += 1

    async def publish(self, upload: Any) -> Any:
        self.published.append((upload.user, upload.filename, bytes(upload.content)))
        file = SimpleNamespace(filename=upload.filename, sha256="ab", size=len(upload.content))
        return SimpleNamespace(file=file)

    def stop(self) -> None:
        self.stopped = True


def request(*sources: str) -> CheckedRequest:
    from dataclasses import replace

    plain = checked_request("abc==1.0")
    wheel = TreeWheel(pin=parse_pin("abc", TREE), filename="abc.whl", sha256="00", size=1)
    return replace(plain, wheels=(wheel,), sources=tuple(map(source, sources)))


def test_each_source_becomes_a_wheel_of_its_user(tmp_path: Path) -> None:
    around, told = Around(tmp_path), list[Progress]()
    asked = request("demo", "other")
    made = asyncio.run(around.station.built(asked, told.append))
    assert made.sources == ()
    assert [(wheel.filename, wheel.size) for wheel in made.wheels] == [
        ("abc.whl", 1),
        ("demo-1.whl", 13),
        ("other-1.whl", 14),
    ]
    assert around.published == [
        ("ada", "demo-1.whl", b"wheel of demo"),
        ("ada", "other-1.whl", b"wheel of other"),
    ]
    assert around.built_from[0] == ("demo", tmp_path / "demo", asked.interpreter)
    assert around.closed == 2
    assert [(each.stage, each.total, each.unit) for each in told] == [("build", 2, "wheels")]


def test_without_sources_nothing_is_said_or_done(tmp_path: Path) -> None:
    told = list[Progress]()
    asked = request()
    assert asyncio.run(Around(tmp_path).station.built(asked, told.append)) is asked
    assert told == []


def test_what_cannot_be_built_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    around = Around(tmp_path)
    around.station.require_buildable([source("demo")])
    with pytest.raises(UnknownItem, match="no file absent"):
        around.station.require_buildable([source("demo"), source("absent")])
    around.is_allowed = False
    with pytest.raises(CannotSatisfy):
        around.station.require_buildable([source("demo")])
    around.station.require_buildable([])


def test_a_stop_ends_the_builds(tmp_path: Path) -> None:
    around = Around(tmp_path)
    around.station.stop()
    assert around.stopped
