"""What a service is asked, and what becomes of its answers."""

from __future__ import annotations

import pytest
from support.stand_ins.job_service import JobService

from park.model.states import InstallState
from park.wire import CleanRecord, OfferRecord, OfferRequest, encode

API = "/api/v1"
OFFER = OfferRecord(
    project="m", version="1+t1", python="3.11", install="i", state=InstallState.READY,
    lock_hash=None, error=None, created="2026",
)  # fmt: skip


@pytest.fixture
def one() -> JobService:
    return JobService()


def test_the_newest_jobs_are_asked_for_with_their_state(one: JobService) -> None:
    job = one.record({"id": "a", "entry_point": "m:f"})
    one.answers[f"{API}/jobs"] = [job]
    assert [each.id for each in one.service.job_records()] == ["a"]
    assert [each.id for each in one.service.job_records(status="failed", limit=1)] == ["a"]
    assert [query for _, _, query in one.asked] == [
        {"limit": 50},
        {"limit": 1, "status": "failed"},
    ]


def test_jobs_become_handles_that_ask_no_more(one: JobService) -> None:
    one.end("a", result=3)
    one.answers[f"{API}/jobs"] = [one.answers[f"{API}/jobs/a"]]
    (job,) = one.service.jobs()
    assert (job.id, str(job.status)) == ("a", "completed")
    assert len(one.asked) == 1


def test_offers_are_made_and_withdrawn_by_their_version(one: JobService) -> None:
    path = f"{API}/offers/m/1%2Bt1"
    one.answers |= {f"{API}/offers": encode(OFFER), path: [encode(OFFER)]}
    request = OfferRequest(project="m", version="1+t1")
    assert one.service.offer(request) == OFFER
    assert one.service.withdraw("m", "1+t1") == [OFFER]
    assert one.asked == [
        ("POST", f"{API}/offers", encode(request)),
        ("DELETE", path, None),
    ]


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_operator_cleans_as_it_was_said(one: JobService, *, dry_run: bool) -> None:
    counts = ("jobs", "logs", "events", "trees", "environments", "files", "quarantined")
    cleaned = CleanRecord(**{name: number for number, name in enumerate(counts)}, size_bytes=3)
    one.answers[f"{API}/clean"] = encode(cleaned)
    ages = {"logs_older_than_s": 1.0, "events_older_than_s": 2.0, "trees_older_than_s": 3.0}
    said = {**ages, "newest_trees": 4, "dry_run": dry_run}
    assert one.service.clean(60.0, **said) == cleaned  # type: ignore[arg-type]
    assert one.asked == [("POST", f"{API}/clean", {"older_than_s": 60.0, **said})]
