"""New jobs: what is said of them, what names them on a service, and their handles."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from park.client.connection import WithConnection
from park.client.jobs.arguments import EncodedCall
from park.client.jobs.handle import Handle
from park.client.jobs.prerequisites import needed
from park.client.jobs.submitted_job import Job
from park.client.submission.binding import Binding
from park.client.submission.item import Item, Opening
from park.client.submission.this_account import this_account
from park.errors import UsageError
from park.jobside import mark_of
from park.model.ids import new_id

if TYPE_CHECKING:
    from park.client.jobs.when import Condition

__all__ = ["check_arguments", "new_job"]

AnyJob = TypeVar("AnyJob", bound=Job)


def check_arguments(
    function: str | Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise `UsageError` where ``function`` does not take these arguments.

    What is here is what runs there, so a name that is misspelt need not fail as a job. Of a
    name alone, and of what is not written in Python, nothing is known. A decorator may give its
    function other arguments than it takes, whatever its signature says (`functools.wraps`
    copies that of the function): what it takes itself is not refused.
    """
    signature = _signature(function)
    if signature is None:
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        if _decorator_takes(function, args, kwargs):
            return
        name = getattr(function, "__qualname__", function)
        raise UsageError(
            f"{name}(): {error}",
            hint=f"it is {name}{signature}; an argument with a name that `submit` takes for itself "
            "goes into arguments={…}",
        ) from None


def _decorator_takes(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether a decorator's own function, which is what is called, takes these arguments."""
    if mark_of(function) is not None:  # park's own hands on what it gets
        function = getattr(function, "__wrapped__", function)
    plain = getattr(function, "__func__", function)
    if not isinstance(plain, FunctionType) or not hasattr(plain, "__wrapped__"):
        return False
    try:
        inspect.signature(function, follow_wrapped=False).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return False
    return True


def _signature(function: Any) -> inspect.Signature | None:
    """Return what a call of ``function`` takes; None where that is not known."""
    if isinstance(function, (FunctionType, type, str)):
        return _known_signature(function)
    return _signature_of(function)  # an object that is called need not have a hash


@lru_cache(maxsize=256)  # for sweeps, of one function
def _known_signature(function: Any) -> inspect.Signature | None:
    return _signature_of(function)


def _signature_of(function: Any) -> inspect.Signature | None:
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
    service: WithConnection,
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
    name, connection = new_id(), service.connection
    document = {"id": name, "submitted_from": this_account(), **document}
    handles: Sequence[Handle] = call.jobs
    if when is not None:
        from park.client.jobs.when import condition_of  # what plain calls do without

        when = condition_of(when)
        document["when"] = when.as_json(connection.url)
        handles = (*handles, *when.handles)
    before, committed, opened = (
        needed(handles, connection.url, openings) if handles else ((), (), tuple(openings))
    )
    item = Item(
        connection.outbox,
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
    return kind(service, name, item.label, item=item)
