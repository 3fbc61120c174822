"""Leaves: which service knows one, what it needs, and how it is written there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from park.model.conditions import At, Comparison, InstallIs, JobIs, Leaf, Literal, Phase, Pool
from park.model.leaves import at_home, leaf_to_json, local_leaf, needed_by, service_of
from park.model.references import Reference, What

SNS = "https://sns.example.org/service"
JOB = JobIs(job="a", phase=Phase.COMPLETED, service=SNS)
INSTALL = InstallIs(install="i", phase=Phase.FAILED, service=SNS)
CHISQ = Reference(job="a", what=What.VALUE, service=SNS)
GOAL = Reference(job="b", what=What.PROGRESS, service=SNS)
BELOW = Comparison(left=CHISQ, operator="<", right=Literal(value=2.0))
BETTER = Comparison(left=CHISQ, operator="<", right=GOAL)
TIMED = At(moment=datetime(2026, 11, 26, tzinfo=UTC))
FREE = Pool(name="licence", count=1)


@pytest.mark.parametrize("leaf", [JOB, INSTALL, BELOW, BETTER])
def test_what_is_on_a_service_is_known_there_and_written_without_its_url(leaf: Leaf) -> None:
    assert service_of(leaf) == SNS
    assert service_of(at_home(leaf)) is None
    assert local_leaf(leaf, SNS) == at_home(leaf)
    assert local_leaf(leaf, "https://other.example.org") == leaf
    assert SNS not in str(leaf_to_json(at_home(leaf)))


@pytest.mark.parametrize("leaf", [TIMED, FREE])
def test_moments_and_pools_are_of_no_service_and_need_nothing(leaf: Leaf) -> None:
    assert service_of(leaf) is None
    assert at_home(leaf) == leaf
    assert list(needed_by(leaf)) == []


def test_a_leaf_needs_what_it_speaks_of() -> None:
    assert list(needed_by(JOB)) == [("a", SNS, Phase.COMPLETED)]
    assert list(needed_by(INSTALL)) == [("i", SNS, Phase.FAILED)]
    assert list(needed_by(BELOW)) == [("a", SNS, What.VALUE)]
    assert list(needed_by(BETTER)) == [("a", SNS, What.VALUE), ("b", SNS, What.PROGRESS)]


def test_a_comparison_is_known_where_its_reference_leads() -> None:
    turned = Comparison(left=Literal(value=2.0), operator=">", right=CHISQ)
    assert service_of(turned) == SNS


def test_a_leaf_as_a_service_is_asked_about_it() -> None:
    assert leaf_to_json(at_home(JOB)) == {"job": "a", "is": "completed"}
