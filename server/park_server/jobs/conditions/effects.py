"""What is to be done in the event loop once a transaction is committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from park.model.ids import JobId
from park.model.states import JobKind
from park_server.jobs.stored_job import Retry

__all__ = ["Effects", "Unread"]


@dataclass(frozen=True, eq=False, slots=True)
class Unread:
    """Waiting jobs whose conditions are still to be looked at, in their order.

    Each is another one, whatever it holds: of two the newer counts.
    """

    jobs: Sequence[JobId]


@dataclass(kw_only=True, slots=True)
class Effects:
    """Filled by a change, done after its commit; all of it is found again at a start.

    Jobs by id: ``queued`` may start now, ``urgent`` ones before all others of their users
    because they hold units of pools, ``fetches`` are queued downloads; ``users`` tells whose
    these are, where it was known. ``later`` are moments at which to look
    at a job again; ``retries`` are queued for later. ``ended`` have ended, and those of
    them in ``releasing`` held grants. ``watching`` wait for leaves elsewhere, ``staging``
    for what they refer to there. Running jobs in ``cancelling`` are to be ended, those in
    ``stopping`` to be asked to stop, each until a moment; races in ``ordering`` have jobs
    elsewhere that are to be, those in ``decided`` winners that still run; jobs
    in ``competing`` may, with their end, end others.
    ``progress`` are jobs whose reports somebody waits for. ``unread`` is what else waits,
    where nothing is remembered of it. Of ``undecided`` ones is to be found out whether what
    the same call left before answers them. ``unsettled``: what follows is more than one change
    may do, and the rest of it is noted in the database. ``is_published``: somebody has heard of
    them, of several who have caused them together.
    """

    queued: list[JobId] = field(default_factory=list)
    urgent: list[JobId] = field(default_factory=list)
    fetches: list[JobId] = field(default_factory=list)
    users: dict[JobId, str] = field(default_factory=dict)
    later: list[tuple[datetime, JobId]] = field(default_factory=list)
    retries: list[Retry] = field(default_factory=list)
    ended: list[JobId] = field(default_factory=list)
    releasing: list[JobId] = field(default_factory=list)
    watching: list[JobId] = field(default_factory=list)
    staging: list[JobId] = field(default_factory=list)
    cancelling: list[JobId] = field(default_factory=list)
    stopping: list[tuple[JobId, datetime]] = field(default_factory=list)
    decided: list[JobId] = field(default_factory=list)
    competing: set[JobId] = field(default_factory=set)
    ordering: list[JobId] = field(default_factory=list)
    progress: set[JobId] = field(default_factory=set)
    unread: Unread | None = None
    undecided: list[JobId] = field(default_factory=list)
    unsettled: bool = False
    is_published: bool = False

    def queue(self, job: JobId, kind: JobKind, user: str, *, urgent: bool = False) -> None:
        """Note that ``job`` of ``user`` may start."""
        self.users[job] = user
        if kind is JobKind.FETCH:
            self.fetches.append(job)
        else:
            (self.urgent if urgent else self.queued).append(job)
