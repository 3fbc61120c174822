"""Whether a plan is being made: then nothing may change a service."""

from __future__ import annotations

from contextvars import ContextVar, Token

from park.blocks import carried
from park.errors import PlanEnds

__all__ = ["DryRun", "dry_run", "refuse_in_dry_run"]


class DryRun:
    """What records the submissions of this thread or task, or those of the whole process.

    It goes where the block of a service goes: into the threads that are started in it.
    """

    def __init__(self) -> None:
        self._here: ContextVar[object | None] = ContextVar("park_dry_run", default=None)
        self.everywhere: object | None = None
        self._has_begun = False
        carried(self._here)

    def recorder(self) -> object | None:
        """Return what records here, or None."""
        here = carried(self._here) if self._has_begun else None  # few scripts ever make a plan
        return here or self.everywhere

    def begin(self, recorder: object) -> Token[object | None]:
        """Let ``recorder`` take what this thread or task submits."""
        self._has_begun = True
        return self._here.set(recorder)

    def end(self, token: Token[object | None]) -> None:
        """Submit again."""
        self._here.reset(token)


dry_run = DryRun()
"""The one of this process."""


def refuse_in_dry_run(method: str, url: str) -> None:
    """Raise `PlanEnds` where a plan is being made and a request might change something."""
    if method != "GET" and dry_run.recorder() is not None:
        raise PlanEnds(
            f"the plan ends here: {method} {url} may change something, which a plan does not",
            hint="what is submitted in the background can be planned: jobs, park.fetch_url, "
            "park.install_service",
        )
