"""How those that compete in a race stand, from the rows of a database and what jobs wrote."""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from park.model.conditions import Phase, brief, evaluate, leaves
from park.model.ids import JobId
from park.model.truth import Truth
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.comparison import Incomparable, selected
from park_server.jobs.conditions.facts import elided
from park_server.jobs.conditions.verdicts import Verdicts
from park_server.jobs.races.decision import Entrant, Standing
from park_server.jobs.races.terms import Competitor, Terms

__all__ = ["Field"]

_MOST_TOLD = 20
"""Of those that compete, in a line that says what each had."""


class Field:
    """The competitors of ``race`` by its ``terms``, as ``verdicts`` see them."""

    def __init__(
        self, connection: Connection, verdicts: Verdicts, race: JobId, terms: Terms
    ) -> None:
        self._connection = connection
        self._verdicts = verdicts
        self._race = race
        self.terms = terms
        self._ranks: dict[str, float | None] = {}

    @cached_property
    def standings(self) -> list[Standing]:
        """How each stands, in their order."""
        competitors = self.terms.competitors
        verdicts = self._verdicts
        verdicts.load([leaf for each in competitors for leaf in leaves(each.good)])
        verdicts.load([each.phase(Phase.COMPLETED) for each in competitors])
        return [self._standing(each) for each in competitors]

    def _standing(self, competitor: Competitor) -> Standing:
        """Return how one stands; what failed is out, whatever it had reported before."""
        of = self._verdicts.within(self._race)
        completed = of(competitor.phase(Phase.COMPLETED)).truth
        if completed is Truth.NEVER:
            return Standing.OUT
        good = evaluate(competitor.good, of).truth
        if good is Truth.TRUE:
            return Standing.GOOD
        is_over = completed is Truth.TRUE and good is Truth.NEVER
        return Standing.ENDED if is_over else Standing.OPEN

    def entrants(self) -> list[Entrant]:
        """Return what a decision is made of; ranks only where they may count."""
        standings = self.standings
        good = sum(each is Standing.GOOD for each in standings)
        is_wanted = Standing.OPEN not in standings or good >= self.terms.keep
        ranked = {Standing.GOOD, Standing.ENDED} if is_wanted else set()
        return [
            Entrant(
                position=position,
                standing=standing,
                rank=self.rank_of(competitor) if standing in ranked else None,
                is_rank_known=standing not in ranked or self._is_rank_known(competitor),
            )
            for position, (competitor, standing) in enumerate(
                zip(self.terms.competitors, standings, strict=True)
            )
        ]

    # -- ranks

    @cached_property
    def _staged(self) -> dict[str, Any]:
        return need_rows.staged_for(self._connection, self._race)

    def _is_rank_known(self, competitor: Competitor) -> bool:
        is_here = competitor.service is None or competitor.rank is None
        return is_here or (competitor.rank is not None and competitor.rank.key in self._staged)

    def rank_of(self, competitor: Competitor) -> float | None:
        """Return how good ``competitor`` is; None where it has no number, or none that is here."""
        if competitor.job not in self._ranks:
            self._ranks[competitor.job] = self._read(competitor)
        return self._ranks[competitor.job]

    def _read(self, competitor: Competitor) -> float | None:
        rank = competitor.rank
        if rank is None:
            return None
        document = (
            job_rows.result_of(self._connection, JobId(competitor.job))
            if competitor.service is None
            else self._staged.get(rank.key, {}).get("value")
        )
        try:
            value = selected(document, rank.path)
        except Incomparable:
            return None
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if is_number and math.isfinite(value) else None

    # -- for people

    @property
    def ranked_by(self) -> str:
        """What the rank is called: the last step of its path."""
        steps = [each.rank.path for each in self.terms.competitors if each.rank is not None]
        return str(steps[0][-1][1]) if steps and steps[0] else "value"

    def counted(self) -> Counter[Standing]:
        """Return how many stand how."""
        return Counter(self.standings)

    def best(self) -> tuple[Competitor, float] | None:
        """Return the best that has ended so far, with its rank."""
        sign = 1 if self.terms.prefer == "lowest" else -1
        ranked = [
            (sign * rank, position, competitor, rank)
            for position, (competitor, standing) in enumerate(
                zip(self.terms.competitors, self.standings, strict=True)
            )
            if standing in {Standing.ENDED, Standing.GOOD}
            and (rank := self.rank_of(competitor)) is not None
        ]
        if not ranked:
            return None
        _, _, competitor, rank = min(ranked, key=lambda each: each[:2])
        return competitor, rank

    def told(self) -> str:
        """Return what each of them had, in one line."""
        lines = [self.line_of(each) for each in self.terms.competitors[:_MOST_TOLD]]
        more = len(self.terms.competitors) - len(lines)
        return elided("; ".join([*lines, *([f"{more} more"] if more else [])]))

    def line_of(self, competitor: Competitor) -> str:
        """Return what one had, or why it is out."""
        of = self._verdicts.within(self._race)
        name = f"job {brief(competitor.job)}"
        completed = of(competitor.phase(Phase.COMPLETED))
        if completed.truth is Truth.NEVER:
            _, found, why = completed.why.partition("; it ")
            return f"{name} {why}" if found else f"{name}: {completed.why}"
        if completed.truth is not Truth.TRUE:
            return completed.why or f"{name} has not ended"
        rank = self.rank_of(competitor)
        if rank is not None:
            return f"{name} has {self.ranked_by} {rank:g}"
        good = evaluate(competitor.good, of)
        return f"{name}: {good.why.removeprefix('needs ')}" if good.why else f"{name} completed"
