"""A cascade in pieces: it comes to what one change would, and holds nobody longer than a piece."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.labs.races import begin, race_request, started, why
from support.labs.schedule_lab import USER, Lab, lab, run, value_of

from park.model.conditions import Expression, JobIs, Phase, any_of, at_least_of
from park.model.ids import JobId
from park.model.states import InstallState, JobState
from park.wire import JobRequest
from park_server.jobs import job_rows
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.job_end import JobEnd
from park_server.jobs.resumption.unsettled_changes import UnsettledChanges
from park_server.jobs.together.turning_points import start_all
from park_server.jobs.unsettled import unsettled_rows

WHOLE = 1_000_000
"""So many at once that nothing is left for another change."""


@asynccontextmanager
async def by_hand(root: Path, monkeypatch: pytest.MonkeyPatch, **facts: Any) -> AsyncIterator[Lab]:
    """Run a lab in which nothing is settled on by itself."""

    async def stay(self: UnsettledChanges) -> None:
        del self

    monkeypatch.setattr(UnsettledChanges, "_go_on", stay)
    async with lab(root, **facts) as here:
        yield here


async def settled(here: Lab) -> None:
    """Settle, a piece after another, what is left."""
    while here.database.read(unsettled_rows.is_any):
        await here.commits.settle(here.settlement.settle_on)


# -- pieces of any size come to the same


_HEADS = 3
_JOBS = 8
_PHASES = [Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED, Phase.FINISHED, Phase.STARTED]


@st.composite
def _conditions(draw: st.DrawFn, before: Sequence[str]) -> Expression | list[str]:
    """Draw what a job waits for: that some complete, or anything that can be said of them."""
    names = draw(st.lists(st.sampled_from(before), min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        return names
    parts: list[Expression] = [
        JobIs(job=name, phase=draw(st.sampled_from(_PHASES))) for name in names
    ]
    count = draw(st.integers(1, len(parts)))
    return at_least_of(count, parts)


@st.composite
def _stories(draw: st.DrawFn) -> tuple[list[tuple[str, Any]], list[tuple[str, str]]]:
    """Draw jobs, each with what it waits for, and what happens to some of them."""
    names = [f"head-{n}" for n in range(_HEADS)]
    waiting: list[tuple[str, Any]] = []
    for number in range(_JOBS):
        name = f"job-{number}"
        waiting.append((name, draw(_conditions([*names, *(each for each, _ in waiting)]))))
    steps = draw(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from(["complete", "fail"]), st.sampled_from(names)),
                st.tuples(st.just("cancel"), st.sampled_from([each for each, _ in waiting])),
            ),
            min_size=1,
            max_size=6,
        )
    )
    return waiting, steps


def _requests(here: Lab, waiting: Sequence[tuple[str, Any]]) -> list[JobRequest]:
    return [
        here.request(name, *map(value_of, needs))
        if isinstance(needs, list)
        else here.request(name, when=needs)
        for name, needs in waiting
    ]


async def _happens(here: Lab, step: tuple[str, str]) -> None:
    """Let a head end, or a job be cancelled; what has ended already stays as it is."""
    what, name = step
    job = JobId(name)
    if here.database.read(lambda c: job_rows.get(c, job)).status.is_final:
        return
    if what == "cancel":
        await here.commits.settle(lambda c: here.settlement.cancel(c, job).effects)
        return
    end = JobEnd(status=JobState.COMPLETED if what == "complete" else JobState.FAILED, error=None)

    def change(connection: Any) -> Effects:
        start_all(connection, {job: None}, "ef")
        return here.settlement.end(connection, job, end)

    await here.commits.settle(change)


async def _told(
    waiting: Sequence[tuple[str, Any]],
    steps: Sequence[tuple[str, str]],
    *,
    most: int,
    pausing: bool,
    late: int = 0,
) -> list[str]:
    """Return the states of all jobs in the end; the ``late`` ones are made after the first step.

    ``pausing``: all is settled before the next step.
    """
    names = [*(f"head-{n}" for n in range(_HEADS)), *(name for name, _ in waiting)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        root = Path(folder)
        async with by_hand(root, monkeypatch, slots=0, most=most) as here:
            first, later = waiting[: len(waiting) - late], waiting[len(waiting) - late :]
            heads = [here.request(name) for name in names[:_HEADS]]
            await here.scheduler.submit(USER, [*heads, *_requests(here, first)])
            for number, step in enumerate(steps):
                if number or step[1] not in dict(later):
                    await _happens(here, step)
                if pausing:
                    await settled(here)
                if number == 0 and later:
                    await here.scheduler.submit(USER, _requests(here, later))
            await settled(here)
            return here.status(*names)


@settings(max_examples=12, deadline=None)
@given(_stories(), st.integers(1, 3))
def test_pieces_of_any_size_come_to_what_one_change_does(
    story: tuple[list[tuple[str, Any]], list[tuple[str, str]]], most: int
) -> None:
    async def test() -> None:
        waiting, steps = story
        whole = await _told(waiting, steps, most=WHOLE, pausing=True)
        assert await _told(waiting, steps, most=most, pausing=True) == whole

    run(test)


@settings(max_examples=12, deadline=None)
@given(_stories(), st.integers(1, 3), st.integers(0, _JOBS // 2))
def test_what_happens_and_comes_in_between_changes_nothing(
    story: tuple[list[tuple[str, Any]], list[tuple[str, str]]], most: int, late: int
) -> None:
    async def test() -> None:
        waiting, steps = story
        whole = await _told(waiting, steps, most=WHOLE, pausing=True, late=late)
        assert await _told(waiting, steps, most=most, pausing=False, late=late) == whole

    run(test)


# -- no change is longer than a piece


_MANY = 450
_MOST = 50


def _chain(here: Lab) -> list[JobRequest]:
    names = ["head", *(f"job-{n:03}" for n in range(_MANY))]
    return [here.request(name, value_of(before)) for before, name in pairwise(names)]


def _fan(here: Lab) -> list[JobRequest]:
    return [here.request(f"job-{n:03}", value_of("head")) for n in range(_MANY)]


def _weighed(here: Lab) -> list[JobRequest]:
    ends = any_of([JobIs(job="head", phase=phase) for phase in (Phase.FAILED, Phase.FINISHED)])
    return [here.request(f"job-{n:03}", when=ends) for n in range(_MANY)]


def _layers(here: Lab) -> list[JobRequest]:
    made, layer = [], ["head"]
    for start in range(0, _MANY, 30):
        names = [f"job-{n:03}" for n in range(start, start + 30)]
        made += [here.request(name, *map(value_of, layer)) for name in names]
        layer = names
    return made


@pytest.mark.parametrize(
    ("workflow", "fails", "state"),
    [
        pytest.param(_chain, True, "cancelled", id="a chain whose head fails"),
        pytest.param(_fan, True, "cancelled", id="a fan whose head fails"),
        pytest.param(_fan, False, "queued", id="a fan whose head completes"),
        pytest.param(_weighed, True, "queued", id="conditions that are weighed"),
        pytest.param(_layers, True, "cancelled", id="layers"),
    ],
)
def test_no_change_looks_at_more_than_so_many(
    tmp_path: Path, workflow: Callable[[Lab], list[JobRequest]], *, fails: bool, state: str
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1, most=_MOST) as here:
            await here.submit("head")
            order = await here.started()
            requests = workflow(here)
            await here.scheduler.submit(USER, requests)
            changes: list[int] = []
            here.commits.subscribe(lambda e: changes.append(len(e.ended) + len(e.queued)))
            if fails:
                here.fail(order)
            else:
                here.complete(order)
            await here.final("head")
            await here.unsettled.finished()
            states = here.status(*(each.id for each in requests))
            assert states.count(state) >= len(states) - 1  # of those queued the first one may run
            assert max(changes) <= 2 * _MOST
            assert sum(changes) > len(requests)

    run(test)


def test_others_have_their_turn_between_two_pieces(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1, most=1) as here:
            await here.submit("head")
            order = await here.started()
            await here.scheduler.submit(USER, _chain(here)[:20])
            told: list[str] = []
            here.commits.subscribe(lambda effects: told.extend(effects.ended))
            here.fail(order)
            await here.final("head")
            await here.submit("another")
            assert "job-019" not in told
            assert (await here.final("job-019")).status == "cancelled"

    run(test)


def test_an_install_that_many_wait_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=0, most=5) as here:
            await here.install("i", InstallState.RESOLVING)
            names = [f"job-{n:02}" for n in range(23)]
            await here.scheduler.submit(USER, [here.request(name, install="i") for name in names])
            await here.install("i", InstallState.READY)
            for name in names:
                await here.until(name, lambda record: record.status == "queued")

    run(test)


def test_the_losers_of_a_race_start_no_more(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=9, most=1) as here:
            await here.submit("good")
            await here.run_next({"chisq": 1.0})
            losers = [f"loser-{n}" for n in range(8)]
            jobs = [here.request(name) for name in losers]
            await here.scheduler.submit(USER, [*jobs, race_request("race", ["good", *losers])])
            for name in losers:
                assert (await here.final(name)).status == "cancelled"
            assert here.engine.orders.empty()
            assert [kind for kind, _ in here.history("loser-7")] == ["queued", "cancelled"]

    run(test)


# -- what is asked meanwhile


def test_a_job_that_is_about_to_end_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with by_hand(tmp_path, monkeypatch, slots=1, most=1) as here:
            await here.submit("head")
            order = await here.started()
            for name in "ab":
                await here.submit(f"needs-{name}", value_of("head"))
                await here.submit(f"after-{name}", when=JobIs(job="head", phase=Phase.FAILED))
            here.fail(order, "no luck")
            await here.final("head")

            assert here.status("needs-a", "after-a") == ["waiting", "waiting"]
            assert why(here, "needs-a").startswith("is about to be cancelled: needs job head")
            assert "queued in its turn" in why(here, "after-a")
            await settled(here)
            assert here.status("needs-b", "after-b") == ["cancelled", "queued"]

    run(test)


def test_a_loser_that_is_still_to_be_ended_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with by_hand(tmp_path, monkeypatch, slots=1, most=1) as here:
            for name in "abc":
                await here.submit(name)
            await begin(here, ["a", "b", "c"])
            orders = await started(here, 1)
            here.complete(orders["a"], {"chisq": 1.0})
            await here.final("race")
            line = why(here, "c")
            assert line.startswith("is about to be cancelled: job a won the race")
            await settled(here)
            assert here.status("b", "c") == ["cancelled", "cancelled"]

    run(test)


def test_a_job_that_comes_in_between_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with by_hand(tmp_path, monkeypatch, slots=1, most=1) as here:
            await here.submit("head")
            order = await here.started()
            await here.submit("other")
            for number in range(3):
                await here.submit(f"job-{number}", value_of("head"), value_of("other"))
            here.complete(order)
            await here.final("head")
            await here.submit("late", value_of("head"), value_of("other"))
            await settled(here)
            names = ["job-0", "job-1", "job-2", "late"]
            assert here.status(*names) == ["waiting"] * 4
            assert await here.run_next() == "other"
            await settled(here)
            assert "waiting" not in here.status(*names)

    run(test)
