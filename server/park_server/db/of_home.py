"""The database of a home, wherever it is kept: opened, or brought up to date alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from park_repo.database import Database
from park_server.db.migrate import revisions
from park_server.db.opening import opened
from park_server.db.server_opening import opened_at
from park_server.home import Home, stopped

__all__ = ["UpgradePlan", "opened_for", "planned_upgrade", "upgraded"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UpgradePlan:
    """From the schema ``found`` to the ``newest`` by the migrations ``steps``, in their order."""

    found: str
    newest: str
    steps: tuple[str, ...]

    @property
    def line(self) -> str:
        """What it comes to, for people."""
        if not self.steps:
            return f"the schema is {self.found}, the newest that this park knows"
        return f"the schema is {self.found}, this park has {self.newest}: {', '.join(self.steps)}"


def planned_upgrade(found: str) -> UpgradePlan:
    """Return what leads from the schema ``found``, which this park knows, to the newest."""
    known = revisions()
    steps = tuple(sorted(each for each in known if each > found))
    return UpgradePlan(found=found, newest=known[0], steps=steps)


def opened_for(
    home: Home, url: URL | None, *, damage: Callable[[], str | None] | None = None
) -> Database:
    """Return the database of ``home``, in the home where ``url`` is None; its schema the newest.

    ``damage`` is that of `opened`. Raises what `opened` and `opened_at` raise.
    """
    beside: Mapping[str, Path] = {
        "folders of wheels in index/": home.index / "files",
        "folders of jobs in jobs/": home.jobs,
    }
    if url is None:
        return opened(home.database, beside, damage=damage)
    return opened_at(url, beside, instead_of=home.database)


def upgraded(home: Home, url: URL | None) -> None:
    """Bring the schema up to date; raises `Conflict` while a service runs on ``home``."""
    with stopped(home):
        opened_for(home, url).close()
