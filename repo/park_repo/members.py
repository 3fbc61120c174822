"""What the members of any archive must be, wheel or sdist, before the index takes it.

Each rule is a small function over all members that returns nothing or raises
`InvalidUpload`, naming the member and the rule; the caller adds the name of the file. To add
a rule, write one more and put it into `MEMBER_RULES`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from park.errors import InvalidUpload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MEMBER_RULES", "Member", "check_members", "check_sizes"]

MAX_UNPACKED_BYTES = 8 << 30
"""The largest wheels in use (CUDA libraries) unpack to about 4 GiB."""

MAX_MEMBERS = 100_000
"""The largest wheels in use have some 20,000 members; each costs an inode in the store."""

MAX_RATIO = 50
"""Unpacked over packed bytes: source code packs 3 to 5 times, DEFLATE 1,032 times at most."""

FREE_OF_RATIO_BYTES = 64 << 20
"""Below this, unpacked, any ratio is harmless: a file of zeros is no bomb."""

_WINDOWS_FORBIDS = frozenset('<>:"|?*\\')
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)
"""Names that mean a device in every directory of Windows, whatever suffix they bear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member of an archive: its path without a final slash, and its size in bytes."""

    name: str
    size: int
    is_directory: bool


def check_members(members: Sequence[Member], *, packed_bytes: int) -> None:
    """Apply every rule to the members of an archive of ``packed_bytes`` on disk."""
    check_sizes(len(members), sum(member.size for member in members), packed_bytes)
    for rule in MEMBER_RULES:
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
            raise _refused(member, "a path may not be absolute, nor hold . or ..")


def have_portable_names(members: Sequence[Member]) -> None:
    """Every part of a path is a name on Windows, too: one wheel is for every platform."""
    for member in members:
        if any(c in _WINDOWS_FORBIDS or ord(c) < ord(" ") for c in member.name):
            raise _refused(member, 'a path may not hold \\ : " < > | ? * or a control character')
        for part in member.name.split("/"):
            if part.endswith((".", " ")):
                raise _refused(member, f"{part!r} ends in a dot or a space, which Windows drops")
            if part.partition(".")[0].rstrip().lower() in _WINDOWS_DEVICES:
                raise _refused(member, f"{part!r} is the name of a device on Windows")


def occur_once(members: Sequence[Member]) -> None:
    """No name occurs twice: programs differ in which of the two they read."""
    for name, count in Counter(member.name for member in members).items():
        if count > 1:
            raise InvalidUpload(f"member {name!r} occurs {count} times; expected once")


def differ_by_more_than_case(members: Sequence[Member]) -> None:
    """No two paths, nor directories of them, are one where case does not count (macOS, Windows)."""
    spelled: dict[str, str] = {}
    for member in members:
        for path in _with_parents(member.name):
            other = spelled.setdefault(_folded(path), path)
            if other != path:
                raise _refused(member, f"{path!r} and {other!r} differ in case only")


def are_no_files_with_files_below(members: Sequence[Member]) -> None:
    """No path is a file and a directory at once."""
    files = {member.name for member in members if not member.is_directory}
    for member in members:
        above = next((p for p in _with_parents(member.name)[:-1] if p in files), None)
        if above is not None:
            raise _refused(member, f"{above!r} is a file, not a directory")


def _with_parents(path: str) -> list[str]:
    """Return ``a``, ``a/b``, ``a/b/c`` of ``a/b/c``."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _folded(path: str) -> str:
    """Return ``path`` as a file system that ignores case and composition compares it."""
    return unicodedata.normalize("NFC", path).casefold()


def _refused(member: Member, rule: str) -> InvalidUpload:
    return InvalidUpload(f"member {member.name!r}: {rule}")


MEMBER_RULES: tuple[Callable[[Sequence[Member]], None], ...] = (
    stay_inside,
    have_portable_names,
    occur_once,
    differ_by_more_than_case,
    are_no_files_with_files_below,
)
