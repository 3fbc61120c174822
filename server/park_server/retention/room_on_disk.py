"""What the disk of a home has room for: bytes, and files that can still be made (inodes)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from park_server.home import Home
from park_server.retention.ballast import (
    Ballast,
    ByteBallast,
    InodeBallast,
    usual_ballast,
    usual_inode_ballast,
)
from park_server.retention.sizes_on_disk import (
    free_below,
    free_inodes,
    usual_inode_reserve,
    usual_reserve,
)

__all__ = ["Room", "Rooms", "rooms_of"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Room:
    """``free`` tells how much there is, ``reserve`` is how much of it should stay.

    ``ballast`` holds more, and goes where nothing is left.
    """

    free: Callable[[], int]
    reserve: int
    ballast: Ballast

    def begin(self) -> None:
        """Let the ballast go where it is all that is left: a start makes files itself.

        Not for an event loop.
        """
        if self.ballast.is_held and self.free() < self.ballast.size:
            self.ballast.let_go()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rooms:
    """Both of them."""

    size: Room
    inodes: Room

    @property
    def both(self) -> tuple[Room, Room]:
        """One after the other."""
        return self.size, self.inodes


def rooms_of(home: Home, reserve_bytes: int | None) -> Rooms:
    """Return the rooms of the disk of ``home``.

    ``reserve_bytes`` is what stays of it; None: what is usual. Where that is nothing, no files are
    kept either.
    """
    reserve = usual_reserve(home.path) if reserve_bytes is None else reserve_bytes
    inodes = usual_inode_reserve(home.path) if reserve else 0
    return Rooms(
        size=Room(
            free=partial(free_below, home.path),
            reserve=reserve,
            ballast=ByteBallast(home.ballast, usual_ballast(reserve)),
        ),
        inodes=Room(
            free=partial(free_inodes, home.path),
            reserve=inodes,
            ballast=InodeBallast(home.inode_ballast, usual_inode_ballast(inodes)),
        ),
    )
