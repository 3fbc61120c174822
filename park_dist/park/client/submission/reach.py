"""What the environment of a job must have, besides the module of its entry point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from park.client.by_value.module_ways import ModuleWays, Way, is_everywhere
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import Called

__all__ = ["Reach", "Stale", "note_reach", "reach_of", "reach_of_call", "with_values_of"]

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


_of_jobs: dict[str, Reach] = {}
"""What the jobs of this session reach, by their ids; jobs of one environment share it."""


class Named(Protocol):
    """A job, as far as its environment depends on that."""

    @property
    def id(self) -> str:
        """Its id, which no other job has."""

    @property
    def entry_point(self) -> str:
        """What it calls."""


def note_reach(job: str, reach: Reach | None) -> None:
    """Note what a job of this session reaches besides the project of its entry point."""
    if reach is not None:
        _of_jobs[job] = reach


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
    tops = {module.partition(".")[0] for module in sending.modules} - {entry.partition(".")[0]}
    if not sending.sources and all(sending.ways.brings(entry, top) for top in tops):
        return None
    sending.note(entry)
    return reach_of(sending)


def with_values_of(reach: Reach, jobs: Iterable[Named], ways: ModuleWays) -> Reach:
    """Return ``reach`` with what it takes to read what ``jobs`` leave, which are its arguments."""
    for job in jobs:
        entry, reached = job.entry_point.partition(":")[0], _of_jobs.get(job.id)
        if reached is not None:
            requirements = dict.fromkeys([*reach.requirements, *reached.requirements])
            modules = reach.modules | reached.modules
            reach = replace(reach, modules=modules, requirements=tuple(requirements))
        elif ways.way(entry) is Way.PROJECT:
            reach = replace(reach, modules=reach.modules | {entry})
    return reach
