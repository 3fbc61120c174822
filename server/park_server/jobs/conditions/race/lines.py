"""A race in lines for people: how far it is, who has won, and how each one stands."""

from __future__ import annotations

from collections.abc import Iterator

from park.model.conditions import brief
from park.wire import RaceRecord
from park_server.jobs.conditions.race.field import Field
from park_server.jobs.races.decision import Standing

__all__ = ["competitors", "running", "won"]


def running(field: Field, record: RaceRecord) -> str:
    """Return how far a race is that has not ended."""
    if record.decided is not None:
        return f"decided: won by {_winners(record)}; it ends once what has won has ended"
    counted = field.counted()
    ended = sum(counted.values()) - counted[Standing.OPEN]
    good = counted[Standing.GOOD]
    line = f"race: {ended} of {record.competitors} have ended, "
    line += f"{good} of {record.keep} good enough" if good else "none good enough yet"
    if counted[Standing.OUT]:
        line += f", {counted[Standing.OUT]} failed or cancelled"
    if (best := field.best()) is None:
        return line
    competitor, rank = best
    return f"{line}: best {field.ranked_by} {rank:g} of job {brief(competitor.job)}"


def won(record: RaceRecord) -> str:
    """Return who has won a race that is over."""
    by = "good enough" if record.by == "good enough" else "none was good enough, the best"
    line = f"won by {_winners(record)}: {by}"
    if record.unconfirmed:
        names = ", ".join(map(brief, record.unconfirmed))
        line += f"; still to be confirmed elsewhere: the end of {names}"
    return line


def _winners(record: RaceRecord) -> str:
    return ", ".join(
        " ".join(filter(None, [f"job {brief(each.job)}", f"({each.label})" if each.label else ""]))
        for each in record.winners
    )


def competitors(field: Field, record: RaceRecord) -> Iterator[str]:
    """Yield a line for each that competes, where the race is not over."""
    winners = {each.job for each in record.winners}
    for competitor in field.terms.competitors:
        line = field.line_of(competitor)
        yield f"{line} (won)" if competitor.job in winners else line
