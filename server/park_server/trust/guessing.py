"""How fast passwords may be guessed: after a few that were wrong, slower and slower."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from park.errors import TooManyAttempts

__all__ = ["Guessing", "counted_as"]

_FIRST_S = 1.0
_LONGEST_S = 900.0
"""Doubled with each further guess, from a second to a quarter of an hour: a hundred a day."""

_OF_BOTH = 5
"""Wrong passwords of one user from one address, before anything is slowed: people mistype."""

_OF_ADDRESS = 20
"""… from one address for whatever users: a laboratory may be behind one."""

_OF_USER = 50
"""… of one user from anywhere. Many, since whoever knows a name could lock its user out."""

_FORGOTTEN_S = 3_600.0
"""Without a guess for so long, and the count begins anew."""

_MOST_KEPT = 10_000
"""Counts that are kept; of more, the oldest go: no flood of names fills the memory."""

_LONGEST_NAME = 64

_Key = tuple[str | None, str | None]
"""A user and an address; None: whoever, or from wherever."""


@dataclass(slots=True)
class _Count:
    wrong: int = 0
    last: float = 0.0


class Guessing:
    """Counts wrong passwords by user, by address, and by both; ``clock`` is in seconds.

    See `counted_as` for what addresses count as one.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()

    def check(self, user: str, address: str) -> None:
        """Raise `TooManyAttempts` while no further password of ``user`` is looked at."""
        wait_s = max(self._wait_s(key, free) for key, free in _keys(user, address))
        if wait_s > 0:
            raise TooManyAttempts(
                f"too many wrong passwords: none is looked at for the next {wait_s:.0f} s",
                hint="wait; whoever administrates the service can set a new password:"
                " park admin user password NAME",
                details={"retry_after_s": round(wait_s, 3)},
            )

    def failed(self, user: str, address: str) -> int:
        """Note a wrong password; return how many there were of this user from this address."""
        for key, _ in _keys(user, address):
            count = self._counts.pop(key, None) or _Count()
            if self._clock() - count.last > _FORGOTTEN_S:
                count.wrong = 0
            count.wrong, count.last = count.wrong + 1, self._clock()
            self._counts[key] = count
        while len(self._counts) > _MOST_KEPT:
            self._counts.popitem(last=False)
        return self._counts[_both(user, address)].wrong

    def succeeded(self, user: str, address: str) -> None:
        """Begin anew for ``user`` at ``address``, who knows the password: that was no guess."""
        for key, _ in _keys(user, address):
            if (count := self._counts.get(key)) is not None:
                count.wrong = 0 if key == _both(user, address) else count.wrong - 1

    def _wait_s(self, key: _Key, free: int) -> float:
        count = self._counts.get(key)
        if count is None or count.wrong < free:
            return 0.0
        # the exponent is bounded before it is used: 2.0**1100 is an OverflowError
        delay = min(_FIRST_S * 2.0 ** min(count.wrong - free, 20), _LONGEST_S)
        return count.last + delay - self._clock()


def counted_as(address: str) -> str:
    """Return what ``address`` counts as: one of IPv6 as the network that its site has at least.

    Whoever has one of these has as many of them as he likes (RFC 6177).

    >>> counted_as("2001:db8::1:2:3:4"), counted_as("192.0.2.7"), counted_as("::ffff:192.0.2.7")
    ('2001:db8::/64', '192.0.2.7', '192.0.2.7')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), 64), strict=False))


def _both(user: str, address: str) -> _Key:
    return user[:_LONGEST_NAME], counted_as(address)


def _keys(user: str, address: str) -> Iterator[tuple[_Key, int]]:
    yield _both(user, address), _OF_BOTH
    yield (None, counted_as(address)), _OF_ADDRESS
    yield (user[:_LONGEST_NAME], None), _OF_USER
