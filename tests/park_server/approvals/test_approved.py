"""`park_server.approvals.approved`: what is covered by what an operator approved."""

from __future__ import annotations

from typing import Any

import pytest

from park.errors import UsageError
from park.model.pins import parse_pin
from park.wire import ApprovalRequest
from park_server.approvals.approved import Approved, spelled

SET, LOCK = "a" * 64, "b" * 64
TREE = f"1.3+t{'0' * 16}"


def test_a_project_covers_its_releases_and_a_version_one() -> None:
    approved = Approved(frozenset({"numpy", "refl1d==1.0.1"}))
    named = (("numpy", "2.4"), ("refl1d", "1.0.1"), ("refl1d", "1.0.2"))
    pins = [parse_pin(*each) for each in named]
    assert [str(pin) for pin in approved.lacking(pins)] == ["refl1d==1.0.2"]
    assert (approved.has_some_of("refl1d"), approved.has_some_of("refl")) == (True, False)


def test_the_versions_of_a_project_are_told_unless_it_is_approved_as_a_whole() -> None:
    approved = Approved(frozenset({"numpy", "refl1d==1.0.1", "refl1d==1.0.3", "refl1d-extra==2"}))
    assert approved.versions_of("refl1d") == frozenset({"1.0.1", "1.0.3"})
    assert approved.versions_of("numpy") is None
    assert approved.versions_of("scipy") == frozenset()


def test_a_working_tree_is_covered_by_no_name() -> None:
    approved = Approved(frozenset({"mymodel", f"mymodel=={TREE}"}))
    assert len(approved.lacking([parse_pin("mymodel", TREE)])) == 1


def test_locks_and_sets_are_approved_as_they_are() -> None:
    approved = Approved(frozenset({f"lock:{LOCK}", f"set:{SET}"}))
    assert (approved.has_lock(LOCK), approved.has_lock(SET)) == (True, False)
    assert (approved.has_set(SET), approved.has_set(LOCK)) == (True, False)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"project": "Num_Py"}, "num-py"),
        ({"project": "refl1d", "version": "1.0"}, "refl1d==1.0"),
        ({"lock": LOCK}, f"lock:{LOCK}"),
        ({"set_hash": SET}, f"set:{SET}"),
    ],
)
def test_each_has_one_spelling(asked: dict[str, Any], what: str) -> None:
    assert spelled(ApprovalRequest(**asked)) == what


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"version": "1"},
        {"project": "a", "lock": LOCK},
        {"lock": LOCK, "version": "1"},
        {"set_hash": "short"},
        {"project": "lock:x"},
        {"project": ""},
        {"project": "a b"},
    ],
)
def test_what_is_none_of_these_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        spelled(ApprovalRequest(**asked))


@pytest.mark.parametrize("version", ["banana", "", ">=1", "1.*"])
def test_what_is_no_version_is_approved_for_nobody(version: str) -> None:
    with pytest.raises(UsageError, match="is no version"):
        spelled(ApprovalRequest(project="numpy", version=version))
