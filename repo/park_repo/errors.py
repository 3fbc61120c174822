"""Errors that only the index raises: classes of park's one tree, with their HTTP status."""

from __future__ import annotations

from park.errors import InvalidUpload, ServiceFault, UsageError

__all__ = ["NotAcceptable", "TooLarge", "UpstreamFault"]


class NotAcceptable(UsageError):
    """No representation of the page fits the request's ``Accept``."""

    http_status = 406


class TooLarge(InvalidUpload):
    """An upload over the size limit of this index."""

    http_status = 413


class UpstreamFault(ServiceFault):
    """The index behind this one failed, or did not answer.

    Never told as "no such project": an installer would then take another version, or
    another project, for what is only a network fault.
    """

    http_status = 502
