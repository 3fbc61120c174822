from hypothesis import given
from hypothesis import strategies as st

from park.model.backoff import Backoff


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    backoff = Backoff(first_s=0.5, longest_s=5.0)
    assert [backoff.after(failures) for failures in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]


def test_a_first_pause_beyond_the_longest_is_cut() -> None:
    assert Backoff(first_s=60, longest_s=5).after(1) == 5


@given(st.floats(1e-3, 1e5), st.floats(1e-3, 1e5), st.integers(1, 10**30))
def test_no_count_of_failures_is_too_large(first_s: float, longest_s: float, failures: int) -> None:
    pause_s = Backoff(first_s=first_s, longest_s=longest_s).after(failures)
    assert min(first_s, longest_s) <= pause_s <= longest_s
    assert failures < 64 or pause_s == longest_s
