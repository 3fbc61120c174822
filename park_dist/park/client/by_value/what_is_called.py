"""What is called: by the name that the environment finds it under, or by value."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from park.client.by_value.module_ways import Way
from park.client.by_value.sending import Sending
from park.errors import InvalidEntryPoint, UsageError
from park.model.entry_point import EntryPoint

__all__ = ["NO_SET_YET", "Called", "called", "is_imported"]

NO_SET_YET = "?"
"""What pickles are tagged with until the set of the job's environment is known."""

_NAME = re.compile(r"(?:[^\W\d]\w*|<\w+>)(?:\.(?:[^\W\d]\w*|<\w+>))*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """A callable on its way to a service.

    ``function`` is the wire form of one that travels by value, None of one that is imported;
    ``body`` is the file with its bytes, where those are too many for each request.
    """

    entry_point: EntryPoint
    function: dict[str, Any] | None = None
    body: Path | None = None


def called(
    function: str | Callable[..., Any], sending: Sending, *, may_travel: bool = True
) -> Called:
    """Return what names or brings ``function`` on a service.

    Raises `InvalidEntryPoint` for what is no callable, and `UsageError` where it refers to
    something that cannot be sent, naming the variable, or would have to travel and may not.
    """
    if isinstance(function, str):
        return Called(entry_point=EntryPoint.parse(function))
    if not callable(function):
        raise InvalidEntryPoint(
            f"{function!r} cannot be called",
            hint="pass a function, a class, or the entry point of one: mymodel:fit",
        )
    entry_point = _named(function)
    if is_imported(function, entry_point, sending):
        return Called(entry_point=entry_point)
    if not may_travel:
        raise UsageError(
            f"{entry_point} travels by value, which only an environment of what is "
            "installed here can read",
            hint="leave lock=, offer= and requires= out (park.requires(…) names what is installed "
            "here and goes along), move it into a module of a project, or name a function that is "
            'there: "module:function"',
        )
    return _by_value(function, entry_point, sending)


def _by_value(function: Callable[..., Any], entry_point: EntryPoint, sending: Sending) -> Called:
    """Return ``function`` as its pickle."""
    # to take functions apart needs more than to name one
    from park.client.by_value.large_body import MOST_INLINE, kept_as_file
    from park.client.by_value.pickles import pickled_alike
    from park.runtime.by_value.function_node import encode_function

    try:
        name = entry_point.qualname.rpartition("<locals>.")[2]
        data = pickled_alike(function, sending, name=name)
    except RecursionError:
        raise UsageError(
            f"{entry_point.qualname} cannot be sent: what it refers to is nested too deep",
            hint="pass it as an argument, in a file: park.File(path)",
        ) from None
    body = kept_as_file(data) if len(data) > MOST_INLINE else None
    node = encode_function(
        data,
        name=str(entry_point),
        set_hash=NO_SET_YET,
        modules=_public(sending.needed),
        as_file=body is not None,
    )
    return Called(entry_point=entry_point, function=node, body=body)


def _public(modules: Iterable[str]) -> list[str]:
    """Return ``modules`` as people import them, without what is private: in fewer variants."""
    found = set()
    for module in modules:
        parts = module.split(".")
        private = next((n for n, part in enumerate(parts) if part.startswith("_")), len(parts))
        found.add(".".join(parts[: private or len(parts)]))
    return sorted(found)


def _named(function: Callable[..., Any]) -> EntryPoint:
    """Return what people know ``function`` by."""
    inner: Any = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    qualname = getattr(inner, "__qualname__", getattr(inner, "__name__", None))
    if not isinstance(qualname, str):
        inner, qualname = type(inner), type(inner).__qualname__
    return _entry_point(getattr(inner, "__module__", None), qualname)


@functools.lru_cache(maxsize=256)  # for sweeps that submit one function many times
def _entry_point(module: object, qualname: str) -> EntryPoint:
    """Return the entry point of these names, as far as they can be ones."""
    if not isinstance(module, str) or not all(part.isidentifier() for part in module.split(".")):
        module = "__main__"
    name = qualname if _NAME.fullmatch(qualname) else "call"
    return EntryPoint(module=module, qualname=name)


def is_imported(function: Any, entry_point: EntryPoint, sending: Sending) -> bool:
    """Tell whether the environment has ``function`` under its name."""
    if getattr(function, "__qualname__", None) != entry_point.qualname:
        return False
    found: Any = sys.modules.get(entry_point.module)
    for name in entry_point.qualname.split("."):
        found = getattr(found, name, None)
    is_same = found is function or (hasattr(function, "__self__") and found == function)
    return is_same and sending.ways.way(entry_point.module) in {Way.THERE, Way.PROJECT}
