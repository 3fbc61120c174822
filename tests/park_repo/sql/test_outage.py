"""A server that is away: how long it is waited for, and what is said."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError
from support.session.stopped_clock import StoppedClock

from park_repo.sql.outage import Outage


class OperationalError(Exception):
    sqlstate = None


LOST = DBAPIError("SELECT", None, OperationalError("connection\nrefused"))


def test_it_is_told_once_and_over_with_the_first_answer(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    assert outage.remark == ""
    outage.begin(LOST)
    outage.begin(LOST)
    assert outage.remark.endswith(": connection refused")
    outage.over()
    outage.over()
    assert outage.remark == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_nobody_asks_again_right_after_a_failure() -> None:
    clock = StoppedClock()
    outage = Outage(clock=clock)
    assert outage.fresh is None
    outage.begin(LOST)
    assert outage.fresh is LOST
    clock.now += 1
    assert outage.fresh is None


def test_a_write_waits_so_long_and_no_longer() -> None:
    clock = StoppedClock()
    outage = Outage(limit_s=10, clock=clock)
    started = outage.started()
    assert outage.outlasts(LOST, 1, started)
    clock.now = 11
    assert not outage.outlasts(LOST, 2, started)


def test_other_errors_are_not_waited_for() -> None:
    outage = Outage()
    assert not outage.outlasts(ValueError(), 1, outage.started())
    assert outage.remark == ""


def test_a_service_that_stops_waits_for_nothing() -> None:
    outage = Outage()
    outage.give_up()
    assert not outage.outlasts(LOST, 50, outage.started())
