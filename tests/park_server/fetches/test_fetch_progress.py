"""A fetch says how far it is: at once, at its end, and seldom in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from park_server.fetches.fetch_progress import Progress


class Clock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def said(path: Path) -> list[tuple[int, int | None]]:
    lines: list[Any] = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(line["values"] == {"unit": "bytes"} and line["time"] > 0 for line in lines)
    return [(line["done"], line["total"]) for line in lines]


def test_few_reports_and_none_twice(tmp_path: Path) -> None:
    path, clock = tmp_path / "job" / "progress.jsonl", Clock()
    progress = Progress(path, clock=clock)
    progress.report(1, 9)
    progress.report(2, 9)  # too soon
    clock.time += 0.25
    progress.report(1, 9)  # nothing new
    progress.report(3, 9)
    progress.report(9, 9, is_last=True)
    progress.report(9, 9, is_last=True)
    assert said(path) == [(1, 9), (3, 9), (9, 9)]


def test_a_later_attempt_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    Progress(path, clock=Clock()).report(1, None)
    Progress(path, clock=Clock()).report(2, None)
    assert said(path) == [(1, None), (2, None)]
