"""What a job reports of its progress, in words."""

from __future__ import annotations

from typing import Any

import pytest

from park.drawing.progress_text import progress_text, values_text


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (None, ""),
        ({}, ""),
        ({"done": 2, "total": 4, "values": {"chisq": 1.5}}, "2 of 4, chisq 1.5"),
        ({"done": 2, "total": None, "values": {}}, "2"),
        ({"done": 0.123456789, "total": 1.0}, "0.12346 of 1"),
        ({"done": None, "total": 4, "values": {"note": "hot"}}, "note hot"),
        ({"done": None, "values": {"a": "nan", "b": "1", "c": None}}, "a 'nan', b '1', c None"),
        ({"done": 1, "values": "odd"}, "1"),
        ({"done": 1, "values": {"chisq": 2.5}, "age_s": 1.5}, "1, chisq 2.5"),
        (
            {"done": 1, "values": {"chisq": 2.5}, "age_s": 725},
            "1, chisq 2.5, last report 12 min ago",
        ),
        ({"done": 1, "age_s": "odd"}, "1"),
    ],
)
def test_it_is_told_as_a_person_would(report: dict[str, Any] | None, said: str) -> None:
    assert progress_text(report) == said


def test_values_alone_leave_out_how_far() -> None:
    assert values_text({"done": 2, "total": 4, "values": {"chisq": 1.5}}) == "chisq 1.5"
