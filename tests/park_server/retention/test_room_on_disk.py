"""What a disk has room for, and that a start finds some."""

from __future__ import annotations

from pathlib import Path

import pytest

from park_server.home import Home
from park_server.retention.ballast import ByteBallast
from park_server.retention.room_on_disk import Room, rooms_of

MIB = 1 << 20


@pytest.mark.parametrize(("free", "goes"), [(MIB, False), (MIB - 1, True)])
def test_a_start_has_what_an_earlier_service_held_where_nothing_else_is_left(
    tmp_path: Path, free: int, *, goes: bool
) -> None:
    ByteBallast(tmp_path / "ballast", MIB).hold()
    room = Room(free=lambda: free, reserve=4 * MIB, ballast=ByteBallast(tmp_path / "ballast", MIB))
    room.begin()
    assert room.ballast.is_held is not goes
    assert (tmp_path / "ballast").exists() is not goes


def test_a_quarter_of_what_is_kept_is_held(tmp_path: Path) -> None:
    rooms = rooms_of(Home(tmp_path), 40 * MIB)
    assert (rooms.size.reserve, rooms.size.ballast.size) == (40 * MIB, 10 * MIB)
    assert rooms.size.free() > 0
    assert rooms.inodes.free() > 0
    assert rooms.inodes.ballast.size == rooms.inodes.reserve // 4 or rooms.inodes.reserve > 4_000


def test_where_nothing_is_kept_of_bytes_none_is_of_files(tmp_path: Path) -> None:
    rooms = rooms_of(Home(tmp_path), 0)
    assert [(room.reserve, room.ballast.size) for room in rooms.both] == [(0, 0), (0, 0)]
