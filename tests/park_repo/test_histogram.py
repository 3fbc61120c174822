from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from park_repo.histogram import Histogram


def test_a_value_is_in_the_first_bucket_that_it_does_not_exceed() -> None:
    found = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        found.observe(value)
    assert found.cumulative() == [("0.1", 2), ("1", 3), ("+Inf", 4)]
    assert (found.count, found.total) == (4, 7.65)


@given(st.lists(st.floats(0, 1e6)))
def test_each_bound_counts_what_does_not_exceed_it(values: list[float]) -> None:
    found = Histogram((0.5, 10.0, 1e5))
    for value in values:
        found.observe(value)
    expected = [sum(value <= bound for value in values) for bound in found.bounds]
    assert [count for _, count in found.cumulative()] == [*expected, len(values)]
