"""The children that a fork server keeps waiting: how many it wants, and what becomes of each."""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.session.limits import LIMIT_S

from park.runtime import processes
from park.runtime.forking.supply import Supply
from park.runtime.order import Order, ServerSettings
from park.runtime.spare import Spare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.runtime.forking.zygote import Zygote

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a fork server is Linux's")


class Asked:
    """What a zygote is asked for; whoever tests lets children `come`."""

    pid = 1

    def __init__(self) -> None:
        self.expected = 0
        self.is_gone = False
        self.reaped: list[int] = []
        self.tidied = 0
        self.children: deque[Spare | OSError] = deque()
        self.ends: list[socket.socket] = []
        self.theirs: list[socket.socket] = []

    @property
    def has_come(self) -> bool:
        return bool(self.children)

    @property
    def has_ended(self) -> bool:
        return bool(self.reaped)

    def come(self, pid: int) -> None:
        ours, theirs = socket.socketpair()
        theirs.settimeout(LIMIT_S)
        self.theirs.append(theirs)
        self.ends += [ours, theirs]
        self.children.append(Spare(pid=pid, pidfd=os.eventfd(0), channel=ours))

    def ask(self) -> None:
        if self.is_gone:
            raise BrokenPipeError
        self.expected += 1

    def take(self) -> Spare:
        self.expected -= 1
        child = self.children.popleft()
        if isinstance(child, OSError):
            raise child
        return child

    def reap(self, pid: int) -> None:
        self.reaped.append(pid)

    def clear_up(self) -> None:
        self.tidied += 1

    def status_of(self, pid: int) -> int:
        return 100 + pid


class Kept:
    """A supply of ``spares`` with a zygote of the test."""

    def __init__(self, spares: int) -> None:
        self.selector = selectors.DefaultSelector()
        self.supply = Supply(self.selector, ServerSettings(module="model", spares=spares))
        self.asked = Asked()
        self.supply._zygote = cast("Zygote", self.asked)
        self.descriptor = os.eventfd(0)
        self.selector.register(self.descriptor, selectors.EVENT_READ)

    def close(self) -> None:
        self.selector.close()
        os.close(self.descriptor)
        for end in self.asked.ends:
            end.close()

    def come(self, *pids: int) -> None:
        for pid in pids:
            self.asked.come(pid)
            self.supply._welcome()


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept(spares=2)
    yield made
    made.close()


def order() -> Order:
    facts: dict[str, Any] = {"job_id": "0199", "attempt": 1, "entry_point": "model:fit"}
    return Order(**facts, directory="/nowhere", set_hash=None)


def test_what_is_on_its_way_counts(kept: Kept) -> None:
    assert kept.supply.is_short
    kept.supply.refill()
    kept.supply.refill()
    assert not kept.supply.is_short
    kept.come(11, 12)
    assert (len(kept.supply), kept.supply.pids) == (2, [1, 11, 12])
    assert not kept.supply.is_short


def test_an_order_goes_to_the_one_that_came_first(kept: Kept) -> None:
    kept.supply.refill()
    kept.supply.refill()
    kept.come(11, 12)
    spare = kept.supply.hand_over(order())
    assert spare is not None
    assert spare.pid == 11
    assert json.loads(kept.asked.theirs[0].recv(65_536))["job_id"] == "0199"
    assert kept.supply.pids == [1, 12]


def test_where_none_waits_two_are_asked_for_and_the_order_goes_to_the_first(kept: Kept) -> None:
    kept.asked.come(11)
    spare = kept.supply.hand_over(order())
    assert spare is not None
    assert (spare.pid, kept.asked.expected) == (11, 1)  # the other one comes later


def test_without_spares_one_is_asked_for() -> None:
    here = Kept(spares=0)
    here.asked.come(11)
    assert here.supply.hand_over(order()) is not None
    assert here.asked.expected == 0
    here.close()


def test_one_that_is_gone_gets_no_order(kept: Kept) -> None:
    kept.supply.refill()
    kept.come(11)
    kept.asked.theirs[0].close()
    kept.asked.come(12)
    spare = kept.supply.hand_over(order())
    assert spare is not None
    assert (spare.pid, kept.asked.reaped) == (12, [11])


def test_one_that_somebody_killed_is_buried(kept: Kept) -> None:
    kept.supply.refill()
    kept.come(11)
    (key,) = [key for key in kept.selector.get_map().values() if key.fd != kept.descriptor]
    key.data()
    assert (len(kept.supply), kept.asked.reaped, kept.supply.is_untidy) == (0, [11], True)
    assert kept.supply.is_short


def test_where_there_is_no_room_it_is_tried_again_later(kept: Kept) -> None:
    kept.supply.refill()
    kept.asked.children.append(OSError("no room"))
    kept.supply._welcome()
    assert not kept.supply.is_short
    kept.supply._refill_at = 0.0
    assert kept.supply.is_short


def test_where_nothing_forks_any_more_orders_are_refused(kept: Kept) -> None:
    kept.supply.refill()
    kept.asked.is_gone = True
    kept.supply.refill()
    assert kept.supply.hand_over(order()) is None
    kept.supply._zygote = None
    assert kept.supply.hand_over(order()) is None


def test_the_status_of_one_is_asked_and_who_came_meanwhile_waits(kept: Kept) -> None:
    kept.supply.refill()
    kept.come(11)
    spare = kept.supply._waiting.pop()
    kept.supply.refill()
    kept.asked.come(12)
    assert kept.supply.status_of(spare) == 111
    assert kept.supply.pids == [1, 12]


def test_all_are_sent_home_and_who_comes_later_as_well(kept: Kept) -> None:
    kept.supply.refill()
    kept.supply.refill()
    kept.come(11)
    kept.supply.send_home()
    assert not kept.supply.is_short
    kept.come(12)
    assert (len(kept.supply), kept.asked.reaped) == (0, [11, 12])
    assert [theirs.recv(1) for theirs in kept.asked.theirs] == [b"", b""]


def test_one_that_is_ready_again_gets_orders_that_let_it_and_no_others(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "signal_group", lambda *_: None)
    kept.asked.come(11)
    spare = kept.supply.hand_over(replace(order(), reuse=True))
    assert spare is not None
    kept.supply.keep(spare)
    assert 11 in kept.supply.pids
    kept.asked.come(12)
    other = kept.supply.hand_over(order())
    assert other is not None
    assert other.pid == 12
    assert kept.supply.hand_over(replace(order(), reuse=True)) is spare


def test_of_those_that_are_ready_again_it_keeps_as_many_as_of_others_and_ends_the_rest(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(processes, "signal_group", lambda pid, _: ended.append(pid))
    for pid in (11, 12, 13):
        kept.asked.come(pid)
        spare = kept.supply.hand_over(order())
        assert spare is not None
        kept.supply.keep(spare)
    assert (ended, kept.asked.reaped) == ([13], [13])
    kept.asked.theirs[1].close()  # and who is gone gets no order
    spare = kept.supply.hand_over(replace(order(), reuse=True))
    assert spare is not None
    assert (spare.pid, ended) == (11, [13, 12])
    kept.supply.keep(spare)
    kept.supply.send_home()
    assert ended == [13, 12, 11]
    assert kept.supply.pids == [1]
