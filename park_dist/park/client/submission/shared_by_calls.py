"""What calls of one function have in common: looked at once for the thousands of a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from park.calling import positional_parameters
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import Called, called, is_imported
from park.client.submission.binding import Binding
from park.client.submission.function_said import require_module, without_extras
from park.client.submission.reach import Reach, reach_of_call
from park.jobside import FILES, mark_of
from park.local.set_options import SetOptions, set_options
from park.model.job_options import JobKeywords, said_options

__all__ = ["Environment", "KnownCalls", "SharedByCalls", "shared_by_calls"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedByCalls:
    """What is the same of all calls of a function with the same options.

    ``document`` is what their requests share, ``sending`` what ``called`` refers to, and ``reach``
    what that comes to where they run what is installed here. ``files`` are the parameters that
    name files of a service. ``bindings`` are their environments, by what else decides about these.
    """

    called: Called
    document: Mapping[str, Any]
    of_set: SetOptions
    sending: Sending
    runs_what_is_here: bool
    reach: Reach | None
    files: tuple[str, ...]
    parameters: tuple[str, ...]
    bindings: dict[object, Future[Binding]] = field(default_factory=dict)

    def still_has(self, function: str | Callable[..., Any]) -> bool:
        """Tell whether ``function`` is found under its name still, as it was."""
        return isinstance(function, str) or is_imported(
            function, self.called.entry_point, self.sending
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """What a caller says of the environment of calls: see `park.Service.submit`."""

    lock: str | None = None
    offer: str | None = None
    taken: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    as_installed: bool = False

    @classmethod
    def said(
        cls,
        lock: str | None,
        offer: str | None,
        with_: str | Sequence[str],
        requires: str | Sequence[str],
        *,
        as_installed: bool,
    ) -> Environment:
        """Return what a caller says, of which one text is the same as a list of one."""
        taken, required = _listed(with_), _listed(requires)
        return cls(
            lock=lock, offer=offer, taken=taken, requires=required, as_installed=as_installed
        )


def _listed(texts: str | Sequence[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts or ())


def shared_by_calls(
    function: str | Callable[..., Any], said: JobKeywords, asked: Environment, ways: ModuleWays
) -> SharedByCalls:
    """Return what calls of ``function`` share for which ``said`` is said.

    Raises `UsageError` and `InvalidEntryPoint` for what no job can be.
    """
    marked = mark_of(function)
    options = said_options(said, None if marked is None else marked.options)
    function, extras = without_extras(function)
    if isinstance(function, str):
        require_module(function)
    of_set = set_options([*extras, *asked.taken], asked.requires, as_installed=asked.as_installed)
    runs_what_is_here = asked.lock is None and asked.offer is None and not of_set.required
    sending = Sending(ways)
    what = called(function, sending, may_travel=runs_what_is_here)
    return SharedByCalls(
        called=what,
        document={"entry_point": str(what.entry_point), **options},
        of_set=of_set,
        sending=sending,
        runs_what_is_here=runs_what_is_here,
        reach=reach_of_call(what, sending) if runs_what_is_here else None,
        files=FILES if marked is None else marked.files,
        parameters=positional_parameters(function),
    )


class KnownCalls:
    """What calls share that were made before, for as long as nothing changes by which it is found.

    A function that travels by value is taken apart for each: it may refer to something else by now.
    """

    def __init__(self) -> None:
        self._known: dict[object, SharedByCalls] = {}

    def of(
        self,
        function: str | Callable[..., Any],
        said: JobKeywords,
        asked: Environment,
        ways: ModuleWays,
    ) -> SharedByCalls:
        """Return what `shared_by_calls` does."""
        key = _key(function, said, asked)
        shared = self._known.get(key)
        if shared is None or not shared.still_has(function):
            shared = shared_by_calls(function, said, asked, ways)
            if key is not None and shared.called.function is None:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[key] = shared
        return shared


def _key(function: str | Callable[..., Any], said: Mapping[str, Any], asked: Environment) -> object:
    """Return what calls are known by; None for those that are not."""
    if not isinstance(function, (str, FunctionType)):
        return None
    values = tuple(said.values())
    # by types as well: 1 and True are equal, and one of them is no number of retries
    key = function, asked, tuple(said), values, tuple(map(type, values))
    try:
        hash(key)
    except TypeError:  # a list among it
        return None
    return key


_MOST = 256
"""Functions and options of one script: more than anybody writes down."""
