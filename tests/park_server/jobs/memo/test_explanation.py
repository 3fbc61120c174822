"""Why a job ran, or did not, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.labs.races import begin
from support.labs.schedule_lab import USER, Lab, lab, run, value_of

from park.model.ids import JobId
from park.runtime.codec import encode
from park_server.jobs.memo import memo_list
from park_server.jobs.memo.explanation import call_changes, explained
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall

if TYPE_CHECKING:
    from pathlib import Path


def line(here: Lab, job: str) -> str:
    return here.database.read(lambda c: explained(c, JobId(job), USER)).line


def test_each_reason_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, memory=Recall(Looks(), runtime_hash="ef")) as here:
            await here.submit("first", arguments={"seed": 3})
            assert line(here, "first").endswith(": nothing like it ran before")
            await here.submit("joined", arguments={"seed": 3})
            assert line(here, "joined") == (
                "does not run by itself: job first is the same call, and is under way"
            )
            await here.run_next()
            await here.submit("again", arguments={"seed": 3})
            assert line(here, "again") == (
                "did not run: job first was the same call, and left what this one has"
            )
            await here.submit("other", arguments={"seed": 4})
            await here.run_next()
            assert line(here, "other") == "ran: argument seed was 3, is 4 (as against job first)"
            await here.submit("asked", arguments={"seed": 4}, memo=False)
            await here.run_next()
            assert line(here, "asked") == "ran: memo=False"
            await here.submit("bad", arguments={"seed": 5})
            here.fail(await here.started(), "ValueError: no")
            await here.final("bad")
            await here.submit("mended", arguments={"seed": 5})
            await here.run_next()
            assert line(here, "mended") == (
                "ran: job bad was the same call, and failed: ValueError: no"
            )
            await here.submit("dependent", value_of("other"), entry_point="m:use")
            await here.run_next()
            await here.submit("changed", value_of("mended"), entry_point="m:use")
            record = here.scheduler.record(JobId("changed"), USER)
            assert record.memoized_from == "dependent"  # both are 7

    run(test)


def test_of_a_race_it_is_said_where_its_reasons_are(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, memory=Recall(Looks(), runtime_hash="ef")) as here:
            await here.submit("first")
            await begin(here, ["first"])
            assert line(here, "race") == "a race runs nothing: park why says how it is decided"
            await here.run_next({"chisq": 1.0})
            await here.final("race")
            assert line(here, "race") == "a race runs nothing: park why says how it is decided"

    run(test)


def test_what_is_forgotten_answers_no_more_and_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, memory=Recall(Looks(), runtime_hash="ef")) as here:
            await here.submit("first")
            await here.run_next()
            await here.submit("again")
            found = here.database.read(
                lambda c: memo_list.listing(c, USER, entry_point=None, limit=10)
            )
            assert [(each.job, each.answered) for each in found] == [("first", 1)]
            stats = here.database.read(lambda c: memo_list.stats(c, USER))
            assert (stats.remembered, stats.answered, stats.checked) == (1, 1, 0)
            count = await here.database.awrite(
                lambda c: memo_list.forget(c, USER, jobs_named=[JobId("again")], entry_point=None)
            )
            assert count == 1
            await here.submit("third")
            await here.run_next()
            assert "its user had it forgotten" in line(here, "third")

    run(test)


@pytest.mark.parametrize(
    ("then", "now", "change"),
    [
        (([1], {}), ([2], {}), "argument 1 was 1, is 2"),
        (([], {"n": 1}), ([], {"n": 1.0}), "argument n was 1, is 1.0"),
        (([], {"n": 0.0}), ([], {"n": -0.0}), "argument n was 0.0, is -0.0"),
        (([], {"n": 1}), ([], {}), "argument n was 1, and is not given"),
        (([], {}), ([], {"n": "a"}), 'argument n was not given, and is "a"'),
        (([b"a"], {}), ([b"b"], {}), "argument 1 is another bytes"),
    ],
    ids=str,
)
def test_arguments_are_compared_by_name(then: Any, now: Any, change: str) -> None:
    def call(arguments: Any) -> dict[str, Any]:
        args, kwargs = arguments
        return {
            "args": [encode(each, set_hash=None) for each in args],
            "kwargs": {name: encode(each, set_hash=None) for name, each in kwargs.items()},
        }

    assert list(call_changes(call(then), call(now))) == [change]
