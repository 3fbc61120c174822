"""Removal piece by piece: all that is old goes, however much it is, and what is kept is passed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from support.labs.rows import new_job
from support.labs.schedule_lab import Lab, lab, run

from park.model.ids import JobId
from park.model.states import JobState
from park_server.db.tables import events, jobs
from park_server.retention import job_removal, removal_rows
from park_server.retention.content_sweep import ContentSweep
from park_server.retention.job_removal import JobRemoval

OLD, CUT, NEW = "2026-01-01", "2026-06-01", "2026-12-01"


def removal_of(one: Lab) -> JobRemoval:
    return JobRemoval(
        database=one.database,
        bus=one.bus,
        folders=one.folders,
        store=one.content,
        content=ContentSweep(one.content),
    )


async def ended(one: Lab, *names: str, at: str = OLD, **changes: Any) -> None:
    """Write jobs that have ended, each with a folder that has a log."""
    for name in names:
        await one.database.awrite(partial(new_job, job=name, state=JobState.COMPLETED))
        folder = one.folders.path_of(JobId(name))
        folder.mkdir()
        (folder / "stdout").write_text("x" * 5_000)
    changed = update(jobs).where(jobs.c.id.in_(names)).values(finished=at, **changes)
    await one.database.awrite(lambda c: c.execute(changed))


def there(one: Lab) -> set[str]:
    return set(one.database.read(lambda c: c.execute(select(jobs.c.id)).scalars().all()))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few jobs be more than one transaction, and more than one look."""
    monkeypatch.setattr(job_removal, "_AT_ONCE", 2)
    monkeypatch.setattr(job_removal, "_LOOKED_AT", 3)
    monkeypatch.setattr(job_removal, "_EVENTS_AT_ONCE", 2)


def test_all_that_is_old_goes_with_its_folders_and_the_rest_stays(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await ended(one, *(f"old{number}" for number in range(8)))
            await ended(one, "new", at=NEW)
            await ended(one, "pinned", pinned=OLD)
            removal = removal_of(one)
            would = removal.before(CUT, removal_rows.ended_before)
            assert sorted(would) == [f"old{number}" for number in range(8)]
            assert await removal.remove_before(CUT) == 8
            assert there(one) == {"new", "pinned"}
            assert await removal.remove_before(CUT) == 0
            one.folders._janitor.submit(lambda: None).result()
            assert set(one.folders.names()) == {"new", "pinned"}

    run(test)


def test_logs_go_once_and_are_counted_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await ended(one, *"abcde")
            await ended(one, "new", at=NEW)
            removal = removal_of(one)
            assert await removal.remove_logs(CUT) == 5
            assert await removal.remove_logs(CUT) == 0
            with_log = {
                name
                for name in one.folders.names()
                if (tmp_path / "jobs" / name / "stdout").exists()
            }
            assert with_log == {"new"}
            assert there(one) == {*"abcde", "new"}

    run(test)


def test_events_go_piece_by_piece_to_the_last(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await ended(one, *"abcde")
            await one.database.awrite(lambda c: c.execute(update(events).values(time=OLD)))
            await ended(one, "new")
            assert await removal_of(one).remove_events(CUT) == 5
            left = one.database.read(lambda c: c.execute(select(events.c.id)).scalars().all())
            assert set(left) == {"new"}

    run(test)


def test_what_is_over_the_quota_goes_longest_unused_first(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            for name, at in (("first", OLD), ("second", CUT), ("third", NEW)):
                await ended(one, name, at=at)
            removal = removal_of(one)
            kept, _ = removal.kept()
            each = max(job.own_bytes for job in kept)
            assert removal.over(3 * each) == []
            assert removal.over(2 * each) == ["first"]
            assert removal.over(each, without={JobId("first")}) == ["second"]
            assert await removal.remove_over(each) == 2
            assert there(one) == {"third"}

    run(test)
