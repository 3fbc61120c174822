"""What people read of a race, while it goes on and after."""

from __future__ import annotations

from pathlib import Path

from support.labs.races import begin, report, started, streamed
from support.labs.schedule_lab import USER, lab, run

from park.wire import WhyRecord


def test_a_race_says_how_far_it_is_and_what_each_has(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=4) as here:

            def why() -> WhyRecord:
                return here.database.read(lambda c: here.scheduler.explainer().why(c, "race", USER))

            for job in "abcd":
                await here.submit(job)
            orders = await started(here, 4)
            await begin(here, ["a", "b", "c", streamed("d")], keep=2)
            assert why().line == "race: 0 of 4 have ended, none good enough yet"
            here.fail(orders["a"], "ValueError: thin")
            here.complete(orders["b"], {"chisq": 1.9})
            await here.final("a")
            await here.final("b")
            assert why().line == (
                "race: 2 of 4 have ended, none good enough yet, 1 failed or cancelled: "
                "best chisq 1.9 of job b"
            )
            here.complete(orders["c"], {"chisq": 1.1})
            await here.final("c")
            assert "1 of 2 good enough" in why().line
            assert why().chain == [
                "job a failed: ValueError: thin",
                "job b has chisq 1.9",
                "job c has chisq 1.1",
                "job d (fit()) is running",
            ]
            report(orders["d"], 1.0)
            await here.until("race", lambda record: bool(record.race and record.race.decided))
            assert why().line == (
                "decided: won by job c, job d; it ends once what has won has ended"
            )
            here.complete(orders["d"], {"chisq": 0.9})
            await here.final("race")
            assert why().line.endswith("won by job c (fit()), job d (fit()): good enough")

    run(test)
