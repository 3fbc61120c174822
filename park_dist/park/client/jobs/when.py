"""What ``when=`` takes: conditions as objects, tests here, and data for the service that waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from park.calling import current_service
from park.client.connection import Connection
from park.client.jobs.handle import Handle
from park.client.jobs.question import Question
from park.client.jobs.unknown_yet import AsArray
from park.errors import ParkError, UsageError
from park.model.conditions import (
    After,
    At,
    AtLeast,
    Comparison,
    Expression,
    Not,
    Pool,
    anchored,
    at_least_of,
    describe,
    negated,
)
from park.model.conditions import all_of as all_parts
from park.model.conditions import any_of as any_part
from park.model.conditions_json import LONGEST_DELAY_S, MOST_LEVELS, condition_to_json
from park.model.leaves import local_leaf
from park.model.truth import Truth, Verdict

if TYPE_CHECKING:
    from park.cards.on_display import Shown

__all__ = [
    "Condition",
    "after",
    "all_of",
    "any_of",
    "at",
    "at_least",
    "available",
    "condition_of",
]

_MOST_NAMED = 12
"""Jobs of a condition whose names are told with it: of more nobody reads them."""


class Condition:
    """An expression over jobs, what they leave, resources and time: true, not yet, or never.

    Given as ``when=`` to a job, its service starts the job when it is true, and cancels it
    when it never can be. Here `now` tells, `wait` waits, and so does ``await``. Combine with
    ``&``, ``|`` and ``~`` (or ``-``); it has no truth value, since ``and`` and ``or`` would
    silently lose one side.
    """

    def __init__(
        self,
        expression: Expression,
        handles: Sequence[Handle],
        *,
        pools: Connection | None = None,
    ) -> None:
        self._expression = expression
        self._handles = tuple(handles)
        self._pools = pools
        self._made = datetime.now(UTC)

    def __repr__(self) -> str:
        return f"<Condition {self._described()}>"

    def _described(self) -> str:
        """Return it in words, what it is of by what people call that."""
        few = self._handles if len(self._handles) <= _MOST_NAMED else ()
        called = {handle.id: name for handle in few if (name := handle.called) is not None}
        return describe(self._expression, called)

    def _repr_html_(self) -> str:
        """Show the condition in a notebook, with what it is worth at this moment."""
        return next(self._displayed()).html

    def _ipython_display_(self) -> None:
        """Show it where a notebook draws it, and what becomes of it until it is decided."""
        from park.cards.on_display import show  # what scripts do without

        show(self._displayed())

    def _displayed(self) -> Iterator[Shown]:
        from park.cards.condition_card import condition_card  # what scripts do without
        from park.cards.on_display import Shown, pause_s

        begun, described = time.monotonic(), self._described()
        while True:
            try:
                verdict = self.verdict()
            except ParkError as error:
                verdict = Verdict(Truth.NOT_YET, error.message)
            html = condition_card(described, verdict.truth, verdict.why)
            yield Shown(html=html, text=repr(self))
            if verdict.is_decided:
                return
            time.sleep(pause_s(begun))

    def __bool__(self) -> NoReturn:
        values = (
            "the values are not known yet, and if, in, max, sorted or a < b < c need them: .get() "
            "of each waits for it; "
            if isinstance(self._expression, Comparison)
            else ""
        )
        raise TypeError(
            f"{self!r} has no truth value: {values}combine conditions with &, | and ~ in place of "
            "and, or and not; .now tells whether it is true at this moment"
        )

    def __array__(self, *_: object, **__: object) -> NoReturn:
        """Refuse to be an array of one object (`TypeError`): numpy would take that for true."""
        self.__bool__()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool):
            self.__bool__()
        return self is other

    __hash__ = object.__hash__

    def __and__(self, other: object) -> Condition:
        return _joined(all_parts, (self, _part(other)))

    def __rand__(self, other: object) -> Condition:
        return _joined(all_parts, (_part(other), self))

    def __or__(self, other: object) -> Condition:
        return _joined(any_part, (self, _part(other)))

    def __ror__(self, other: object) -> Condition:
        return _joined(any_part, (_part(other), self))

    def __invert__(self) -> Condition:
        with _not_too_deep():
            return Condition(negated(self._expression), self._handles, pools=self._pools)

    __neg__ = __invert__

    def __reduce__(self) -> NoReturn:
        raise UsageError(
            f"{self!r} is no value: it cannot be an argument of a job, or be pickled",
            hint="a condition is given to a job as when=…; as_json() is what a service reads",
        )

    @property
    def expression(self) -> Expression:
        """The expression as data."""
        return self._expression

    @property
    def handles(self) -> tuple[Handle, ...]:
        """The jobs and installs that it speaks of."""
        return self._handles

    @property
    def now(self) -> bool:
        """Whether it is true at this moment."""
        return self.verdict().truth is Truth.TRUE

    @property
    def truth(self) -> Truth:
        """What it is worth at this moment."""
        return self.verdict().truth

    @property
    def why(self) -> str:
        """What it waits for, or why it will never be true; empty where it is."""
        return self.verdict().why

    def verdict(self) -> Verdict:
        """Ask the services what the condition is worth at this moment, and why."""
        return self._question().asked_once()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is true (return True) or never can be (return False).

        Raises `TimeoutError` after ``timeout`` seconds.
        """
        return self._question().answered(timeout).truth is Truth.TRUE

    def _question(self) -> Question:
        since_made = anchored(self._expression, self._made)
        return Question(since_made, self._handles, pools=self._pools, shown=repr(self))

    def __await__(self) -> Generator[Any, None, bool]:
        from asyncio import to_thread  # whose caller has it

        return to_thread(self.wait).__await__()

    def as_json(self, service: str | None = None) -> dict[str, Any]:
        """Return the condition as a service reads it (`park.model.conditions_json`).

        What lives on the service at the URL ``service`` is named without that.
        """
        with _not_too_deep():
            return condition_to_json(_for_service(self._expression, service))


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        raise UsageError(f"a condition is nested at most {MOST_LEVELS} levels deep") from None


def condition_of(part: Any) -> Condition:
    """Return ``part`` if it is a condition; of a job or an install, that it is completed."""
    if isinstance(part, Condition):
        return part
    completed = getattr(type(part), "iscompleted", None)
    if completed is None:
        raise UsageError(f"{part!r} is neither a condition nor a job", hint=_meant(part))
    found = part.iscompleted
    assert isinstance(found, Condition)  # noqa: S101 (by the test above)
    return found


def _meant(part: object) -> str:
    """Return what may have been meant by ``part``, which is no condition."""
    if isinstance(part, AsArray):
        return "a value makes one when it is compared: job.output['x'] < 1"
    if isinstance(part, (list, tuple, set, frozenset)):
        return "of several: park.all_of(…), park.any_of(…), or a & b"
    if isinstance(part, bool):
        return "and, or, not, is and a comparison with True are decided here and now: combine \
conditions with &, | and ~"
    return "conditions are job.iscompleted, comparisons such as job.output['x'] < 1, …"


def _part(value: object) -> object:
    """Return ``value``, which is to be a part of a condition; raises `TypeError`, as operators."""
    if isinstance(value, Condition) or hasattr(type(value), "iscompleted"):
        return value
    raise TypeError(f"{value!r} is neither a condition nor a job: {_meant(value)}")


def _joined(join: Callable[[Sequence[Expression]], Expression], parts: Iterable[Any]) -> Condition:
    conditions = [condition_of(part) for part in parts]
    handles = {id(handle): handle for each in conditions for handle in each.handles}
    pools = {each._pools for each in conditions} - {None}  # noqa: SLF001 (its own kind)
    if len(pools) > 1:
        raise UsageError("pools of two services in one condition: a job can take only its own's")
    expression = join([each.expression for each in conditions])
    return Condition(expression, list(handles.values()), pools=next(iter(pools), None))


def _parts(parts: tuple[Any, ...]) -> list[Any]:
    if len(parts) == 1 and isinstance(parts[0], Iterable) and not isinstance(parts[0], Handle):
        return list(parts[0])
    return list(parts)


def all_of(*parts: Any) -> Condition:
    """Return the condition that all ``parts`` hold: conditions, or jobs (that they complete).

    They may also be given as one iterable. All of none is true, as with `all`: a sweep may
    be empty.
    """
    return _joined(all_parts, _parts(parts))


def any_of(*parts: Any) -> Condition:
    """Return the condition that one of ``parts`` holds; as `all_of`.

    Raises `UsageError` where there are none: that can never be.
    """
    found = _parts(parts)
    if not found:
        raise UsageError("park.any_of of nothing: that can never be")
    return _joined(any_part, found)


def at_least(count: int, *parts: Any) -> Condition:
    """Return the condition that ``count`` of ``parts`` hold; as `all_of`."""
    return _joined(lambda each: at_least_of(count, each), _parts(parts))


def available(name: str, count: int = 1) -> Condition:
    """Return the condition that ``count`` units of the service's pool ``name`` are free.

    They are taken when the job starts, and given back when it ends.
    """
    service = current_service()
    pools = None if service is None else service.connection
    condition = Condition(Pool(name=name, count=count), (), pools=pools)
    condition.as_json()  # refuses names and counts that no service takes
    return condition


def at(moment: datetime | str) -> Condition:
    """Return the condition that ``moment`` has come; without a zone it is in local time.

    As text it is in ISO 8601: ``park.at("2026-11-27T18:00")``. Raises `UsageError`.
    """
    if isinstance(moment, str):
        moment = _parsed(moment)
    if not isinstance(moment, datetime):
        raise UsageError(
            f"park.at({moment!r}): expected a datetime, or its text",
            hint='park.at("2026-11-27T18:00"); a delay is park.after(seconds)',
        )
    try:
        return Condition(At(moment=moment.astimezone(UTC)), ())
    except (OverflowError, ValueError):
        raise UsageError(f"park.at({moment!r}): no moment in UTC") from None


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"park.at({text!r}): no moment in ISO 8601", hint='park.at("2026-11-27T18:00")'
        ) from None


def after(delay: timedelta | float) -> Condition:
    """Return the condition that ``delay`` (a timedelta, or seconds) has passed.

    For a job that is since its service accepted it; here, since this was made.
    """
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= LONGEST_DELAY_S:
        raise UsageError(
            f"park.after({delay!r}): it is a timedelta or seconds, not below 0, a century at most"
        )
    return Condition(After(seconds=float(seconds)), ())


def _for_service(expression: Expression, service: str | None) -> Expression:
    """Return the expression with what lives on ``service`` named without it."""
    match expression:
        case AtLeast(count=count, parts=parts):
            return AtLeast(count=count, parts=tuple(_for_service(each, service) for each in parts))
        case Not(leaf=leaf):
            return Not(leaf=local_leaf(leaf, service))
        case leaf:
            return local_leaf(leaf, service)
