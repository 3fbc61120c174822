"""What a service keeps and for how long: the operator's decision, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from park.errors import UsageError
from park.wire import CleanRequest
from park_server.clock import timestamp

__all__ = ["NEWEST_TREES", "QUARANTINE_S", "TREES_S", "Limits", "RetentionPolicy"]

_DAY_S = 86_400.0

TREES_S = 30 * _DAY_S
"""A month: whoever comes back to an edit after a holiday finds it."""

NEWEST_TREES = 10
"""Versions of a project that each user keeps, however old."""

QUARANTINE_S = 30 * _DAY_S
"""A month, in which somebody may look into what was set aside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionPolicy:
    """Ages in seconds, None: for ever; ``jobs_quota_bytes`` is what ended jobs may take together.

    Jobs, their results and files go ``jobs_s`` after their end, their logs ``logs_s`` after it,
    and events ``events_s`` after they were written, None: with the jobs of their time. Tree
    versions go ``trees_s`` after their last use, but for the ``newest_trees`` of each project
    and user, and what is in quarantine after ``quarantine_s``.
    """

    jobs_s: float | None = None
    logs_s: float | None = None
    events_s: float | None = None
    trees_s: float | None = TREES_S
    newest_trees: int = NEWEST_TREES
    quarantine_s: float = QUARANTINE_S
    jobs_quota_bytes: int | None = None

    def as_asked(self, request: CleanRequest) -> RetentionPolicy:
        """Return the policy with the ages that ``request`` names in the place of its own.

        Raises `UsageError` for what is no age.
        """
        newest = request.newest_trees
        if newest is not None and newest < 0:
            raise UsageError(f"newest_trees is {newest}: expected a number from 0 on")
        return replace(
            self,
            jobs_s=_asked("older_than_s", request.older_than_s, self.jobs_s),
            logs_s=_asked("logs_older_than_s", request.logs_older_than_s, self.logs_s),
            events_s=_asked("events_older_than_s", request.events_older_than_s, self.events_s),
            trees_s=_asked("trees_older_than_s", request.trees_older_than_s, self.trees_s),
            newest_trees=self.newest_trees if newest is None else newest,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """A policy at one moment: what is from before goes. RFC 3339 in UTC; None: nothing does.

    ``quarantine`` is a Unix time.
    """

    jobs: str | None
    logs: str | None
    events: str | None
    trees: str | None
    newest_trees: int
    quarantine: float
    jobs_quota_bytes: int | None

    @classmethod
    def of(cls, policy: RetentionPolicy, now: float) -> Limits:
        """Return what ``policy`` comes to at ``now``, a Unix time."""

        def before(age_s: float | None) -> str | None:
            return None if age_s is None else timestamp(max(now - age_s, 0.0))

        return cls(
            jobs=before(policy.jobs_s),
            logs=before(policy.logs_s),
            events=before(policy.jobs_s if policy.events_s is None else policy.events_s),
            trees=before(policy.trees_s),
            newest_trees=policy.newest_trees,
            quarantine=now - policy.quarantine_s,
            jobs_quota_bytes=policy.jobs_quota_bytes,
        )


def _asked(name: str, asked: float | None, own: float | None) -> float | None:
    if asked is None:
        return own
    if not asked >= 0:  # NaN is neither
        raise UsageError(f"{name} is {asked}: expected seconds, from 0 on")
    return asked
