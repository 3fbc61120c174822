"""`park_server.break_glass.open_jobs`: what runs is ended first, then what would run next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from support.labs.schedule_lab import USER, lab, run, value_of

from park.model.ids import JobId
from park_server.break_glass import open_jobs
from park_server.db.tables import jobs

if TYPE_CHECKING:
    from pathlib import Path


def test_what_runs_comes_first_and_what_waits_for_others_last(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.started()
            await here.submit("b", value_of("a"))
            await here.submit("c")
            await here.submit("d")
            await here.scheduler.cancel(JobId("d"), USER)
            own = here.database.read(lambda c: open_jobs.of_user(c, USER))
            assert own == ["a", "c", "b"]
            assert here.database.read(lambda c: open_jobs.of_user(c, "nobody")) == []
            locks = here.database.read(lambda c: set(c.execute(select(jobs.c.lock_hash)).scalars()))
            assert here.database.read(lambda c: open_jobs.of_locks(c, locks)) == own
            assert here.database.read(lambda c: open_jobs.of_locks(c, [])) == []

    run(test)
