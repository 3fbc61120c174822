"""An account of the machine, and the numbers from which users get theirs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from park.errors import UsageError

__all__ = ["USUAL", "Account", "NumberRange"]

_HIGHEST = 0xFFFF_FFFE
"""The last user id that is one: the next means "leave it as it is" (setresuid(2))."""

_EXAMPLE = "for example --job-accounts 200000-265535; none has all jobs be the service's account"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whose a user's processes and files are: ``uid``, ``gid``, further ``groups``.

    ``name`` is what programs call him, ``home`` where they keep what is theirs.
    """

    name: str
    uid: int
    gid: int
    home: Path
    groups: tuple[int, ...] = ()

    @property
    def word(self) -> str:
        """How a process is told to become it (see `park.runtime.cage.way_in`)."""
        return f"user={self.uid}:{self.gid}:{','.join(map(str, self.groups))}"

    @property
    def owner(self) -> tuple[int, int]:
        """The numbers that its files have."""
        return self.uid, self.gid


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberRange:
    """User ids ``first`` to ``last``, which nobody else on the machine has."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> NumberRange:
        """Return the range that ``FIRST-LAST`` says; raises `UsageError`."""
        first, dash, last = text.partition("-")
        if not (dash and first.isdecimal() and last.isdecimal()):
            raise UsageError(
                f"--job-accounts {text!r} is not of the form FIRST-LAST", hint=_EXAMPLE
            )
        if not 0 < int(first) <= int(last) <= _HIGHEST:
            raise UsageError(
                f"--job-accounts {text}: expected user ids from 1 to {_HIGHEST}, in order",
                hint=_EXAMPLE,
            )
        return cls(first=int(first), last=int(last))

    def free(self, taken: Collection[int]) -> int | None:
        """Return the number behind all that were ever ``taken`` here; None where none is left."""
        ours = [number for number in taken if self.first <= number <= self.last]
        number = max(ours, default=self.first - 1) + 1
        return number if number <= self.last else None


USUAL = NumberRange(first=0x7000_0000, last=0x7000_FFFF)
"""65,536 numbers where systemd's table of user ids has nobody ("Users, Groups, UIDs and GIDs")."""
