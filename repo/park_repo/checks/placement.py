"""Where the members of a wheel are installed, and what must hold there.

A member of ``<name>-<version>.data/<scheme>/`` goes where the scheme says (binary
distribution format), so members with different names can meet at one path: those of
``purelib`` and ``platlib`` meet those at the root of the archive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from park_repo.checks.members import (
    Member,
    are_no_files_with_files_below,
    differ_by_more_than_case,
    occur_once,
)
from park_repo.checks.refusal import Rule, refused

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_placement"]

_ROOT_SCHEMES = {"purelib", "platlib"}
"""Both go where the root of the archive goes: environments have one site-packages."""

_SCHEMES = {*_ROOT_SCHEMES, "scripts", "data", "headers"}

_DATA_SUFFIX = ".data"


def check_placement(members: Sequence[Member], dist_info: str, *, for_linux: bool = False) -> None:
    """Apply the rules of paths to the paths at which the files of a wheel are installed.

    ``dist_info`` is the name of its ``.dist-info``; see `check_members` for ``for_linux``.
    Raises `InvalidUpload`.
    """
    data = dist_info.removesuffix(".dist-info") + _DATA_SUFFIX
    # directories are not installed: installers make those that files need
    placed = [_placed(member, data) for member in members if not member.is_directory]
    portable = () if for_linux else (differ_by_more_than_case,)
    for rule in (occur_once, *portable, are_no_files_with_files_below):
        rule(placed)


def _placed(member: Member, data: str) -> Member:
    top, _, below = member.name.partition("/")
    if not top.endswith(_DATA_SUFFIX):
        return member
    if top != data:
        # pip takes every folder of this kind for the wheel's own, others only that one
        raise refused(
            f"member {member.name!r}: a .data folder of another name; expected {data!r}",
            member=member.name,
            rule=Rule.DATA_FOLDER,
        )
    scheme, _, path = below.partition("/")
    if scheme not in _SCHEMES or not path:
        raise refused(
            f"member {member.name!r}: it is below no known scheme;"
            f" expected {data}/ and one of {', '.join(sorted(_SCHEMES))}",
            member=member.name,
            rule=Rule.DATA_FOLDER,
        )
    return replace(member, place=path) if scheme in _ROOT_SCHEMES else member
