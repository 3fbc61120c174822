"""Users, groups, the policy and the audit log, as those see them who administrate a service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "AuditRecord",
    "GroupRecord",
    "PasswordRequest",
    "PeerRevokeRequest",
    "PeerRevokedRecord",
    "PolicyRecord",
    "PolicyRequest",
    "QuarantineRecord",
    "QuarantineRequest",
    "RevokedRecord",
    "RolesRequest",
    "RotateIdentityRequest",
    "RotatedIdentityRecord",
    "RotatedRecord",
    "ShareRecord",
    "UserRecord",
    "UserRequest",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRequest:
    """A new user, with the ``roles`` he has besides those of the policy.

    Without a ``password`` he gets tokens from others. ``again``: who had the name and was
    removed is the same person.
    """

    name: str
    password: str | None = field(default=None, repr=False)
    roles: list[str] = field(default_factory=list)
    again: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRecord:
    """A user; ``roles`` are all that he has. ``created`` is None for the operator."""

    name: str
    roles: list[str]
    groups: list[str]
    has_password: bool
    created: str | None = None
    removed: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordRequest:
    """Another password."""

    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class RolesRequest:
    """Other roles, besides those of the policy."""

    roles: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRecord:
    """A group, with the roles that its members have by the policy."""

    name: str
    members: list[str]
    roles: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyRequest:
    """The text of a policy file, to be checked."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyRecord:
    """The policy that a service keeps to: its file, as it was read, empty where there is none."""

    file: str
    text: str
    everybody: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokedRecord:
    """What was revoked of a user: tokens, grants, and jobs that were ended."""

    user: str
    tokens: int
    grants: int
    jobs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RotatedRecord:
    """Where the operator's new token is; with the old one nothing is opened any more."""

    token_file: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RotateIdentityRequest:
    """``forget``: what other services lent to the key of before is lost with it."""

    forget: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RotatedIdentityRecord:
    """What names the new key of a service."""

    identity: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerRevokeRequest:
    """Another service, by its URL or by what names its key."""

    peer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerRevokedRecord:
    """A service that has nothing more of this one, and how many ``grants`` that ended.

    ``keys`` are those that it had them with.
    """

    peer: str
    grants: int
    keys: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantineRequest:
    """Why a file is set aside."""

    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantineRecord:
    """A file that nothing is made of any more, and what that ended."""

    sha256: str
    environments: list[str]
    jobs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareRecord:
    """With whom a user shares a project: ``user:NAME`` or ``group:NAME``."""

    project: str
    owner: str
    whom: str
    created: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRecord:
    """Who did what to what, when and from where; ``token`` is the id of the token."""

    seq: int
    time: str
    user: str
    token: str | None
    address: str
    action: str
    subject: str
    data: dict[str, Any]
