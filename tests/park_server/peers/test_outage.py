"""A service that does not answer: when it is asked again, and what is said meanwhile."""

from __future__ import annotations

from itertools import pairwise

from park_server.peers.outage import Outage

FIRST = Outage(since="2026-11-23T08:15:42.123456Z", began_s=100.0, reason="it refuses connections")


def test_another_failure_keeps_its_beginning_and_has_the_newest_reason() -> None:
    again = FIRST.again("it is cut off")
    assert (again.since, again.began_s) == (FIRST.since, FIRST.began_s)
    assert (again.reason, again.failures) == ("it is cut off", 2)


def test_a_restart_is_noticed_within_a_second() -> None:
    outage, pauses = FIRST, []
    for _ in range(20):
        pauses.append(outage.pause_s(110.0))
        outage = outage.again("it is down")
    assert all(0 < pause <= 1 for pause in pauses)


def test_one_that_is_down_for_long_is_asked_more_seldom() -> None:
    pauses = [FIRST.pause_s(100.0 + silent) for silent in (0, 299, 300, 3_000)]
    assert pauses[2] == pauses[3] > 1 > pauses[1]
    assert all(earlier <= later for earlier, later in pairwise(pauses[1:]))


def test_people_who_wait_hear_since_when_and_why() -> None:
    line = "sns.example has not answered since 2026-11-23 08:15 UTC: it refuses connections"
    assert FIRST.told("sns.example") == line
