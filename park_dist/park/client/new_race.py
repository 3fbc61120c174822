"""``park.race``: several jobs, of which the first that are good enough are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from park.calling import service_named
from park.client.jobs.arguments import EncodedCall
from park.client.jobs.kinds.race import Race
from park.client.jobs.new_job import new_job
from park.client.jobs.placeholders import Placeholder, ProgressReference, stands_for
from park.client.jobs.submitted_job import Job
from park.client.jobs.when import Condition, condition_of
from park.client.submission.item import Opening, Sender
from park.errors import UsageError
from park.model.conditions import Comparison, brief
from park.model.conditions import Literal as Constant
from park.model.job_options import said_options
from park.model.leaves import local_leaf
from park.model.references import Reference, What
from park.wire import (
    GRACE_S,
    LONGEST_GRACE_S,
    RACE,
    CompetitorRequest,
    IfNone,
    Prefer,
    RaceRequest,
    StopHow,
    encode,
)

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["race"]


def race(
    jobs: Iterable[Job],
    good_enough: Callable[[Any], Condition] | None = None,
    *,
    keep: int = 1,
    grace: float = GRACE_S,
    rank: Callable[[Any], Any] | None = None,
    prefer: Literal["lowest", "highest"] | None = None,
    if_none: Literal["best", "fail"] | None = None,
    stop: Literal["cancel", "keep"] = "cancel",
    label: str | None = None,
    service: Service | str | None = None,
) -> Race:
    """Let ``jobs`` race: keep the first that is good enough, and end the others.

    ``good_enough`` is called once with each job, here, and returns a condition that its service
    decides: ``lambda j: j.output["chisq"] < 1.2``, or of what it reports while it runs,
    ``lambda j: j.progress["chisq"] < 1.2``. Without it a job has to complete. Once ``keep`` of
    them are good enough, those that wait never start, and those that run are cancelled, on
    every service; ``stop="keep"`` has them asked by `park.should_stop` to stop and to keep their
    best, and kills those that go on for ``grace`` seconds. What is needed by other jobs goes on.

    When all have ended and none is good enough, the race fails, and says what each had; or with
    ``if_none="best"``, the default where ``rank`` is given, the best by ``rank`` has won:
    ``lambda j: j.output["chisq"]``, of which the lowest value is the best, unless ``prefer`` says
    ``"highest"``.

    Returns at once. The race is a job on the service of the block, else of the first that competes,
    and is decided there: this process need not be there any more.
    """
    competitors = _checked(jobs)
    chosen: Service = service_named(service) or competitors[0].service
    judged = [_judged(job, good_enough, rank) for job in competitors]
    if prefer is None:
        prefer = next((each.prefer for each in judged if each.prefer is not None), "lowest")
    if if_none is None:
        if_none = "best" if rank is not None else "fail"
    terms = RaceRequest(
        competitors=[each.request(chosen.url) for each in judged],
        keep=_kept(keep, len(competitors)),
        grace_s=_grace(grace),
        prefer=Prefer(_one_of("prefer", prefer, ("lowest", "highest"))),
        if_none=IfNone(_one_of("if_none", if_none, ("best", "fail"))),
        stop=StopHow(_one_of("stop", stop, ("cancel", "keep"))),
    )
    if terms.if_none is IfNone.BEST and any(each.rank is None for each in judged):
        raise UsageError(
            'park.race(if_none="best") without rank=: nothing says which one is the best',
            hint='rank=lambda job: job.output["chisq"]',
        )
    return _submitted(chosen, competitors, judged, terms, label)


def _submitted(
    service: Service,
    competitors: Sequence[Job],
    judged: Sequence[_Judged],
    terms: RaceRequest,
    label: str | None,
) -> Race:
    document: dict[str, Any] = {
        "entry_point": RACE,
        "call": {"args": [], "kwargs": {}},
        "race": encode(terms),
        **said_options({"label": label}),
    }
    handles = {handle.id: handle for each in judged for handle in each.condition.handles}
    handles |= {job.id: job for job in competitors}
    made = new_job(
        service,
        document,
        call=EncodedCall(document={}, jobs=tuple(handles.values())),  # type: ignore[arg-type]
        kind=Race,
        openings=_openings(service, competitors),
    )
    made.compete(competitors)
    service.put([made])
    return made


def _openings(service: Service, competitors: Sequence[Job]) -> tuple[Opening, ...]:
    """Return what lets the race read and end those that compete on other services."""
    elsewhere: dict[Sender, list[str]] = {}
    for job in competitors:
        if job.connection.url != service.url:
            elsewhere.setdefault(job.connection.outbox, []).append(job.id)
    return tuple(
        Opening(outbox=outbox, jobs=tuple(jobs), stops=tuple(jobs))
        for outbox, jobs in elsewhere.items()
    )


# -- what is said of each


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """A job with what it has to be, and how good it is; ``prefer`` where the condition says so."""

    job: Job
    condition: Condition
    rank: Reference | None
    prefer: Literal["lowest", "highest"] | None

    def request(self, url: str) -> CompetitorRequest:
        """Return it as the service at ``url`` reads it."""
        home = self.job.connection.url
        return CompetitorRequest(
            job=self.job.id,
            service=None if home == url else home,
            own=home != url and self.job.connection.is_own,
            good_enough=self.condition.as_json(url),
            rank=None if self.rank is None else _read_at(self.rank, url).as_json(),
        )


def _read_at(reference: Reference, url: str) -> Reference:
    """Return ``reference`` as the service at ``url`` reads it."""
    leaf = Comparison(left=reference, operator="<", right=Constant(value=0))
    read = local_leaf(leaf, url)
    assert isinstance(read, Comparison)  # noqa: S101 (as it was)
    assert isinstance(read.left, Reference)  # noqa: S101
    return read.left


def _judged(
    job: Job, good_enough: Callable[[Any], Condition] | None, rank: Callable[[Any], Any] | None
) -> _Judged:
    condition = condition_of(job) if good_enough is None else _condition(job, good_enough)
    implied, prefer = _implied(job, condition)
    return _Judged(
        job=job,
        condition=condition,
        rank=implied if rank is None else _ranked(job, rank),
        prefer=prefer,
    )


def _condition(job: Job, good_enough: Callable[[Any], Condition]) -> Condition:
    is_function = _is_function(good_enough)
    said = good_enough(job) if is_function else good_enough
    if not is_function or not isinstance(said, Condition):
        raise UsageError(
            f"good_enough is a function from a job to a condition, and gave {said!r}",
            hint='good_enough=lambda job: job.output["chisq"] < 1.2; parts of it are combined with '
            "& and |",
        )
    return said


def _is_function(value: object) -> bool:
    return callable(value) and not isinstance(value, Placeholder)


_BETTER: dict[str, Literal["lowest", "highest"]] = {
    "<": "lowest",
    "<=": "lowest",
    ">": "highest",
    ">=": "highest",
}


def _implied(
    job: Job, condition: Condition
) -> tuple[Reference | None, Literal["lowest", "highest"] | None]:
    """Return the rank that a comparison with a number implies, and which values are better."""
    leaf = condition.expression
    if not isinstance(leaf, Comparison) or leaf.operator not in _BETTER:
        return None, None
    left, right = leaf.left, leaf.right
    if not isinstance(left, Reference) or not isinstance(right, Constant) or left.job != job.id:
        return None, None
    is_known = left.what is What.VALUE
    return left if is_known else None, _BETTER[leaf.operator]


def _ranked(job: Job, rank: Callable[[Any], Any]) -> Reference:
    said = rank(job) if _is_function(rank) else rank
    if isinstance(said, Placeholder) and not isinstance(said, ProgressReference):
        ranked, reference = stands_for(said)
        if reference.what is What.VALUE and ranked.id == job.id:
            return reference
    raise UsageError(
        f"rank is a function from a job to a part of what it returns, and gave {said!r}",
        hint='rank=lambda job: job.output["chisq"]',
    )


# -- what may be meant


def _checked(jobs: Iterable[Job]) -> list[Job]:
    is_one = isinstance(jobs, Job) or not isinstance(jobs, Iterable)
    competitors: list[Any] = [jobs] if is_one else list(jobs)
    if not competitors:
        raise UsageError("park.race of no jobs: nobody can win it", hint="give it one at least")
    seen: set[str] = set()
    for job in competitors:
        if not isinstance(job, Job):
            raise UsageError(
                f"{job!r} cannot race: it is no job",
                hint="call functions of @park.job in the block of a service (with service: …)",
            )
        if job.id in seen:
            raise UsageError(f"job {brief(job.id)} competes more than once in one race")
        seen.add(job.id)
    return competitors


def _kept(keep: Any, count: int) -> int:
    if isinstance(keep, bool) or not isinstance(keep, int) or not 0 < keep <= count:
        raise UsageError(f"keep={keep!r}: it is a whole number, from 1 to the {count} that compete")
    return keep


def _grace(grace: Any) -> float:
    is_number = isinstance(grace, (int, float)) and not isinstance(grace, bool)
    if not is_number or not 0 <= grace <= LONGEST_GRACE_S:
        raise UsageError(f"grace={grace!r}: it is in seconds, from 0 to {LONGEST_GRACE_S:g}")
    return float(grace)


def _one_of(name: str, said: Any, known: tuple[str, ...]) -> str:
    if said not in known:
        raise UsageError(f"{name}={said!r}: it is {' or '.join(map(repr, known))}")
    return str(said)
