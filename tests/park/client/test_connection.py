"""One connection for all handles of a service: shared, named, and asked for leaves."""

from __future__ import annotations

import concurrent.futures
import gc
import weakref
from collections.abc import Iterator

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.follow_server import FollowServer
from support.stand_ins.job_service import JobService

from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.connection import Connection, connection_of
from park.errors import UnknownItem
from park.model.conditions import JobIs, Phase
from park.model.truth import Truth, Verdict


@pytest.fixture
def service() -> Iterator[FollowServer]:
    with FollowServer() as server:
        yield server


def transport(
    url: str = "http://one.example", token: str | None = None, name: str | None = None
) -> Transport:
    return Transport(Address(url=url, token=token, name=name))


def test_who_has_the_same_url_and_token_shares_it() -> None:
    first = connection_of(transport())
    assert connection_of(transport(name="one")) is first
    assert connection_of(transport(token="other")) is not first
    assert connection_of(transport(url="http://two.example")) is not first


def test_one_that_nobody_holds_is_forgotten() -> None:
    held = weakref.ref(connection_of(transport(url="http://held.example")))
    gc.collect()
    assert held() is None


def test_it_is_found_again_by_its_name_else_by_its_url() -> None:
    assert Connection(transport(name="sns")).name == "sns"
    assert Connection(transport()).name == "http://one.example"


def leaf(job: str, service: str | None = None) -> JobIs:
    return JobIs(job=job, phase=Phase.COMPLETED, service=service)


def test_leaves_are_asked_for_as_those_of_the_service_itself() -> None:
    one = JobService("http://one.example")
    one.verdicts = [{"truth": "never", "why": "it failed"}, {"truth": "not-yet"}]
    asked = [leaf("a", "http://one.example"), leaf("b")]
    found = one.service.connection.verdicts(asked, 5)
    assert found == [Verdict(Truth.NEVER, "it failed"), Verdict(Truth.NOT_YET)]
    nodes = [{"leaf": {"job": name, "is": "completed"}} for name in "ab"]
    assert one.asked == [("POST", "/api/v1/follow", {"leaves": nodes, "wait": 5})]


def test_a_leaf_is_told_once_it_is_decided(service: FollowServer) -> None:
    decided = Connection(Transport(service.address)).decided(leaf("a"))
    service.until(lambda: bool(service.questions))
    assert not decided.done()
    service.end("a", "never")
    assert decided.result(LIMIT_S).truth is Truth.NEVER


def test_what_the_service_refuses_is_raised(service: FollowServer) -> None:
    service.refused.add("a")
    with pytest.raises(UnknownItem):
        Connection(Transport(service.address)).decided(leaf("a")).result(LIMIT_S)


def test_what_was_cancelled_is_not_told_any_more(service: FollowServer) -> None:
    connection = Connection(Transport(service.address))
    cancelled = connection.decided(leaf("a"))
    service.until(lambda: bool(service.questions))
    assert cancelled.cancel()
    other = connection.decided(leaf("b"))
    for job in "ab":
        service.end(job)
    assert other.result(LIMIT_S).truth is Truth.TRUE
    with pytest.raises(concurrent.futures.CancelledError):
        cancelled.result(0)
