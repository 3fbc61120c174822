"""Long listings: the newest of each kind, and how many older ones there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from park.wire.newest import folded, kind_of

EDIT = "1.0+t0123456789abcdef"
NEWER = "1.1+tfedcba9876543210"


def test_the_last_one_of_a_kind_says_how_many_are_left_out() -> None:
    found = folded(["b4", "a2", "b3", "b2", "a1", "b1"], lambda text: text[0], 2)
    assert found == [("b4", 0), ("a2", 0), ("b3", 2), ("a1", 0)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers())), st.integers(1, 4))
def test_nothing_is_lost_from_the_count(items: list[tuple[str, int]], newest: int) -> None:
    found = folded(items, lambda item: item[0], newest)
    assert len(found) + sum(older for _, older in found) == len(items)
    assert [item for item, _ in folded(items, lambda item: item[0], None)] == items


def test_edits_do_not_hide_what_was_released() -> None:
    assert kind_of([("m", EDIT)]) == kind_of([("m", NEWER)])
    assert kind_of([("m", EDIT)]) != kind_of([("m", "1.0")])
    assert kind_of([("m", "1.0")]) == kind_of([("m", "2.0+cpu")]) != kind_of([("n", "1.0")])


def test_projects_together_are_one_kind_in_whatever_order() -> None:
    assert kind_of([("m", EDIT), ("n", "1")]) == kind_of([("n", "2"), ("m", "1"), ("m", EDIT)])
