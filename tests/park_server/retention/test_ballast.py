"""Room that is held: taken where there is some, and given up."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from park_server.retention.ballast import Ballast, usual_ballast
from park_server.retention.sizes_on_disk import size_below


def test_room_is_held_and_let_go(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", 1 << 20)
    ballast.hold()
    ballast.hold()
    assert ballast.is_held
    assert size_below(tmp_path) >= 1 << 20
    ballast.let_go()
    ballast.let_go()
    assert not ballast.is_held
    assert list(tmp_path.iterdir()) == []


def test_what_an_earlier_service_held_becomes_as_large_as_it_should_be(tmp_path: Path) -> None:
    Ballast(tmp_path / "ballast", 2 << 20).hold()
    Ballast(tmp_path / "ballast", 1 << 20).hold()
    assert (tmp_path / "ballast").stat().st_size == 1 << 20


def test_half_of_it_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, _offset: int, _size: int) -> None:
        os.write(descriptor, b"half")
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", full)
    ballast = Ballast(tmp_path / "ballast", 1 << 20)
    ballast.hold()
    assert not ballast.is_held
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_held_where_nothing_is_reserved(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", usual_ballast(0))
    ballast.hold()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("reserve", "held"), [(8 << 20, 2 << 20), (1 << 30, 64 << 20)])
def test_a_quarter_of_the_reserve_is_held_and_64_mib_at_most(reserve: int, held: int) -> None:
    assert usual_ballast(reserve) == held
