"""The terms of a race, as values: who competes, what is good enough, what becomes of the rest."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from park.errors import UsageError
from park.model.conditions import (
    Expression,
    JobIs,
    Phase,
    Pool,
    all_of,
    anchored,
    any_of,
    at_least_of,
    brief,
    leaves,
)
from park.model.conditions_json import condition_from_json, condition_to_json
from park.model.references import Reference, What
from park.wire import (
    LONGEST_GRACE_S,
    MOST_COMPETITORS,
    CompetitorRequest,
    IfNone,
    Prefer,
    RaceRequest,
    StopHow,
)

__all__ = ["Competitor", "Terms", "anchored_request", "condition_of", "terms_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Competitor:
    """A job, here or on ``service``; ``good``: what it has to be, ``rank``: how good that is.

    ``own``: what ``service`` pickled is read.
    """

    job: str
    service: str | None
    own: bool = False
    good: Expression
    rank: Reference | None

    def phase(self, phase: Phase) -> JobIs:
        """Return the leaf that says that it is in ``phase``."""
        return JobIs(job=self.job, phase=phase, service=self.service)

    def reference(self, what: What) -> Reference:
        """Return the reference to ``what`` of it."""
        return Reference(job=self.job, what=what, service=self.service, own=self.own)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What was agreed when the race began; ``grace_s`` is for those that are to stop."""

    competitors: tuple[Competitor, ...]
    keep: int
    grace_s: float
    prefer: Prefer
    if_none: IfNone
    stop: StopHow


def terms_of(request: RaceRequest) -> Terms:
    """Return the terms; raises `UsageError` that says what is wrong with them."""
    count = len(request.competitors)
    if not 0 < count <= MOST_COMPETITORS:
        raise UsageError(f"a race has 1 to {MOST_COMPETITORS:,} competitors, not {count}")
    if not 0 < request.keep <= count:
        raise UsageError(f"keep={request.keep} of {count} competitors: expected 1 to {count}")
    if not math.isfinite(request.grace_s) or not 0 <= request.grace_s <= LONGEST_GRACE_S:
        raise UsageError(f"grace_s={request.grace_s}: expected 0 to {LONGEST_GRACE_S:g} seconds")
    (most, times), *_ = Counter(
        (each.job, each.service) for each in request.competitors
    ).most_common(1)
    if times > 1:
        raise UsageError(f"job {brief(most[0])} competes {times} times in one race")
    competitors = tuple(map(_competitor, request.competitors))
    if request.if_none is IfNone.BEST and any(each.rank is None for each in competitors):
        raise UsageError("if_none=best without a rank: nothing says which one is the best")
    return Terms(
        competitors=competitors,
        keep=request.keep,
        grace_s=request.grace_s,
        prefer=request.prefer,
        if_none=request.if_none,
        stop=request.stop,
    )


def _competitor(request: CompetitorRequest) -> Competitor:
    good: Expression = JobIs(job=request.job, phase=Phase.COMPLETED, service=request.service)
    if request.good_enough is not None:
        good = condition_from_json(request.good_enough)
    if any(isinstance(leaf, Pool) for leaf in leaves(good)):
        raise UsageError("a pool says nothing of whether a job is good enough")
    rank = None if request.rank is None else Reference.from_json(request.rank)
    if rank is not None and (rank.what, rank.job) != (What.VALUE, request.job):
        raise UsageError(
            f"job {brief(request.job)} is ranked by the {rank.what} of job {brief(rank.job)}",
            hint="a rank is a part of what the competitor itself returns: job.output[…]",
        )
    return Competitor(
        job=request.job, service=request.service, own=request.own, good=good, rank=rank
    )


def condition_of(terms: Terms) -> Expression:
    """Return when there is something to decide: enough are good enough, or all have ended."""
    enough = at_least_of(terms.keep, [each.good for each in terms.competitors])
    ended = all_of([each.phase(Phase.FINISHED) for each in terms.competitors])
    return any_of([enough, ended])


def anchored_request(request: RaceRequest, accepted: datetime) -> RaceRequest:
    """Return ``request`` with moments in place of delays, which count since it was ``accepted``."""
    return replace(
        request,
        competitors=[
            each
            if each.good_enough is None
            else replace(each, good_enough=_anchored(each.good_enough, accepted))
            for each in request.competitors
        ],
    )


def _anchored(condition: dict[str, object], accepted: datetime) -> dict[str, object]:
    return condition_to_json(anchored(condition_from_json(condition), accepted))
