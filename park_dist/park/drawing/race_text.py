"""How far a race is, in words."""

from __future__ import annotations

from park.model.conditions import brief
from park.wire import RaceRecord

__all__ = ["race_text"]


def race_text(race: RaceRecord) -> str:
    """Return who competes, and who has won: ``of 4, won by job …7f3abc``."""
    of = f"of {race.competitors:,}"
    kept = f"{of}, {race.keep:,} of them are kept" if race.keep > 1 else of
    if race.decided is None:
        return f"{kept}, not decided"
    names = ", ".join(
        f"job {brief(each.job)}" + (f" on {each.service}" if each.service else "")
        for each in race.winners
    )
    by = " by rank" if race.by == "rank" else ""
    line = f"{of}, won{by} by {names}"
    if race.unconfirmed:
        count = len(race.unconfirmed)
        line += f"; the end of {count} elsewhere is still to be confirmed"
    return line
