"""How those that compete stand, and what each has as its rank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.labs.races import begin, started
from support.labs.schedule_lab import lab, run

from park.model.ids import JobId
from park_server.jobs.conditions.race.field import Field
from park_server.jobs.races import race_rows
from park_server.jobs.races.decision import Standing


@pytest.mark.parametrize(
    ("value", "rank"),
    [
        ({"chisq": 1.5}, 1.5),
        ({"chisq": 2}, 2.0),
        ({"chisq": "low"}, None),
        ({"other": 1.0}, None),
        ([1.0], None),
        ({"chisq": {"$park": "float", "value": "nan"}}, None),
    ],
)
def test_a_rank_is_a_finite_number_or_none(tmp_path: Path, value: Any, rank: float | None) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            for job in "abc":
                await here.submit(job)
            orders = await started(here, 3)
            await begin(here, ["a", "b", "c"])
            here.complete(orders["a"], value)
            here.fail(orders["b"])
            await here.final("a")
            await here.final("b")

            def look(connection: Any) -> Any:
                explainer = here.scheduler.explainer()
                verdicts = explainer._verdicts(connection)
                terms = race_rows.get(connection, JobId("race")).terms
                field = Field(connection, verdicts, JobId("race"), terms)
                return field.standings, field.rank_of(terms.competitors[0]), field.entrants()

            standings, found, entrants = here.database.read(look)
            assert standings == [Standing.ENDED, Standing.OUT, Standing.OPEN]
            assert found == rank
            assert [each.rank for each in entrants] == [None] * 3  # one is open: none counts yet

    run(test)
