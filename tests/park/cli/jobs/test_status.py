from __future__ import annotations

import argparse
from dataclasses import MISSING, fields
from typing import Any

import pytest

from park.cli.jobs import status
from park.wire import JobRecord


class OneJob:
    """Stands for the service, and for its job."""

    def __init__(self, record: JobRecord) -> None:
        self._record = record

    def job(self, _: str) -> OneJob:
        return self

    def refresh(self) -> JobRecord:
        return self._record


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"time": 1.5, "done": 2, "total": 4, "values": {"chisq": 1.5}}, "2 of 4, chisq 1.5"),
        ({"time": 1.5, "done": 2, "total": None, "values": {}}, "2"),
        ({"time": 1.5, "done": None, "total": None, "values": {"note": "hot"}}, "note hot"),
    ],
)
def test_progress_is_told_as_a_person_would(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    report: dict[str, Any],
    said: str,
) -> None:
    known: dict[str, Any] = {
        "id": "a",
        "entry_point": "mymodel:fit",
        "status": "running",
        "progress": report,
    }
    names = [field.name for field in fields(JobRecord) if field.default is MISSING]
    record = JobRecord(**{**dict.fromkeys(names), "files": [], **known})
    monkeypatch.setattr(status, "service_of", lambda _: OneJob(record))
    assert status.run(argparse.Namespace(job="a", json=False, traceback=False)) == 0
    assert f"progress     {said}" in capsys.readouterr().out.splitlines()
