from __future__ import annotations

import pytest

from park_server.operating.readiness import Condition, reasons


def test_a_service_that_lacks_nothing_is_ready() -> None:
    assert reasons(Condition()) == []


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(database_lost=True), "database cannot be reached"),
        (Condition(database_damaged=True), "database is damaged"),
        (Condition(disk_refuses=True), "disk takes nothing"),
        (Condition(stops=True), "service stops"),
    ],
)
def test_each_lack_is_a_reason_in_words(condition: Condition, said: str) -> None:
    (line,) = reasons(condition)
    assert said in line


def test_all_reasons_are_told() -> None:
    assert len(reasons(Condition(database_lost=True, disk_refuses=True))) == 2
