"""Why a job found no module that is here: nothing that its project requires brings it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec

from packaging.utils import NormalizedName, canonicalize_name

from park.build.beyond.installed_facts import Facts, installed_facts
from park.build.beyond.unsent import provider
from park.build.cache import user_cache
from park.errors import ParkError
from park.local.closure import walked
from park.local.find import find

__all__ = ["left_behind", "missing_names", "not_brought"]

_SCRIPT = "__main__"
"""Of a function that came by value: what it refers to brings its environment."""

_MISSING = re.compile(r"No module named '?([^\W\d][\w.]*)")
_IMPORT_ERROR = re.compile(r"(?:\w+\.)*(?:ImportError|ModuleNotFoundError): (?P<said>.*)")
_WORD = re.compile(r"[^\W\d][\w.-]*\w")


def missing_names(error: str, traceback: str | None) -> tuple[str, ...]:
    """Return what a failed job may not have found: names of modules or of projects.

    First what the interpreter says. A package that catches that may say it in its own words
    (``sasdata is not available``): of an import error each word may be such a name.
    """
    found = _MISSING.findall(f"{error}\n{traceback or ''}")
    said = _IMPORT_ERROR.match(error)
    words = _WORD.findall(said["said"]) if said else []
    return tuple(dict.fromkeys([*found, *words]))


def not_brought(
    names: Iterable[str],
    installed: Mapping[NormalizedName, Facts],
    brought: frozenset[NormalizedName],
) -> NormalizedName | None:
    """Return the project here that has the first of ``names`` that none of ``brought`` has."""
    by_module: dict[str, list[NormalizedName]] = {}
    for project, facts in sorted(installed.items()):
        for module in facts.modules:
            by_module.setdefault(module, []).append(project)
    for name in names:
        own = canonicalize_name(name)
        owners = provider(name, by_module) or ([own] if own in installed else [])
        if owners and brought.isdisjoint(owners):
            return owners[0]
    return None


def left_behind(entry_point: str, error: str | None, traceback: str | None) -> str | None:
    """Say which project that is installed here a failed job did not find, and how it gets there.

    Where its code is of here, and what it misses is not here either, it says that. None where the
    job failed for another reason.
    """
    if not error or not (names := missing_names(error, traceback)):
        return None
    module = entry_point.partition(":")[0]
    installed = installed_facts(user_cache())
    of, brought = module, frozenset[NormalizedName]()
    if module != _SCRIPT:
        with suppress(ParkError):  # it is not installed here, or what is installed is damaged
            root = find(module)
            brought = frozenset(project.name for project in walked(root).projects)
            of = str(root.name)
    name = not_brought(names, installed, brought)
    if name is None:
        is_of_here = module == _SCRIPT or bool(brought)
        return _nowhere(_MISSING.findall(f"{error}\n{traceback or ''}")) if is_of_here else None
    if module == _SCRIPT:
        return (
            f"{name} {installed[name].version} is installed here, but nothing that the function "
            f'refers to brings it: park.requires("{name}") before it is submitted takes it along'
        )
    return (
        f"{name} {installed[name].version} is installed here, but nothing that {of} requires "
        f'brings it: --with {name}, or with_="{name}", takes it along'
    )


def _nowhere(names: Iterable[str]) -> str | None:
    """Say which of the modules ``names`` is not here either; None where all are."""
    for top in dict.fromkeys(name.partition(".")[0] for name in names):
        if top not in sys.modules and find_spec(top) is None:
            return (
                f"there is no module {top} here either, and a job has what is installed here: "
                "install the project that brings it"
            )
    return None
