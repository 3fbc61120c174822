"""Whether a service can take work, and why not, in words that are nobody's secret.

Who asks has no token: so no host, path or name is said. `park service show` and the log say more.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Condition", "reasons"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What a service stands on, and whether it is there."""

    database_lost: bool = False
    database_damaged: bool = False
    disk_refuses: bool = False
    stops: bool = False


def reasons(condition: Condition) -> list[str]:
    """Return why no work is taken, a line for each reason; none where it is."""
    found = {
        "the database cannot be reached": condition.database_lost,
        "the database is damaged, and its operator has to bring back a backup": (
            condition.database_damaged
        ),
        "the disk takes nothing: it is full, or read-only": condition.disk_refuses,
        "the service stops": condition.stops,
    }
    return [line for line, holds in found.items() if holds]
