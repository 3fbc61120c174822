"""Services: what they say of themselves, their files and their fork servers."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["AreaEntry", "AreaRecord", "ForkServerRecord", "ServiceRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class AreaRecord:
    """A place for files on a service: ``~`` (one's own), or ``/NAME``, a root of the operator."""

    name: str
    writable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AreaEntry:
    """What is in a folder of a service.

    ``kind`` is ``file``, ``folder``, ``link`` or ``other``; ``size`` is in bytes, 0 for what
    is no file; ``modified`` in RFC 3339 in UTC.
    """

    name: str
    kind: str
    size: int
    modified: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthRecord:
    """How a service is: ``ok``, or ``degraded`` while what it stands on is away.

    ``database`` says since when its database cannot be reached, and why; None: it can.
    """

    status: str
    database: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ForkServerRecord:
    """An interpreter that waits with a module imported, to fork jobs from.

    ``module`` is None where nothing is imported ahead, and ``reason`` says why if that was
    not asked for. ``memory_bytes`` counts a shared page once (PSS), with the ``spares``
    that are forked ahead.
    """

    lock_hash: str
    module: str | None
    pid: int
    running: int
    spares: int
    memory_bytes: int
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRecord:
    """What a service says of itself to whoever may use it.

    ``platforms`` has, for each Python minor, the platform tags of wheels that it takes, best
    first; ``builds`` tells whether it builds what a client sends as source. ``environments``
    is how jobs get real folders: ``overlay``, ``hard-links``, or ``none`` where no environment
    can be made; ``no_overlay`` why it is not the first. ``not_apart`` says what the machine
    cannot keep apart, a line for each; None where an earlier park says nothing of it.
    ``accounts``: each user but the operator has an account of his own there.
    ``identity`` names its key (RFC 7638), which what is lent to it is bound to.
    ``ships_grants``: its policy lets a grant be held by the service that uses it, here and there.
    ``kept_by`` is the URL of the index that keeps its released projects, where another one does.
    """

    version: str
    user: str
    pythons: list[str]
    index_url: str
    trees_url: str
    upload_url: str
    upstream: str | None
    platforms: dict[str, list[str]] = field(default_factory=dict)
    builds: bool = False
    environments: str | None = None
    no_overlay: str | None = None
    not_apart: list[str] | None = None
    accounts: bool = False
    identity: str | None = None
    ships_grants: bool = True
    kept_by: str | None = None

    @property
    def isolation_line(self) -> str:
        """What jobs there are kept from, in a line for people."""
        if self.not_apart is None:
            return "jobs are the system user of the service, as an earlier park runs them"
        if self.not_apart:
            return f"this machine cannot keep apart: {'; '.join(self.not_apart)}"
        own = "each user but the operator has an account of his own; " if self.accounts else ""
        return (
            f"{own}each job has its own folder alone, sees no secret of the service, signals nobody"
        )

    @property
    def environments_line(self) -> str:
        """How jobs there see environments, in a line for people."""
        match self.environments:
            case "overlay":
                return "real folders in each job, through overlay mounts"
            case "hard-links":
                return f"real folders of hard links, without overlay mounts: {self.no_overlay}"
            case "none":
                return f"none can be made: {self.no_overlay}"
            case other:
                return other or "as an earlier park makes them"
