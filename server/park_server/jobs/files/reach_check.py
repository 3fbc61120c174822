"""What is named in a submission must be for its user: environments and files alike."""

from __future__ import annotations

from collections.abc import Sequence

from park.errors import EnvironmentMismatch
from park.wire import JobRequest
from park_server.jobs.files.input_files import files_in
from park_server.jobs.seams import Reach

__all__ = ["check_reach", "no_environment"]


def check_reach(reach: Reach, user: str, requests: Sequence[JobRequest]) -> None:
    """Raise for an environment or a file that is not for ``user``, as for one that is not."""
    for lock_hash in {each.lock_hash for each in requests if each.lock_hash is not None}:
        if not reach.may_use(user, lock_hash):
            raise no_environment(lock_hash)
    if not reach.may_refer_to_all(user):
        reach.require_files(user, {sha256 for r in requests for sha256, _ in files_in(r.call)})


def no_environment(lock_hash: str) -> EnvironmentMismatch:
    """Return the error for a lock hash that is none here, or none for who asks."""
    return EnvironmentMismatch(
        f"this service has no environment with lock hash {lock_hash}",
        hint="`park versions` lists what it has; `park install MODULE` makes yours",
    )
