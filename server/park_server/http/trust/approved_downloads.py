"""What of other indexes a user may have through this one: what was approved, where that counts."""

from __future__ import annotations

from packaging.utils import NormalizedName
from starlette.requests import Request

from park.wire import TokenClass
from park_repo.checks.filenames import named_in
from park_server.approvals.approvals import Approvals
from park_server.http.auth import caller_of

__all__ = ["ApprovedDownloads"]


class ApprovedDownloads:
    """Implements `RemoteRights`: whoever approvals bind has what they cover.

    The service itself reads all: what it locks for a user is looked at before it is made.
    """

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def require(self, request: Request, project: NormalizedName, filename: str | None) -> None:
        """See `RemoteRights`. A file is of the project and the version that its name says."""
        if (user := _bound(request)) is None:
            return
        named, version = (project, None) if filename is None else named_in(filename)
        # what a URL says besides is whoever asks', and a kept file is found by its digest
        self._approvals.require_upstream(user, named or project, version)
        if named != project:
            self._approvals.require_upstream(user, project, version)

    def versions(self, request: Request, project: NormalizedName) -> frozenset[str] | None:
        """See `RemoteRights`."""
        user = _bound(request)
        return None if user is None else self._approvals.upstream_versions(user, project)


def _bound(request: Request) -> str | None:
    """Return the user for whom approvals may count; None: the service itself asks."""
    caller = caller_of(request)
    return None if caller.kind is TokenClass.INTERNAL else caller.user
