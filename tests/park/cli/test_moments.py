"""Moments as people type them."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

import pytest

from park.cli.moments import local_minute, local_second, parse_seconds, parse_since
from park.errors import UsageError

NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


def test_a_while_is_before_now() -> None:
    assert parse_since("2h", NOW) == NOW - timedelta(hours=2)


def test_a_moment_is_of_the_zone_here_unless_it_says_its_own() -> None:
    assert parse_since("2026-11-27", NOW) == datetime(2026, 11, 27).astimezone()
    assert parse_since("2026-11-27T10:00+02:00", NOW) == datetime(2026, 11, 27, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "", "-2h", "2 fortnights", "99999999999d"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no moment"):
        parse_since(text, NOW)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("0.5", 0.5), ("10m", 600.0), ("2h", 7_200.0)]
)
def test_a_length_of_time_is_seconds_or_has_its_unit(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["2x", "", "m", "10 minutes", "-5", "nan", "inf", "-2h"])
def test_what_is_no_length_of_time_is_told(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="for example 90 \\(seconds\\), 10m, 2h"):
        parse_seconds(text)


def test_a_unix_time_is_read_as_of_the_clock_here() -> None:
    moment = datetime(2026, 11, 27, 14, 30, 59).astimezone()
    assert local_minute(moment.timestamp()) == "2026-11-27 14:30"


def test_a_moment_of_a_service_is_read_as_of_the_clock_here_and_no_moment_as_it_is() -> None:
    here = datetime(2026, 11, 27, 14, 30, 59, 123456).astimezone()
    of_service = here.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert local_second(of_service) == "2026-11-27 14:30:59"
    assert [local_second(each) for each in ("soon", "", None)] == ["soon", "", None]
