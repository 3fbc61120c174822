from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.labs.install_lab import TREE, checked_request, local_wheel
from support.session.limits import LIMIT_S

from park.errors import CannotSatisfy
from park_server.installs import upload_station
from park_server.installs.upload_station import UploadStation

if TYPE_CHECKING:
    from collections.abc import Callable

    from park_repo.index import Index

PINS = (f"demo=={TREE}", f"other=={TREE}")
WHEELS = [local_wheel("demo", TREE, sha256="1" * 64), local_wheel("other", TREE, sha256="2" * 64)]


class FakeIndex:
    """An index of digests, each of one user."""

    def __init__(self) -> None:
        self.on_published: list[Callable[[Any], None]] = []
        self.asked = asyncio.Event()
        self._files: set[tuple[str, str]] = set()

    def has(self, sha256: str, *, user: str) -> bool:
        self.asked.set()
        return (user, sha256) in self._files

    def publish(self, sha256: str, user: str = "ada") -> None:
        self._files.add((user, sha256))
        for hear in self.on_published:
            hear(None)


def station(index: FakeIndex) -> UploadStation:
    return UploadStation(cast("Index", index))


def test_what_is_missing_is_what_the_user_himself_has_not_shown() -> None:
    index = FakeIndex()
    index.publish("1" * 64)
    index.publish("2" * 64, user="bob")
    found = station(index).missing("ada", WHEELS)
    assert found == [WHEELS[1].filename]


def test_an_install_goes_on_when_its_last_wheel_is_here() -> None:
    async def upload() -> None:
        index = FakeIndex()
        arrived = asyncio.create_task(station(index).arrived(checked_request(*PINS, wheels=WHEELS)))
        for digit in "21":
            await index.asked.wait()
            index.asked.clear()
            assert not arrived.done()
            index.publish(digit * 64)
        await asyncio.wait_for(arrived, LIMIT_S)

    asyncio.run(upload())


def test_without_wheels_there_is_nothing_to_wait_for() -> None:
    async def pass_by() -> None:
        await station(FakeIndex()).arrived(checked_request("demo==1"))

    asyncio.run(pass_by())


def test_a_client_that_died_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_station, "UPLOAD_PATIENCE_S", 0.0)
    index = FakeIndex()
    index.publish("1" * 64)

    async def wait() -> None:
        await station(index).arrived(checked_request(*PINS, wheels=WHEELS))

    with pytest.raises(CannotSatisfy, match=rf"still missing: {WHEELS[1].filename[:5]}") as caught:
        asyncio.run(wait())
    assert WHEELS[0].filename not in caught.value.message
