"""The log tells of each attempt: with its job, and the request by which that came."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from support.labs.schedule_lab import lab, run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_start_retry_and_end_are_told_with_the_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "park.jobs")

    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a", retries=1, backoff_s=0.0, request_id="r1")
            here.fail(await here.started(), "ValueError: a\nb")
            order = await here.started()
            assert order.variables == {"PARK_REQUEST_ID": "r1"}
            here.complete(order)
            record = await here.final("a")
            assert record.request_id == "r1"
            why = here.database.read(lambda c: here.scheduler.explainer().why(c, "a", "ada"))
            assert why.request_id == "r1"
            await here.submit("b")
            assert (await here.started()).variables == {}

    run(test)
    told = [each for each in caplog.records if each.__dict__.get("job") == "a"]
    assert {each.__dict__["request_id"] for each in told} == {"r1"}
    assert [(each.getMessage(), each.__dict__["attempt"]) for each in told] == [
        ("job a starts, attempt 1", 1),
        ("job a is queued", 1),
        ("job a starts, attempt 2", 2),
        ("job a is completed", 2),
    ]
    assert told[1].__dict__["error"] == "ValueError: a\nb"
