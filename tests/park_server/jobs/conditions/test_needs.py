"""What a job needs before it can start, as a value made from its request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from park.errors import InvalidEntryPoint, UsageError
from park.model.ids import new_id
from park.wire import FETCH, FetchRequest, JobRequest
from park_server.jobs.conditions import needs
from park_server.jobs.conditions.needs import Planned, planned

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
FAR = "https://far.example"


def request(*args: Any, when: Any = None, **more: Any) -> JobRequest:
    facts: dict[str, Any] = {"id": new_id(), "entry_point": "m:f", "lock_hash": "1" * 64} | more
    condition = None if when is None else {"version": 1, "condition": when}
    return JobRequest(call={"args": list(args), "kwargs": {}}, when=condition, **facts)


def plan(*args: Any, **more: Any) -> Planned:
    return planned(request(*args, **more), NOW)


def reference(job: str, what: str = "value", **more: Any) -> dict[str, Any]:
    return {"$park": "reference", "job": job, "what": what, **more}


def test_a_job_that_refers_to_nothing_is_free() -> None:
    assert plan(1, "a").is_free
    assert plan().needs == ()


def test_references_and_the_install_are_a_count_of_completions() -> None:
    found = plan(
        reference("a"), [reference("b", "file")], reference("a"), lock_hash=None, install="i"
    )
    assert found.is_plain
    assert not found.is_free
    assert set(found.needs) == {("a", "", "value"), ("b", "", "file"), ("i", "", "completed")}
    assert found.installs == {"i"}


def test_a_conjunction_of_completions_stays_a_count() -> None:
    both = {"all": [{"job": "a", "is": "completed"}, {"install": "i", "is": "completed"}]}
    found = plan(when=both)
    assert found.is_plain
    assert set(found.needs) == {("a", "", "completed"), ("i", "", "completed")}
    assert found.installs == {"i"}


def test_any_other_condition_is_kept_whole_with_what_the_arguments_imply() -> None:
    found = plan(reference("b"), when={"job": "a", "is": "failed"})
    assert not found.is_plain
    assert set(found.needs) == {("a", "", "failed"), ("b", "", "value")}
    assert "failed" in str(found.expression)
    assert "completed" in str(found.expression)


def test_what_is_elsewhere_is_named_with_its_service() -> None:
    found = plan(reference("a", service=FAR), when={"job": "b", "is": "finished"})
    assert [service for service, _ in found.remote] == [FAR]
    assert ("a", FAR, "value") in found.needs


def test_a_delay_becomes_the_moment_that_it_ends() -> None:
    found = plan(when={"after": 90.0})
    assert found.condition == {"version": 1, "condition": {"at": "2026-11-23T08:01:30Z"}}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"lock_hash": None}, "exactly one of them"),
        ({"install": "i"}, "exactly one of them"),
        ({"retries": -1}, "retries=-1"),
        ({"retries": 1_001}, "retries=1001"),
        ({"backoff_s": float("nan")}, "backoff_s=nan"),
        ({"backoff_s": 100_000.0}, "backoff_s=100000"),
        ({"timeout_s": 0.0}, "timeout_s=0"),
        ({"timeout_s": float("inf")}, "timeout_s=inf"),
        ({"memory_bytes": -5}, "memory_bytes=-5"),
        ({"fetch": FetchRequest(url="https://e.org/a")}, "a fetch has the entry point"),
    ],
)
def test_what_is_wrong_with_a_request_is_told(more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(**more)


def test_a_name_that_is_no_entry_point_is_refused() -> None:
    with pytest.raises(InvalidEntryPoint):
        plan(entry_point="m.f")


def test_a_fetch_needs_the_job_whose_file_it_brings() -> None:
    fetch = FetchRequest(url=reference("a", "url"))
    found = plan(entry_point=FETCH, lock_hash=None, fetch=fetch)
    assert (found.kind, found.is_call) == ("fetch", False)
    assert found.needs == (("a", "", "url"),)


def progress(job: str, **more: Any) -> dict[str, Any]:
    return {"reference": reference(job, "progress", path=[["item", "chisq"]], **more)}


def test_progress_is_for_conditions_and_of_one_job_at_a_time() -> None:
    with pytest.raises(UsageError, match="progress stands in conditions only"):
        plan(reference("a", "progress"))
    assert plan(when={"compare": [progress("a"), "<", {"value": 2}]}).needs == (
        ("a", "", "progress"),
    )
    with pytest.raises(UsageError, match="cannot be compared with that of another"):
        plan(when={"compare": [progress("a"), "<", progress("b")]})


def test_values_on_two_services_can_be_compared_on_neither() -> None:
    operands = [{"reference": reference("a")}, {"reference": reference("b", service=FAR)}]
    with pytest.raises(UsageError, match="can be made on neither") as caught:
        plan(when={"compare": [operands[0], "<", operands[1]]})
    assert "a job that compares them" in str(caught.value.hint)


def test_many_needs_are_sorted_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []

    def noted(items: Any) -> list[Any]:
        items = list(items)
        steps.append(len(items))
        return sorted(items)

    monkeypatch.setattr(needs, "sorted", noted, raising=False)
    monkeypatch.setattr(needs, "_SORTED_AT_ONCE", 10)
    names = [new_id() for _ in range(100)]
    parts = [{"job": name, "is": "completed"} for name in reversed(names)]
    found = plan(when={"any": parts})
    assert [needed for needed, _, _ in found.needs] == sorted(names)
    assert max(steps) == 10
