"""How often, after which pause, and how slow."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from park.errors import ServiceUnreachable
from park_server.fetches.fetch_progress import Progress
from park_server.fetches.patience import Pace, Patience

CUT = ServiceUnreachable("https://h/x was cut off", hint="look")


def pauses(*cuts: bool, asked_s: float | None = None) -> list[float]:
    """Return the pauses after ``cuts``, each of which tells whether bytes had come."""
    made: list[float] = []

    async def pause(seconds: float) -> None:
        made.append(seconds)

    async def all_of_them() -> None:
        patience = Patience(pause=pause)
        for had_bytes in cuts:
            await patience.after(CUT, had_bytes=had_bytes, asked_s=asked_s)

    asyncio.run(all_of_them())
    return made


def test_pauses_grow_until_bytes_come() -> None:
    assert pauses(False, False, False, True, False) == [0.5, 1, 2, 0.5, 1]


def test_the_fifth_attempt_in_vain_is_the_last() -> None:
    with pytest.raises(ServiceUnreachable) as caught:
        pauses(*[False] * 5)
    assert str(caught.value) == "https://h/x was cut off (attempt 5)"
    assert caught.value.hint == "look"


def test_even_with_bytes_there_is_an_end() -> None:
    assert len(pauses(*[True] * 49)) == 49
    with pytest.raises(ServiceUnreachable, match="attempt 50"):
        pauses(*[True] * 50)


def test_a_server_is_given_the_time_that_it_asks_for() -> None:
    assert pauses(False, asked_s=7) == [7]
    assert pauses(False, asked_s=0) == [0.5]
    with pytest.raises(ServiceUnreachable, match="asks to wait 61 s"):
        pauses(False, asked_s=61)


def test_what_trickles_is_told_from_what_is_slow() -> None:
    moments = iter([0.0, 30.0, 60.0, 90.0, 120.0])
    pace = Pace(clock=lambda: next(moments))
    # 120 bytes a second in the first minute, 60 in the second
    assert [pace.is_too_slow(size) for size in (0, 3600, 3600, 1800, 1800)] == [
        *(False, False, False, False),
        True,
    ]


def test_progress_is_reported_five_times_a_second(tmp_path: Path) -> None:
    path = tmp_path / "job" / "progress.jsonl"
    moment = 0.0
    progress = Progress(path, clock=lambda: moment)
    for done in range(100):  # in one second
        progress.report(done, 200)
        moment += 0.01
    progress.report(200, 200, is_last=True)
    progress.report(200, 200, is_last=True)
    reports = [json.loads(line) for line in path.read_text().splitlines()]
    assert [report["done"] for report in reports] == [0, 20, 40, 60, 80, 200]
    assert reports[0].keys() == {"time", "done", "total", "values"}
