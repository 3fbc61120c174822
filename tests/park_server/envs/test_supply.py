"""`park_server.envs.supply`: where each wheel of a lock is taken from."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from park.errors import CannotSatisfy
from park_server.envs.pylock import LockedWheel
from park_server.envs.supply import WheelSupply

OWN, ADAS, REMOTE = "1" * 64, "2" * 64, "3" * 64


class FakeIndex:
    """An index with a released file, a tree of ada's, and all else behind it."""

    def __init__(self) -> None:
        self.remote_files = SimpleNamespace(whole=self._whole)
        self.refused: set[str] = set()

    def has(self, sha256: str, *, user: str) -> bool:
        return sha256 == OWN or (sha256, user) == (ADAS, "ada")

    def path_of(self, sha256: str) -> Path:
        return Path("/index", sha256)

    async def _whole(self, name: str, sha256: str, filename: str, *, received: Any) -> Path:
        received(7)
        return Path("/remote", name, sha256, filename)


class FakeDownloads:
    def fetch(self, wheel: LockedWheel, received: Any) -> Path:
        received(3)
        return Path("/downloads", wheel.filename)


def wheel(sha256: str, url: str | None = None) -> LockedWheel:
    name = canonicalize_name("demo")
    filename = "demo-1-py3-none-any.whl"
    return LockedWheel(name=name, version="1", filename=filename, sha256=sha256, url=url)


@pytest.mark.parametrize(
    ("wanted", "user", "place", "received"),
    [
        (wheel(OWN), "ada", f"/index/{OWN}", []),
        (wheel(ADAS, "https://pypi.example/demo.whl"), "ada", f"/index/{ADAS}", []),
        # the same bytes, but bob has no right to what ada uploaded
        (wheel(ADAS, "https://pypi.example/demo.whl"), "bob", "/downloads", [3]),
        (wheel(REMOTE), "ada", f"/remote/demo/{REMOTE}", [7]),
    ],
)
def test_a_wheel_comes_from_where_its_user_may_take_it(
    wanted: LockedWheel, user: str, place: str, received: list[int]
) -> None:
    heard: list[int] = []

    async def fetched() -> Path:
        index: Any = FakeIndex()
        downloads: Any = FakeDownloads()
        supply = WheelSupply(index, downloads, loop=asyncio.get_running_loop())
        return await asyncio.to_thread(supply.for_user(user), wanted, heard.append)

    assert str(asyncio.run(fetched())).startswith(place)
    assert heard == received


def test_a_wheel_in_quarantine_comes_from_nowhere() -> None:
    async def fetched() -> Path:
        index: Any = FakeIndex()
        index.refused.add(OWN)
        supply = WheelSupply(index, FakeDownloads(), loop=asyncio.get_running_loop())  # type: ignore[arg-type]
        return await asyncio.to_thread(supply.for_user("ada"), wheel(OWN), lambda _: None)

    with pytest.raises(CannotSatisfy, match=r"demo-1-py3-none-any.whl is quarantined"):
        asyncio.run(fetched())
