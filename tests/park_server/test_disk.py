"""Patience with a disk: what is tried again, for how long, and what is told of it."""

from __future__ import annotations

import asyncio
import errno
import logging

import pytest
from support.faults.full_disk import database_is_full, no_room

from park.errors import ServiceFault
from park_server.disk import Disk, is_of_disk, line_of_disk


def behind(cause: BaseException) -> ServiceFault:
    error = ServiceFault("the environment cannot be repaired")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [no_room(), database_is_full(), behind(no_room())])
def test_refusals_of_the_disk_are_known_whatever_they_come_in(error: Exception) -> None:
    assert is_of_disk(error)
    assert "full" in line_of_disk(error) or "No space left" in line_of_disk(error)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EACCES, "no"), ValueError("x"), behind(KeyError("x")), FileNotFoundError()],
)
def test_other_errors_are_not_the_disk_s(error: Exception) -> None:
    assert not is_of_disk(error)


def test_a_step_is_made_again_until_it_works(caplog: pytest.LogCaptureFixture) -> None:
    refusals = [no_room(), database_is_full(), no_room()]
    disk = Disk()
    remarks: list[str] = []

    async def step() -> str:
        remarks.append(disk.remark)
        if refusals:
            raise refusals.pop()
        return "done"

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(disk.patiently(step)) == "done"
    assert remarks[0] == disk.remark == ""
    assert all("No space left on device" in remark for remark in remarks[1:])
    assert len(caplog.records) == 2


def test_what_is_not_the_disk_s_is_raised_at_once() -> None:
    async def step() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        asyncio.run(Disk().patiently(step))


def test_patience_has_an_end_where_it_is_given_one() -> None:
    disk = Disk()
    tries = 0

    async def step() -> None:
        nonlocal tries
        tries += 1
        raise no_room()

    with pytest.raises(OSError, match="No space left"):
        asyncio.run(disk.patiently(step, limit_s=0.25))
    assert tries == 2
    assert disk.remark == ""


def test_many_that_are_held_up_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    disk = Disk()
    refusals = [no_room() for _ in range(50)]

    async def step() -> None:
        if refusals:
            raise refusals.pop()

    async def test() -> None:
        await asyncio.gather(*(disk.patiently(step) for _ in range(50)))

    with caplog.at_level(logging.WARNING):
        asyncio.run(test())
    assert len(caplog.records) == 2
