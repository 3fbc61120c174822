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
