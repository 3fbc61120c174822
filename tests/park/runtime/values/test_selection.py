"""Parts of values, and what is said where there is none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from park.runtime.values.selection import NoSuchPart, narrowed, part_of

VALUE = {"fit": SimpleNamespace(chisq=[1.5, 2.5])}


def test_the_way_leads_through_items_and_attributes() -> None:
    path: list[tuple[str, str | int]] = [("item", "fit"), ("attribute", "chisq"), ("item", 1)]
    assert part_of(VALUE, path) == 2.5
    assert part_of(VALUE, []) is VALUE


def test_a_part_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(NoSuchPart, match=r"the value has no item 'fot': it is a dict with 'fit'"):
        part_of(VALUE, [("item", "fot")])
    with pytest.raises(NoSuchPart, match=r"\['fit'\] has no attribute 'chi': .* with chisq"):
        part_of(VALUE, [("item", "fit"), ("attribute", "chi")])
    with pytest.raises(NoSuchPart, match="it is a list of 2"):
        part_of(VALUE["fit"].chisq, [("item", 5)])


BESIDE = {"$park": "ndarray", "npy": "of a package that is not here"}
ENCODED = {
    "runs": {"$park": "tuple", "items": [BESIDE, {"chisq": 1.5}]},
    "by": {"$park": "dict", "items": [[1, "one"], [True, "yes"], [BESIDE, "array"]]},
    "fit": BESIDE,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ([["item", "runs"], ["item", 1], ["item", "chisq"]], (1.5, [], "['runs'][1]['chisq']")),
        ([["item", "runs"], ["item", -1]], ({"chisq": 1.5}, [], "['runs'][-1]")),
        ([["item", "by"], ["item", 1]], ("one", [], "['by'][1]")),
        ([["item", "fit"], ["item", 0]], (BESIDE, [["item", 0]], "['fit']")),
        ([["item", "fit"], ["attribute", "T"]], (BESIDE, [["attribute", "T"]], "['fit']")),
        ([["item", "$park"]], (ENCODED, [["item", "$park"]], "")),
        ([["item", "runs"], ["item", 7]], (ENCODED["runs"], [["item", 7]], "['runs']")),
    ],
)
def test_an_encoded_value_is_opened_along_the_way_alone(
    path: list[tuple[str, str | int]], found: tuple[object, list[object], str]
) -> None:
    assert narrowed(ENCODED, path) == found
