from __future__ import annotations

import pytest

from park.drawing.race_text import race_text
from park.wire import RaceRecord, WinnerRecord

WINNER = WinnerRecord(job="0199-abcdef")
AWAY = WinnerRecord(job="0199-fedcba", service="http://sns.example")


@pytest.mark.parametrize(
    ("race", "line"),
    [
        (RaceRecord(competitors=4, keep=1), "of 4, not decided"),
        (RaceRecord(competitors=4, keep=2), "of 4, 2 of them are kept, not decided"),
        (
            RaceRecord(competitors=4, keep=1, decided="now", by="good enough", winners=[WINNER]),
            "of 4, won by job …abcdef",
        ),
        (
            RaceRecord(competitors=4, keep=1, decided="now", by="rank", winners=[AWAY]),
            "of 4, won by rank by job …fedcba on http://sns.example",
        ),
        (
            RaceRecord(competitors=4, keep=1, decided="now", winners=[WINNER], unconfirmed=["a"]),
            "of 4, won by job …abcdef; the end of 1 elsewhere is still to be confirmed",
        ),
    ],
)
def test_a_race_is_told_in_a_line(race: RaceRecord, line: str) -> None:
    assert race_text(race) == line
