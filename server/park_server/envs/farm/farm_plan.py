"""The plan of a link farm: pure, from listings to directories, links and conflicts.

Folded as GNU Stow does: a directory that one wheel owns becomes one link; a directory
that several share (a namespace package, ``bin``, ``share``) is made, and what is in it is
planned in turn. Where two wheels own one path the later in name order wins, as if they
were installed in that order; the conflict is told. A file hides what earlier wheels have
below its path, also where a later one has a folder there again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Conflict", "FarmPlan", "Generated", "Layer", "Link", "Listing", "plan_farm"]

Listing = Callable[[str], Mapping[str, bool]]
"""Gives the names in a directory, and whether each is a directory itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What one wheel brings.

    ``mounts`` are pairs: a directory of the environment (``""`` for its top) and the
    folder whose content goes there. ``generated`` are files that are written rather than
    linked: scripts.
    """

    owner: str
    mounts: tuple[tuple[str, str], ...]
    generated: tuple[str, ...] = ()


class Link(NamedTuple):
    """A path of the environment that links to ``source``, a file or folder of ``owner``.

    A tuple, not a dataclass: an environment has hundreds, and its making is measured in ms.
    """

    path: str
    source: str
    owner: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Generated:
    """A path of the environment that is written for ``owner``."""

    path: str
    owner: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """A path that several own: ``sources`` by owner, the one that is seen last.

    The source of a generated file is None. The environment's own files have owner ``""``.
    """

    path: str
    owners: tuple[str, ...]
    sources: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FarmPlan:
    """What to make, each directory before what it holds."""

    directories: tuple[str, ...]
    links: tuple[Link, ...]
    generated: tuple[Generated, ...]
    conflicts: tuple[Conflict, ...]


class _Claim(NamedTuple):
    """One owner's wish for one path. ``source`` is None for a generated file.

    A tuple for the same reason as `Link`.
    """

    owner: str
    source: str | None
    is_directory: bool


@dataclass(slots=True)
class _Node:
    """A directory that is made: the folders merged into it, and what is fixed below it."""

    sources: list[tuple[str, str]] = field(default_factory=list)
    generated: list[tuple[str, str]] = field(default_factory=list)
    children: defaultdict[str, _Node] = field(default_factory=lambda: defaultdict(_Node))

    def descend(self, path: str) -> _Node:
        node = self
        for part in filter(None, path.split("/")):
            node = node.children[part]
        return node

    def claims(self, listing: Listing) -> dict[str, list[_Claim]]:
        """Return who wants what in this directory, in name order of the owners."""
        found: dict[str, list[_Claim]] = defaultdict(list)
        written = set(self.generated)  # in place of the same owner's file, if it has one
        for owner, source in self.sources:
            for name, is_directory in listing(source).items():
                if (owner, name) not in written:
                    found[name].append(_Claim(owner, f"{source}/{name}", is_directory))
        for owner, name in self.generated:
            found[name].append(_Claim(owner, None, is_directory=False))
            found[name].sort(key=lambda claim: claim.owner)
        return found


class _Planner:
    """Walks the directories that are made, and gathers the plan."""

    def __init__(
        self, listing: Listing, reserved: frozenset[str], unfolded: Callable[[str], bool]
    ) -> None:
        self._listing = listing
        self._reserved = reserved
        self._unfolded = unfolded
        self.directories: list[str] = []
        self.links: list[Link] = []
        self.generated: list[Generated] = []
        self.conflicts: list[Conflict] = []

    def walk(self, node: _Node, prefix: str) -> None:
        found = node.claims(self._listing)
        for name in sorted(found.keys() | node.children.keys()):
            claims, path = found.get(name, []), prefix + name
            if path in self._reserved:
                self._tell(path, [*claims, _Claim("", None, is_directory=False)])
            elif name in node.children:
                self._merge(node.children[name], path, claims)
            else:
                self._place(path, claims)

    def _place(self, path: str, claims: list[_Claim]) -> None:
        """Give ``path`` to its last owner, or to all whose directories merge with it."""
        last = claims[-1]
        if last.is_directory and (len(claims) > 1 or self._unfolded(path)):
            self._merge(_Node(), path, claims)
            return
        if len(claims) > 1:
            self._tell(path, claims)
        if last.source is None:
            self.generated.append(Generated(path=path, owner=last.owner))
        else:
            self.links.append(Link(path=path, source=last.source, owner=last.owner))

    def _merge(self, node: _Node, path: str, claims: list[_Claim]) -> None:
        """Make the directory ``path`` and merge into it the directories among ``claims``."""
        if not all(claim.is_directory for claim in claims):
            self._tell(path, claims)
            claims = _behind_last_file(claims)
        node.sources[:0] = [(claim.owner, claim.source) for claim in claims if claim.source]
        node.sources.sort(key=lambda pair: pair[0])
        self.directories.append(path)
        self.walk(node, f"{path}/")

    def _tell(self, path: str, claims: list[_Claim]) -> None:
        self.conflicts.append(
            Conflict(
                path=path,
                owners=tuple(claim.owner for claim in claims),
                sources=tuple(claim.source for claim in claims),
            )
        )


def _behind_last_file(claims: list[_Claim]) -> list[_Claim]:
    """Return the folders that no later file hides: what an overlay of the wheels would show."""
    files = [index for index, claim in enumerate(claims) if not claim.is_directory]
    return claims[files[-1] + 1 :]


def plan_farm(
    layers: Iterable[Layer],
    listing: Listing,
    *,
    directories: Iterable[str] = (),
    reserved: frozenset[str] = frozenset(),
    unfolded: Callable[[str], bool] = lambda _: False,
) -> FarmPlan:
    """Plan an environment of ``layers``.

    ``directories`` are always made, never linked (the environment writes into them
    itself), and so is a directory of which ``unfolded`` says so; ``reserved`` paths are the
    environment's own, and no layer gets them.
    """
    root = _Node()
    for path in directories:
        root.descend(path)
    for layer in sorted(layers, key=lambda layer: layer.owner):
        for target, source in layer.mounts:
            root.descend(target).sources.append((layer.owner, source))
        for path in layer.generated:
            directory, _, name = path.rpartition("/")
            root.descend(directory).generated.append((layer.owner, name))
    planner = _Planner(listing, reserved, unfolded)
    planner.walk(root, "")
    return FarmPlan(
        directories=tuple(planner.directories),
        links=tuple(planner.links),
        generated=tuple(planner.generated),
        conflicts=tuple(planner.conflicts),
    )
