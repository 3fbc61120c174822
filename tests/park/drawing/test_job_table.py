"""Jobs as a table for people."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from park.drawing.job_table import duration, job_table
from park.model.states import JobState
from park.wire import JobRecord

NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


def record(status: JobState, **facts: Any) -> JobRecord:
    names = [field.name for field in fields(JobRecord) if field.default is MISSING]
    known = {"id": "0199-abcdef", "submitted": ago(240), "label": "fit(film.txt)", **facts}
    return JobRecord(**{**dict.fromkeys(names), "files": [], "status": status, **known})


def test_a_line_says_what_where_how_long_and_how_far() -> None:
    progress = {"done": 20, "total": 100, "values": {"chisq": 1.91666666}}
    running = record(JobState.RUNNING, started=ago(1.9), progress=progress)
    failed = record(
        JobState.FAILED, id="0199-fedcba", started=ago(200), finished=ago(80), error="thin\nfilm"
    )
    queued = record(JobState.QUEUED, label="", entry_point="m:f", submitted=ago(90_000))
    lines = job_table([("sns", running), ("here", failed), ("sns", queued)], NOW)
    assert lines == [
        "JOB      STATE    LABEL            AGE   TIME  WHERE",
        "…abcdef  running  fit(film.txt)  4 min  1.9 s  sns    20 of 100, chisq 1.9167",
        "…fedcba  failed   fit(film.txt)  4 min  2 min  here   thin film",
        "…abcdef  queued   m:f              1 d      -  sns",
    ]


def test_functions_of_one_name_have_their_modules_before_them() -> None:
    records = [
        record(JobState.QUEUED, label=label, entry_point=entry_point)
        for label, entry_point in (
            ("fit(film.txt)", "film:fit"),
            ("fit(film.txt)", "models.bilayer:fit"),
            ("fit it again", "film:fit"),
            ("fitted(film.txt)", "film:fitted"),
        )
    ]
    lines = job_table([("sns", each) for each in records], NOW)
    assert [line.split("  ")[2] for line in lines[1:]] == [
        "film:fit(film.txt)",
        "models.bilayer:fit(film.txt)",
        "fit it again",
        "fitted(film.txt)",
    ]


def test_a_terminal_without_an_ellipsis_gets_dots() -> None:
    (_, line) = job_table([("sns", record(JobState.QUEUED))], NOW, ellipsis="...")
    assert line.startswith("...abcdef")


def test_without_jobs_there_is_no_head() -> None:
    assert job_table([], NOW) == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0.0 s"), (59.94, "59.9 s"), (60, "1 min"), (7_300, "2 h"), (900_000, "10 d")],
)
def test_a_length_of_time_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said


def test_a_job_that_is_pinned_says_so() -> None:
    kept = record(JobState.FAILED, started=ago(200), finished=ago(80), error="thin", pinned=ago(1))
    (_, line) = job_table([("sns", kept)], NOW)
    assert line.endswith("sns    pinned  thin")
