"""Jobs as people find them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from support.labs.schedule_lab import USER, lab, run

from park.errors import UsageError
from park.model.ids import JobId
from park_server.db.tables import jobs
from park_server.jobs import job_view


def test_a_job_is_found_by_the_end_of_its_id(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            one, other = "0199-one-abcdef", "0199-two-abcdef"
            await here.submit(one)

            def found(text: str) -> str:
                return here.database.read(lambda c: job_view.full_id(c, text, USER))

            assert found("abcdef") == found("…abcdef") == one
            assert (found("cdef"), found("%bcdef")) == ("cdef", "%bcdef")
            await here.submit(other)
            with pytest.raises(UsageError, match="2 of your jobs end in abcdef"):
                found("abcdef")
            assert here.database.read(lambda c: job_view.full_id(c, "one-abcdef", "bob")) == (
                "one-abcdef"
            )

    run(test)


def found(here: Any, **wanted: Any) -> list[str]:
    listed = here.scheduler.listed(USER, job_view.JobFilter(**wanted), limit=10)
    return [each.record.id for each in listed]


def test_a_job_is_called_as_its_call_unless_it_has_a_label(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            for record in (
                await here.submit("a", arguments={"n": 2, "seed": 3}),
                here.scheduler.record(JobId("a"), USER),
            ):
                assert record.label == "fit(n=2, seed=3)"
            named = await here.submit("b", label="film, third try", submitted_from="ada@laptop")
            assert (named.label, named.submitted_from) == ("film, third try", "ada@laptop")
            assert here.scheduler.record(JobId("b"), USER).label == "film, third try"

    run(test)


def test_jobs_are_found_by_label_age_and_origin(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", label="100% film", submitted_from="ada@laptop")
            later = (await here.submit("b", label="Film_2")).submitted
            assert found(here, label="film") == ["b", "a"]
            assert found(here, label="%") == ["a"]
            assert found(here, label="_") == ["b"]
            assert found(here, since=later) == ["b"]
            assert found(here, submitted_from="ada@laptop") == ["a"]
            assert found(here, submitted_from="ada@laptop", label="2") == []

    run(test)


def test_a_job_from_before_labels_has_its_entry_point(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", entry_point="mymodel:fit")
            await here.database.awrite(lambda c: c.execute(update(jobs).values(label=None)))
            assert here.scheduler.record(JobId("a"), USER).label == "mymodel:fit"
            assert found(here, label="MYMODEL") == ["a"]

    run(test)


def test_only_what_runs_is_listed_with_its_progress(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            order = await here.started()
            (order.directory / "progress.jsonl").write_text('{"done": 1}\n')
            (listed,) = here.scheduler.listed(USER, job_view.JobFilter(), limit=1)
            progress = listed.record.progress
            assert progress is not None
            assert progress.keys() == {"done", "age_s"}
            assert progress["age_s"] >= 0

    run(test)
