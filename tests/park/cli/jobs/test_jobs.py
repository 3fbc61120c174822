"""``park jobs``: a line for each, with why it failed; which, and how many."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from support.services.job_service import JobService

from park.cli.jobs import jobs
from park.cli.main import main
from park.wire import JobRecord, decode


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    job, one = {"entry_point": "m:f"}, JobService()
    records = [
        decode(JobRecord, one.record({"id": "a", **job})),
        decode(JobRecord, one.record({"id": "b", **job}, status="failed", error="boom")),
    ]

    def job_records(**said: Any) -> Any:
        found.append(said)
        return records

    monkeypatch.setattr(jobs, "service_of", lambda _: SimpleNamespace(job_records=job_records))
    return found


def test_each_has_its_line(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    assert capsys.readouterr().out.splitlines() == ["a  queued     m:f", "b  failed     m:f  boom"]
    assert asked == [{"status": None, "limit": 50}]


def test_the_same_for_programs(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "--json", "--status", "failed", "--limit", "1"]) == 0
    assert [each["error"] for each in json.loads(capsys.readouterr().out)] == [None, "boom"]
    assert asked == [{"status": "failed", "limit": 1}]


def test_no_other_state_is_asked_for(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["jobs", "--status", "asleep"])
    assert ended.value.code == 2
    assert "asleep" in capsys.readouterr().err
    assert asked == []
