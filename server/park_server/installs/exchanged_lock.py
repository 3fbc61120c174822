"""The lock of an earlier install with this one's wheels in it, where that is the new lock."""

from __future__ import annotations

from packaging.pylock import Pylock
from packaging.utils import NormalizedName, canonicalize_name
from sqlalchemy import Connection, select

from park.errors import UnknownItem
from park.wire import InstallRequest, LocalWheel
from park_repo.database import Database
from park_repo.index import Index
from park_server.db.tables import installs, locks
from park_server.envs.exchange import exchanged, same_requirements
from park_server.envs.pylock import LockedWheel, load
from park_server.installs import install_rows

__all__ = ["LockExchange"]

_LOOK_BACK = 5
"""Earlier installs worth a look: an edit follows on the last, or on one before an undone branch."""


class LockExchange:
    """Finds, for an install whose local wheels alone are new, the lock that needs no resolver."""

    def __init__(self, database: Database, index: Index) -> None:
        self._database = database
        self._index = index

    def document(self, user: str, request: InstallRequest) -> Pylock | None:
        """Return the lock of ``request`` without a resolution, or None where one is needed."""
        if not request.wheels or request.sources:
            return None
        for before, document in self._database.read(lambda c: _earlier(c, user, request)):
            if _differ_in_wheels_alone(before, request):
                changed = self._changed(user, before, request)
                if changed is not None:
                    return exchanged(load(document.encode()), changed)
        return None

    def _changed(
        self, user: str, before: InstallRequest, request: InstallRequest
    ) -> dict[NormalizedName, LockedWheel] | None:
        """Return the new wheels by name; None where one of them requires something else."""
        old = {canonicalize_name(wheel.name): wheel for wheel in before.wheels}
        found = {}
        for wheel in request.wheels:
            name = canonicalize_name(wheel.name)
            if wheel.sha256 == old[name].sha256:
                continue
            if not same_requirements(self._metadata(user, old[name]), self._metadata(user, wheel)):
                return None
            found[name] = LockedWheel(
                name=name,
                version=wheel.version,
                filename=wheel.filename,
                sha256=wheel.sha256,
                size=wheel.size,
            )
        return found

    def _metadata(self, user: str, wheel: LocalWheel) -> str:
        """Return the core metadata; that of a wheel which is not here differs from any."""
        try:
            file = self._index.file_by_hash(wheel.sha256, user=user, filename=wheel.filename)
        except UnknownItem:
            return f"Requires-Dist: {wheel.sha256}"
        return self._index.metadata_at(file).read_text(encoding="utf-8", errors="replace")


def _earlier(
    connection: Connection, user: str, request: InstallRequest
) -> list[tuple[InstallRequest, str]]:
    """Return the last installs of the project by ``user`` that have a lock, newest first."""
    query = (
        select(installs, locks.c.document)
        .join(locks, locks.c.lock_hash == installs.c.lock_hash)
        .where(installs.c.user == user, installs.c.project == request.project)
        .where(installs.c.python == request.python)
        .order_by(installs.c.id.desc())
        .limit(_LOOK_BACK)
    )
    rows = connection.execute(query)
    return [(install_rows.request_of(row), row.document) for row in rows]


def _differ_in_wheels_alone(before: InstallRequest, request: InstallRequest) -> bool:
    """Tell whether both have wheels of the same projects, and the same pins beside them."""
    names = {canonicalize_name(wheel.name) for wheel in request.wheels}
    if before.sources or names != {canonicalize_name(wheel.name) for wheel in before.wheels}:
        return False
    return _pins_beside(before, names) == _pins_beside(request, names)


def _pins_beside(request: InstallRequest, names: set[NormalizedName]) -> set[tuple[str, str]]:
    return {
        (pin.name, pin.version) for pin in request.pins if canonicalize_name(pin.name) not in names
    }
