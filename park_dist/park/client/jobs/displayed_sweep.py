"""A sweep on the display of a notebook: how its jobs stand, until all have ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from park.cards.on_display import Shown, show
from park.cards.sweep_card import Standings, sweep_card, sweep_text
from park.client.jobs.standings_there import StandingsThere
from park.client.jobs.submitted_job import Job
from park.errors import ParkError

__all__ = ["DisplayedSweep"]

_LOOK_S, _SHARE = 1.0, 20.0
"""It is asked for so often, and at most a twentieth of the time."""


class DisplayedSweep:
    """The ``jobs`` of a sweep of ``what``, as a notebook shows them."""

    def __init__(self, jobs: Sequence[Job], what: str) -> None:
        self._there = StandingsThere(jobs)
        self._what = what

    def now(self) -> Shown:
        """Return how they stand now."""
        return self._drawn(self._asked())

    def show(self) -> None:
        """Show them until all have ended."""
        show(self._states())

    def _states(self) -> Iterator[Shown]:
        while True:
            begun = time.monotonic()
            standings = self._asked()
            took_s = time.monotonic() - begun
            yield self._drawn(standings)
            if standings.are_final:
                return
            time.sleep(max(_LOOK_S, _SHARE * took_s))

    def _asked(self) -> Standings:
        """Return how they stand; where nothing answers, what was known, and why it is no newer."""
        try:
            return self._there.asked()
        except ParkError as error:
            return self._there.known(silence=error.message)

    def _drawn(self, standings: Standings) -> Shown:
        return Shown(html=sweep_card(standings, self._what), text=sweep_text(standings, self._what))
