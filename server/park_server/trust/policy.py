"""The policy of a service as a value: who is in which group, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from park_server.trust.rights import NONE, USUAL, Rights

__all__ = ["GrantLimits", "Group", "Policy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Users that are spoken of together, and the rights that each of them has."""

    members: frozenset[str] = frozenset()
    rights: Rights = NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantLimits:
    """What the grants of a service may be, and what one of them may cost it.

    ``unbound``: one may be bound to no service, for peers that sign nothing. ``leaves`` may be
    followed with one at a time, where one that compares values counts as twenty, ``requests``
    made with it in a minute, and ``megabytes`` (millions of bytes) read with it in all.
    """

    unbound: bool = False
    leaves: int = 20_000
    requests: int = 6_000
    megabytes: int = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a policy file says; without one, each user has the `USUAL` rights.

    ``everybody``: what each user may do. ``users`` and ``groups``: what some may do besides.
    Rights only add up: nothing takes one away, so that none depends on an order.
    ``grants``: what is lent to other services, and how much of it.
    """

    everybody: Rights = USUAL
    users: Mapping[str, Rights] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    grants: GrantLimits = field(default_factory=GrantLimits)

    def groups_of(self, user: str, others: Iterable[str] = ()) -> frozenset[str]:
        """Return the groups of ``user``: those of the file, and ``others`` that he was put into."""
        named = {name for name, group in self.groups.items() if user in group.members}
        return frozenset(named.union(others))

    def rights_of(self, user: str, groups: Iterable[str], own: Rights = NONE) -> Rights:
        """Return what ``user`` may do, who is in ``groups`` and was given ``own``."""
        found = self.everybody | self.users.get(user, NONE) | own
        for name in groups:
            if (group := self.groups.get(name)) is not None:
                found |= group.rights
        return found
