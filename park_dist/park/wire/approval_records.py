"""Approvals: what an operator lets the users of a locked-down service have."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ApprovalRecord", "ApprovalRequest"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRequest:
    """What is approved: a project, at one ``version`` or at all, a lock, or a requirement set.

    ``lock`` may be the beginning of a hash that the service has; ``note`` says why.
    """

    project: str | None = None
    version: str | None = None
    lock: str | None = None
    set_hash: str | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRecord:
    """An approval: ``what`` is ``numpy``, ``numpy==2.4.1``, ``lock:HASH`` or ``set:HASH``.

    ``user`` gave it, at ``created`` (RFC 3339).
    """

    what: str
    user: str
    note: str
    created: str
