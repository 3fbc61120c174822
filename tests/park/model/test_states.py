import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import InvalidEntryPoint
from park.model.entry_point import EntryPoint
from park.model.ids import new_id, uuid7
from park.model.states import InstallState, JobState, may_follow, standing


@pytest.mark.parametrize("text", ["mymodel:fit", "a.b.c:Class.method", " mymodel:fit "])
def test_entry_points_are_parsed(text: str) -> None:
    assert str(EntryPoint.parse(text)) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "mymodel", "mymodel:", ":fit", "my-model:fit", "a:b:c", "a:1b", "../a:b", "a:b()"]
)
def test_what_is_no_entry_point_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(InvalidEntryPoint, match=r"expected package\.module:function") as caught:
        EntryPoint.parse(text)
    assert repr(text) in caught.value.message


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_uuid7_has_the_bits_of_rfc_9562(milliseconds: int, random_bits: int) -> None:
    value = uuid.UUID(uuid7(milliseconds, random_bits))
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == milliseconds
    assert (value.int >> 64 & 0xFFF) << 62 | value.int & (1 << 62) - 1 == random_bits


def test_ids_sort_by_time() -> None:
    assert str(uuid7(1, 2**74 - 1)) < str(uuid7(2, 0))
    assert new_id() != new_id()


def test_final_states_are_left_by_nothing() -> None:
    final = {state for state in JobState if state.is_final}
    assert final == {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}
    assert not any(may_follow(before, after) for before in final for after in JobState)


def test_every_state_but_the_first_is_reached() -> None:
    reached = {after for before in JobState for after in JobState if may_follow(before, after)}
    assert reached == set(JobState) - {JobState.WAITING}


def test_a_job_never_runs_before_it_was_queued() -> None:
    assert [before for before in JobState if may_follow(before, JobState.RUNNING)] == [
        JobState.QUEUED
    ]


def test_an_install_ends_ready_or_failed() -> None:
    assert {state for state in InstallState if state.is_final} == {
        InstallState.READY,
        InstallState.FAILED,
    }


@pytest.mark.parametrize("state", JobState)
def test_a_job_stands_as_its_state_says(state: JobState) -> None:
    assert standing(str(state)) is state


def test_an_install_stands_as_a_job_would() -> None:
    assert [standing(state) for state in InstallState] == [
        JobState.WAITING,
        JobState.RUNNING,
        JobState.RUNNING,
        JobState.COMPLETED,
        JobState.FAILED,
    ]


def test_what_is_known_by_its_id_alone_stands_nowhere() -> None:
    assert standing("remote") is None
