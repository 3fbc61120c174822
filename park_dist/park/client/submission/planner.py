"""The seam of plans: who takes what a script would submit, in place of the services."""

from __future__ import annotations

from concurrent.futures import Future
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Protocol

from park.errors import UsageError

if TYPE_CHECKING:
    from park.client.connection import Connection
    from park.client.installs.matching import Binding
    from park.client.submission.item import Item
    from park.model.entry_point import EntryPoint

__all__ = ["PlanEnds", "Planner", "planner", "refuse_in_plan"]


class PlanEnds(UsageError):
    """A script needs more than a plan can know, or would do more than submit."""


class Planner(Protocol):
    """Takes the pieces that a script would submit."""

    def take(self, item: Item) -> None:
        """Note ``item``, which will not be sent."""

    def environment(
        self,
        connection: Connection,
        entry_point: EntryPoint,
        *,
        lock: str | None,
        offer: str | None,
    ) -> Future[Binding]:
        """Return what stands for the environment of a job; it is never known."""


class _Planners:
    """The planner of this thread or task, or the one of the whole process."""

    def __init__(self) -> None:
        self._here: ContextVar[Planner | None] = ContextVar("park_planner", default=None)
        self.everywhere: Planner | None = None

    def get(self) -> Planner | None:
        """Return the planner in force, or None."""
        return self._here.get() or self.everywhere

    def set(self, planner: Planner) -> Token[Planner | None]:
        """Begin a plan in this thread or task."""
        return self._here.set(planner)

    def reset(self, token: Token[Planner | None]) -> None:
        """End it."""
        self._here.reset(token)


planner = _Planners()
"""Who takes what is submitted."""


def refuse_in_plan(method: str, url: str) -> None:
    """Raise `PlanEnds` where a plan is being made and a request might change something."""
    if method != "GET" and planner.get() is not None:
        raise PlanEnds(
            f"the plan ends here: {method} {url} may change something, which a plan does not",
            hint="what is submitted in the background can be planned: jobs, park.fetch_url, "
            "park.install_service",
        )
