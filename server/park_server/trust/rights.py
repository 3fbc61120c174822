"""Roles, and the rights that they come to: values, of which others are made narrower.

A right is spelled ``query``, or ``upload:mymodel`` for one project, or ``upload:lab-*`` for
the projects whose names begin so. A role is a right without a project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from packaging.utils import canonicalize_name

from park.errors import UsageError

__all__ = ["ALL", "NONE", "USUAL", "Right", "Rights", "Role"]


class Role(StrEnum):
    """What somebody may do on a service; each alone, but for what `Rights` says.

    ``query``: see what is there, and what is one's own. ``submit``: run jobs, and keep files.
    ``realise``: have environments made of what is released. ``upload``: publish, and have
    environments made of one's own working trees. ``operate``: offer, claim, yank, evict.
    ``admin``: users, tokens and the audit log. ``observe``: read the metrics of the service.
    """

    QUERY = "query"
    SUBMIT = "submit"
    REALISE = "realise"
    UPLOAD = "upload"
    OPERATE = "operate"
    ADMIN = "admin"
    OBSERVE = "observe"


_PROJECT = re.compile(r"([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])")
"""A project's name (https://packaging.python.org/en/latest/specifications/name-normalization/)."""

_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\*")


@dataclass(frozen=True, slots=True)
class Right:
    """One role, for all projects or for those of ``project``: a normalised name, or ``name-*``."""

    role: Role
    project: str | None = None

    @classmethod
    def parse(cls, text: str) -> Right:
        """Return the right that ``text`` spells; raises `UsageError`."""
        name, colon, project = text.partition(":")
        if name not in list(Role):
            raise UsageError(f"{text!r} is no role; expected one of {', '.join(Role)}")
        if not colon:
            return cls(Role(name))
        if Role(name) is not Role.UPLOAD:
            raise UsageError(
                f"{text!r}: {name} is for the whole service",
                hint="upload alone is for a project (upload:mymodel), or for those whose names"
                " begin alike (upload:lab-*)",
            )
        if _PROJECT.fullmatch(project):
            return cls(Role.UPLOAD, str(canonicalize_name(project)))
        if _PREFIX.fullmatch(project):
            return cls(Role.UPLOAD, _normal_prefix(project))
        raise UsageError(
            f"{text!r}: {project!r} is no name of a project, and no prefix of names",
            hint="for example upload:mymodel, or upload:lab-*",
        )

    def __str__(self) -> str:
        return str(self.role) if self.project is None else f"{self.role}:{self.project}"

    def covers(self, other: Right) -> bool:
        """Tell whether whoever has this right has the ``other``, too."""
        if self.role is not other.role:
            return False
        if self.project is None or self.project == other.project:
            return True
        if other.project is None or not self.project.endswith("*"):
            return False
        return other.project.startswith(self.project[:-1])

    def common(self, other: Right) -> Right | None:
        """Return what both rights allow; None where that is nothing."""
        if self.covers(other):
            return other
        return self if other.covers(self) else None


def _normal_prefix(text: str) -> str:
    """Normalise as names are, and keep a last separator: ``lab-*`` is not ``lab*``."""
    return re.sub(r"[-_.]+", "-", text[:-1]).lower() + "*"


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do. Each but ``query`` brings ``query`` along: an answer says what is."""

    held: frozenset[Right]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Rights:
        """Return the rights that ``texts`` spell; raises `UsageError` for what is none."""
        return cls(frozenset(map(Right.parse, texts)))

    def __or__(self, other: Rights) -> Rights:
        return Rights(self.held | other.held)

    def has(self, role: Role) -> bool:
        """Tell whether ``role`` is held at all, be it for one project."""
        if role is Role.QUERY:
            return bool(self.held)
        return any(right.role is role for right in self.held)

    def may_upload(self, project: str) -> bool:
        """Tell whether files and working trees of ``project`` (normalised) may be sent."""
        wanted = Right(Role.UPLOAD, project)
        return any(right.covers(wanted) for right in self.held)

    def names(self, project: str) -> bool:
        """Tell whether a right speaks of ``project`` itself, or of names that begin as its does."""
        wanted = Right(Role.UPLOAD, project)
        return any(right.project is not None and right.covers(wanted) for right in self.held)

    def narrowed(self, scopes: Rights | None) -> Rights:
        """Return what both these rights and ``scopes`` allow; None: no narrower."""
        if scopes is None:
            return self
        pairs = product(_whole(self), _whole(scopes))
        common = {right for mine, theirs in pairs if (right := mine.common(theirs))}
        return Rights(frozenset(common))

    def lacking(self, wanted: Rights) -> list[Right]:
        """Return those of ``wanted`` that these do not cover, as they are spelled, in order."""
        return sorted(
            (right for right in wanted.held if not any(m.covers(right) for m in _whole(self))),
            key=str,
        )

    def spelled(self) -> list[str]:
        """Return each right as text, in the order of the roles."""
        order = list(Role)
        return [str(r) for r in sorted(self.held, key=lambda r: (order.index(r.role), str(r)))]


def _whole(rights: Rights) -> frozenset[Right]:
    return rights.held | {Right(Role.QUERY)} if rights.held else rights.held


ALL = Rights(frozenset(map(Right, Role)))
"""What the operator of a service may do, whose home it is."""

NONE = Rights(frozenset())

USUAL = Rights(frozenset(map(Right, (Role.QUERY, Role.SUBMIT, Role.REALISE, Role.UPLOAD))))
"""What each user may do where no policy says otherwise: all but what is everybody's."""
