"""From requests to a submission: checked together, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection

from park.errors import EnvironmentMismatch
from park.model.asked.resources import check_resources
from park.model.states import JobState
from park.wire import JobRequest
from park_repo.database import Database
from park_server.bouncing.permitted_holding import require_bounced
from park_server.installs import install_rows as installs_store
from park_server.installs.offer_rows import is_offered
from park_server.jobs.admission.pieces import in_order_of_needs, is_large
from park_server.jobs.admission.submission import Submission
from park_server.jobs.conditions.beginning import require_what_is_needed
from park_server.jobs.conditions.creation import Created
from park_server.jobs.conditions.needs import Planned, planned
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.engines.expected_times import ExpectedTimes
from park_server.jobs.engines.offers import EngineFacts, EngineOffer, placed
from park_server.jobs.files.reach_check import check_reach, no_environment
from park_server.jobs.job_end import JobEnd
from park_server.jobs.seams import Reach
from park_server.quotas.quotas import Quotas
from park_server.sealing.kept_request import kept_request

__all__ = ["Intake"]


class Intake:
    """Checks what users submit, and writes it as jobs.

    ``holds_shipped``: grants of other services may be held here. ``seal``: what comes along and
    opens something elsewhere is written down as it has it.
    """

    def __init__(
        self,
        *,
        database: Database,
        settlement: Settlement,
        reach: Reach,
        engines: EngineFacts,
        quotas: Quotas,
        holds_shipped: Callable[[], bool],
        seal: Callable[[str], str],
        expected: ExpectedTimes,
    ) -> None:
        self._seal = seal
        self._expected = expected
        self._holds_shipped = holds_shipped
        self._database = database
        self._settlement = settlement
        self._reach = reach
        self._engines = engines
        self._quotas = quotas
        # what fitted once, fits as long as it is there, which the commit of each job sees
        self._sets: dict[tuple[str | None, str | None], str] = {}

    # -- in any thread

    def planned(self, user: str, requests: Sequence[JobRequest], *, size: int) -> Submission:
        """Return ``requests`` of ``user``, which came as ``size`` bytes, checked."""
        self._quotas.check_batch(user, len(requests))
        if not self._holds_shipped():
            require_bounced(requests)
        accepted = datetime.now(UTC)
        plans = self._planned(user, requests, accepted)
        return Submission(
            plans=plans,
            ordered=in_order_of_needs(plans),
            accepted=accepted,
            is_large=is_large(len(plans), size),
            size=size,
        )

    def _planned(
        self, user: str, requests: Sequence[JobRequest], accepted: datetime
    ) -> list[Planned]:
        self._look_up_sets(requests)
        check_reach(self._reach, user, requests)
        offers = self._engines.offers()
        plans = [planned(self._completed(user, r, offers), accepted) for r in requests]
        for install in {name for plan in plans for name in plan.installs}:
            self._check_install(install, user)
        seal = cache(self._seal)  # the jobs of a sweep share their grants
        return [_kept(plan, seal) for plan in plans]

    def _check_install(self, install: str, user: str) -> None:
        """Raise `UnknownItem` for an install that is neither the user's nor offered to all."""
        if self._database.read(lambda c: is_offered(c, install)):
            return
        found = self._database.read(lambda c: installs_store.get(c, install, user))
        if found.lock_hash is not None and not self._reach.may_use(user, found.lock_hash):
            raise no_environment(found.lock_hash)

    def _completed(
        self, user: str, request: JobRequest, offers: Sequence[EngineOffer]
    ) -> JobRequest:
        """Return ``request`` with its set, and with the engine that gives what it asks."""
        completed: dict[str, Any] = {}
        if request.lock_hash is not None and request.set_hash is None:  # of its values' pickles
            completed["set_hash"] = self._sets[request.lock_hash, None]
        asked = request.resources
        has_engine = request.fetch is None and request.race is None
        if has_engine and (asked is not None or len(offers) > 1):
            completed["resources"] = placed(
                None if asked is None else check_resources(asked),
                offers,
                expected_s=self._expected.of(user, request) if len(offers) > 1 else None,
                short_s=self._expected.short_s,
            )
        return replace(request, **completed) if completed else request

    def _look_up_sets(self, requests: Sequence[JobRequest]) -> None:
        """Find the set that jobs of each lock are of: theirs, else the newest it came from.

        All are asked for at once: a sweep over environments has as many locks as jobs. Raises
        `EnvironmentMismatch` where a lock is none of this service, or not of that set.
        """
        new = [
            (each.lock_hash, each.set_hash)
            for each in requests
            if each.lock_hash is not None and (each.lock_hash, each.set_hash) not in self._sets
        ]
        if not new:
            return
        locks = {lock for lock, _ in new}
        found = self._database.read(lambda c: installs_store.sets_of_locks(c, locks))
        for lock_hash, set_hash in new:
            known = found.get(lock_hash)
            if not known:
                raise no_environment(lock_hash)
            if set_hash is not None and set_hash not in known:
                raise EnvironmentMismatch(
                    f"the environment {lock_hash} was not made from the set {set_hash}",
                    hint="`park versions MODULE` shows how they differ",
                )
            self._sets[lock_hash, set_hash] = set_hash or known[0]

    # -- in the thread that writes

    def create(
        self, connection: Connection, user: str, plans: Sequence[Planned], moment: str
    ) -> Created:
        """Write new jobs, whose environments are seen to be there still: they are kept from now."""
        _require_locks(connection, plans)
        return self._settlement.create(connection, user, plans, moment)

    def answer(
        self, connection: Connection, user: str, plans: Sequence[Planned], moment: str
    ) -> Created | None:
        """Do what `create` does where what is known answers all of them; None where it does not."""
        _require_locks(connection, plans)
        return self._settlement.answer(connection, user, plans, moment)

    def require(
        self, connection: Connection, user: str, plans: Sequence[Planned], among: Collection[str]
    ) -> None:
        """Raise what `create` would, for jobs ``among`` which they are submitted."""
        _require_locks(connection, plans)
        require_what_is_needed(connection, user, plans, among)

    def create_failed(
        self, connection: Connection, user: str, plan: Planned, moment: str, why: str
    ) -> Created:
        """Write a job that was accepted and cannot be any more, failed because of ``why``."""
        alone = replace(
            plan,
            request=replace(plan.request, install=None, grants=[]),
            needs=(),
            expression=None,
            remote=(),
            installs=frozenset(),
            shape=None,
        )
        if not self._settlement.create(connection, user, [alone], moment).states:
            return Created.nothing()
        end = JobEnd(status=JobState.FAILED, error=why)
        effects = self._settlement.end(connection, plan.id, end)
        return Created(
            states={plan.id: JobState.FAILED}, changed=frozenset({plan.id}), effects=effects
        )


def _kept(plan: Planned, seal: Callable[[str], str]) -> Planned:
    request = kept_request(plan.request, seal)
    return plan if request is plan.request else replace(plan, request=request)


def _require_locks(connection: Connection, plans: Sequence[Planned]) -> None:
    locks = {plan.request.lock_hash for plan in plans if plan.request.lock_hash is not None}
    for lock_hash in locks - installs_store.came_to(connection, locks):
        raise no_environment(lock_hash)
