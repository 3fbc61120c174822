"""The lock of an earlier install with this one's wheels in it, where that is the new lock."""

from __future__ import annotations

from packaging.pylock import Pylock
from packaging.utils import NormalizedName

from park.errors import UnknownItem
from park_repo.database import Database
from park_repo.index import Index
from park_server.envs.exchange import exchanged, same_requirements
from park_server.envs.pylock import LockedWheel, load
from park_server.installs import lock_rows
from park_server.installs.checked_request import CheckedRequest, TreeWheel
from park_server.installs.lock_rows import Earlier

__all__ = ["LockExchange", "differ_in_wheels_alone"]

_LOOK_BACK = 5
"""Earlier installs worth a look: an edit follows on the last, or on one before an undone branch."""


class LockExchange:
    """Finds, for an install whose local wheels alone are new, the lock that needs no resolver."""

    def __init__(self, database: Database, index: Index) -> None:
        self._database = database
        self._index = index

    def document(self, request: CheckedRequest) -> Pylock | None:
        """Return the lock of ``request`` without a resolution, or None where one is needed."""
        if not request.wheels or request.sources:
            return None
        for before in self._database.read(lambda c: lock_rows.earlier(c, request, _LOOK_BACK)):
            if differ_in_wheels_alone(before, request):
                changed = self._changed(before, request)
                if changed is not None:
                    return exchanged(load(before.document.encode()), changed)
        return None

    def _changed(
        self, before: Earlier, request: CheckedRequest
    ) -> dict[NormalizedName, LockedWheel] | None:
        """Return the new wheels by name; None where one of them requires something else."""
        old = {wheel.pin.name: wheel for wheel in before.wheels}
        found = {}
        for wheel in request.wheels:
            was = old[wheel.pin.name]
            if wheel.sha256 == was.sha256:
                continue
            demands = (self._metadata(request.user, each) for each in (was, wheel))
            if not same_requirements(*demands):
                return None
            found[wheel.pin.name] = _locked(wheel)
        return found

    def _metadata(self, user: str, wheel: TreeWheel) -> str:
        """Return the core metadata; that of a wheel which is not here differs from any."""
        try:
            file = self._index.file_by_hash(wheel.sha256, user=user, filename=wheel.filename)
            return self._index.whole_metadata(file).read_text(encoding="utf-8", errors="replace")
        except (UnknownItem, FileNotFoundError):  # removed, perhaps since the look at its row
            return f"Requires-Dist: {wheel.sha256}"


def differ_in_wheels_alone(before: Earlier, request: CheckedRequest) -> bool:
    """Tell whether both have wheels of the same projects, and the same pins beside them."""
    names = {wheel.pin.name for wheel in request.wheels}
    if before.has_sources or names != {wheel.pin.name for wheel in before.wheels}:
        return False
    beside = {pin for pin in request.requirements.pins if pin.name not in names}
    return beside == {pin for pin in before.pins if pin.name not in names}


def _locked(wheel: TreeWheel) -> LockedWheel:
    return LockedWheel(
        name=wheel.pin.name,
        version=wheel.pin.version,
        filename=wheel.filename,
        sha256=wheel.sha256,
        size=wheel.size,
    )
