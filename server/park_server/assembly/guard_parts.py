"""What guards the disk of a service, put together: where jobs write, and what may go of that."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from park.errors import ParkError
from park_server.areas.paths import area_below
from park_server.assembly.foundation import Foundation
from park_server.assembly.job_parts import JobParts
from park_server.jobs.engines.local import LocalEngine
from park_server.leftovers import forget_compiled
from park_server.retention.disk_guard import DiskGuard
from park_server.retention.job_places import JobPlaces, RunningJob, Taken
from park_server.retention.room_on_disk import rooms_of
from park_server.threads import in_thread

__all__ = ["disk_guard"]

_AREA = "its user's area, where it stays (park files rm PATH)"
_COMPILED = "what it has compiled"


def disk_guard(foundation: Foundation, jobs: JobParts, engine: LocalEngine) -> DiskGuard:
    """Return what stops the jobs that fill the disk of ``foundation``'s home."""
    home, settings = foundation.home.path, foundation.settings
    return DiskGuard(
        jobs=jobs.dispatcher,
        folder_of=jobs.folders.path_of,
        places=JobPlaces(
            home=home,
            folder_of=jobs.folders.path_of,
            besides=partial(_besides, foundation, engine),
        ),
        rooms=rooms_of(foundation.home, settings.reserve_bytes),
        quota_bytes=settings.job_disk_bytes,
        log_bytes=settings.job_log_bytes,
        give_back=partial(_give_back, foundation, engine),
    )


def _besides(foundation: Foundation, engine: LocalEngine, job: RunningJob) -> Mapping[str, Path]:
    """Return where a job writes besides its own folder."""
    home, user = foundation.home, job.user
    places = {_AREA: area_below(home.path / "areas", user)}
    if (lent := engine.lent_to(job.id)) is not None:
        places["its /tmp"] = lent
    if (account_home := _account_home(foundation, user)) is not None:
        places["its user's home"] = account_home
    return {**places, _COMPILED: home.compiled_by(user)}


def _account_home(foundation: Foundation, user: str) -> Path | None:
    try:
        account = foundation.accounts.of(user)
    except ParkError:  # the policy names one that has gone since
        return None
    return None if account is None else account.home


async def _give_back(
    foundation: Foundation, engine: LocalEngine, job: RunningJob, taken: Taken
) -> None:
    """Let go what a job that was stopped takes and nobody will miss; an area is its user's."""
    engine.retire_that_of(job.id)
    if taken.shared.get(_COMPILED):
        await in_thread(forget_compiled, foundation.home.compiled_by(job.user))
