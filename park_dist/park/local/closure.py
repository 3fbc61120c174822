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
from park.local.hint_commands import install_command
from park.local.project import ProjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.specifiers import SpecifierSet

    from park.local.project import LocalProject

__all__ = ["Closure", "closure", "walked"]

_SHOWN = 20  # contradictions in a message; a broken environment can have hundreds


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """A requirement that what is installed here does not meet; ``project`` None: not installed."""

    by: LocalProject
    text: str
    specifier: SpecifierSet
    project: LocalProject | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """What a walk found: the projects, sorted by name, and what contradicts itself, as text."""

    projects: tuple[LocalProject, ...]
    contradictions: tuple[str, ...]
    unmet: tuple[Unmet, ...]

    def require_consistent(self, root: LocalProject) -> None:
        """Raise `LocalSetError` that lists the contradictions; ``details`` has them all."""
        if self.contradictions:
            raise _inconsistent(root, self.contradictions, self.unmet)


def closure(root: LocalProject, *, lookup: Lookup = look_up) -> tuple[LocalProject, ...]:
    """Return ``root`` and all that it requires, sorted by name.

    Raises `LocalSetError` that lists every requirement which what is installed here does not
    meet, as ``pip check`` does; ``details["contradictions"]`` has them as text.
    """
    found = walked(root, lookup=lookup)
    found.require_consistent(root)
    return found.projects


def walked(
    root: LocalProject, *, beside: Iterable[LocalProject] = (), lookup: Lookup = look_up
) -> Closure:
    """Return the closure of ``root`` and of what is to stand ``beside`` it.

    Each is followed with its ``wanted_extras``; what is beside may be ``root`` again, with others.
    """
    walk = _Walk(lookup=lookup, environment=cast("dict[str, str]", default_environment()))
    for each in (root, *beside):
        walk.begin(each)
    walk.run()
    return Closure(
        projects=tuple(sorted(walk.found.values(), key=lambda project: project.name)),
        contradictions=tuple(walk.contradictions),
        unmet=tuple(walk.unmet),
    )


@dataclass(kw_only=True, slots=True)
class _Walk:
    """A breadth-first walk. ``queue`` has projects with extras not yet followed."""

    lookup: Lookup
    environment: Mapping[str, str]
    found: dict[NormalizedName, LocalProject] = field(default_factory=dict)
    followed: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)
    queue: deque[tuple[LocalProject, frozenset[str]]] = field(default_factory=deque)
    contradictions: dict[str, None] = field(default_factory=dict)  # an ordered set
    unmet: list[Unmet] = field(default_factory=list)

    def begin(self, project: LocalProject) -> None:
        known = self.found.setdefault(project.name, project)
        self._enqueue(known, project.wanted_extras)

    def run(self) -> None:
        while self.queue:
            project, extras = self.queue.popleft()
            for text in project.requires if project.is_followed else ():
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
                self._contradict(by, requirement, None)
                return
            self.found[name] = project
        self._check(by, requirement, self.found[name])
        self._enqueue(self.found[name], frozenset(requirement.extras))

    def _check(self, by: LocalProject, requirement: Requirement, project: LocalProject) -> None:
        if not _satisfies(project.version, requirement):
            self._contradict(by, requirement, project)

    def _contradict(
        self, by: LocalProject, requirement: Requirement, project: LocalProject | None
    ) -> None:
        requirement.marker = None
        why = "which is not installed"
        if project is not None:
            why = f"but {project} {'is installed' if project.is_followed else 'was asked for'}"
        self.contradictions[f"{by} requires {requirement}, {why}"] = None
        unmet = Unmet(
            by=by, text=str(requirement), specifier=requirement.specifier, project=project
        )
        self.unmet.append(unmet)


def _applies(marker: Marker | None, extras: Iterable[str], environment: Mapping[str, str]) -> bool:
    return marker is None or any(marker.evaluate({**environment, "extra": e}) for e in extras)


def _satisfies(version: str, requirement: Requirement) -> bool:
    """Tell whether an installed version will do; pre-releases count, since they are installed."""
    try:
        return requirement.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return not requirement.specifier


def _inconsistent(
    root: LocalProject, contradictions: Sequence[str], unmet: Iterable[Unmet]
) -> LocalSetError:
    shown = [f"  {line}" for line in contradictions[:_SHOWN]]
    if len(contradictions) > _SHOWN:
        shown.append(f"  and {len(contradictions) - _SHOWN} more")
    return LocalSetError(
        "\n".join([f"what is installed here contradicts itself, seen from {root}:", *shown]),
        hint="; or ".join(
            [*_repairs(unmet), "take it as it is: --as-installed, as_installed=True"]
        ),
        details={"contradictions": list(contradictions)},
    )


def _repairs(unmet: Iterable[Unmet]) -> list[str]:
    """Say what makes the environment consistent; a tree is never replaced by a release."""
    installable: dict[str, None] = {}
    others: dict[str, None] = {}
    for each in unmet:
        if each.project is not None and not each.project.is_followed:
            others[f"ask for a release that fits: {each.text}"] = None
        elif each.project is None or each.project.kind is not ProjectKind.TREE:
            installable[each.text] = None
        else:
            tree = each.project
            others[
                f"bring {tree.name} in {tree.root} to {each.specifier}, "
                f"or change what {each.by.name} requires"
            ] = None
    repair = f"repair this environment: {install_command(*installable)}"
    return [*([repair] if installable else []), *others]
