"""References: there and back, ways into values, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import UsageError
from park.model.references import MOST_STEPS, Reference, What, references_in

steps = st.tuples(st.just("item"), st.text() | st.integers()) | st.tuples(
    st.just("attribute"), st.sampled_from(["chisq", "_x"])
)
references = st.builds(
    Reference,
    job=st.text(min_size=1),
    what=st.sampled_from(list(What)),
    service=st.none() | st.text(min_size=1),
    name=st.none() | st.text(min_size=1),
    path=st.lists(steps, max_size=4).map(tuple),
)


@given(references)
def test_json_there_and_back(reference: Reference) -> None:
    assert Reference.from_json(json.loads(json.dumps(reference.as_json()))) == reference


@given(st.lists(references, max_size=5))
def test_references_are_found_in_their_order(found: list[Reference]) -> None:
    nodes = [reference.as_json() for reference in found]
    document = {"args": [{"$park": "tuple", "items": nodes[:2]}], "kwargs": {"x": [nodes[2:], 1]}}
    assert list(references_in(document)) == found


def test_a_way_leads_into_values() -> None:
    reference = Reference(job="a", what=What.VALUE).item("fit").attribute("chisq").item(0)
    assert reference.path == (("item", "fit"), ("attribute", "chisq"), ("item", 0))
    assert str(reference) == "value['fit'].chisq[0] of job a"


def test_whose_the_service_is_goes_along_where_it_is_another_one() -> None:
    own = Reference(job="a", what=What.VALUE, service="https://b", own=True)
    assert own.item("x").as_json()["own"] is True
    assert Reference.from_json(own.item("x").as_json()) == own.item("x")
    assert "own" not in Reference(job="a", what=What.VALUE, own=True).as_json()
    for said in ("yes", 1, None):  # nobody takes code by mistake
        assert not Reference.from_json(own.as_json() | {"own": said}).own


def test_a_file_has_no_items_and_a_way_has_an_end() -> None:
    with pytest.raises(UsageError, match="a file has no items"):
        Reference(job="a", what=What.FILE).item("x")
    reference = Reference(job="a", what=What.VALUE)
    for _ in range(MOST_STEPS):
        reference = reference.item(0)
    with pytest.raises(UsageError, match="at most 64 steps"):
        reference.item(0)


@pytest.mark.parametrize(
    "changes",
    [
        {"job": ""},
        {"job": 1},
        {"what": "soul"},
        {"service": ""},
        {"name": 3},
        {"path": [["item", True]]},
        {"path": [["attribute", "no name"]]},
        {"path": [["item"]]},
        {"path": 3},
        {"path": None},
        {"job": ["a"]},
        {"service": {}},
    ],
    ids=str,
)
def test_what_is_no_reference_is_refused(changes: dict[str, Any]) -> None:
    node = {"$park": "reference", "job": "a", "what": "value"} | changes
    with pytest.raises(UsageError, match="not a reference"):
        list(references_in([node]))
    # what was read before, and is remembered, does not stand for it
    assert list(references_in([{"$park": "reference", "job": "a", "what": "value"}]))
    with pytest.raises(UsageError, match="not a reference"):
        list(references_in([node]))
