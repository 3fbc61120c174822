"""Removal of jobs: what has ended and nobody needs, with all that it left, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select
from support.labs.retention_lab import DAY_S, Clock, retention_of, wait_for_janitor
from support.labs.schedule_lab import USER, Lab, lab, run, value_of
from support.session.limits import LIMIT_S
from support.stand_ins.bound import grants_of

from park.errors import Conflict, EnvironmentMismatch, UnknownItem, UsageError
from park.model.ids import JobId
from park.wire import CleanRequest, GrantRequest
from park_server import events
from park_server.clock import now
from park_server.db.tables import fetched, installs, metadata
from park_server.retention import removal_rows
from park_server.retention.hold import Hold
from park_server.trust.possession import Possession

NOW = CleanRequest(older_than_s=0)
CONTENT = b"q r dr"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OF_JOBS = ("jobs", "calls", "results", "job_files", "needs")


def rows(one: Lab) -> dict[str, int]:
    """Return how many rows each table of jobs has."""

    def count(connection: Connection) -> dict[str, int]:
        found = {}
        for name in OF_JOBS:
            query = select(func.count()).select_from(metadata.tables[name])
            found[name] = int(connection.execute(query).scalar_one())
        return found

    return one.database.read(count)


async def completed_with_file(one: Lab, job: str) -> None:
    await one.submit(job)
    order = await one.started()
    work = order.directory / "work"
    work.mkdir(exist_ok=True)  # there already where the folder was made ahead
    (work / "run.refl").write_bytes(CONTENT)
    one.complete(order)
    await one.final(job)
    async with asyncio.timeout(LIMIT_S):
        while work.exists():  # cleared away a moment after the end is told
            await one.in_the_meantime()


def test_who_sent_a_file_is_forgotten_with_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "a")
            possession = Possession(one.database, "root")
            for sha256 in (DIGEST, "0" * 64):
                await possession.note("bob", sha256)
            await retention_of(one, tmp_path).clean(CleanRequest())
            assert possession.lacking("bob", [DIGEST, "0" * 64]) == {"0" * 64}

    run(test)


def test_a_job_that_has_ended_is_removed_with_all_that_it_left(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "gone")
            await completed_with_file(one, "kept")
            clock = Clock()
            retention = retention_of(one, tmp_path, clock)
            clock.age(2 * DAY_S)
            await retention.remove(JobId("gone"), USER)
            with pytest.raises(UnknownItem):
                one.scheduler.record(JobId("gone"), USER)
            assert rows(one) == dict.fromkeys(OF_JOBS, 1) | {"needs": 0}
            assert one.content.has(DIGEST), "another job has the same file"
            await retention.remove(JobId("kept"), USER)
            assert not one.content.has(DIGEST)
            assert rows(one) == dict.fromkeys(OF_JOBS, 0)
            assert one.history("kept")[-1] == ("removed", {})
            one.folders.close()
            assert not one.folders.path_of(JobId("kept")).exists()

    run(test)


def test_what_has_not_ended_or_is_needed_stays(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as one:
            retention = retention_of(one, tmp_path)
            await one.submit("first")
            with pytest.raises(Conflict, match="job first is running: only what has ended"):
                await retention.remove(JobId("first"), USER)
            await one.submit("second", value_of("first"))
            one.complete(await one.started())
            await one.final("first")
            second = await one.started()
            with pytest.raises(Conflict, match="needed by job second, which has not ended"):
                await retention.remove(JobId("first"), USER)
            assert (await retention.clean(NOW)).jobs == 0
            one.complete(second)
            await one.final("second")
            assert (await retention.clean(NOW)).jobs == 2

    run(test)


def test_a_job_of_another_user_is_not_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "hers")
            with pytest.raises(UnknownItem):
                await retention_of(one, tmp_path).remove(JobId("hers"), "bob")
            assert one.status("hers") == ["completed"]

    run(test)


def test_a_dry_run_says_what_would_go_and_removes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            retention = retention_of(one, tmp_path)
            said = await retention.clean(CleanRequest(older_than_s=0, dry_run=True))
            assert said.jobs == 1
            assert one.status("old") == ["completed"]
            assert (await retention.clean(CleanRequest(older_than_s=3600))).jobs == 0
            assert one.status("old") == ["completed"]

    run(test)


def test_events_from_before_are_forgotten_and_later_ones_are_not(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            await retention_of(one, tmp_path).clean(NOW)
            assert [kind for kind, _ in one.history("old")] == ["removed"]

    run(test)


def test_a_policy_removes_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            retention = retention_of(one, tmp_path, jobs_s=0.0, every_s=0.0)
            removed = one.bus.wait_until("*", lambda: rows(one)["jobs"], lambda n: n == 0, 300)
            waiting = asyncio.ensure_future(removed)
            retention.start()
            assert await waiting == 0
            await retention.stop()

    run(test)


def test_without_a_policy_nothing_goes_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            retention = retention_of(one, tmp_path, every_s=0.0)
            retention.start()
            await one.in_the_meantime()
            await retention.stop()
            assert one.status("old") == ["completed"]

    run(test)


def test_a_pinned_job_stays_with_its_logs_events_result_and_files(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            clock = Clock()
            every: dict[str, Any] = {
                "jobs_s": 0.0,
                "logs_s": 0.0,
                "events_s": 0.0,
                "jobs_quota_bytes": 0,
            }
            retention = retention_of(one, tmp_path, clock, **every)
            for job in ("kept", "gone"):
                await completed_with_file(one, job)
                (one.folders.path_of(JobId(job)) / "stdout").write_text("a line")
            await retention.pin(JobId("kept"), USER)
            with pytest.raises(Conflict, match="job kept is pinned since 2") as caught:
                await retention.remove(JobId("kept"), USER)
            assert caught.value.hint == "park unpin kept"
            clock.age(400 * DAY_S)
            done = await retention.clean(CleanRequest())
            assert (done.jobs, done.logs) == (1, 0)
            record = one.scheduler.record(JobId("kept"), USER)
            assert record.pinned is not None
            assert one.content.has(DIGEST)
            assert one.folders.log(JobId("kept"), "stdout", 0, 100) == b"a line"
            assert [kind for kind, _ in one.history("kept")] == [
                "queued", "running", "completed", "pinned",
            ]  # fmt: skip
            assert rows(one) == dict.fromkeys(OF_JOBS, 1) | {"needs": 0}
            await retention.unpin(JobId("kept"), USER)
            assert (await retention.clean(CleanRequest())).jobs == 1
            assert not one.content.has(DIGEST)

    run(test)


def test_a_job_is_pinned_by_its_user_alone_and_before_it_ends_as_well(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            retention = retention_of(one, tmp_path)
            await one.submit("hers")
            order = await one.started()
            with pytest.raises(UnknownItem):
                await retention.pin(JobId("hers"), "bob")
            for _ in range(2):
                await retention.pin(JobId("hers"), USER)
            one.complete(order)
            await one.final("hers")
            assert (await retention.clean(NOW)).jobs == 0
            assert [kind for kind, _ in one.history("hers")].count("pinned") == 1

    run(test)


def test_over_the_quota_the_longest_unused_go_and_what_is_needed_stays(tmp_path: Path) -> None:
    """To be needed by a job that ended later is to be used later."""

    async def test() -> None:
        async with lab(tmp_path, slots=1) as one:
            for job in ("used", "old", "young"):
                await one.submit(job, arguments={"text": job * 1_000})
                await one.run_next()
            await one.submit("user", value_of("used"))
            await one.run_next()
            await one.submit("waits", value_of("young"))
            await one.started()
            retention = retention_of(one, tmp_path)
            wait_for_janitor(one)
            taken = (await retention.usage()).shares[1].size_bytes
            told = retention_of(one, tmp_path, jobs_quota_bytes=taken)
            assert (await told.clean(CleanRequest())).jobs == 0
            told = retention_of(one, tmp_path, jobs_quota_bytes=taken - 1)
            assert (await told.clean(CleanRequest(dry_run=True))).jobs == 1
            assert (await told.clean(CleanRequest())).jobs == 1
            with pytest.raises(UnknownItem):
                one.scheduler.record(JobId("old"), USER)
            told = retention_of(one, tmp_path, jobs_quota_bytes=0)
            assert (await told.clean(CleanRequest())).jobs == 2
            assert one.status("young", "waits") == ["completed", "running"]

    run(test)


def test_what_a_service_elsewhere_may_ask_for_stays_until_its_grant_is_over(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "followed")
            grants = grants_of(one.database, one.bus)
            request = GrantRequest(jobs=["followed"], holder="K" * 43)
            record = await grants.issue(USER, request)
            retention = retention_of(one, tmp_path, jobs_quota_bytes=0)
            assert (await retention.clean(NOW)).jobs == 0
            await grants.revoke(record.id, USER)
            assert (await retention.clean(NOW)).jobs == 1

    run(test)


def test_a_job_that_is_submitted_while_another_goes_is_refused_or_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may go is decided in the transaction in which it goes."""

    async def test() -> None:
        async with lab(tmp_path, slots=1) as one:
            await completed_with_file(one, "first")
            remove = removal_rows.remove_free

            def racing(connection: Connection, ids: list[JobId]) -> list[JobId]:
                plans = one.scheduler.planned(USER, [one.request("second", value_of("first"))])
                one.settlement.create(connection, USER, plans.plans, "")
                return remove(connection, ids)

            monkeypatch.setattr(removal_rows, "remove_free", racing)
            assert (await retention_of(one, tmp_path).clean(NOW)).jobs == 0
            assert one.status("first") == ["completed"]

    run(test)


def test_logs_go_first_and_progress_stays(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            clock = Clock()
            retention = retention_of(one, tmp_path, clock, jobs_s=90 * DAY_S, logs_s=7 * DAY_S)
            await completed_with_file(one, "old")
            folder = one.folders.path_of(JobId("old"))
            for name in ("stdout", "stderr", "progress.jsonl"):
                (folder / name).write_text('{"done": 1}\n')
            clock.age(8 * DAY_S)
            assert (await retention.clean(CleanRequest(dry_run=True))).logs == 1
            assert (await retention.clean(CleanRequest())).logs == 1
            record = one.scheduler.record(JobId("old"), USER)
            assert (record.status, record.progress) == ("completed", {"done": 1})
            assert record.logs_removed is not None
            assert sorted(path.name for path in folder.iterdir()) == ["progress.jsonl"]
            assert (await retention.clean(CleanRequest())).logs == 0
            assert one.content.has(DIGEST)
            clock.age(90 * DAY_S)
            assert (await retention.clean(CleanRequest())).jobs == 1

    run(test)


def test_what_was_fetched_is_forgotten_with_the_jobs_of_its_time(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            clock = Clock()
            retention = retention_of(one, tmp_path, clock, jobs_s=DAY_S)
            await completed_with_file(one, "fetch")
            names = ("user", "url", "credential", "place", "sha256", "name")
            row = dict.fromkeys(names, "x") | {"sha256": DIGEST, "size": 6, "checked": now()}
            one.database.write(lambda c: c.execute(insert(fetched), row)).result()
            clock.age(DAY_S / 2)
            await retention.remove(JobId("fetch"), USER)
            assert one.content.has(DIGEST), "the next fetch asks whether it changed"
            clock.age(2 * DAY_S)
            assert (await retention.clean(CleanRequest())).files == 1
            assert not one.content.has(DIGEST)

    run(test)


def test_events_go_in_pieces_and_only_what_is_old(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            entered = [("job-of-long-ago", "queued")] * 5_000
            one.database.write(
                lambda c: events.append_all(c, subject="job", user=USER, entered=entered)
            ).result()
            clock = Clock()
            retention = retention_of(one, tmp_path, clock, events_s=DAY_S)
            assert (await retention.clean(CleanRequest())).events == 0
            clock.age(2 * DAY_S)
            await one.submit("young")
            # the lab's clock is not moved: what is young to it is old to the retention
            would = (await retention.clean(CleanRequest(dry_run=True))).events
            assert (await retention.clean(CleanRequest())).events == would >= 5_000
            assert one.history("job-of-long-ago") == []

    run(test)


@pytest.mark.parametrize("age", [-1.0, float("nan")])
def test_what_is_no_age_is_refused(tmp_path: Path, age: float) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            with pytest.raises(UsageError, match="older_than_s is"):
                await retention_of(one, tmp_path).clean(CleanRequest(older_than_s=age))

    run(test)


def test_a_clean_that_fails_is_tried_again_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            retention = retention_of(one, tmp_path, jobs_s=0.0, every_s=0.0)
            sound, failed = removal_rows.remove_free, [OSError("no room")]

            def failing(connection: Connection, ids: list[JobId]) -> list[JobId]:
                if failed:
                    raise failed.pop()
                return sound(connection, ids)

            monkeypatch.setattr(removal_rows, "remove_free", failing)
            gone = one.bus.wait_until("*", lambda: rows(one)["jobs"], lambda n: n == 0, LIMIT_S)
            waiting = asyncio.ensure_future(gone)
            retention.start()
            assert await waiting == 0
            await retention.stop()
            assert "it is tried again" in caplog.text

    run(test)


def test_a_job_whose_lock_went_since_it_was_checked_is_refused(tmp_path: Path) -> None:
    """What fitted once is not asked again, so the commit of a job sees it."""

    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "before")
            await retention_of(one, tmp_path).remove(JobId("before"), USER)
            one.database.write(lambda c: c.execute(delete(installs))).result()
            with pytest.raises(EnvironmentMismatch, match="no environment with lock hash ab"):
                await one.submit("after")
            assert rows(one)["jobs"] == 0

    run(test)


def test_what_is_read_is_used_and_that_is_written_once_a_day(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as one:
            for job in ("read", "unread"):
                await completed_with_file(one, job)
            clock = Clock()
            retention = retention_of(one, tmp_path, clock)
            finished = one.scheduler.record(JobId("read"), USER).finished
            written: list[int] = []
            write = one.database.write

            def counted(change: Any) -> Any:
                written.append(1)
                done = write(change)
                done.result(LIMIT_S)  # nobody waits for it, but what follows here does
                return done

            one.database.write = counted  # type: ignore[method-assign]
            retention.note_read(JobId("read"), None)
            retention.note_read(JobId("read"), finished)
            assert written == [], "who has just waited for it reads it, as everybody does"
            clock.age(2 * DAY_S)
            for _ in range(3):
                retention.note_read(JobId("read"), finished)
            assert len(written) == 1
            clock.age(2 * DAY_S)
            retention.note_read(JobId("read"), finished)
            assert len(written) == 2
            wait_for_janitor(one)
            taken = (await retention.usage()).shares[1].size_bytes
            told = retention_of(one, tmp_path, jobs_quota_bytes=taken - 1)
            assert (await told.clean(CleanRequest())).jobs == 1
            assert one.status("read") == ["completed"]

    run(test)


def test_while_a_backup_is_made_nothing_is_removed(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            retention = retention_of(one, tmp_path)
            await completed_with_file(one, "a")
            before = rows(one)
            with Hold(tmp_path).copying():
                for removal in (retention.clean(NOW), retention.remove(JobId("a"), USER)):
                    with pytest.raises(Conflict, match="a backup of this service is being made"):
                        await removal
                await retention.clean(CleanRequest(older_than_s=0, dry_run=True))
            assert rows(one) == before
            await retention.clean(NOW)
            assert rows(one)["jobs"] == 0

    asyncio.run(test())
