"""What is left of a cascade: gone on with after a kill, a failing database and a defect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from support.labs.schedule_lab import Lab, lab, run, value_of

from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.resumption import unsettled_changes
from park_server.jobs.resumption.unsettled_changes import UnsettledChanges
from park_server.jobs.unsettled import unsettled_rows

NAMES = [f"job-{n:02}" for n in range(12)]


async def failed_head(here: Lab) -> None:
    """Let the head of a fan fail."""
    await here.submit("head")
    order = await here.started()
    for name in NAMES:
        await here.submit(name, value_of("head"))
    here.fail(order)
    await here.final("head")


def test_a_start_goes_on_where_a_killed_service_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        with monkeypatch.context() as patched:
            go_on, pieces = UnsettledChanges._settle_some, 3

            async def killed(self: UnsettledChanges) -> None:
                nonlocal pieces
                if pieces:
                    pieces -= 1
                    await go_on(self)

            patched.setattr(UnsettledChanges, "_settle_some", killed)
            async with lab(tmp_path, slots=1, most=1) as before:
                await failed_head(before)
                await before.unsettled.finished()
                assert before.status(*NAMES).count("cancelled") == 3
        async with lab(tmp_path, slots=1, most=1) as here:
            await here.unsettled.finished()
            assert here.status(*NAMES) == ["cancelled"] * len(NAMES)
            assert not here.database.read(unsettled_rows.is_any)

    run(test)


def test_a_database_that_fails_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        monkeypatch.setattr(unsettled_changes, "_AGAIN_S", 0)
        settle_on, failures = Settlement.settle_on, 2

        def failing(self: Settlement, *args: Any) -> Any:
            nonlocal failures
            if failures:
                failures -= 1
                raise OperationalError("settle", None, Exception("locked"))
            return settle_on(self, *args)

        monkeypatch.setattr(Settlement, "settle_on", failing)
        async with lab(tmp_path, slots=1, most=2) as here:
            await failed_head(here)
            await here.unsettled.finished()
            assert failures == 0
            assert here.status(*NAMES) == ["cancelled"] * len(NAMES)

    run(test)


def test_a_defect_is_the_end_of_one_job_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        cancel = Cascade.cancel

        def raising(self: Cascade, cancelled: Any) -> Any:
            if any(waiter.id == "job-05" for waiter, _ in cancelled):
                raise RuntimeError("a defect")
            return cancel(self, cancelled)

        monkeypatch.setattr(Cascade, "cancel", raising)
        async with lab(tmp_path, slots=1, most=4) as here:
            await failed_head(here)
            record = await here.final("job-05")
            assert (record.status, record.error) == (
                "failed",
                "the service failed: RuntimeError: a defect",
            )
            await here.unsettled.finished()
            others = [name for name in NAMES if name != "job-05"]
            assert here.status(*others) == ["cancelled"] * len(others)

    run(test)
