"""The policy of a service as a value: who is in which group, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from park_server.quotas.limits import NO_LIMITS, USUAL_LIMITS, Allowance, GroupShare, Limits
from park_server.trust.rights import NONE, USUAL, Rights

__all__ = ["AUDIT_KEPT_S", "NETWORKS", "GrantLimits", "Group", "JobRules", "LoginPolicy", "Policy"]

NETWORKS = ("all", "loopback", "none")
"""What jobs may have: the machine's, one that has nobody else in it, or none."""


AUDIT_KEPT_S = 400 * 86_400.0
"""A year, and the month in which somebody looks back at it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Users that are spoken of together, with the rights and ``limits`` that each of them has.

    ``together`` is what they may have in all.
    """

    members: frozenset[str] = frozenset()
    rights: Rights = NONE
    limits: Limits = NO_LIMITS
    together: Limits = NO_LIMITS


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantLimits:
    """What the grants of a service may be, and what one of them may cost it.

    ``unbound``: one may be bound to no service, for peers that sign nothing. ``shipped``: the
    service that uses one may hold what opens it, there and here; else each use is bounced off the
    agent of its user. ``leaves`` may be
    followed with one at a time, where one that compares values counts as twenty, ``requests``
    made with it in a minute, and ``megabytes`` (millions of bytes) read with it in all.
    """

    unbound: bool = False
    shipped: bool = True
    leaves: int = 20_000
    requests: int = 6_000
    megabytes: int = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRules:
    """What jobs may have: which of the `NETWORKS`, and what is their user's own.

    That is a /tmp (``private_tmp``), a namespace of processes (``own_processes``) and a loopback
    (``network``); None: each user has it, but for the operator. ``by_name``: users have the
    account of the machine that has their name. ``imports_ahead``: a process imports a module once,
    and each job is a copy of it; else each job imports for itself. None: ahead, but for users who
    have the service's own account.
    """

    network: str | None = None
    private_tmp: bool | None = None
    own_processes: bool | None = None
    imports_ahead: bool | None = None
    by_name: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginPolicy:
    """Who may log in at an issuer of OpenID Connect, as which user of the service.

    ``client`` is the name of the service there, ``secret_file`` has its secret where it has one.
    ``users`` by subject, ``groups`` by the names in the claim ``groups_claim``: whoever is in
    such a group is that user. What is in neither is nobody.
    """

    issuer: str
    client: str
    secret_file: str | None = None
    scope: str = "openid"
    groups_claim: str = "groups"
    users: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def user_of(self, subject: str, groups: Iterable[str]) -> str | None:
        """Return the user of a subject, or of the first of these groups in the policy's order."""
        if subject in self.users:
            return self.users[subject]
        told = set(groups)
        return next((user for group, user in self.groups.items() if group in told), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a policy file says; without one, each user has the `USUAL` rights.

    ``everybody``: what each user may do. ``users`` and ``groups``: what some may do besides.
    ``accounts``: the account of the machine that a user has there; ``jobs``: what jobs may have.
    Rights only add up: nothing takes one away, so that none depends on an order. A limit is the
    user's own, else the most generous of his groups, else that of ``limits``, everybody's.
    ``approved_only``: who does not operate the service has only what was approved there.
    ``audit_kept_s``: seconds for which the audit log has what users did for themselves.
    ``log_level``: from which level on the service logs; None: as it was started.
    ``grants``: what is lent to other services, and how much of it. ``login``: at which issuer.
    """

    everybody: Rights = USUAL
    users: Mapping[str, Rights] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    approved_only: bool = False
    grants: GrantLimits = field(default_factory=GrantLimits)
    limits: Limits = NO_LIMITS
    limits_of_users: Mapping[str, Limits] = field(default_factory=dict)
    login: LoginPolicy | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    jobs: JobRules = field(default_factory=JobRules)
    log_level: str | None = None
    audit_kept_s: float = AUDIT_KEPT_S

    def account_of(self, user: str) -> str | None:
        """Return which account of the machine ``user`` has; None: one of the service's numbers."""
        return self.accounts.get(user, user if self.jobs.by_name else None)

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

    def allowance_of(self, user: str, members: Mapping[str, frozenset[str]]) -> Allowance:
        """Return what ``user`` may have, who is in the groups ``members``."""
        groups = {name: self.groups[name] for name in members if name in self.groups}
        own = self.limits_of_users.get(user, NO_LIMITS)
        of_groups = own.or_else(group.limits for group in groups.values())
        return Allowance(
            own=of_groups.or_else([self.limits.or_else([USUAL_LIMITS])]),
            together=tuple(
                GroupShare(group=name, limits=group.together, members=members[name])
                for name, group in sorted(groups.items())
                if group.together != NO_LIMITS
            ),
        )
