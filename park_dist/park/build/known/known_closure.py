"""The closure of a target, remembered with all that it rests on but what trees contain.

An edit of a tree changes its version, and seldom what it requires: a set whose closure is as it
was is pinned again without a walk, and what was said of releases that were edited here holds.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.atomic import write_atomically
from park.build.known.evidence import evidence_of, holds
from park.build.known.known_set import origin_of
from park.build.known.remembering import is_plain, of_releases
from park.build.local_set import LocalSet, of_members
from park.errors import LocalSetError
from park.local.distributions import tree_distribution
from park.local.find import describe_statically, module_named_like
from park.local.project import LocalProject, ProjectKind
from park.local.set_options import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from park.build.cache import Cache
    from park.build.step import Progress

__all__ = ["closure_file", "recalled_set", "store_closure"]

_DECLARATIONS = ("pyproject.toml", "setup.py", "setup.cfg")
"""What a tree requires is read of these, or was when it was installed."""


def closure_file(known: Path) -> Path:
    """Return where the closure is remembered whose set is remembered in ``known``."""
    return known.with_name(f"{known.stem}.closure.json")


def store_closure(
    file: Path, target: str, local: LocalSet, edits: Sequence[str], *, started_ns: int
) -> None:
    """Remember the closure of ``local``, looked at from ``started_ns`` on, where that is possible.

    ``target`` is what it was asked for by, ``edits`` what was said of its releases.
    """
    origin = origin_of(target)
    if origin is None or not is_plain(local) or not _is_declared(local.project):
        return
    evidence = evidence_of([*of_releases(local), *_declared(local)], started_ns=started_ns)
    if evidence is None:
        return
    document = {
        "project": _as_json(local.project, local),
        "members": [_as_json(each, local) for each in local.members],
        "edits": list(edits),
        "origin": origin,
        "evidence": evidence,
    }
    with suppress(OSError):  # a cache that takes nothing costs a look the next time
        write_atomically(file, json.dumps(document))


def recalled_set(file: Path, target: str, *, cache: Cache, progress: Progress) -> LocalSet | None:
    """Return the set of ``target`` by the closure in ``file``, while that holds.

    The trees in it are looked at as ever; raises what `park.build.local_set.local_set` does.
    """
    known = _read(file)
    if known is None or known["origin"] != origin_of(target):
        return None
    members = tuple(_member(each) for each in known["members"])
    root = _member(known["project"])
    if root.root is not None and known["origin"] == str(root.root):
        root = replace(root, module=module_named_like(root, root.root))
    local = of_members(root, members, (), cache=cache, progress=progress, options=PLAIN)
    return replace(local, edits=tuple(known["edits"]))


def _read(file: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        known: dict[str, Any] = json.loads(file.read_bytes())
        if holds(known["evidence"]):
            return known
    return None


def _is_declared(root: LocalProject) -> bool:
    """Tell whether no edit but one of its declarations changes what ``root`` requires.

    So it is with what is installed; of a tree that is not, a backend may read anything.
    """
    if root.kind is not ProjectKind.TREE or root.root is None or tree_distribution(root.root):
        return True
    try:
        describe_statically(root.root)
    except LocalSetError:
        return False
    return True


def _declared(local: LocalSet) -> Iterator[str]:
    for source in local.sources:
        if source.project.root is not None:
            yield from (str(source.project.root / name) for name in _DECLARATIONS)


def _as_json(member: LocalProject, local: LocalSet) -> dict[str, Any]:
    """Return a member; what released ones require was followed, and is not asked for again."""
    document = {each.name: getattr(member, each.name) for each in fields(member)}
    document |= {
        "root": None if member.root is None else str(member.root),
        "wanted_extras": sorted(member.wanted_extras),
    }
    if member.kind is ProjectKind.RELEASED and member.name != local.project.name:
        document |= {"requires": (), "extras": ()}
    return document


def _member(document: dict[str, Any]) -> LocalProject:
    root = document["root"]
    return LocalProject(
        **{
            **document,
            "kind": ProjectKind(document["kind"]),
            "requires": tuple(document["requires"]),
            "extras": tuple(document["extras"]),
            "wanted_extras": frozenset(document["wanted_extras"]),
            "root": None if root is None else Path(root),
        }
    )
