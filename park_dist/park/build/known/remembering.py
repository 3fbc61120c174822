"""Which sets can be known again, and all that each of them rests on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from park.build.beyond.edited import code_files
from park.build.beyond.installed_facts import dist_infos
from park.build.gathered.together import NOTHING
from park.build.known.evidence import evidence_of
from park.build.known.known_set import KnownSet, origin_of
from park.build.versioned_tree import TreeProject
from park.local.project import ProjectKind
from park.local.set_options import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from park.build.local_set import LocalSet

__all__ = ["is_plain", "known_set", "of_releases"]

_FILES = ("METADATA", "RECORD", "INSTALLER", "direct_url.json", "entry_points.txt", "top_level.txt")
"""What is read of a distribution, wherever park looks at it."""


def known_set(
    local: LocalSet,
    request: Mapping[str, Any],
    files: Mapping[str, str],
    said: Sequence[str],
    *,
    besides: Iterable[str],
    started_ns: int,
    target: str | None = None,
) -> KnownSet | None:
    """Return what is to be remembered of ``local``, looked at from ``started_ns`` on, or None.

    ``request`` is the install as JSON; of ``besides``, files of others, it rests on as well.
    ``target`` is what it is asked for by, where that is not the set's own module.
    """
    if local.is_gathered:
        return _of_python_alone(local, request, said, started_ns)
    target = target or local.module
    origin = None if target is None else origin_of(target)
    if origin is None or not is_plain(local):
        return None
    trees = _trees(local)
    sources = (file.source for each in trees for file in each.snapshot.files)
    if evidence_of(sources, started_ns=started_ns) is None:
        return None  # edited a moment ago: what else it rests on is not worth a look
    evidence = evidence_of(
        [*of_releases(local), *_of_trees(trees), *besides], started_ns=started_ns
    )
    if evidence is None:
        return None
    return KnownSet(
        request={name: value for name, value in request.items() if name != "id"},
        files=dict(files),
        said=list(said),
        origin=origin,
        trees={str(each.snapshot.root): each.snapshot.content_hash for each in trees},
        in_use=[
            *(str(tree.environment.record) for tree in trees),
            *map(_record_of, files.values()),
        ],
        evidence=evidence,
    )


def _of_python_alone(
    local: LocalSet, request: Mapping[str, Any], said: Sequence[str], started_ns: int
) -> KnownSet | None:
    """Return what is to be remembered of the set that has nothing but Python in it.

    It rests on the one file that stands for a project there; interpreter and machine are in the
    name under which it is remembered.
    """
    root = local.project.root
    if root != NOTHING or len(local.members) > 1 or local.options != PLAIN:
        return None
    evidence = evidence_of([str(root)], started_ns=started_ns)
    if evidence is None:
        return None
    return KnownSet(
        request=dict(request),
        files={},
        said=list(said),
        origin=None,
        trees={},
        in_use=[],
        evidence=evidence,
    )


def is_plain(local: LocalSet) -> bool:
    """Tell whether all of a set is released or a tree, and installed as both are nowadays.

    The tree that was asked for by its folder may be not installed at all.
    """
    named = {_name_of(info) for info in _infos()}
    if local.project.kind is ProjectKind.TREE:
        named.add(local.project.name)
    kinds = {ProjectKind.RELEASED, ProjectKind.TREE}
    return (
        local.options == PLAIN
        and not local.contradictions
        and not local.is_gathered
        and len(_trees(local)) == len(local.sources)
        and all(m.kind in kinds and m.is_followed and m.name in named for m in local.members)
    )


def of_releases(local: LocalSet) -> Iterator[str]:
    """Yield what the closure of ``local`` rests on, and what is said of its releases."""
    yield from _places()
    yield from _installed(_infos())
    yield from _released(local)


def _trees(local: LocalSet) -> list[TreeProject]:
    return [each for each in local.sources if isinstance(each, TreeProject)]


def _infos() -> list[Path]:
    return [info for place in _places() for info in dist_infos(place)]


def _name_of(info: Path) -> str:
    return canonicalize_name(info.name.removesuffix(".dist-info").rpartition("-")[0])


def _places() -> list[str]:
    return [place or str(Path.cwd()) for place in sys.path]


def _installed(infos: Iterable[Path]) -> Iterator[str]:
    """Yield what is read of the distributions here; their folders tell what came or went."""
    for info in infos:
        yield str(info)
        yield from (str(info / name) for name in _FILES if (info / name).exists())


def _of_trees(trees: Iterable[TreeProject]) -> Iterator[str]:
    for tree in trees:
        python = tree.environment.python_executable
        yield from (python, str(tree.environment.site_packages))
        yield from (str(tree.snapshot.root), str(tree.snapshot.root / "src"))


def _released(local: LocalSet) -> Iterator[str]:
    """Yield the files of releases that may be edited here, which is told with each install."""
    for member in local.members:
        if member.kind is ProjectKind.RELEASED:
            yield from code_files(member.name)


def _record_of(wheel: str) -> str:
    return os.path.join(os.path.dirname(wheel), "wheel.json")  # noqa: PTH118, PTH120 (text to text)
