"""New jobs: what is said of them, what names them on a service, and their handles."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from park.client.jobs.submitted_job import Job
from park.client.jobs.values import EncodedCall
from park.client.jobs.when import Condition, condition_of
from park.client.submission.item import Item, Opening
from park.client.submission.prerequisites import needed
from park.errors import InvalidEntryPoint, UsageError
from park.jobside import JobOptions
from park.model.entry_point import EntryPoint
from park.model.ids import new_id

if TYPE_CHECKING:
    from park.client.connection import Connection
    from park.client.installs.matching import Binding

__all__ = ["CallOptions", "check_arguments", "entry_point_of", "new_job"]

AnyJob = TypeVar("AnyJob", bound=Job)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallOptions:
    """What a submission says of its jobs; None where it says nothing."""

    timeout_s: float | None = None
    memory_bytes: int | None = None
    restartable: bool | None = None
    retries: int | None = None
    backoff_s: float | None = None
    fresh: bool | None = None

    @classmethod
    def said(cls, said: Mapping[str, Any]) -> CallOptions:
        """Return what the keywords of a call say."""
        return cls(
            timeout_s=said.get("timeout"),
            retries=said.get("retries"),
            backoff_s=said.get("backoff"),
        )

    def completed_by(self, marked: JobOptions | None) -> CallOptions:
        """Take what is not said here from ``@park.job``."""
        if marked is None:
            return self
        return replace(
            self,
            timeout_s=marked.timeout_s if self.timeout_s is None else self.timeout_s,
            restartable=marked.restartable if self.restartable is None else self.restartable,
            retries=marked.retries if self.retries is None else self.retries,
            backoff_s=marked.backoff_s if self.backoff_s is None else self.backoff_s,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what is said; raises `UsageError` for what no job can have."""
        _check("retries", self.retries, whole=True)
        _check("backoff", self.backoff_s)
        _check("timeout", self.timeout_s, above=True)
        _check("memory", self.memory_bytes, whole=True, above=True)
        said = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in said.items() if value is not None}


def _check(name: str, value: Any, *, whole: bool = False, above: bool = False) -> None:
    """Refuse what is no number, or is below 0 (with ``above``: or is 0)."""
    if value is None:
        return
    kind: Any = int if whole else (int, float)
    if (
        isinstance(value, bool)
        or not isinstance(value, kind)
        or not math.isfinite(value)
        or value < 0
        or (above and value == 0)
    ):
        what = "a whole number" if whole else "a number"
        raise UsageError(f"{name}={value!r}: it is {what}, {'above' if above else 'not below'} 0")


def entry_point_of(function: str | Callable[..., Any]) -> EntryPoint:
    """Return what names ``function`` on a service; raises `InvalidEntryPoint` if nothing does."""
    if isinstance(function, str):
        return EntryPoint.parse(function)
    module = getattr(function, "__module__", None)
    qualname = getattr(function, "__qualname__", "")
    if module in {None, "__main__", "builtins"} or "<" in qualname or module not in sys.modules:
        raise InvalidEntryPoint(
            f"{function!r} cannot be imported on the service: it is not at the top level of an "
            "installed module",
            hint="move it into a module of your package and pass that, or its entry point",
        )
    return EntryPoint(module=str(module), qualname=qualname)


def check_arguments(
    function: str | Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise `UsageError` where ``function`` does not take these arguments.

    What is here is what runs there, so a name that is misspelt need not fail as a job. Of a
    name alone, and of what is not written in Python, nothing is known.
    """
    signature = _signature(function)
    if signature is None:
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(function, "__qualname__", function)
        raise UsageError(
            f"{name}(): {error}",
            hint=f"it is {name}{signature}; an argument with a name that `submit` takes for itself "
            "goes into arguments={…}",
        ) from None


@lru_cache(maxsize=256)
def _signature(function: Any) -> inspect.Signature | None:
    """Return what a call of ``function`` takes, without types; None where that is not known."""
    makes = isinstance(function, type)
    called = vars(function).get("__init__") if makes else function  # not the metaclass's call
    if isinstance(function, str) or called is None:
        return None
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return None
    untyped = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return inspect.Signature(untyped[1:] if makes else untyped)


def new_job(
    connection: Connection,
    document: dict[str, Any],
    *,
    call: EncodedCall,
    kind: type[AnyJob] = Job,  # type: ignore[assignment]  # the default of the type variable
    when: Condition | None = None,
    binding: Future[Binding] | None = None,
    openings: Sequence[Opening] = (),
) -> AnyJob:
    """Return the handle of a new job, which is not taken to be sent yet.

    ``document`` is its request without id and condition, ``call`` says what its arguments
    refer to, and ``openings`` what it needs opened besides.
    """
    name = new_id()
    document = {"id": name, **document}
    things: Sequence[Any] = call.jobs
    if when is not None:
        when = condition_of(when)
        document["when"] = when.as_json(connection.url)
        things = (*things, *when.things)
    before, committed, opened = (
        needed(things, connection.url, openings) if things else ((), (), tuple(openings))
    )
    item = Item(
        connection.submitter,
        name,
        document["entry_point"],
        document=document,
        binding=binding,
        needs=before,
        settled_needs=committed,
        files=call.files,
        openings=opened,
        pickled=call.pickled,
    )
    return kind(connection, name, item.label, item=item)
