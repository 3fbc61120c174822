"""Room that stays free on the disk of the service, whoever sends something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from park.errors import NoRoom
from park.model.sizes import shown_size

__all__ = ["NO_RESERVE", "DiskReserve"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskReserve:
    """``size`` bytes that stay free; ``free`` tells how many are, from any thread.

    So do ``inodes``: files that can still be made, of which ``free_inodes`` tells.
    """

    free: Callable[[], int]
    size: int
    free_inodes: Callable[[], int] = lambda: 0
    inodes: int = 0

    def require(self, more: int) -> None:
        """Raise `NoRoom` where ``more`` bytes, or a file, would come out of it."""
        if self.inodes and (left := self.free_inodes()) <= self.inodes:
            raise NoRoom(
                f"the disk of this service takes {left:,} files more: {self.inodes:,} stay for"
                " what it does itself",
                hint="send it again when there is room, or one archive in place of many files;"
                " whoever operates the service can make room: park admin clean",
                details={"limit": self.inodes, "used": left, "asked": 1},
            )
        if self.size and (free := self.free()) - max(more, 0) < self.size:
            asked = f", and {shown_size(more)} more were sent" if more > 0 else ""
            raise NoRoom(
                f"the disk of this service has {shown_size(max(free, 0))} free{asked}:"
                f" {shown_size(self.size)} stay free for what it does itself",
                hint="send it again when there is room; whoever operates the service can make"
                " some: park admin clean",
                details={"limit": self.size, "used": free, "asked": max(more, 0)},
            )


NO_RESERVE = DiskReserve(free=lambda: 0, size=0)
"""Of a service that keeps nothing free."""
