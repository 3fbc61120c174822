"""The users of a service, in memory: who there is, in which groups, and what each may do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from park.errors import Conflict, NotPermitted, UnknownItem, UsageError
from park.wire import GroupRecord, UserRecord
from park_repo.database import Database
from park_server.clock import now
from park_server.quotas.limits import NO_LIMITS, Allowance
from park_server.trust import audit, user_rows
from park_server.trust.audit import Actor
from park_server.trust.names import check_name
from park_server.trust.policy import Policy
from park_server.trust.policy_file import read_policy
from park_server.trust.rights import ALL, NONE, Rights
from park_server.trust.user_rows import KnownUser

__all__ = ["Directory"]


class Directory:
    """Users and policy. The ``operator`` is always there, and may all: the home is his.

    ``generation`` is another number after each change of it all.
    ``policy_file`` may be absent; then each user has the usual rights. Raises `UsageError`,
    with the line, where it is not understood: a service does not guess what is allowed.
    """

    def __init__(
        self,
        database: Database,
        operator: str,
        policy_file: Path,
        *,
        not_apart: Sequence[str] = (),
        changed: Callable[[], None],
    ) -> None:
        """``not_apart``: what cannot be kept apart here; with any, there is no second user.

        ``changed`` is called after each change, in which somebody may have lost a right.
        """
        self._changed = changed
        self._not_apart = tuple(not_apart)
        self._database = database
        self.operator = operator
        self.policy_file = policy_file
        self.policy, self.policy_text = _read(policy_file)
        self.generation = 0
        self._known: dict[str, tuple[Rights, frozenset[str]]] = {}
        self._allowances: dict[str, Allowance] = {}
        self._users: dict[str, KnownUser] = {}
        self._groups: dict[str, frozenset[str]] = {}
        self._refresh()

    def _refresh(self) -> None:
        self._users = self._database.read(user_rows.every)
        self._groups = self._database.read(user_rows.groups)
        self._forget()

    def _forget(self) -> None:
        """Look up anew what follows from users, groups and policy."""
        self._known.clear()
        self._allowances.clear()
        self.generation += 1
        self._changed()

    # -- asking

    def is_user(self, name: str) -> bool:
        """Tell whether things are done in the name of ``name``."""
        known = self._users.get(name)
        return name == self.operator or (known is not None and known.disabled is None)

    @property
    def is_alone(self) -> bool:
        """Tell whether the operator is the only user."""
        return all(each.disabled is not None for each in self._users.values())

    def require(self, name: str) -> None:
        """Raise `UnknownItem` unless ``name`` is a user."""
        if not self.is_user(name):
            raise UnknownItem(f"no user {name} on this service", hint="`park admin user list`")

    def password_of(self, name: str) -> str | None:
        """Return the encoded password of a user; None where nobody logs in by one."""
        known = self._users.get(name)
        return None if known is None or known.disabled is not None else known.password

    def standing(self, name: str) -> tuple[Rights, frozenset[str]]:
        """Return what ``name`` may do, and the groups he is in; nothing for who is no user."""
        if (found := self._known.get(name)) is None:
            found = self._known[name] = self._looked_up(name)
        return found

    def allowance_of(self, name: str) -> Allowance:
        """Return how much ``name`` may have; from any thread. The operator has no limits."""
        if (found := self._allowances.get(name)) is None:
            found = self._allowances[name] = self._allowance(name)
        return found

    def _allowance(self, name: str) -> Allowance:
        if name == self.operator:
            return Allowance(own=NO_LIMITS)
        _, groups = self.standing(name)
        return self.policy.allowance_of(name, {group: self._members(group) for group in groups})

    def _members(self, group: str) -> frozenset[str]:
        named = self.policy.groups[group].members if group in self.policy.groups else frozenset()
        return named.union(user for user, groups in self._groups.items() if group in groups)

    def _looked_up(self, name: str) -> tuple[Rights, frozenset[str]]:
        groups = self.policy.groups_of(name, self._groups.get(name, ()))
        if name == self.operator:
            return ALL, groups
        if not self.is_user(name):
            return NONE, frozenset()
        return self.policy.rights_of(name, groups, self._users[name].roles), groups

    def has_group(self, name: str) -> bool:
        """Tell whether there is a group ``name``, in the policy or by its members."""
        return name in self.policy.groups or any(name in each for each in self._groups.values())

    def users(self) -> list[UserRecord]:
        """Return the users by name, the operator among them."""
        names = sorted({self.operator, *self._users})
        return [self._record(name, self._users.get(name)) for name in names]

    def _record(self, name: str, known: KnownUser | None) -> UserRecord:
        rights, groups = self.standing(name)
        return UserRecord(
            name=name,
            roles=rights.spelled(),
            groups=sorted(groups),
            created=None if known is None else known.created,
            removed=None if known is None else known.disabled,
            has_password=known is not None and known.password is not None,
        )

    def groups(self) -> list[GroupRecord]:
        """Return the groups by name, with their members and roles."""
        members: dict[str, set[str]] = {
            name: set(group.members) for name, group in self.policy.groups.items()
        }
        for user, names in self._groups.items():
            for name in names:
                members.setdefault(name, set()).add(user)
        return [
            GroupRecord(
                name=name,
                members=sorted(members[name]),
                roles=self.policy.groups[name].rights.spelled()
                if name in self.policy.groups
                else [],
            )
            for name in sorted(members)
        ]

    # -- changing

    async def add(
        self, name: str, roles: Sequence[str], password: str | None, *, again: bool, actor: Actor
    ) -> UserRecord:
        """Add a user with an encoded ``password``; with ``again`` also one who was removed.

        Raises `Conflict` where the name is taken: what its first user left would be the next
        one's; `NotPermitted` where this machine cannot keep the jobs of two users apart.
        """
        if self._not_apart:
            raise NotPermitted(
                f"no second user here, for it cannot be kept apart: {'; '.join(self._not_apart)}",
                hint="where all users trust one another: park serve --trust-all",
            )
        check_name(name, "user")
        rights = Rights.of(roles)
        known = self._users.get(name)
        if name == self.operator or (known is not None and known.disabled is None):
            raise Conflict(f"there is a user {name} already", hint="`park admin user list`")
        if known is not None and not again:
            raise Conflict(
                f"{name} was a user until {known.disabled}, whose jobs and files are still here",
                hint="where it is the same person: park admin user add NAME --again",
            )

        def change(connection: Connection) -> None:
            if known is None:
                user_rows.add(connection, name, password, rights)
            else:
                values = {"disabled": None, "password": password, "roles": rights.spelled()}
                user_rows.update_user(connection, name, values)
            audit.append(connection, actor, "user.add", name, roles=rights.spelled())

        await self._change(change)
        return self._record(name, self._users[name])

    async def remove(self, name: str, actor: Actor) -> UserRecord:
        """Have nothing be done in the name of a user any more; what he left stays."""
        self._require_added(name)
        await self._set(name, {"disabled": now()}, actor, "user.remove")
        return self._record(name, self._users[name])

    async def set_password(self, name: str, password: str, actor: Actor) -> UserRecord:
        """Give a user another (encoded) password."""
        self._require_added(name)
        await self._set(name, {"password": password}, actor, "user.password")
        return self._record(name, self._users[name])

    async def set_roles(self, name: str, roles: Sequence[str], actor: Actor) -> UserRecord:
        """Give a user other roles than he has, besides those of the policy."""
        self._require_added(name)
        spelled = Rights.of(roles).spelled()
        await self._set(name, {"roles": spelled}, actor, "user.roles", roles=spelled)
        return self._record(name, self._users[name])

    async def join(self, group: str, user: str, actor: Actor) -> GroupRecord:
        """Put a user into a group, which need not be in the policy."""
        check_name(group, "group")
        self.require(user)
        await self._change(
            audit.with_entry(
                lambda c: user_rows.join(c, group, user), actor, "group.add", group, member=user
            )
        )
        return next(each for each in self.groups() if each.name == group)

    async def leave(self, group: str, user: str, actor: Actor) -> None:
        """Take a user out of a group; raises `UsageError` where the policy has him in it."""
        named = self.policy.groups.get(group)
        if named is not None and user in named.members:
            raise UsageError(
                f"{user} is in {group} by the policy file {self.policy_file}",
                hint="take the name out there, then: park admin policy reload",
            )
        if group not in self._groups.get(user, ()):
            raise UnknownItem(f"{user} is not in a group {group}", hint="`park admin group list`")
        await self._change(
            audit.with_entry(
                lambda c: user_rows.leave(c, group, user),
                actor,
                "group.remove",
                group,
                member=user,
            )
        )

    async def reload_policy(self, actor: Actor) -> Policy:
        """Read the policy file again; raises `UsageError` and keeps to the last where it is wrong.

        Who was put into a group stays there; what the group may do is what the file says now.
        """
        policy, text = _read(self.policy_file)
        await self._change(
            lambda c: audit.append(c, actor, "policy.reload", str(self.policy_file), text=text)
        )
        self.policy, self.policy_text = policy, text
        self._forget()
        return policy

    def _require_added(self, name: str) -> None:
        if name == self.operator:
            raise UsageError(
                f"{name} operates this service, and is no user of its table",
                hint="his token is in the home; rotate it with: park admin token rotate",
            )
        self.require(name)

    async def _set(
        self, name: str, values: dict[str, object], actor: Actor, action: str, **data: Any
    ) -> None:
        await self._change(
            audit.with_entry(
                lambda c: user_rows.update_user(c, name, values), actor, action, name, **data
            )
        )

    async def _change(self, change: Callable[[Connection], None]) -> None:
        await self._database.awrite(change)
        self._refresh()


def _read(path: Path) -> tuple[Policy, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Policy(), ""
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise UsageError(f"cannot read the policy file {path}: {error.strerror}") from None
    return read_policy(text, str(path)), text
