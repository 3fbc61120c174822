"""Which jobs go when all of them take too much: the longest unused, as few as will do."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from park.model.ids import JobId
from park_server.retention.job_quota import KeptJob, over_quota, taken

SIZES = {"a": 10, "b": 20, "c": 40}


def job(name: str, used: str, *files: str, own: int = 1, stays: bool = False) -> KeptJob:
    return KeptJob(
        id=JobId(name),
        calls_bytes=0,
        results_bytes=own,
        logs_bytes=0,
        files=frozenset(files),
        last_used=used,
        stays=stays,
    )


def test_a_file_goes_with_the_last_job_that_has_it() -> None:
    found = [job("old", "1", "a", "b"), job("older", "0", "a"), job("young", "2", "b", "c")]
    assert taken(found, SIZES) == 73
    assert over_quota(found, SIZES, 73) == []
    assert over_quota(found, SIZES, 72) == ["older"]
    assert over_quota(found, SIZES, 61) == ["older", "old"]
    assert over_quota(found, SIZES, 60) == ["older", "old", "young"]


def test_what_must_stay_may_be_more_than_the_quota() -> None:
    found = [job("pinned", "0", "c", stays=True), job("young", "2", "a")]
    assert over_quota(found, SIZES, 0) == ["young"]


def test_of_one_day_goes_first_what_is_soon_made_again() -> None:
    dear = replace(job("dear", "2026-11-26T08"), cost_s=3600.0)
    cheap = replace(job("cheap", "2026-11-26T09"), cost_s=2.0)
    as_cheap = replace(job("as-cheap", "2026-11-26T10"), cost_s=0.1)
    old = replace(job("old", "2026-11-25T23"), cost_s=9e9)
    assert over_quota([dear, cheap, as_cheap, old], SIZES, 0) == [
        "old",
        "cheap",
        "as-cheap",
        "dear",
    ]


jobs = st.lists(
    st.builds(
        lambda name, used, files, own, stays: job(name, used, *files, own=own, stays=stays),
        st.text("jk", min_size=1, max_size=4),
        st.sampled_from("0123"),
        st.sets(st.sampled_from([*SIZES, "absent"])),
        st.integers(0, 9),
        st.booleans(),
    ),
    unique_by=lambda each: each.id,
)


@given(jobs, st.integers(0, 120))
def test_as_few_go_as_will_do_and_no_younger_one_before_an_older(
    found: list[KeptJob], quota: int
) -> None:
    going = over_quota(found, SIZES, quota)
    by_id = {each.id: each for each in found}
    assert not any(by_id[name].stays for name in going)
    free = sorted((each for each in found if not each.stays), key=lambda e: (e.last_used, e.id))
    assert going == [each.id for each in free[: len(going)]]
    left = [each for each in found if each.id not in going]
    assert taken(left, SIZES) <= quota or all(each.stays for each in left)
    if going:
        assert taken([*left, by_id[going[-1]]], SIZES) > quota
