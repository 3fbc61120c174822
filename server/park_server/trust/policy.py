"""The policy of a service as a value: who is in which group, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from park_server.trust.rights import NONE, USUAL, Rights

__all__ = ["Group", "Policy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Users that are spoken of together, and the rights that each of them has."""

    members: frozenset[str] = frozenset()
    rights: Rights = NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a policy file says; without one, each user has the `USUAL` rights.

    ``everybody``: what each user may do. ``users`` and ``groups``: what some may do besides.
    Rights only add up: nothing takes one away, so that none depends on an order.
    """

    everybody: Rights = USUAL
    users: Mapping[str, Rights] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)

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
