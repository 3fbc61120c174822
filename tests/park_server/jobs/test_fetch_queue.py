"""Fetches are jobs: queued, tried again, cancelled, and taken up after a restart."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from support.labs.schedule_lab import BASE_URL, USER, Lab, lab, run

from park.errors import CannotSatisfy, ParkError
from park.model.conditions import JobIs, Phase
from park.model.ids import JobId
from park.model.references import Reference, What
from park.wire import FETCH, FetchRequest
from park_server.jobs import job_rows
from park_server.jobs.seams import FetchedFile


def file_of(job: str, what: What = What.FILE, **more: Any) -> Reference:
    return Reference(job=job, what=what, **more)


class ToldFetcher:
    """Answers as it is told; an answer None never comes."""

    def __init__(self, *answers: FetchedFile | ParkError | None) -> None:
        self.answers = list(answers)
        self.requests: list[FetchRequest] = []
        self.came = asyncio.Event()

    async def fetch(self, job: str, user: str, request: FetchRequest) -> FetchedFile:
        assert (bool(job), user) == (True, USER)
        self.requests.append(request)
        self.came.set()
        answer = self.answers.pop(0)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, ParkError):
            raise answer
        assert answer is not None
        return answer


FILE = FetchedFile(
    url="https://example.org/run.zip",
    sha256=hashlib.sha256(b"zip").hexdigest(),
    size=3,
    name="run.zip",
)


async def submit_fetch(here: Lab, job: str, url: Any = FILE.url, **more: Any) -> Any:
    fetch = FetchRequest(url=url, authorization="Bearer s", origin="https://example.org:443")
    return await here.submit(job, fetch=fetch, entry_point=FETCH, **more)


def authorization(here: Lab, job: str) -> str | None:
    return here.database.read(lambda c: job_rows.fetch_of(c, JobId(job))).authorization


def test_a_fetch_is_a_job_whose_file_others_get(tmp_path: Path) -> None:
    async def test() -> None:
        fetcher = ToldFetcher(CannotSatisfy("503"), FILE)
        async with lab(tmp_path, fetcher=fetcher) as here:
            place = tmp_path / "files" / FILE.sha256[:2]
            place.mkdir()
            (place / FILE.sha256).write_text("zip")
            record = await submit_fetch(here, "f", retries=1, backoff_s=0.01)
            assert record.kind == "fetch"
            await here.submit("a", file_of("f"), when=JobIs(job="f", phase=Phase.COMPLETED))
            done = await here.final("f")
            assert (done.status, done.failures, done.attempt) == ("completed", 1, 2)
            assert [file.name for file in done.files] == ["run.zip"]
            assert here.database.read(lambda c: job_rows.result_of(c, JobId("f"))) == {
                "url": FILE.url,
                "sha256": FILE.sha256,
                "size": 3,
                "name": "run.zip",
            }
            assert [each.authorization for each in fetcher.requests] == ["Bearer s"] * 2
            assert authorization(here, "f") is None
            node = here.call_of(await here.started())["args"][0]
            assert node["name"] == "run.zip"

    run(test)


def test_a_fetch_of_what_a_job_leaves_waits_for_it(tmp_path: Path) -> None:
    async def test() -> None:
        fetcher = ToldFetcher(FILE)
        async with lab(tmp_path, fetcher=fetcher) as here:
            await here.submit("a")
            await submit_fetch(here, "f", file_of("a", What.URL).as_json())
            order = await here.started()
            (order.directory / "work").mkdir(exist_ok=True)
            (order.directory / "work" / "a b.txt").write_text("text")
            here.complete(order)
            await here.final("f")
            assert fetcher.requests[0].url == f"{BASE_URL}/api/v1/jobs/a/files/a%20b.txt"

    run(test)


def test_a_fetch_fails_in_one_line_and_is_cancelled_at_any_time(tmp_path: Path) -> None:
    async def test() -> None:
        fetcher = ToldFetcher(CannotSatisfy("404 for x", hint="ask for y"), None, None)
        async with lab(tmp_path, fetcher=fetcher) as here:
            await submit_fetch(here, "gone")
            await here.submit("waits", file_of("gone"))
            assert (await here.final("gone")).error == "404 for x (ask for y)"
            assert (await here.final("waits")).error == (
                "needs fetch gone completed; it failed: 404 for x (ask for y)"
            )
            await submit_fetch(here, "slow")
            await here.until("slow", lambda r: r.status == "running")
            record = await here.scheduler.cancel(JobId("slow"), USER)
            assert (record.status, record.error) == ("cancelled", "cancelled on request")
            assert authorization(here, "slow") is None
            await submit_fetch(here, "late", timeout_s=0.01)
            assert (await here.final("late")).error == "ran longer than its 0.01 s and was stopped"

    run(test)


def test_a_fetch_goes_on_after_a_restart_and_no_more_than_four_run(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, fetcher=ToldFetcher(*[None] * 4)) as before:
            for n in range(6):
                await submit_fetch(before, f"f{n}")
            await before.until("f3", lambda r: r.status == "running")
            await before.in_the_meantime()
            assert before.status("f4", "f5") == ["queued", "queued"]
        fetcher = ToldFetcher(*[FILE] * 6)
        async with lab(tmp_path, fetcher=fetcher) as here:
            for n in range(6):
                assert (await here.final(f"f{n}")).status == "completed"
            assert here.scheduler.record(JobId("f0"), USER).attempt == 1

    run(test)


def test_a_fetch_whose_retry_is_due_at_once_is_tried_again(tmp_path: Path) -> None:
    async def test() -> None:
        fetcher = ToldFetcher(CannotSatisfy("503"), FILE)
        async with lab(tmp_path, fetcher=fetcher) as here:
            await submit_fetch(here, "f", retries=1, backoff_s=0.0)
            done = await here.final("f")
            assert (done.status, done.failures, done.attempt) == ("completed", 1, 2)

    run(test)
