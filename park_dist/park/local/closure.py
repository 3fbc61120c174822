"""The closure of a project: every distribution that it needs here, as it is installed here.

The walk is a pure function of the root, of what a lookup returns and of the marker
environment. It follows ``Requires-Dist`` as pip does: markers evaluated in this
interpreter, extras added up, cycles harmless.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from packaging.markers import Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion

from park.errors import LocalSetError
from park.local.distributions import Lookup, look_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from park.local.project import LocalProject

__all__ = ["closure"]

_SHOWN = 20  # contradictions in a message; a broken environment can have hundreds


def closure(root: LocalProject, *, lookup: Lookup = look_up) -> tuple[LocalProject, ...]:
    """Return ``root`` and all that it requires, sorted by name.

    Raises `LocalSetError` that lists every requirement which what is installed here does not
    meet, as ``pip check`` does; ``details["contradictions"]`` has them as text.
    """
    walk = _Walk(
        root=root, lookup=lookup, environment=cast("dict[str, str]", default_environment())
    )
    walk.run()
    if walk.contradictions:
        raise _inconsistent(root, walk.contradictions, walk.repairs)
    return tuple(sorted(walk.found.values(), key=lambda project: project.name))


@dataclass(kw_only=True, slots=True)
class _Walk:
    """A breadth-first walk. ``queue`` has projects with extras not yet followed."""

    root: LocalProject
    lookup: Lookup
    environment: Mapping[str, str]
    found: dict[NormalizedName, LocalProject] = field(default_factory=dict)
    followed: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)
    queue: deque[tuple[LocalProject, frozenset[str]]] = field(default_factory=deque)
    contradictions: dict[str, None] = field(default_factory=dict)  # an ordered set
    repairs: dict[str, None] = field(default_factory=dict)

    def run(self) -> None:
        self.found[self.root.name] = self.root
        self._enqueue(self.root, self.root.wanted_extras)
        while self.queue:
            project, extras = self.queue.popleft()
            for text in project.requires:
                self._follow(project, text, extras)

    def _enqueue(self, project: LocalProject, extras: frozenset[str]) -> None:
        """Queue ``project`` with those of ``extras`` that were not followed before.

        The empty extra stands for the project itself.
        """
        before = self.followed.get(project.name, frozenset())
        wanted = frozenset({"", *(canonicalize_name(extra) for extra in extras)})
        if not wanted <= before:
            self.followed[project.name] = before | wanted
            self.queue.append((project, wanted - before))

    def _follow(self, by: LocalProject, text: str, extras: frozenset[str]) -> None:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            self.contradictions[f"{by} requires {text!r}, which is not a requirement (PEP 508)"] = (
                None
            )
            return
        if not _applies(requirement.marker, extras, self.environment):
            return
        name = canonicalize_name(requirement.name)
        if name not in self.found:
            project = self.lookup(name)
            if project is None:
                self._contradict(by, requirement, "which is not installed")
                return
            self.found[name] = project
        self._check(by, requirement, self.found[name])
        self._enqueue(self.found[name], frozenset(requirement.extras))

    def _check(self, by: LocalProject, requirement: Requirement, project: LocalProject) -> None:
        if not _satisfies(project.version, requirement):
            self._contradict(by, requirement, f"but {project} is installed")

    def _contradict(self, by: LocalProject, requirement: Requirement, why: str) -> None:
        requirement.marker = None
        self.contradictions[f"{by} requires {requirement}, {why}"] = None
        self.repairs[str(requirement)] = None


def _applies(marker: Marker | None, extras: Iterable[str], environment: Mapping[str, str]) -> bool:
    return marker is None or any(marker.evaluate({**environment, "extra": e}) for e in extras)


def _satisfies(version: str, requirement: Requirement) -> bool:
    """Tell whether an installed version will do; pre-releases count, since they are installed."""
    try:
        return requirement.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return not requirement.specifier


def _inconsistent(
    root: LocalProject, contradictions: Iterable[str], repairs: Iterable[str]
) -> LocalSetError:
    lines = list(contradictions)
    shown = [f"  {line}" for line in lines[:_SHOWN]]
    if len(lines) > _SHOWN:
        shown.append(f"  and {len(lines) - _SHOWN} more")
    wanted = " ".join(f'"{requirement}"' for requirement in repairs)
    return LocalSetError(
        "\n".join([f"what is installed here contradicts itself, seen from {root}:", *shown]),
        hint=f"repair this environment: python -m pip install {wanted}" if wanted else None,
        details={"contradictions": lines},
    )
