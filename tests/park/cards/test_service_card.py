"""The card of a service."""

from __future__ import annotations

from support.stand_ins.job_service import JobService

from park.cards.service_card import service_card
from park.wire import JobRecord, ServiceRecord
from park.wire.form import decode

ABOUT = ServiceRecord(
    version="0.1.0",
    user="ada",
    pythons=["3.11", "3.12"],
    index_url="",
    trees_url="",
    upload_url="",
    upstream=None,
    environments="overlay",
    not_apart=[],
)


def test_what_the_service_says_of_itself() -> None:
    html = service_card(ABOUT, "https://lab.example", [])
    for said in ("https://lab.example", "0.1.0", "ada", "3.11, 3.12", "this service alone"):
        assert said in html
    assert ABOUT.environments_line in html
    assert "newest jobs" not in html


def test_the_newest_jobs_there() -> None:
    request = {"id": "0199", "entry_point": "mymodel:fit"}
    record = decode(JobRecord, JobService().record(request, status="failed"))
    html = service_card(ABOUT, "https://lab.example", [record])
    assert "newest jobs" in html
    assert "✗ failed" in html
    assert "0199" in html
