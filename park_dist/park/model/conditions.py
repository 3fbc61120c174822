"""Conditions: expressions over jobs, installs, what they leave, resources and time.

An expression is a value. What its leaves are worth at a moment is told to `evaluate` by
whoever knows: the service from its database, a client from the records that it has.
Negation is pushed down to the leaves when it is made, so it stands only before a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from park.errors import UsageError
from park.model.ids import brief
from park.model.references import Reference
from park.model.states import Phase
from park.model.truth import TRUE, Truth, Verdict, at_least

__all__ = [
    "OPERATORS",
    "After",
    "At",
    "AtLeast",
    "Before",
    "Comparison",
    "Expression",
    "InstallIs",
    "JobIs",
    "Leaf",
    "Literal",
    "Not",
    "Operand",
    "Phase",
    "Pool",
    "all_of",
    "anchored",
    "any_of",
    "at_least_of",
    "brief",
    "denied_leaves",
    "describe",
    "evaluate",
    "is_conjunction",
    "leaves",
    "negated",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobIs:
    """A job (or fetch) is in a phase; ``service`` as in `Reference`."""

    job: str
    phase: Phase
    service: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallIs:
    """An install has ended: ``completed``, ``failed``, or ``finished``, which is either."""

    install: str
    phase: Phase
    service: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Literal:
    """A JSON value that stands in a comparison."""

    value: Any

    def __hash__(self) -> int:
        """Return a number that equal values share, also lists and objects."""
        return len(self.value) if isinstance(self.value, (list, dict)) else hash(self.value)


Operand = Reference | Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two operands compared; ``operator`` as Python writes it."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """``count`` units of a service's named pool, taken while the job runs."""

    name: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class At:
    """The moment has come (in UTC)."""

    moment: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """The moment has not come: true until then, never afterwards."""

    moment: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class After:
    """``seconds`` have passed since the service accepted the job; see `anchored`."""

    seconds: float


Leaf = JobIs | InstallIs | Comparison | Pool | At | Before | After


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """A leaf that is to be never."""

    leaf: Leaf


@dataclass(frozen=True, kw_only=True, slots=True)
class AtLeast:
    """``count`` of ``parts``: all of them is a conjunction, one of them a disjunction."""

    count: int
    parts: tuple[Expression, ...]

    @property
    def is_all(self) -> bool:
        """Whether every part is asked for."""
        return self.count == len(self.parts)


Expression = Leaf | Not | AtLeast

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
"""The comparisons that an expression can have, by their sign."""


def all_of(parts: Sequence[Expression]) -> Expression:
    """Return the conjunction; conjunctions among the parts are taken apart."""
    flat = tuple(
        inner
        for part in parts
        for inner in (part.parts if isinstance(part, AtLeast) and part.is_all else (part,))
    )
    return flat[0] if len(flat) == 1 else AtLeast(count=len(flat), parts=flat)


def any_of(parts: Sequence[Expression]) -> Expression:
    """Return the disjunction; disjunctions among the parts are taken apart."""
    flat = tuple(
        inner
        for part in parts
        for inner in (part.parts if isinstance(part, AtLeast) and part.count == 1 else (part,))
    )
    return flat[0] if len(flat) == 1 else AtLeast(count=1, parts=flat)


def at_least_of(count: int, parts: Sequence[Expression]) -> Expression:
    """Return the condition that ``count`` of ``parts`` hold; raises `UsageError`."""
    if not 0 < count <= len(parts):
        raise UsageError(f"at least {count} of {len(parts)} conditions: that is always or never")
    return _count_of(count, parts)


def _count_of(count: int, parts: Sequence[Expression]) -> Expression:
    if count == len(parts):
        return all_of(parts)
    return any_of(parts) if count == 1 else AtLeast(count=count, parts=tuple(parts))


def negated(expression: Expression) -> Expression:
    """Return the negation, pushed down to the leaves (De Morgan).

    The negation of a moment is the time before it. Raises `UsageError` for a pool: it is a
    request, and has no opposite.
    """
    match expression:
        case Not(leaf=leaf):
            return leaf
        case At(moment=moment):
            return Before(moment=moment)
        case Before(moment=moment):
            return At(moment=moment)
        case AtLeast(count=count, parts=parts):
            # not at least k of n: at least n - k + 1 are not
            opposites = tuple(negated(part) for part in parts)
            return _count_of(len(parts) - count + 1, opposites)
        case Pool() | After():
            raise UsageError(
                f"{describe(expression)} cannot be negated: it is a request, not a fact",
                hint="negate conditions of jobs, comparisons and `park.at`",
            )
        case _:
            return Not(leaf=expression)


def leaves(expression: Expression) -> Iterator[Leaf]:
    """Yield every leaf, in the order in which they are written."""
    pending = [expression]
    while pending:
        part = pending.pop()
        if isinstance(part, AtLeast):
            pending.extend(reversed(part.parts))
        else:
            yield part.leaf if isinstance(part, Not) else part


def denied_leaves(expression: Expression) -> Iterator[Leaf]:
    """Yield the leaves that are not to be."""
    pending = [expression]
    while pending:
        part = pending.pop()
        if isinstance(part, AtLeast):
            pending.extend(part.parts)
        elif isinstance(part, Not):
            yield part.leaf


def evaluate(expression: Expression, verdict_of: Callable[[Leaf], Verdict]) -> Verdict:
    """Return what ``expression`` is worth, given what its leaves are worth."""
    match expression:
        case AtLeast(count=count, parts=parts):
            verdicts = (evaluate(part, verdict_of) for part in parts)
            return at_least(count, verdicts, of=len(parts))
        case Not(leaf=leaf):
            verdict = verdict_of(leaf)
            if verdict.truth is Truth.TRUE:
                return Verdict(Truth.NEVER, f"needs that {_denied(leaf)}")
            if verdict.truth is Truth.NEVER:
                return TRUE
            return verdict
        case leaf:
            return verdict_of(leaf)


def is_conjunction(expression: Expression) -> bool:
    """Tell whether it asks for nothing but that jobs and installs complete, all of them.

    Most do; a count of what is still missing is then all that has to be kept.
    """
    parts = expression.parts if isinstance(expression, AtLeast) else (expression,)
    if isinstance(expression, AtLeast) and not expression.is_all:
        return False
    return all(
        isinstance(part, (JobIs, InstallIs)) and part.phase is Phase.COMPLETED for part in parts
    )


def anchored(expression: Expression, accepted: datetime) -> Expression:
    """Return the expression with `After` as the moment that it means."""
    match expression:
        case After(seconds=seconds):
            return At(moment=accepted + timedelta(seconds=seconds))
        case AtLeast(count=count, parts=parts):
            return _count_of(count, [anchored(part, accepted) for part in parts])
        case _:
            return expression


_NOTHING: Mapping[str, str] = MappingProxyType({})


def describe(  # noqa: PLR0911 (one for each kind)
    expression: Expression, called: Mapping[str, str] = _NOTHING
) -> str:
    """Return the expression as a person reads it, with the ends of ids.

    Behind these stands what is ``called`` something by its id.
    """
    match expression:
        case JobIs(phase=phase) | InstallIs(phase=phase):
            return f"{_subject(expression, called)} {phase}"
        case Comparison(left=left, operator=operator, right=right):
            return f"{_operand(left, called)} {operator} {_operand(right, called)}"
        case Pool(name=name, count=count):
            return f"{count} of {name}"
        case At(moment=moment):
            return f"at {_when(moment)}"
        case Before(moment=moment):
            return f"before {_when(moment)}"
        case After(seconds=seconds):
            return f"after {seconds:g} s"
        case Not(leaf=JobIs() | InstallIs() as leaf):
            return _opposite(leaf, called)[0]
        case Not(leaf=leaf):
            return f"not ({describe(leaf, called)})"
        case AtLeast(count=count, parts=parts):
            return _described_parts(count, parts, called)
    raise AssertionError(expression)


_DID_NOT = {
    Phase.STARTED: ("did not start", "did"),
    Phase.FINISHED: ("did not end", "did"),
    Phase.COMPLETED: ("did not complete", "did"),
    Phase.FAILED: ("did not fail", "did"),
    Phase.CANCELLED: ("was not cancelled", "was"),
}
"""What is not to be, and what is said where it is so."""


def _opposite(leaf: JobIs | InstallIs, called: Mapping[str, str] = _NOTHING) -> tuple[str, str]:
    did_not, did = _DID_NOT[leaf.phase]
    return f"{_subject(leaf, called)} {did_not}", did


def _subject(leaf: JobIs | InstallIs, called: Mapping[str, str]) -> str:
    if isinstance(leaf, InstallIs):
        return f"install {_named(leaf.install, called)}"
    return f"job {_named(leaf.job, called)}"


def _named(id_: str, called: Mapping[str, str]) -> str:
    return f"{brief(id_)} ({called[id_]})" if id_ in called else brief(id_)


def _denied(leaf: Leaf) -> str:
    """Return what was not to be, and that it is."""
    if isinstance(leaf, (JobIs, InstallIs)):
        opposite, did = _opposite(leaf)
        return f"{opposite}; it {did}"
    return f"{describe(leaf)} is not so; it is"


def _described_parts(count: int, parts: tuple[Expression, ...], called: Mapping[str, str]) -> str:
    texts = [
        f"({describe(part, called)})" if isinstance(part, AtLeast) else describe(part, called)
        for part in parts
    ]
    if count == len(parts):
        return " & ".join(texts)
    return " | ".join(texts) if count == 1 else f"at least {count} of: {', '.join(texts)}"


def _operand(operand: Operand, called: Mapping[str, str]) -> str:
    if isinstance(operand, Literal):
        return repr(operand.value)
    path = "".join(f"[{key!r}]" if kind == "item" else f".{key}" for kind, key in operand.path)
    return f"{operand.what} of job {_named(operand.job, called)}{path}"


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
