"""A clean that is killed at any of its steps is finished by the next one, and loses nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from support.labs.retention_lab import DAY_S, Clock, retention_of
from support.labs.schedule_lab import USER, Lab, lab, run
from support.material.open_doors import without_limit
from support.material.wheels import make_wheel

from park.model.ids import JobId
from park.wire import CleanRequest
from park_repo import queries
from park_repo.curation import Curator
from park_repo.index import Index, Upload
from park_repo.tables import files as index_files
from park_server.clock import timestamp
from park_server.content import ContentStore
from park_server.home import Home
from park_server.jobs.folder import JobFolders
from park_server.retention import quarantine, removal_rows
from park_server.retention.job_folders import are_aside, place_of

NEVER_S = 1e9
"""As good as never: what is in quarantine stays but for what the kill has left there."""

CONTENT = {job: f"left by {job}" for job in ("kept", "gone")}


class Killed(BaseException):
    """Ends what runs as a kill would."""


def cut(work: Callable[..., Any], *, done: bool) -> Callable[..., Any]:
    """Return ``work`` with a kill before it, or once it is done."""

    def killed(*args: Any, **kwargs: Any) -> Any:
        if done:
            work(*args, **kwargs)
        raise Killed

    return killed


STEPS: dict[str, tuple[Any, str]] = {
    "records of jobs": (removal_rows, "remove_free"),
    "folders": (JobFolders, "remove"),
    "logs": (JobFolders, "remove_logs"),
    "events": (removal_rows, "forget_events"),
    "what was fetched": (removal_rows, "forget_fetched"),
    "rows of trees": (queries, "remove_each"),
    "bytes of trees": (Curator, "_discard"),
    "content": (ContentStore, "remove"),
    "quarantine": (quarantine, "remove_if_possible"),
}


async def publish(index: Index, folder: Path) -> None:
    for number in range(2):
        wheel = make_wheel(folder, "demo", f"1.0+t{number:016x}")
        with index.incoming() as content:
            content.write(wheel.read_bytes())
            await index.publish(
                Upload(content=content, filename=wheel.name, user=USER, permit=without_limit)
            )


async def prepared(one: Lab, folder: Path) -> None:
    """Give a service two jobs, one of them pinned, a job with logs, trees, and a damaged file."""
    for job, text in CONTENT.items():
        await one.submit(job)
        order = await one.started()
        (order.directory / "work").mkdir(exist_ok=True)
        (order.directory / "work" / "left").write_text(text)
        (order.directory / "stdout").write_text(text)
        one.complete(order)
        await one.final(job)
    await publish(Index(one.database, Home(folder).index), folder / "wheels")
    long_ago = update(index_files).values(uploaded_at=timestamp(0.0))
    one.database.write(lambda c: c.execute(long_ago)).result()
    one.content.quarantine.mkdir()
    (one.content.quarantine / "0.1").write_text("damaged")


def digest(job: str) -> str:
    return hashlib.sha256(CONTENT[job].encode()).hexdigest()


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_what_a_kill_leaves_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, done: bool
) -> None:
    owner, name = STEPS[step]
    clock = Clock()

    async def killed() -> None:
        async with lab(tmp_path) as one:
            await prepared(one, tmp_path)
            # with jobs that go the logs have nothing to do
            policy: dict[str, Any] = {"logs_s": 0.0} if step == "logs" else {"jobs_s": 0.0}
            aside_s = 0.0 if step == "quarantine" else NEVER_S
            policy |= {"newest_trees": 0, "quarantine_s": aside_s}
            retention = retention_of(one, tmp_path, clock, **policy)
            await retention.pin(JobId("kept"), USER)
            clock.age(100 * DAY_S)
            monkeypatch.setattr(owner, name, cut(getattr(owner, name), done=done))
            with pytest.raises(Killed):
                await retention.clean(CleanRequest())
            monkeypatch.undo()

    async def finished() -> None:
        async with lab(tmp_path) as one:
            index = Index(one.database, Home(tmp_path).index)
            aside_s = 0.0 if step == "quarantine" else NEVER_S
            policy: dict[str, Any] = {"jobs_s": 0.0, "logs_s": 0.0, "newest_trees": 0}
            retention = retention_of(
                one, tmp_path, clock, index=index, quarantine_s=aside_s, **policy
            )
            await retention.clean(CleanRequest())
            one.folders.close()
            assert one.folders.names() == ["kept"]
            assert one.folders.log(JobId("kept"), "stdout", 0, 99) == CONTENT["kept"].encode()
            assert {file.sha256 for file in one.content.files()} == {digest("kept")}
            assert one.content.has(digest("kept"))
            damaged = [] if step == "quarantine" else ["0.1"]
            assert [path.name for path in one.content.quarantine.iterdir()] == damaged
            left = [path for path in Home(tmp_path).index.rglob("*") if path.is_file()]
            assert left == []

    run(killed)
    run(finished)


def test_logs_that_a_kill_left_go_with_the_next_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their job says that they are gone, and nobody can read them."""

    async def test() -> None:
        async with lab(tmp_path) as one:
            await prepared(one, tmp_path)
            retention = retention_of(one, tmp_path, logs_s=0.0)
            with monkeypatch.context() as patched:
                patched.setattr(JobFolders, "remove_logs", cut(JobFolders.remove_logs, done=False))
                with pytest.raises(Killed):
                    await retention.clean(CleanRequest())
            folder = one.folders.path_of(JobId("gone"))
            assert (folder / "stdout").exists()
            await retention.clean(CleanRequest())
            assert not (folder / "stdout").exists()

    run(test)


def test_what_a_later_database_knew_stays_for_the_time_of_the_quarantine(tmp_path: Path) -> None:
    """A folder of a job, and a file by content that nothing here refers to, however old."""
    clock = Clock()

    async def test() -> None:
        async with lab(tmp_path) as one:
            await prepared(one, tmp_path)
            retention = retention_of(one, tmp_path, clock, quarantine_s=NEVER_S)
            later = one.folders.path_of(JobId("later"))
            later.mkdir()
            (later / "stdout").write_text("said")
            left = tmp_path / "left"
            left.write_bytes(b"left by later")
            with left.open("rb") as file, one.content.intake() as intake:
                sha256, _ = intake.add(file.fileno())
            clock.age(100 * DAY_S)
            assert (await retention.clean(CleanRequest(dry_run=True))).files == 0
            assert later.is_dir()
            assert (await retention.clean(CleanRequest())).files == 0
            assert (place_of(one.folders) / "later" / "stdout").read_text() == "said"
            assert one.content.has(sha256)
            soon = retention_of(one, tmp_path, clock, quarantine_s=0.0)
            assert not (await soon.clean(CleanRequest())).files
            assert not are_aside(one.folders)
            assert (await soon.clean(CleanRequest())).files == 1
            assert not one.content.has(sha256)

    run(test)
