"""From a request to what its job needs before it can start: a function of values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any

from park.errors import UsageError
from park.model.asked.resources import check_resources
from park.model.call_label import call_label, checked_label
from park.model.conditions import (
    After,
    Comparison,
    Expression,
    InstallIs,
    JobIs,
    Leaf,
    Phase,
    all_of,
    anchored,
    is_conjunction,
    leaves,
)
from park.model.conditions_json import condition_from_json, condition_to_json
from park.model.encoded_call import references_of_call
from park.model.entry_point import EntryPoint
from park.model.ids import JobId, job_id
from park.model.leaves import at_home, leaf_to_json, needed_by, references_of, service_of
from park.model.memo.call_key import CallShape, shape_of
from park.model.references import NODE, Reference, What
from park.model.states import JobKind
from park.runtime.codec import TAG
from park.wire import FETCH, RACE, FetchRequest, JobRequest, RaceRequest
from park_server.fetch_target import shown, target_of
from park_server.jobs.races.terms import anchored_request, condition_of, terms_of
from park_server.json_pieces import text_of

__all__ = [
    "COMPARED",
    "IMPLIED",
    "Need",
    "Planned",
    "implied",
    "kind_of",
    "leaf_key",
    "planned",
]

Need = tuple[str, str, str]
"""A row of `needs`: the id of a job or install, the service that has it (empty: this one), how."""

IMPLIED = frozenset({What.VALUE, What.FILE, What.URL})
"""Hows of references among the arguments: what they need has to complete."""

COMPARED = "compared"
"""How a job is needed whose value stands in a comparison."""

_MOST_RETRIES = 1_000
_LONGEST_BACKOFF_S = 86_400.0
_MOST_MEMORY_BYTES = (1 << 63) - 1
"""``RLIM_INFINITY``, where numbers have a sign: what setrlimit(2) takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A request with what its job needs, and what that is called.

    ``condition`` is the JSON of the one that its user gave, with moments for delays. Where
    all of it, with what the arguments and the install imply, is that each of ``needs``
    completes, ``expression`` is None; else it is the whole. ``remote`` are its leaves on
    other services, each with its service; ``installs`` those that it names here. ``shape`` is
    what its call comes to, None where no other call is to answer it. ``call`` is that call as
    JSON, which is written as it is wherever it is kept.
    """

    id: JobId
    request: JobRequest
    label: str
    condition: dict[str, Any] | None
    expression: Expression | None
    needs: tuple[Need, ...]
    remote: tuple[tuple[str, Leaf], ...]
    installs: frozenset[str]
    call: str
    shape: CallShape | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a count of what has not completed is all that has to be kept."""
        return self.expression is None

    @property
    def is_free(self) -> bool:
        """Whether it waits for nothing."""
        return self.expression is None and not self.needs

    @property
    def kind(self) -> JobKind:
        """Whether a process runs it, or the service fetches it, or decides it."""
        return kind_of(self.request)

    @property
    def is_call(self) -> bool:
        """Whether a process runs it."""
        return self.kind is JobKind.CALL


def kind_of(request: JobRequest) -> JobKind:
    """Return what kind of job ``request`` asks for."""
    if request.race is not None:
        return JobKind.RACE
    return JobKind.CALL if request.fetch is None else JobKind.FETCH


def planned(request: JobRequest, accepted: datetime) -> Planned:
    """Return what ``request`` needs; raises `UsageError` that says what is wrong with it."""
    id = job_id(request.id)  # noqa: A001 (the field's name); it names the job's folder, too
    _check(request)
    if request.race is not None:
        return _planned_race(id, request, request.race, accepted)
    references = references_of_call(request.call)
    if request.fetch is not None and not isinstance(request.fetch.url, str):
        references.append(Reference.from_json(request.fetch.url))
    for what in (What.PROGRESS, What.FILES):
        if any(reference.what is what for reference in references):
            raise UsageError(
                f"job {request.id}: {what} stands in conditions only, not among arguments"
                if what is What.PROGRESS
                else f"job {request.id}: all files of a job are no argument; name those it needs"
            )
    needs = {(each.job, each.service or "", str(each.what)) for each in references}
    condition, asked = _condition(request, accepted)
    installs = set() if request.install is None else {request.install}
    if asked is not None:
        installs.update(_installs_in(asked))
        needs.update(need for leaf in leaves(asked) for need in _needs_of(leaf))
    is_plain = asked is None or is_conjunction(asked)
    parts: list[Expression] = []
    if not is_plain or any(service for _, service, _ in needs):
        parts = [*([] if asked is None else [asked]), *implied(needs, request.install)]
    if request.install is not None:
        needs.add((request.install, "", str(Phase.COMPLETED)))
    return Planned(
        id=id,
        request=request,
        label=request.label or _call_label(request),
        condition=condition,
        expression=None if is_plain else all_of(parts),
        needs=tuple(_in_order(needs)),
        remote=_remote(parts),
        installs=frozenset(installs),
        call=text_of(request.call),
        shape=_shape(request),
    )


def _planned_race(
    id: JobId,  # noqa: A002 (the field's name)
    request: JobRequest,
    race: RaceRequest,
    accepted: datetime,
) -> Planned:
    """Return what a race needs: to hear how each competitor fares."""
    race = anchored_request(race, accepted)
    terms = terms_of(race)
    expression = condition_of(terms)
    completed = [each.phase(Phase.COMPLETED) for each in terms.competitors]
    needs = {need for leaf in leaves(expression) for need in _needs_of(leaf)}
    return Planned(
        id=id,
        request=replace(request, race=race),
        label=request.label or f"race of {len(terms.competitors):,}",
        condition=condition_to_json(expression),
        expression=expression,
        needs=tuple(_in_order(needs)),
        remote=_remote([expression, *completed]),
        installs=frozenset(_installs_in(expression)),
        call=text_of(request.call),
    )


def _shape(request: JobRequest) -> CallShape | None:
    if request.fetch is not None or request.race is not None or not request.memo:
        return None
    return shape_of(request.entry_point, request.call, fresh=request.fresh)


def _call_label(request: JobRequest) -> str:
    """Return what a job is called that nobody has given a label."""
    if request.fetch is None:
        return call_label(request.entry_point, request.call)
    url = request.fetch.url
    return shown(url) if isinstance(url, str) else "fetch what a job left"


def _in_order(needs: Iterable[Need]) -> Iterable[Need]:
    """Return ``needs`` sorted, in steps between which other threads run.

    To sort 200,000 at once holds all of them for a fifth of a second.
    """
    whole = list(needs)
    if len(whole) <= _SORTED_AT_ONCE:
        return sorted(whole)
    parts = (whole[at : at + _SORTED_AT_ONCE] for at in range(0, len(whole), _SORTED_AT_ONCE))
    return merge(*map(sorted, parts))


_SORTED_AT_ONCE = 5_000


def _installs_in(expression: Expression) -> Iterator[str]:
    for leaf in leaves(expression):
        if isinstance(leaf, InstallIs) and leaf.service is None:
            yield leaf.install


def _remote(parts: Sequence[Expression]) -> tuple[tuple[str, Leaf], ...]:
    """Return the leaves of ``parts`` on other services, each with its service."""
    found = dict.fromkeys(leaf for part in parts for leaf in leaves(part))
    named = [(service_of(leaf), leaf) for leaf in found]
    return tuple((service, at_home(leaf)) for service, leaf in named if service is not None)


def implied(needs: Iterable[Need], install: str | None) -> list[Expression]:
    """Return what references among the arguments, and the install, add to a condition."""
    jobs = sorted({(needed, service) for needed, service, how in needs if how in IMPLIED})
    parts: list[Expression] = [
        JobIs(job=job, phase=Phase.COMPLETED, service=service or None) for job, service in jobs
    ]
    if install is not None:
        parts.append(InstallIs(install=install, phase=Phase.COMPLETED))
    return parts


def leaf_key(leaf: Leaf) -> str:
    """Return the one text of a leaf as it is kept for, and told to, its service."""
    return json.dumps(leaf_to_json(at_home(leaf)), sort_keys=True)


_LONGEST_NAME = 500
"""Characters of an entry point or a hash: people write far less."""

_MOST_GRANTS = 1_000
"""Services that one job needs something of."""


def _check(request: JobRequest) -> None:
    _check_size(request)
    if request.race is not None:
        _check_race(request)
    elif request.fetch is not None:
        _check_fetch(request, request.fetch)
    else:
        by_value = request.call.get("function") is not None
        EntryPoint.parse(request.entry_point, by_value=by_value)
        if (request.lock_hash is None) == (request.install is None):
            raise UsageError("a job names a lock hash or an install, and exactly one of them")
    _check_options(request)


def _check_size(request: JobRequest) -> None:
    for name, text in zip(_NAMES, _NAMES_OF(request), strict=True):
        if text and len(text) > _LONGEST_NAME:
            raise UsageError(f"the {name} of a job has at most {_LONGEST_NAME} characters")
    if len(request.grants) > _MOST_GRANTS:
        raise UsageError(f"{len(request.grants)} grants come with a job, at most {_MOST_GRANTS}")


_NAMES = (
    "entry_point",
    "lock_hash",
    "install",
    "set_hash",
    "submitted_from",
    "asked_for",
    "request_id",
)
_NAMES_OF = attrgetter(*_NAMES)


def _check_fetch(request: JobRequest, fetch: FetchRequest) -> None:
    if request.entry_point != FETCH or request.lock_hash or request.install:
        raise UsageError(f"a fetch has the entry point {FETCH} and no environment")
    if isinstance(fetch.url, str):
        target_of(fetch)  # raises for what is never fetched
    elif not isinstance(fetch.url, dict) or fetch.url.get(TAG) != NODE:
        raise UsageError("the url of a fetch is a text, or a reference to one")


def _check_race(request: JobRequest) -> None:
    if request.entry_point != RACE or request.lock_hash or request.install or request.fetch:
        raise UsageError(f"a race has the entry point {RACE}, no environment and nothing to fetch")
    if request.when is not None or request.retries or references_of_call(request.call):
        raise UsageError(
            "a race begins at once, and only once: it has no condition, retries or arguments",
            hint="give the condition to those that compete",
        )


def _check_options(request: JobRequest) -> None:
    if request.label is not None:
        checked_label(request.label)
    if not 0 <= request.retries <= _MOST_RETRIES:
        raise UsageError(f"retries={request.retries}: expected 0 to {_MOST_RETRIES}")
    if not math.isfinite(request.backoff_s) or not 0 <= request.backoff_s <= _LONGEST_BACKOFF_S:
        raise UsageError(f"backoff_s={request.backoff_s}: expected 0 to {_LONGEST_BACKOFF_S:g}")
    for name in ("timeout_s", "memory_bytes", "stalled_after_s"):
        limit = getattr(request, name)
        if limit is not None and not 0 < limit < math.inf:
            raise UsageError(f"{name}={limit}: expected more than 0")
    if request.memory_bytes is not None and request.memory_bytes > _MOST_MEMORY_BYTES:
        raise UsageError(f"memory_bytes={request.memory_bytes}: at most {_MOST_MEMORY_BYTES}")
    if request.resources is not None:
        check_resources(request.resources)


def _condition(
    request: JobRequest, accepted: datetime
) -> tuple[dict[str, Any] | None, Expression | None]:
    if request.when is None:
        return None, None
    expression = condition_from_json(request.when)
    found = list(leaves(expression))
    for leaf in found:
        if isinstance(leaf, Comparison):
            _check_comparison(leaf)
    if not any(isinstance(leaf, After) for leaf in found):
        return request.when, expression
    expression = anchored(expression, accepted)
    return condition_to_json(expression), expression


def _check_comparison(leaf: Comparison) -> None:
    operands = list(references_of(leaf))
    if len({each.service for each in operands}) > 1:
        raise UsageError(
            "a comparison of values on two services can be made on neither",
            hint="pass both to a job that compares them",
        )
    if len({each.job for each in operands if each.what is What.PROGRESS}) > 1:
        raise UsageError("the progress of one job cannot be compared with that of another")


def _needs_of(leaf: Leaf) -> Iterator[Need]:
    for needed, service, what in needed_by(leaf):
        # the value of a job is compared once it is there; progress may be at any report
        how = COMPARED if what is What.VALUE else str(what)
        yield needed, service or "", how
