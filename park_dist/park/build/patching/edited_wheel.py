"""Which members of a wheel an edit of its tree replaces: a pure decision.

A module is copied into a wheel under the end of its path: ``src/film/model.py`` is
``film/model.py`` there. So where only modules were edited, the members that are to be replaced are
those that had the content of before under such a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Held", "replaced_members"]

_MODULE = ".py"


class Held(NamedTuple):
    """What a tree has at a path: its ``mode`` (see `HashedFile.mode`), and its SHA-256 in hex."""

    mode: str
    sha256: str


def replaced_members(
    before: Mapping[str, Held], now: Mapping[str, Held], shipped: Mapping[str, str]
) -> dict[str, str] | None:
    """Return the members that an edit replaces, each with the path in the tree that it is now of.

    ``before`` and ``now`` are the files of the tree, ``shipped`` the SHA-256 in hex of the members
    of the wheel of before. None where only a build can tell: files came, went or got another
    mode, something else than modules was edited, or a module is not in the wheel exactly once.

    >>> replaced_members(
    ...     {"src/film/model.py": Held("-", "aa")},
    ...     {"src/film/model.py": Held("-", "bb")},
    ...     {"film/model.py": "aa"},
    ... )
    {'film/model.py': 'src/film/model.py'}
    """
    if before.keys() != now.keys():
        return None
    edited = [path for path, held in now.items() if held != before[path]]
    found = {}
    for path in edited:
        old = before[path]
        if now[path].mode != old.mode or old.mode == "l" or not path.endswith(_MODULE):
            return None
        member = _copy_of(path, old, before, shipped)
        if member is None:
            return None
        found[member] = path
    return found


def _copy_of(
    path: str, old: Held, before: Mapping[str, Held], shipped: Mapping[str, str]
) -> str | None:
    """Return the one member that is the copy of a file, None where it is not certain.

    Each other member of the same content must be the copy of another file.
    """
    alike = [member for member, digest in shipped.items() if digest == old.sha256]
    own = [member for member in alike if _is_end(member, path)]
    if len(own) != 1:
        return None
    others = [each for each, held in before.items() if held.sha256 == old.sha256 and each != path]
    if all(any(_is_end(member, each) for each in others) for member in alike if member != own[0]):
        return own[0]
    return None


def _is_end(member: str, path: str) -> bool:
    return path == member or path.endswith(f"/{member}")
