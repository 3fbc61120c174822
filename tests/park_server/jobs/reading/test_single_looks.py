"""Where a job is read: in the event loop what is little, beside it what is much."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text
from support.labs.schedule_lab import USER, Lab, lab, run

from park.errors import UnknownItem
from park.model.ids import JobId
from park.wire import JobRecord
from park_server.db.tables import job_files
from park_server.jobs.left.file_rows import MANY
from park_server.json_pieces import LARGE_BYTES
from park_server.retention import removal_rows

JOB = JobId("job")


async def is_read_in_the_loop(here: Lab) -> bool:
    def where(_: Connection, record: JobRecord) -> int:
        assert record.id == JOB
        return threading.get_ident()

    return (await here.scheduler.look(JOB, USER, 0, where)).what == threading.get_ident()


def write(here: Lab, statement: Any, *given: Any) -> None:
    here.database.write(lambda c: c.execute(statement, *given)).result()


def test_a_job_that_left_many_files_is_read_beside_the_loop(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit(JOB)
            assert await is_read_in_the_loop(here)
            await here.run_next()
            assert await is_read_in_the_loop(here)
            rows = [{"job": JOB, "name": str(n), "sha256": "ab", "size": 1} for n in range(MANY)]
            write(here, insert(job_files), rows)
            assert not await is_read_in_the_loop(here)
            seen = await here.scheduler.look(JOB, USER, 0, lambda *_: None)
            assert seen.pages is not None
            pages = iter(seen.pages)
            assert (len(next(pages)), seen.record.files) == (MANY, [])
            await here.database.awrite(lambda c: removal_rows.remove_on_request(c, JOB, USER))
            with pytest.raises(UnknownItem, match="was removed while its files were read"):
                next(pages)

    run(test)


def test_a_job_with_a_large_condition_is_read_beside_the_loop(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit(JOB)
            large = text("UPDATE jobs SET condition = :document").bindparams(
                document=json.dumps({"any": ["x" * LARGE_BYTES]})
            )
            write(here, large)
            assert not await is_read_in_the_loop(here)

    run(test)


def test_anothers_job_is_not_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit(JOB)
            with pytest.raises(UnknownItem):
                await here.scheduler.wait(JOB, "bob", 0)

    run(test)
