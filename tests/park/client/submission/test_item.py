"""Pieces on their way: what keeps one from being sent, and what its user hears."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from park.client.submission.binding import Binding
from park.client.submission.item import MOMENT_S, Item, State, is_bound, prevented, settled
from park.errors import CannotSatisfy, PlanEnds, ServiceFault, UsageError


class Never:
    """An outbox in which nothing is ever settled."""

    def wait(self, items: Any, timeout: float | None = None) -> bool:
        assert items
        assert timeout is not None
        return False


NEVER: Any = Never()


def job(name: str = "0123456789", **more: Any) -> Item:
    state, error = more.pop("state", State.PENDING), more.pop("error", None)
    item = Item(NEVER, name, "m:f", document=more.pop("document", {"id": name}), **more)
    item.state, item.error, item.root = state, error, error
    return item


def told(error: BaseException | None = None) -> Future[Any]:
    future: Future[Any] = Future()
    if error is None:
        future.set_result(Binding(lock_hash="1" * 64))
    else:
        future.set_exception(error)
    return future


def test_its_document_is_that_of_its_submission_whatever_becomes_of_the_callers() -> None:
    document = {"id": "a", "call": {"args": [1]}}
    item = job("a", document=document)
    document["call"]["args"].append(2)  # type: ignore[index]
    assert item.document == {"id": "a", "call": {"args": [1]}}


@pytest.mark.parametrize(
    ("timeout", "is_awaited"), [(None, True), (MOMENT_S, True), (MOMENT_S / 2, False), (0.0, False)]
)
def test_who_waits_for_less_than_a_moment_is_not_answered_later(
    timeout: float | None, *, is_awaited: bool
) -> None:
    item = job()
    item.await_result(timeout)
    assert item.is_awaited is is_awaited


def test_it_shows_what_it_is() -> None:
    assert str(job()) == "job …456789 (f())"
    install = Item(NEVER, "0123456789", "mymodel", target="mymodel")
    assert (str(install), install.document) == ("install …456789 (mymodel)", None)


def test_a_committed_piece_is_confirmed_and_one_on_its_way_has_a_timeout() -> None:
    job(state=State.COMMITTED).confirm()
    with pytest.raises(TimeoutError, match=r"job …456789 \(f\(\)\) is not submitted after 0\.5 s"):
        job(state=State.SENDING).confirm(0.5)


def test_an_error_is_raised_to_whoever_asks_and_counts_as_told() -> None:
    item = job(state=State.FAILED, error=UsageError("no such function"))
    assert not item.told
    for _ in range(2):
        with pytest.raises(UsageError, match="no such function"):
            item.confirm()
    assert item.told


def test_nothing_waits_for_a_part_of_a_plan() -> None:
    with pytest.raises(PlanEnds, match=r"\(f\(\)\) is part of a plan and will not run") as caught:
        job(state=State.PLANNED).confirm()
    assert "print the plan" in str(caught.value.hint)


def test_settled_is_what_nothing_is_to_be_done_for() -> None:
    done = [job(state=state) for state in (State.COMMITTED, State.FAILED, State.PLANNED)]
    assert settled(done)
    assert settled([])
    assert not settled([*done, job()])
    assert not settled([*done, job(state=State.SENDING)])


def test_it_is_bound_once_environment_and_files_are_there_or_will_never_be() -> None:
    assert is_bound(job())
    assert not is_bound(job(binding=Future()))
    item = job(binding=told(CannotSatisfy("no such Python")))
    assert is_bound(item)
    item.upload = Future()
    assert not is_bound(item)


def test_nothing_prevents_what_only_has_to_wait() -> None:
    needs = (job("a"), job("b", state=State.COMMITTED))
    assert prevented(job(binding=Future(), needs=needs, settled_needs=needs)) == (None, None)


def test_an_environment_or_a_file_that_cannot_be_is_the_root() -> None:
    error = CannotSatisfy("no such Python")
    assert prevented(job(binding=told(error))) == (error, error)
    item = job(binding=told())
    item.upload = told(error)
    assert prevented(item) == (error, error)


@pytest.mark.parametrize("kind", ["needs", "settled_needs"])
def test_what_needs_something_that_failed_fails_with_the_kind_and_the_words_of_the_root(
    kind: str,
) -> None:
    root = CannotSatisfy("no such Python", hint="install it", details={"python": "3.9"})
    need = job("need", state=State.FAILED, error=root)
    item = job(needs=(need,)) if kind == "needs" else job(settled_needs=(need,))
    error, found = prevented(item)
    assert found is root
    assert isinstance(error, CannotSatisfy)
    assert f"since it needs {need}, which was not: no such Python" in str(error)
    assert (error.hint, error.details) == ("install it", {"python": "3.9"})


def test_a_root_that_is_no_error_of_park_is_a_fault() -> None:
    need = job("need", state=State.FAILED, error=OSError("no room"))
    error, _ = prevented(job(needs=(need,)))
    assert isinstance(error, ServiceFault)
    assert "no room" in str(error)


def test_what_needs_a_part_of_a_plan_is_refused() -> None:
    error, root = prevented(job(needs=(job("need", state=State.PLANNED),)))
    assert isinstance(error, UsageError)
    assert root is None


def test_what_its_submission_raised_comes_as_if_it_came_up_where_it_is_asked_for() -> None:
    try:
        raise UsageError("no such thing") from LookupError("deep down")  # noqa: TRY301 (a test)
    except UsageError as error:
        failed = job(state=State.FAILED, error=error)
    for _ in range(2):
        with pytest.raises(UsageError, match="no such thing") as caught:
            failed.confirm()
        assert [entry.name for entry in caught.traceback] == [
            "test_what_its_submission_raised_comes_as_if_it_came_up_where_it_is_asked_for",
            "confirm",
        ]
        assert caught.value.__cause__ is None
