"""The seam of plans: what takes the submissions of a script in place of the services."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol, cast

from park.client.access.dry_run import dry_run

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.client.submission.binding import Binding
    from park.client.submission.item import Item
    from park.client.submission.reach import Reach
    from park.local.set_options import SetOptions
    from park.model.entry_point import EntryPoint

__all__ = ["Recorder", "current_recorder"]


class Recorder(Protocol):
    """Takes what a script would submit."""

    def take(self, item: Item) -> None:
        """Note ``item``, which will not be sent."""

    def environment(
        self,
        transport: Transport,
        entry_point: EntryPoint,
        *,
        lock: str | None,
        offer: str | None,
        options: SetOptions,
        reach: Reach | None = None,
    ) -> Future[Binding]:
        """Return what stands for the environment of a job; it is never known."""


def current_recorder() -> Recorder | None:
    """Return what records the submissions of this thread or task; None where they are sent."""
    return cast("Recorder | None", dry_run.recorder())
