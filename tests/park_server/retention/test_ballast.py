"""Room that is held: taken where there is some, and given up."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from park_server.retention.ballast import (
    ByteBallast,
    InodeBallast,
    usual_ballast,
    usual_inode_ballast,
)
from park_server.retention.sizes_on_disk import size_below


def test_room_is_held_and_let_go(tmp_path: Path) -> None:
    ballast = ByteBallast(tmp_path / "ballast", 1 << 20)
    ballast.hold()
    ballast.hold()
    assert ballast.is_held
    assert size_below(tmp_path) >= 1 << 20
    ballast.let_go()
    ballast.let_go()
    assert not ballast.is_held
    assert list(tmp_path.iterdir()) == []


def test_what_an_earlier_service_held_becomes_as_large_as_it_should_be(tmp_path: Path) -> None:
    ByteBallast(tmp_path / "ballast", 2 << 20).hold()
    ByteBallast(tmp_path / "ballast", 1 << 20).hold()
    assert (tmp_path / "ballast").stat().st_size == 1 << 20


def test_half_of_it_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, _offset: int, _size: int) -> None:
        os.write(descriptor, b"half")
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", full)
    ballast = ByteBallast(tmp_path / "ballast", 1 << 20)
    ballast.hold()
    assert not ballast.is_held
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_held_where_nothing_is_reserved(tmp_path: Path) -> None:
    ballast = ByteBallast(tmp_path / "ballast", usual_ballast(0))
    ballast.hold()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("reserve", "held"), [(8 << 20, 2 << 20), (1 << 30, 64 << 20)])
def test_a_quarter_of_the_reserve_is_held_and_64_mib_at_most(reserve: int, held: int) -> None:
    assert usual_ballast(reserve) == held


@pytest.mark.parametrize(("reserve", "held"), [(0, 0), (200, 50), (20_000, 1_000)])
def test_a_quarter_of_the_files_is_held_and_a_thousand_at_most(reserve: int, held: int) -> None:
    assert usual_inode_ballast(reserve) == held


def test_files_are_held_and_let_go(tmp_path: Path) -> None:
    ballast = InodeBallast(tmp_path / "ballast", 5)
    for _ in range(2):
        ballast.hold()
        assert ballast.is_held
        assert len(list(tmp_path.rglob("*"))) == 5
    for _ in range(2):
        ballast.let_go()
        assert not ballast.is_held
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [ByteBallast, InodeBallast])
def test_what_an_earlier_service_held_is_held_and_can_be_let_go(
    tmp_path: Path, kind: type[ByteBallast | InodeBallast]
) -> None:
    kind(tmp_path / "ballast", 5).hold()
    later = kind(tmp_path / "ballast", 3)
    assert later.is_held
    later.hold()
    assert later.is_held
    there = list(tmp_path.rglob("*"))
    assert len(there) == 3 or [each.stat().st_size for each in there] == [3]
    kind(tmp_path / "ballast", 9).let_go()
    assert list(tmp_path.iterdir()) == []


def test_files_of_which_not_all_can_be_made_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    really = Path.touch

    def touch(path: Path, **how: Any) -> None:
        if len(made) == 3:
            raise OSError(errno.ENOSPC, "no file more")
        made.append(path)
        really(path, **how)

    monkeypatch.setattr(Path, "touch", touch)
    ballast = InodeBallast(tmp_path / "ballast", 9)
    ballast.hold()
    assert not ballast.is_held
    assert list(tmp_path.iterdir()) == []
