"""Hearing of ends: how each ended, what was never submitted, and what is not known."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.follow_server import FollowServer, KnownJob

from park.client.jobs.ends import End, EndListener, HowItEnded, is_confirmed
from park.errors import UnknownItem, UsageError

if TYPE_CHECKING:
    Ends = queue.Queue[End]


@pytest.fixture
def service() -> Iterator[FollowServer]:
    with FollowServer() as server:
        yield server


@pytest.fixture
def ends() -> Ends:
    return queue.Queue()


@pytest.fixture
def listener(ends: Ends) -> Iterator[EndListener]:
    made = EndListener(ends.put)
    yield made
    made.close()


def known(service: FollowServer, *, confirmed: bool = True) -> Any:
    return KnownJob(service.address, confirmed=confirmed)


def heard(ends: Ends) -> tuple[Any, HowItEnded]:
    end = ends.get(timeout=LIMIT_S)
    return end.handle, end.how


def test_each_end_is_told_once_with_how_it_was(
    service: FollowServer, ends: Ends, listener: EndListener
) -> None:
    good, bad = known(service), known(service)
    listener.add([good, bad])
    service.end(good.id)
    assert heard(ends) == (good, HowItEnded.COMPLETED)
    service.end(bad.id, "never")
    assert heard(ends) == (bad, HowItEnded.FAILED)
    assert ends.empty()


def test_what_cannot_be_submitted_has_ended_with_its_error(
    service: FollowServer, ends: Ends, listener: EndListener
) -> None:
    lost, error = known(service, confirmed=False), UsageError("no such function")
    listener.add([lost])
    lost.submitted(error)
    end = ends.get(timeout=LIMIT_S)
    assert (end.handle, end.how, end.error) == (lost, HowItEnded.NOT_SUBMITTED, error)
    assert service.questions == []


def test_what_the_service_does_not_know_is_told_as_unknown(
    service: FollowServer, ends: Ends, listener: EndListener
) -> None:
    stranger = known(service)
    service.refused.add(stranger.id)
    listener.add([stranger])
    end = ends.get(timeout=LIMIT_S)
    assert end.how is HowItEnded.UNKNOWN
    assert isinstance(end.error, UnknownItem)


def test_one_on_its_way_does_not_hold_up_those_before_it(
    service: FollowServer, ends: Ends, listener: EndListener
) -> None:
    there, late = known(service), known(service, confirmed=False)
    listener.add([there, late])
    service.end(there.id)
    assert heard(ends) == (there, HowItEnded.COMPLETED)
    late.submitted()
    service.end(late.id)
    assert heard(ends) == (late, HowItEnded.COMPLETED)


def test_more_can_be_added_while_others_are_on_their_way(
    service: FollowServer, ends: Ends, listener: EndListener
) -> None:
    first, second = known(service, confirmed=False), known(service)
    listener.add([first])
    listener.add([second])
    for job in (first, second):
        service.end(job.id)
    first.submitted()
    assert {heard(ends)[0], heard(ends)[0]} == {first, second}


def test_who_has_closed_hears_no_more(service: FollowServer, ends: Ends) -> None:
    listener, other = EndListener(ends.put), EndListener(ends.put)
    closed, heeded = known(service), known(service)
    listener.add([closed])
    service.until(lambda: bool(service.questions))
    listener.close()
    other.add([heeded])
    service.end(closed.id)
    service.end(heeded.id)
    assert heard(ends) == (heeded, HowItEnded.COMPLETED)
    other.close()
    assert ends.empty()


def test_confirmed_is_what_nothing_is_waited_for_be_it_submitted_or_not(
    service: FollowServer,
) -> None:
    late, lost = known(service, confirmed=False), known(service, confirmed=False)
    assert not is_confirmed(late)
    late.submitted()
    lost.submitted(UsageError("no such function"))
    assert is_confirmed(late)
    assert is_confirmed(lost)
