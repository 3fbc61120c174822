"""Times sort as text, whatever they were made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from park_server.clock import later, now, text_of, timestamp

MOMENT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_a_whole_second_is_written_to_the_microsecond_as_well() -> None:
    assert text_of(MOMENT) == timestamp(MOMENT.timestamp()) == "2026-11-23T08:00:00.000000Z"


def test_times_sort_as_they_come() -> None:
    moments = [MOMENT + timedelta(microseconds=n) for n in (0, 1, 999_999, 1_000_000)]
    assert sorted(map(text_of, moments)) == [text_of(moment) for moment in moments]
    assert now() < later(timedelta(hours=1)) < later(timedelta(hours=2))
