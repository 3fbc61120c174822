"""What a notebook shows of a sweep: how many jobs are in which state, and which failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from park.cards.frame import aside, framed
from park.cards.state_look import SIGNS, TINTS, coloured
from park.model.states import JobState

__all__ = ["Standings", "sweep_card", "sweep_text"]

_MOST_FAILED = 5

_ORDER = (
    JobState.COMPLETED,
    JobState.RUNNING,
    JobState.WAITING,
    JobState.FAILED,
    JobState.CANCELLED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standings:
    """How the jobs of a sweep stand: the state of each, by its id, in the order of the calls.

    What is queued counts as waiting. ``reasons`` are those of failures, by id, as far as a service
    told them; ``silence`` says why nothing newer is known.
    """

    states: Sequence[tuple[str, JobState]]
    reasons: Mapping[str, str] = field(default_factory=dict)
    silence: str | None = None

    @property
    def are_final(self) -> bool:
        """Whether nothing will change any more."""
        return all(state.is_final for _, state in self.states)

    @property
    def counts(self) -> list[tuple[JobState, int]]:
        """How many there are in each state, without those in which there are none."""
        found = Counter(state for _, state in self.states)
        return [(state, found[state]) for state in _ORDER if found[state]]

    @property
    def failed(self) -> list[str]:
        """A line for each that failed: its place among the calls, and why."""
        return [
            f"[{place}] {self.reasons.get(job) or f'job {job} failed'}"
            for place, (job, state) in enumerate(self.states)
            if state is JobState.FAILED
        ]


def sweep_text(standings: Standings, what: str) -> str:
    """Return the sweep as a line."""
    counts = ", ".join(f"{count:,} {state}" for state, count in standings.counts)
    return f"<{len(standings.states):,} jobs of {what}: {counts or 'none'}>"


def sweep_card(standings: Standings, what: str) -> str:
    """Return the sweep as HTML: counts, a bar of as many parts, and the first that failed."""
    total = len(standings.states)
    parts = [
        f'<div style="margin:.3em 0">{_legend(standings)}</div>',
        f'<div style="display:flex;height:.6em;max-width:32em">{_bar(standings)}</div>',
    ]
    parts += [aside(line) for line in _remarks(standings)]
    head = f"<strong>{total:,} jobs of {escape(what)}</strong>"
    return framed(head, *parts, tint=_tint(standings))


def _legend(standings: Standings) -> str:
    return " &nbsp; ".join(
        coloured(TINTS[state], f"{SIGNS[state]} {count:,} {escape(state)}")
        for state, count in standings.counts
    )


def _bar(standings: Standings) -> str:
    return "".join(
        f'<span style="flex:{count} 0 0;background:{TINTS[state]}"></span>'
        for state, count in standings.counts
    )


def _remarks(standings: Standings) -> list[str]:
    said = standings.failed[:_MOST_FAILED]
    more = len(standings.failed) - _MOST_FAILED
    if more > 0:
        said.append(f"and {more:,} more failed")
    if standings.silence:
        said.append(standings.silence)
    return said


def _tint(standings: Standings) -> str:
    """Return the colour of what matters most: a failure, else what goes on, else the end."""
    there = {state for state, _ in standings.counts}
    for state in (JobState.FAILED, JobState.RUNNING, JobState.WAITING, JobState.CANCELLED):
        if state in there:
            return TINTS[state]
    return TINTS[JobState.COMPLETED]
