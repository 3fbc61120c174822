"""Which compiled code of an environment is also that of others: numba's, which each user keeps.

numba goes by the file of a function, though what it calls elsewhere is compiled into it. So code is
shared where all that it may hold is the same: of released packages, by all released packages of the
environment and what working trees those require. An edit of a tree that only jobs import leaves
that as it is. What trees compile themselves is kept for one environment alone: they may import each
other without a word in their metadata.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_name

from park.model.pins import is_tree_version

if TYPE_CHECKING:
    from park_repo.wheelstore.entry import StoreEntry

__all__ = ["CODE", "Installed", "code_document", "shared_code", "told_of"]

CODE = "park-code.json"
"""In an environment: what `park.runtime.compiled.shared_code` is told there."""

_REQUIRED = re.compile(rb"^Requires-Dist:\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
"""The name alone: what an extra or a marker excludes counts too, and so less is shared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """A package of an environment.

    ``requires`` names what it may require, ``modules`` what it has in site-packages.
    """

    name: NormalizedName
    version: str
    sha256: str
    requires: frozenset[NormalizedName] = field(default_factory=frozenset)
    modules: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_tree(self) -> bool:
        """Whether it is a working tree, and not a release."""
        return is_tree_version(self.version)


def shared_code(python: str, packages: Iterable[Installed]) -> list[str]:
    """Return the digest of what is shared, then the names in site-packages that are not.

    ``python`` is the full version.
    """
    packages = list(packages)
    shared = _releases_and_what_they_require(packages)
    lines = sorted(f"{each.name}=={each.version} {each.sha256}" for each in shared)
    digest = hashlib.sha256("\n".join([python, *lines]).encode()).hexdigest()
    apart = {name for package in packages if package.is_tree for name in package.modules}
    return [digest, *sorted(apart)]


def _releases_and_what_they_require(packages: list[Installed]) -> list[Installed]:
    by_name = {package.name: package for package in packages}
    found = {package.name for package in packages if not package.is_tree}
    open_ends = list(found)
    while open_ends:
        further = {name for name in by_name[open_ends.pop()].requires if name in by_name} - found
        found |= further
        open_ends += further
    return [by_name[name] for name in found]


def code_document(python: str, entries: Iterable[StoreEntry]) -> bytes:
    """Return the content of `CODE` for an environment of ``entries``."""
    entries = list(entries)
    # among releases alone it does not matter what requires what: all are shared
    has_trees = any(is_tree_version(entry.version) for entry in entries)
    return json.dumps(
        shared_code(python, [_installed(entry, in_full=has_trees) for entry in entries])
    ).encode()


def _installed(entry: StoreEntry, *, in_full: bool) -> Installed:
    site = entry.path / "site"
    is_tree = is_tree_version(entry.version)
    return Installed(
        name=entry.name,
        version=entry.version,
        sha256=entry.sha256,
        requires=_requirements(site) if in_full else frozenset(),
        modules=_names(site) if is_tree else frozenset(),
    )


def _names(site: Path) -> frozenset[str]:
    return frozenset(path.name for path in site.iterdir() if path.suffix != ".dist-info")


def _requirements(site: Path) -> frozenset[NormalizedName]:
    headers = (
        path.read_bytes().partition(b"\n\n")[0] for path in site.glob("*.dist-info/METADATA")
    )
    names = (name.decode() for text in headers for name in _REQUIRED.findall(text))
    return frozenset(map(canonicalize_name, names))


def told_of(environment: Path) -> str | None:
    """Return what jobs in ``environment`` are told; None where an older release made it."""
    try:
        return (environment / CODE).read_text(encoding="utf-8")
    except OSError:
        return None
