"""``park jobs``: a line for each, with why it failed; which, and how many."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.cli.jobs import jobs
from park.cli.main import main
from park.errors import ServiceUnreachable
from park.wire import JobRecord, decode


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    found: list[Any] = []
    job, one = {"entry_point": "m:f"}, JobService()
    records = [
        decode(JobRecord, one.record({"id": "a", **job})),
        decode(JobRecord, one.record({"id": "b", **job}, status="failed", error="boom")),
    ]

    def job_records(**said: Any) -> Any:
        found.append(said)
        return records

    one_service = SimpleNamespace(url="http://one.example", job_records=job_records)
    monkeypatch.setattr(jobs, "service_of", lambda _: one_service)
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    return found


ALL: dict[str, Any] = {"status": None, "since": None, "label": None, "mine": False, "limit": 50}


def test_each_has_its_line(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["JOB", "STATE", "LABEL", "AGE", "TIME", "WHERE"]
    assert [line.split()[:3] for line in lines] == [["a", "queued", "f()"], ["b", "failed", "f()"]]
    assert lines[1].endswith("one.example  boom")
    assert asked == [ALL]


def test_the_same_for_programs(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "--json", "--status", "failed", "--limit", "2"]) == 0
    assert [each["error"] for each in json.loads(capsys.readouterr().out)] == [None, "boom"]
    assert asked == [{**ALL, "status": "failed", "limit": 2}]


def test_which_are_meant_is_told_to_the_service(asked: list[Any]) -> None:
    assert main(["jobs", "--since", "2026-11-27T10:00Z", "--label", "film", "--mine"]) == 0
    since = datetime(2026, 11, 27, 10, tzinfo=UTC)
    assert asked == [{**ALL, "since": since, "label": "film", "mine": True}]


def test_everywhere_a_service_that_is_silent_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    for name in ("up", "down"):
        main(["service", "add", name, f"http://{name}.example"])
    record = decode(JobRecord, JobService().record({"id": "a", "entry_point": "m:f"}))

    def job_records(options: Any, **_: Any) -> Any:
        if options.service == "down":
            raise ServiceUnreachable("nothing answers at http://down.example")
        return [record]

    def service_of(options: Any) -> Any:
        ask = partial(job_records, options)
        return SimpleNamespace(url=f"http://{options.service}.example", job_records=ask)

    monkeypatch.setattr(jobs, "service_of", service_of)
    capsys.readouterr()
    assert main(["jobs", "--everywhere"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[1].endswith("  up")
    assert said.err == "park: down: nothing answers at http://down.example\n"


def test_no_other_state_is_asked_for(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["jobs", "--status", "asleep"])
    assert ended.value.code == 2
    assert "asleep" in capsys.readouterr().err
    assert asked == []
