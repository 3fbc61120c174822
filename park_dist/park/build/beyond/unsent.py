"""What a set reaches here and does not bring: decisions about names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from park.build.beyond.installed_facts import Facts
from park.local.project import LocalProject, ProjectKind

__all__ = ["Unsent", "extras", "imports", "merged", "plugins", "provider"]

_OF_TOOLS = frozenset({"console.scripts", "gui.scripts", "egg.info.writers", "pytest11"})
"""Groups that installers and build or test tools read, in the spelling of `_plain`."""

_OF_SESSIONS = frozenset({"matplotlib.backend"})
"""Groups that draw where a person sits: IPython's backend is in each notebook, and of no job."""

_TOOLS = ("setuptools.", "distutils.", "pytest.", "flake8.", "sphinx.", "pylint.", "mypy.")

_FOR_DEVELOPERS = re.compile(
    r"(?:all|ci|dev(?:el(?:op(?:ment|er)?)?)?|docs?|documentation|examples?|format(?:ting)?|lint"
    r"|release|style|tests?|testing|tutorials?|typing|types?)(?:[-_.].*)?",
    re.IGNORECASE,
)
"""Extras that change nothing of what the code does; ``all`` only gathers others."""


_BROUGHT = "park-dist"
"""Each service brings its job's side, `park.job` and the like, into every environment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsent:
    """A project that is installed here and stays here; ``take`` is what takes it along."""

    name: str
    version: str
    why: str
    take: str

    def line(self, root: str) -> str:
        """Return it as a line for people, in a set of ``root``."""
        return (
            f"not sent: {self.name} {self.version} {self.why}, "
            f"and nothing that {root} requires brings it (--with '{self.take}' would)"
        )


def plugins(
    members: Iterable[NormalizedName],
    installed: Mapping[NormalizedName, Facts],
    words: frozenset[str],
) -> Iterator[Unsent]:
    """Yield what gives entry points of groups that the set reads.

    That is: groups that begin with the name of a project or a module of the set, as the
    entry points specification recommends, and those that its own code names (``words``).
    """
    inside = frozenset(members)
    modules = {m for name in inside if name in installed for m in installed[name].modules}
    prefixes = frozenset(map(_plain, {*inside, *modules}))
    for name, facts in sorted(installed.items()):
        groups = [g for g in sorted(facts.groups) if _is_read(g, prefixes, words)]
        if name not in inside and groups:
            why = f"gives entry points of {', '.join(groups)}"
            yield Unsent(name=name, version=facts.version, why=why, take=name)


def _is_read(group: str, prefixes: frozenset[str], words: frozenset[str]) -> bool:
    plain = _plain(group)
    if plain in _OF_TOOLS | _OF_SESSIONS or plain.startswith(_TOOLS):
        return False
    parts = plain.split(".")
    beginnings = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return group in words or not beginnings.isdisjoint(prefixes)


def _plain(text: str) -> str:
    return re.sub(r"[-_.:/ ]+", ".", text).lower()


def imports(
    members: Iterable[NormalizedName],
    installed: Mapping[NormalizedName, Facts],
    names: Mapping[str, str],
) -> Iterator[Unsent]:
    """Yield what the set's own modules import: ``names`` are dotted, each with who imports it."""
    inside = frozenset(members)
    by_module: dict[str, list[NormalizedName]] = {}
    for name, facts in sorted(installed.items()):
        for module in facts.modules:
            by_module.setdefault(module, []).append(name)
    for dotted, who in sorted(names.items()):
        owners = provider(dotted, by_module)
        if owners and inside.isdisjoint(owners) and owners[0] != _BROUGHT:
            facts = installed[owners[0]]
            why = f"is imported by {who}"
            yield Unsent(name=owners[0], version=facts.version, why=why, take=owners[0])


def provider(dotted: str, by_module: Mapping[str, list[NormalizedName]]) -> list[NormalizedName]:
    """Return the projects that have the outermost package of a dotted name, as far as known."""
    parts = dotted.split(".")
    prefixes = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return next((by_module[prefix] for prefix in prefixes if prefix in by_module), [])


def extras(
    root: LocalProject | None,
    members: Iterable[LocalProject],
    installed: Mapping[NormalizedName, Facts],
    environment: Mapping[str, str],
) -> Iterator[Unsent]:
    """Yield what extras that nobody asked for would bring, where all of it is installed here.

    Looked at are ``root``, if somebody named one, and what is developed here: released libraries
    have many extras, and what is installed for another reason meets some of them.
    """
    members = list(members)
    inside = {member.name for member in members}
    for member in members:
        is_named = root is not None and member.name == root.name
        if not is_named and member.kind is not ProjectKind.TREE:
            continue
        for extra in member.extras:
            wanted = _of_extra(member, extra, environment)
            outside = [r for r in wanted if canonicalize_name(r.name) not in inside]
            is_here = all(_is_met(requirement, installed) for requirement in wanted)
            if is_here and extra not in member.wanted_extras and not _for_developers(extra):
                for requirement in outside:
                    name = canonicalize_name(requirement.name)
                    asked = f"{member.name}[{extra}]"
                    why = f"is here, perhaps for {asked}, which was not asked for"
                    yield Unsent(name=name, version=installed[name].version, why=why, take=asked)


def _of_extra(
    member: LocalProject, extra: str, environment: Mapping[str, str]
) -> list[Requirement]:
    """Return the requirements that apply with ``extra`` and not without it."""
    found = []
    for text in member.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker is None or marker.evaluate({**environment, "extra": ""}):
            continue
        if marker.evaluate({**environment, "extra": extra}):
            found.append(requirement)
    return found


def _is_met(requirement: Requirement, installed: Mapping[NormalizedName, Facts]) -> bool:
    here = installed.get(canonicalize_name(requirement.name))
    return here is not None and requirement.specifier.contains(here.version, prereleases=True)


def _for_developers(extra: str) -> bool:
    return _FOR_DEVELOPERS.fullmatch(extra) is not None


def merged(found: Iterable[Unsent]) -> tuple[Unsent, ...]:
    """Return one for each project, with all the reasons; the first says how to take it along."""
    by_name: dict[str, Unsent] = {}
    for each in found:
        known = by_name.setdefault(each.name, each)
        if each.why not in known.why:
            why = f"{known.why}, {each.why}"
            by_name[each.name] = Unsent(
                name=known.name, version=known.version, why=why, take=known.take
            )
    return tuple(by_name.values())
