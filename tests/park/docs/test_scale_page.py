"""The page of scale shows what the simulation prints, and reckons from it."""

from __future__ import annotations

import re
from pathlib import Path

from fleet.replay import Replayed
from fleet.world import Fleet

PAGE = (Path(__file__).parents[3] / "docs" / "explanation" / "scale.md").read_text("utf-8")
SHOWN = PAGE.partition("$ scripts/simulate")[2].partition("```")[0]

_WORDS = {3: "three", 4: "four", 5: "five"}


def number(pattern: str) -> float:
    found = re.search(pattern, SHOWN)
    assert found is not None, pattern
    return float(found[1].replace(",", ""))


def test_what_it_shows_is_what_is_printed() -> None:
    options = dict(re.findall(r"--(\w+) (\d+)", SHOWN.splitlines()[0]))
    fleet = Fleet(**{name: int(value) for name, value in options.items()})
    shown = Replayed(
        fleet=fleet,
        ended=fleet.jobs,
        attempts=1_020_408,
        failed=20_506,
        lost=299,
        seconds=2_946.0,
        fleet_s=4_619.0,
        loop_share=0.28,
        process_share=346.37 / 861.4,
        submit_ms=(1_744.5, 21_827.4),
        settle_ms=(233.6, 2_019.7),
        memory_bytes=450 << 20,
        database_bytes=1_211 * fleet.jobs,
        fairness=1.03,
    )
    assert list(shown.lines()) == SHOWN.splitlines()[1:]


def test_what_it_reckons_follows_from_that() -> None:
    per_s, asked = number(r"process: ([\d,]+) attempts"), Fleet().asks_per_s
    assert f"{per_s:.0f} jobs a second" in PAGE
    assert f"ask for {round(10 * asked, -1):,.0f} a second" in PAGE
    assert f"{_WORDS[round(10 * asked / per_s)]} times what one processor schedules" in PAGE
    assert f"{round(100 * asked, -2):,.0f} jobs a second" in PAGE
    each = number(r"([\d,]+) bytes a job")
    assert f"{each * 1e7 / 1e9:.0f} GB of database" in PAGE
    assert Fleet().jobs / per_s / 60 < 20
