"""What the environment of a job must have, besides the module of its entry point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from park.client.by_value.module_ways import is_everywhere
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import Called

__all__ = ["Reach", "Stale", "reach_of", "reach_of_call"]

Stale = Literal["warn", "error", "ignore"]
"""What is done where a module's file has changed since this session imported it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What is referred to by a function that travels by value, and by the pickles of a call.

    ``modules`` belong to projects that are installed here, ``requirements`` are what a script
    says. ``files`` are modules that travel as their source.
    """

    modules: frozenset[str] = frozenset()
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def reach_of(sending: Sending, *, requirements: tuple[str, ...] = ()) -> Reach:
    """Return what was noted while the pickles were made."""
    return Reach(
        modules=frozenset(sending.modules),
        requirements=requirements,
        files=tuple(sending.sources),
    )


def reach_of_call(what: Called, sending: Sending) -> Reach | None:
    """Return what a call reaches; None where that is the closure of its entry module's project."""
    if what.function is not None:
        from park.client.by_value.requirements import requirements_here

        return reach_of(sending, requirements=requirements_here())
    entry = what.entry_point.module
    if is_everywhere(entry):
        return reach_of(sending)
    tops = {module.partition(".")[0] for module in sending.modules}
    if not tops - {entry.partition(".")[0]} and not sending.sources:
        return None
    sending.note(entry)
    return reach_of(sending)
