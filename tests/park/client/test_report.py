"""Progress in a pipe: a line when a stage begins, and at the end its amount."""

from __future__ import annotations

import pytest

from park.client.report import reporter


def test_each_stage_is_a_line_and_its_last_amount_is_told_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with reporter() as report:
        report.progress("resolving", 0, 0, "packages")
        report.progress("fetching", 1 << 20, 4 << 20, "bytes")
        report.step("built film-1.0.whl")
        report.progress("unpacking", 1, 3, "wheels")
        report.progress("fetching", 4 << 20, 4 << 20, "bytes")
        report.progress("unpacking", 3, 3, "wheels")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "resolving…",
        "fetching…",
        "built film-1.0.whl",
        "unpacking…",
        "fetching: 4.0 MiB",
        "unpacking: 3 wheels",
    ]


def test_what_a_job_or_a_service_says_moves_no_cursor_and_marks_nothing_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "fit(\x1b[2J[bold]x[/y])"
    with reporter() as report:
        report.step(said)
    monkeypatch.setattr("park.client.report.is_terminal", lambda: True)
    with reporter() as report:
        report.progress("[/unpack]", 1, 3, "wheels")  # which is no markup, and an error of rich
        report.step(said)
    pipe, drawn = capsys.readouterr().err.split("\n", 1)
    assert pipe == "fit(\\x1b[2J[bold]x[/y])"
    assert pipe in drawn
    assert "[/unpack]" in drawn
