"""What of other indexes a user may have through this one: what was approved, where that counts."""

from __future__ import annotations

from collections.abc import Callable

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    parse_sdist_filename,
    parse_wheel_filename,
)
from starlette.requests import Request

from park.wire import TokenClass
from park_server.approvals.approvals import Approvals
from park_server.http.auth import caller_of

__all__ = ["require_remote_of", "version_in"]

_OF_NO_VERSION = ""
"""In place of a version that a file name does not tell: a project approved as a whole has it."""


def require_remote_of(
    approvals: Approvals,
) -> Callable[[Request, NormalizedName, str | None], None]:
    """Return what raises `NotPermitted` where whoever asks may not have a project, or a file.

    The service itself reads all: what it locks for a user is looked at before it is made.
    """

    def require(request: Request, project: NormalizedName, filename: str | None) -> None:
        caller = caller_of(request)
        if caller.kind is TokenClass.INTERNAL:
            return
        version = None if filename is None else version_in(filename)
        approvals.require_upstream(caller.user, project, version)

    return require


def version_in(filename: str) -> str:
    """Return the version that the name of a wheel or an sdist tells; empty where it tells none."""
    for parse in (parse_wheel_filename, parse_sdist_filename):
        try:
            return str(parse(filename)[1])
        except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
            continue
    return _OF_NO_VERSION
