"""What a service keeps: what it takes on the disk, and what was removed."""

from __future__ import annotations

from dataclasses import dataclass, field

from park.wire.quota_records import QuotaRecord

__all__ = ["CleanRecord", "CleanRequest", "Share", "UsagePart", "UsageRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UsagePart:
    """What one part of a service's home takes on the disk."""

    name: str
    files: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What counts against one quota; ``quota_bytes`` None: there is none.

    ``kinds`` are bytes by kind; they overlap with the parts of the home, which they are in.
    """

    name: str
    size_bytes: int
    quota_bytes: int | None
    kinds: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageRecord:
    """What a service takes on the disk, with how many jobs it knows and how much room is left.

    ``pinned`` of its jobs are kept by their users. ``users`` is what each of them has.
    """

    parts: list[UsagePart]
    jobs: int
    free_bytes: int
    pinned: int
    shares: list[Share]
    users: list[QuotaRecord] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanRequest:
    """Remove what is older than this, in seconds, in the place of the service's own policy.

    None: as the policy says. ``older_than_s`` is the age of jobs since they ended; of trees the
    ``newest_trees`` of each project and user stay. ``dry_run``: only say what would go.
    """

    older_than_s: float | None = None
    logs_older_than_s: float | None = None
    events_older_than_s: float | None = None
    trees_older_than_s: float | None = None
    newest_trees: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanRecord:
    """How much was removed, or would be.

    ``logs`` counts jobs whose logs went before them, ``trees`` versions of working trees,
    ``files`` what nothing refers to any more, ``quarantined`` what was set aside long ago.
    ``size_bytes`` is what the last four took on the disk.
    """

    jobs: int
    logs: int
    events: int
    trees: int
    environments: int
    files: int
    quarantined: int
    size_bytes: int
