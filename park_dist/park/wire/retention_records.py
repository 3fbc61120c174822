"""What a service keeps: what it takes on the disk, and what was removed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CleanRecord", "CleanRequest", "UsagePart", "UsageRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UsagePart:
    """What one part of a service's home takes on the disk."""

    name: str
    files: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageRecord:
    """What a service takes on the disk, with how many jobs it knows and how much room is left."""

    parts: list[UsagePart]
    jobs: int
    free_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanRequest:
    """Remove jobs that ended more than ``older_than_s`` seconds ago; ``dry_run``: only say what."""

    older_than_s: float
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanRecord:
    """How many jobs were removed, and files that nothing refers to any more."""

    jobs: int
    files: int
    size_bytes: int
