"""The approvals of a service, and who is bound by them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from park.errors import NotPermitted, UnknownItem
from park.model.pins import Pin, RequirementSet
from park.wire import ApprovalRecord, ApprovalRequest
from park_repo.database import Database
from park_server.approvals import approval_rows
from park_server.approvals.approved import Approved, spelled
from park_server.clock import now
from park_server.envs.pylock import load
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory
from park_server.trust.rights import Role

__all__ = ["Approvals"]

_MOST_SHOWN = 3
_LONGEST_NOTE = 500
_MOST_LOCKS = 4_096
"""Locks whose pins are remembered: a lock never changes."""


class Approvals:
    """What is approved, in memory. Where the policy says so, users have nothing else.

    Whoever operates the service is not bound. What an operator offers counts as approved.
    """

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory
        self._pins_of = lru_cache(maxsize=_MOST_LOCKS)(self._read_pins)
        self._approved = self._read()

    def binds(self, user: str) -> bool:
        """Tell whether ``user`` has only what was approved; in any thread."""
        if not self._directory.policy.approved_only:
            return False
        return not self._directory.standing(user)[0].has(Role.OPERATE)

    def listing(self) -> list[ApprovalRecord]:
        """Return all approvals, by what is approved."""
        return self._database.read(approval_rows.every)

    async def approve(self, request: ApprovalRequest, actor: Actor) -> ApprovalRecord:
        """Approve a project, a version, a lock (whole) or a set; raises `UsageError`."""
        what = spelled(request)
        record = ApprovalRecord(
            what=what, user=actor.user, note=request.note[:_LONGEST_NOTE], created=now()
        )
        await self._database.awrite(
            audit.with_entry(
                lambda c: approval_rows.add(c, record), actor, "approve", what, note=record.note
            )
        )
        self._approved = self._read()
        return record

    async def withdraw(self, what: str, actor: Actor) -> None:
        """Approve something no longer; raises `UnknownItem`. What runs goes on to its end."""
        if what not in self._approved.spelled:
            raise UnknownItem(f"{what} is not approved here", hint="park admin approvals")
        await self._database.awrite(
            audit.with_entry(
                lambda c: approval_rows.remove(c, what), actor, "approve.withdraw", what
            )
        )
        self._approved = self._read()

    def require_set(self, user: str, wanted: RequirementSet) -> None:
        """Raise `NotPermitted` where ``user`` may not have an environment of ``wanted``."""
        if not self.binds(user) or self._approved.has_set(wanted.hash):
            return
        lacking = self._approved.lacking(wanted.pins)
        if not lacking:
            return
        known = self._database.read(lambda c: approval_rows.locks_of(c, wanted.hash))
        if not any(self.permits(user, each) for each in known):
            raise _refused(user, lacking, len(wanted.pins))

    def require_lock(
        self, user: str, wanted: RequirementSet, lock_hash: str, pins: Collection[Pin]
    ) -> None:
        """Raise `NotPermitted` where a lock of ``wanted`` has more than ``user`` may have.

        A lock may select what only this platform needs, which the client did not pin.
        """
        if not self.binds(user) or self._approved.has_set(wanted.hash):
            return
        lacking = self._approved.lacking(pins)
        if lacking and not self.permits(user, lock_hash):
            raise _refused(user, lacking, len(pins))

    def permits(self, user: str, lock_hash: str) -> bool:
        """Tell whether ``user`` may see a lock and run in it, as far as approvals go."""
        if not self.binds(user) or self._approved.has_lock(lock_hash):
            return True
        pins = self._pins_of(lock_hash)
        if pins is not None and not self._approved.lacking(pins):
            return True
        return self._database.read(lambda c: approval_rows.is_offered(c, lock_hash)) or any(
            map(
                self._approved.has_set,
                self._database.read(lambda c: approval_rows.sets_of(c, lock_hash)),
            )
        )

    def require_upstream(self, user: str, project: str, version: str | None) -> None:
        """Raise `NotPermitted` unless ``user`` may have a project of another index through this.

        At ``version``, or None: at some. A file whose version is not known needs all of them.
        """
        if not self.binds(user):
            return
        approved = self._approved
        is_there = (
            approved.has_some_of(project)
            if version is None
            else approved.has_version(project, version)
        )
        if not is_there:
            what = project if version is None else f"{project} {version}"
            raise NotPermitted(
                f"{what} is not approved on this service, and so not brought here for {user}",
                hint="its operator approves it: park admin approve",
            )

    def upstream_versions(self, user: str, project: str) -> frozenset[str] | None:
        """Return which versions of a project of another index ``user`` may have; None: all."""
        return self._approved.versions_of(project) if self.binds(user) else None

    def _read(self) -> Approved:
        return Approved(frozenset(each.what for each in self.listing()))

    def _read_pins(self, lock_hash: str) -> tuple[Pin, ...] | None:
        text = self._database.read(lambda c: approval_rows.document_of(c, lock_hash))
        return None if text is None else tuple(_pins_in(text))


def _pins_in(text: str) -> Iterable[Pin]:
    for package in load(text.encode()).packages:
        yield Pin(name=package.name, version=str(package.version))


def _refused(user: str, lacking: Sequence[Pin], count: int) -> NotPermitted:
    named = ", ".join(map(str, lacking[:_MOST_SHOWN]))
    more = len(lacking) - _MOST_SHOWN
    return NotPermitted(
        f"{user} may have only what was approved on this service, and {len(lacking)} of"
        f" {count} pins are not: {named}{f', and {more} more' if more > 0 else ''}",
        hint="run in a version that is there (park versions --nearest), or ask its operator:"
        " park admin approve",
    )
