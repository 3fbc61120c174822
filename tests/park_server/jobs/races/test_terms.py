"""What a race may be, and what is said where it may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from support.labs.races import better_than, competitor, race_request

from park.errors import UsageError
from park.model.conditions import After, At, JobIs, Phase, Pool, any_of, leaves
from park.model.conditions_json import condition_from_json, condition_to_json
from park.model.references import Reference, What
from park.wire import CompetitorRequest, IfNone, RaceRequest, StopHow
from park_server.jobs.races.terms import anchored_request, condition_of, terms_of

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)


def request(*competitors: str | CompetitorRequest, **terms: Any) -> RaceRequest:
    race = race_request("race", competitors, **terms).race
    assert race is not None
    return race


def test_what_is_not_said_is_that_one_has_to_complete() -> None:
    terms = terms_of(RaceRequest(competitors=[CompetitorRequest(job="a")]))
    assert terms.competitors[0].good == JobIs(job="a", phase=Phase.COMPLETED)
    assert (terms.keep, terms.grace_s, terms.stop) == (1, 10.0, StopHow.CANCEL)


def test_what_was_pickled_elsewhere_is_read_where_that_was_said() -> None:
    there = CompetitorRequest(job="a", service="https://b")
    for own in (False, True):
        (found,) = terms_of(RaceRequest(competitors=[replace(there, own=own)])).competitors
        assert found.reference(What.VALUE).own is own


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (request(), "1 to 10,000 competitors, not 0"),
        (request("a", keep=2), "keep=2 of 1"),
        (request("a", keep=0), "keep=0 of 1"),
        (request("a", grace_s=-1.0), "grace_s=-1"),
        (request("a", grace_s=float("nan")), "grace_s=nan"),
        (request("a", "b", "a"), "job a competes 2 times"),
        (request(competitor("a", rank=False), if_none=IfNone.BEST), "without a rank"),
        (request(competitor("a", Pool(name="gpu", count=1))), "a pool"),
        (
            request(CompetitorRequest(job="a", rank=Reference(job="b", what=What.VALUE).as_json())),
            "is ranked by the value of job b",
        ),
        (
            request(
                CompetitorRequest(job="a", rank=Reference(job="a", what=What.PROGRESS).as_json())
            ),
            "is ranked by the progress of job a",
        ),
    ],
)
def test_what_is_no_race_is_said_so(wrong: RaceRequest, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        terms_of(wrong)
    assert line in str(caught.value)


def test_there_is_something_to_decide_when_enough_are_good_or_all_have_ended() -> None:
    terms = terms_of(request("a", "b", keep=2))
    good = [better_than(job, 1.2) for job in "ab"]
    ended = [JobIs(job=job, phase=Phase.FINISHED) for job in "ab"]
    assert list(leaves(condition_of(terms))) == [*good, *ended]


def test_delays_count_since_the_race_was_accepted() -> None:
    late = any_of([better_than("a", 1.2), After(seconds=60.0)])
    anchored = anchored_request(request(competitor("a", late)), NOW)
    (made,) = anchored.competitors
    assert made.good_enough is not None
    moments = [
        leaf for leaf in leaves(condition_from_json(made.good_enough)) if isinstance(leaf, At)
    ]
    assert [each.moment for each in moments] == [NOW.replace(minute=1)]
    plain = replace(made, good_enough=condition_to_json(better_than("a", 1.2)))
    assert anchored_request(RaceRequest(competitors=[plain]), NOW).competitors == [plain]
