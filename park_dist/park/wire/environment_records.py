"""Environments: the versions that a service has, and what they take."""

from __future__ import annotations

from dataclasses import dataclass, field

from park.model.states import EnvironmentState
from park.wire.pin_record import PinRecord

__all__ = [
    "EnvironmentDetail",
    "EnvironmentRecord",
    "EnvironmentSummary",
    "StorageRecord",
    "VerificationRecord",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentRecord:
    """One version of a project that a service has an environment for.

    ``pins`` is the requirement set that the client had (what parity compares);
    ``size_bytes`` what the environment and its share of the wheel store take together,
    ``own_bytes`` what it takes alone. Times are RFC 3339 in UTC. ``older`` is how many
    older ones are left out behind it, of its project and, like it, edited or released.
    ``used`` names the projects that runs of the entry point in question used there, None
    where nothing is known of such runs.
    """

    project: str
    version: str
    python: str
    lock_hash: str
    set_hash: str
    status: EnvironmentState
    packages: int
    size_bytes: int
    own_bytes: int
    created: str
    last_used: str | None
    installed_by: str
    pins: list[PinRecord]
    older: int = 0
    used: list[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentSummary:
    """An environment, whichever versions were installed into it.

    ``size_bytes`` is all that it links to, ``own_bytes`` what it takes alone. ``projects``
    are ``name==version``; ``realised`` is when it was made the last time; ``older`` how many
    older ones of its projects are left out behind it.
    """

    lock_hash: str
    status: EnvironmentState
    python: str
    packages: int
    size_bytes: int
    own_bytes: int
    created: str
    realised: str
    last_used: str | None
    projects: list[str]
    installed_by: list[str]
    pinned_by: list[str]
    older: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentDetail:
    """An environment with what its lock has; ``path`` and what follows while it is there.

    ``conflicts`` name each path that several wheels own, and the owners, of whom the last
    is seen; ``bytecode`` tells whether all modules are compiled.
    """

    environment: EnvironmentSummary
    packages: list[PinRecord]
    path: str | None = None
    python_full: str | None = None
    bytecode: bool = False
    conflicts: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerificationRecord:
    """What was found changed in an environment, and whether it was made whole again."""

    lock_hash: str
    damages: list[str]
    repaired: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageRecord:
    """What environments and unpacked wheels take; ``quota_bytes`` None: without a limit."""

    quota_bytes: int | None
    store_bytes: int
    environments_bytes: int
    wheels: int
    environments: int
