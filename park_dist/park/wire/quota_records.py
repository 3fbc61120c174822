"""What a user has of a service, and of how much."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LimitRecord", "QuotaRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRecord:
    """How much there is of one thing: ``disk`` (bytes), jobs ``waiting``, ``running``, ``cores``.

    ``limit`` None: there is none. ``group``: the members of that group have it together.
    """

    name: str
    used: float
    limit: float | None
    group: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaRecord:
    """What ``user`` has and may have; ``disk`` are bytes by what they are.

    ``share`` is his part of the slots where others wait; each has 1 unless the policy says so.
    """

    user: str
    limits: list[LimitRecord]
    disk: dict[str, int]
    requests_per_s: float | None
    jobs_in_a_request: float | None
    share: float
