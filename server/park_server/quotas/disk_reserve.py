"""Room that stays free on the disk of the service, whoever sends something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from park.errors import NoRoom
from park.model.sizes import shown_size

__all__ = ["NO_RESERVE", "DiskReserve"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskReserve:
    """``size`` bytes that stay free; ``free`` tells how many are, from any thread."""

    free: Callable[[], int]
    size: int

    def require(self, more: int) -> None:
        """Raise `NoRoom` where ``more`` bytes would come out of it."""
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
