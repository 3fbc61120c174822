from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert
from support.labs.schedule_lab import Lab, lab, run

from park.errors import UnknownItem
from park.model.ids import JobId
from park.wire import FileRecord
from park_server.db.tables import job_files
from park_server.jobs.left.file_rows import (
    MANY,
    file_of,
    files_of,
    have_many,
    names_told,
    page_of,
)

FEW, FULL = JobId("few"), JobId("full")


def left(job: str, count: int) -> list[dict[str, object]]:
    return [{"job": job, "name": f"{n:05}.dat", "sha256": "ab", "size": n} for n in range(count)]


async def fill(here: Lab) -> None:
    for job, count in ((FEW, 2), (FULL, MANY)):
        await here.submit(job)
        here.database.write(partial(write, rows=left(job, count))).result()


def write(connection: Connection, rows: list[dict[str, object]]) -> None:
    connection.execute(insert(job_files), rows)


def test_files_are_read_by_job_and_by_name_and_many_are_told_from_few(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await fill(here)
            read = here.database.read
            second = FileRecord(name="00001.dat", sha256="ab", size=1)
            assert read(lambda c: files_of(c, [FEW]))[FEW][1] == second
            assert read(lambda c: file_of(c, FULL, "00001.dat")) == second
            assert not read(lambda c: have_many(c, [FEW]))
            assert read(lambda c: have_many(c, [FEW, FULL]))
            with pytest.raises(UnknownItem, match=r"it has: 00000\.dat, 00001\.dat$"):
                read(lambda c: file_of(c, FEW, "none"))
            with pytest.raises(UnknownItem, match=r"00019\.dat, …$"):
                read(lambda c: file_of(c, FULL, "none"))

    run(test)


def test_files_are_read_page_by_page_whatever_their_names(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit(FULL)
            rows = [*left(FULL, MANY), left(FULL, 1)[0] | {"name": "9\udce4.dat"}]
            here.database.write(partial(write, rows=rows)).result()
            first = here.database.read(lambda c: page_of(c, FULL, ""))
            rest = here.database.read(lambda c: page_of(c, FULL, first[-1].name))
            assert len(first) == MANY
            assert [*first, *rest] == here.database.read(lambda c: files_of(c, [FULL]))[FULL]
            assert here.database.read(lambda c: page_of(c, FULL, rest[-1].name)) == []

    run(test)


def test_of_many_files_a_message_has_the_first_names() -> None:
    assert names_told([]) == "none"
    many = [FileRecord(name=str(n), sha256="ab", size=1) for n in range(100_000)]
    assert names_told(many[:2]) == "0, 1"
    assert len(names_told(many)) < 100
