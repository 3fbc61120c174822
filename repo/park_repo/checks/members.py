"""What the members of any archive must be, wheel or sdist, before the index takes it.

Each rule is a small function over all members that returns nothing or raises
`InvalidUpload`, naming the member and the rule; the caller adds the name of the file. To add
a rule, write one more and put it into `MEMBER_RULES`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from park.errors import InvalidUpload
from park.model.portable_names import WINDOWS_FORBIDS, is_windows_device
from park_repo.checks.refusal import Rule, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "MEMBER_RULES",
    "TREE_RULES",
    "Member",
    "are_no_files_with_files_below",
    "check_members",
    "check_sizes",
    "differ_by_more_than_case",
    "occur_once",
]

MAX_UNPACKED_BYTES = 8 << 30
"""The largest wheels in use (CUDA libraries) unpack to about 4 GiB."""

MAX_MEMBERS = 100_000
"""The largest wheels in use have some 20,000 members; each costs an inode in the store."""

MAX_RATIO = 50
"""Unpacked over packed bytes. Of 107 wheels of 71 projects of PyPI (scientific closures and
packaging tools) the highest ratio is 4.9 (idna 3.20); DEFLATE reaches 1,032."""

FREE_OF_RATIO_BYTES = 1 << 20
"""Below this, unpacked, any ratio is harmless; an sdist of one small file is padded to 10 KiB."""

MAX_PATH_BYTES = 1000
"""Of a whole path. Linux takes 4,096 bytes (PATH_MAX), of which the folders of a service's
store and environments, site-packages and the name of the bytecode need their part, and
macOS 1,024. The longest in those 107 wheels has 107 bytes."""

MAX_PART_BYTES = 230
"""Of one name. File systems take 255 bytes (NAME_MAX), and a module's bytecode is written under
its name with up to 24 more (``.cpython-313.pyc.4194304``). The longest there has 56."""

_FIRST = "\0"
"""A character that no path holds, and that sorts before every other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member of an archive: its path without a final slash, and its size in bytes.

    ``place`` is its installed path, where that is not ``name``.
    """

    name: str
    size: int
    is_directory: bool
    place: str = ""

    @property
    def path(self) -> str:
        """The path that it has where it matters: installed, or else in the archive."""
        return self.place or self.name


def check_members(members: Sequence[Member], *, packed_bytes: int, for_linux: bool = False) -> None:
    """Apply every rule to the members of an archive of ``packed_bytes`` on disk.

    One ``for_linux`` is a working tree's, which services alone install: what other platforms
    make of its names is no concern of theirs.
    """
    check_sizes(len(members), sum(member.size for member in members), packed_bytes)
    for rule in TREE_RULES if for_linux else MEMBER_RULES:
        rule(members)


def check_sizes(count: int, unpacked_bytes: int, packed_bytes: int) -> None:
    """Refuse what has too many members, unpacks to too much, or is packed as only bombs are."""
    if count > MAX_MEMBERS:
        raise InvalidUpload(f"{count:,} members; expected at most {MAX_MEMBERS:,}")
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise InvalidUpload(
            f"unpacks to {unpacked_bytes:,} bytes; the limit is {MAX_UNPACKED_BYTES:,}"
        )
    if unpacked_bytes > max(FREE_OF_RATIO_BYTES, MAX_RATIO * packed_bytes):
        raise InvalidUpload(
            f"unpacks {packed_bytes:,} bytes to {unpacked_bytes:,};"
            f" the limit is {MAX_RATIO} times as much"
        )


def stay_inside(members: Sequence[Member]) -> None:
    """No member is absolute, nor climbs with ``..``."""
    for member in members:
        if any(part in {"", ".", ".."} for part in member.name.split("/")):
            raise _refused(member, Rule.INSIDE, "a path may not be absolute, nor hold . or ..")


def have_usable_lengths(members: Sequence[Member]) -> None:
    """Every path can be made on a disk."""
    for member in members:
        path = member.name.encode("utf-8", "surrogateescape")
        if len(path) > MAX_PATH_BYTES:
            raise _refused(
                member,
                Rule.LENGTH,
                f"a path of {len(path):,} bytes; expected at most {MAX_PATH_BYTES:,}",
            )
        longest = max(map(len, path.split(b"/")))
        if longest > MAX_PART_BYTES:
            raise _refused(
                member,
                Rule.LENGTH,
                f"a name of {longest} bytes in its path; expected at most {MAX_PART_BYTES}",
            )


def have_portable_names(members: Sequence[Member]) -> None:
    """Every part of a path is a name on Windows, too: one wheel is for every platform."""
    sound: set[str] = set()
    for member in members:
        if any(c in WINDOWS_FORBIDS or ord(c) < ord(" ") for c in member.name):
            raise _refused(
                member,
                Rule.PORTABLE_NAME,
                'a path may not hold \\ : " < > | ? * or a control character',
            )
        # 200 folders of one wheel are the same for thousands of its members
        for part in set(member.name.split("/")) - sound:
            if part.endswith((".", " ")):
                raise _refused(
                    member,
                    Rule.PORTABLE_NAME,
                    f"{part!r} ends in a dot or a space, which Windows drops",
                )
            if is_windows_device(part):
                raise _refused(
                    member, Rule.PORTABLE_NAME, f"{part!r} is the name of a device on Windows"
                )
            sound.add(part)


def have_unambiguous_names(members: Sequence[Member]) -> None:
    """No path has a character that programs take for something else."""
    for member in members:
        if any(c == "\\" or ord(c) < ord(" ") for c in member.name):
            raise _refused(
                member, Rule.PORTABLE_NAME, "a path may not hold \\ or a control character"
            )


def occur_once(members: Sequence[Member]) -> None:
    """No path occurs twice: programs differ in which of the two they read."""
    for name, count in Counter(member.name for member in members).items():
        if count > 1:
            raise refused(
                f"member {name!r} occurs {count} times; expected once", member=name, rule=Rule.ONCE
            )
    at: dict[str, str] = {}
    for member in members:
        other = at.setdefault(member.path, member.name)
        if other != member.name:
            raise _refused(member, Rule.ONCE, f"it is installed at the same path as {other!r}")


def differ_by_more_than_case(members: Sequence[Member]) -> None:
    """No two paths, nor directories of them, are one where case does not count (macOS, Windows)."""
    # in this order paths that are one up to some folder are neighbours
    ordered = sorted(members, key=lambda member: _in_order(_folded(member.path)))
    for one, other in pairwise(ordered):
        parts, other_parts = one.path.split("/"), other.path.split("/")
        for end, (part, other_part) in enumerate(zip(parts, other_parts, strict=False), start=1):
            if part != other_part:
                if _folded(part) == _folded(other_part):
                    first, second = "/".join(parts[:end]), "/".join(other_parts[:end])
                    raise refused(
                        f"member {other.name!r}: {second!r} and {first!r} differ in case only",
                        member=other.name,
                        rule=Rule.CASE,
                        hint="rename one of them: a release is for every platform, and on macOS"
                        " and Windows both are one file; a working tree may have both",
                    )
                break


def are_no_files_with_files_below(members: Sequence[Member]) -> None:
    """No path is a file and a directory at once."""
    # in this order what is below a path stands directly behind it
    ordered = sorted(members, key=lambda member: _in_order(member.path))
    for member, below in pairwise(ordered):
        if not member.is_directory and below.path.startswith(f"{member.path}/"):
            raise _refused(
                below, Rule.FILE_OR_DIRECTORY, f"{member.path!r} is a file, not a directory"
            )


def _in_order(path: str) -> str:
    """Return what sorts ``path`` directly before all that is below it."""
    return path.replace("/", _FIRST)


def _folded(path: str) -> str:
    """Return ``path`` as a file system that ignores case and composition compares it."""
    return unicodedata.normalize("NFC", path).casefold()


def _refused(member: Member, rule: Rule, why: str) -> InvalidUpload:
    return refused(f"member {member.name!r}: {why}", member=member.name, rule=rule)


MEMBER_RULES: tuple[Callable[[Sequence[Member]], None], ...] = (
    stay_inside,
    have_usable_lengths,
    have_portable_names,
    occur_once,
    differ_by_more_than_case,
    are_no_files_with_files_below,
)

TREE_RULES: tuple[Callable[[Sequence[Member]], None], ...] = (
    stay_inside,
    have_usable_lengths,
    have_unambiguous_names,
    occur_once,
    are_no_files_with_files_below,
)
