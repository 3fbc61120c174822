"""Reports of progress, read once for each comparison and remembered where one was true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from park.model.ids import JobId
from park_server.jobs.conditions import progress_log
from park_server.jobs.conditions.progress_log import PROGRESS_FILE, Reports

JOB = JobId("a")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / JOB).mkdir()
    return tmp_path / JOB / PROGRESS_FILE


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    return Reports(lambda job: tmp_path / job)


class Seeing:
    """Sees every report, and passes one that is done with ``wanted``."""

    def __init__(self, wanted: int | None = None) -> None:
        self.wanted = wanted
        self.seen: list[Any] = []

    def __call__(self, report: dict[str, Any]) -> bool:
        self.seen.append(report["done"])
        return bool(report["done"] == self.wanted)


def append(file: Path, text: str) -> None:
    with file.open("a") as more:
        more.write(text)


def test_a_report_is_read_once_and_one_without_an_end_not_yet(reports: Reports, file: Path) -> None:
    test = Seeing()
    append(file, '{"done": 1}\n{"done": 2')
    assert not reports.any(JOB, "key", test)
    append(file, "2}\n")
    assert not reports.any(JOB, "key", test)
    assert test.seen == [1, 22]


def test_what_was_true_once_stays_true(reports: Reports, file: Path) -> None:
    assert not reports.any(JOB, "key", Seeing(1))  # nothing is reported yet
    append(file, '{"done": 1}\n{"done": 2}\n')
    test = Seeing(1)
    assert reports.any(JOB, "key", test)
    file.unlink()
    assert reports.any(JOB, "key", test)
    assert test.seen == [1]


def test_each_comparison_has_its_own_place_in_the_file(reports: Reports, file: Path) -> None:
    append(file, '{"done": 1}\n')
    assert not reports.any(JOB, "one", Seeing(2))
    assert reports.any(JOB, "other", Seeing(1))
    append(file, '{"done": 2}\n')
    assert reports.any(JOB, "one", Seeing(2))


@pytest.mark.parametrize(
    "line", ['{"done": ' + "[" * 50_000, "no JSON", "[1]", "7"], ids=["deep", "no", "list", "int"]
)
def test_a_line_that_is_no_report_is_passed_over(reports: Reports, file: Path, line: str) -> None:
    append(file, f'{{"done": 1}}\n{line}\n{{"done": 2}}\n')
    test = Seeing(2)
    assert reports.any(JOB, "key", test)
    assert test.seen == [1, 2]


def test_a_file_that_is_too_long_is_read_to_its_limit(
    reports: Reports, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = '{"done": 1}\n'
    monkeypatch.setattr(progress_log, "_MOST_BYTES", 3 * len(line))
    append(file, line * 3 + '{"done": 2}\n')
    test = Seeing(2)
    assert not reports.any(JOB, "key", test)
    assert test.seen == [1, 1, 1]


def test_what_was_not_asked_for_longest_is_read_again(
    reports: Reports, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_log, "_MOST_REMEMBERED", 2)
    append(file, '{"done": 1}\n')
    test = Seeing()
    for key in ("one", "two", "three", "two", "one"):
        reports.any(JOB, key, test)
    assert test.seen == [1, 1, 1, 1]  # "one" was forgotten, "two" was not


def test_a_file_elsewhere_is_not_read(reports: Reports, file: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"done": 1}\n')
    file.symlink_to(tmp_path / "secret")
    assert not reports.any(JOB, "key", Seeing(1))
