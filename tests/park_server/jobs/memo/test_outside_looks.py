from __future__ import annotations

from dataclasses import replace

from support.material.calls import ASKED, candidate

from park.model.memo.usage import Usage
from park_server.clock import now
from park_server.jobs.memo.outside_looks import Looks

USAGE = Usage(startup="x")
RUN = candidate("run", usage=USAGE.digest)
ELSEWHERE = candidate("run", usage=USAGE.digest, lock_hash="cd")


def known() -> Looks:
    looks = Looks()
    looks.know(USAGE.digest, USAGE)
    return looks


def test_without_a_usage_the_lock_tells() -> None:
    assert Looks().answers(ASKED, candidate("run")) is True
    assert Looks().answers(ASKED, candidate("run", lock_hash="cd")) is False


def test_a_usage_that_was_not_read_has_to_be() -> None:
    assert Looks().answers(ASKED, RUN) is None


def test_a_look_counts_for_what_was_submitted_before_it_until_a_run_ends() -> None:
    looks = known()
    assert looks.answers(ASKED, RUN) is None
    looks.unchanged(USAGE.digest, now())
    assert looks.answers(ASKED, RUN) is True
    assert looks.answers(replace(ASKED, submitted=now()), RUN) is None
    looks.run_ended()
    assert looks.answers(ASKED, RUN) is None


def test_a_look_that_began_before_a_run_ended_counts_no_more() -> None:
    looks, began = known(), now()
    looks.run_ended()
    looks.unchanged(USAGE.digest, began)
    assert looks.answers(ASKED, RUN) is None


def test_another_lock_is_compared_once() -> None:
    looks = known()
    looks.unchanged(USAGE.digest, now())
    assert looks.answers(ASKED, ELSEWHERE) is None
    looks.compared(USAGE.digest, "ab", "mymodel/layers.py changed")
    assert looks.answers(ASKED, ELSEWHERE) is False
    assert looks.change(ASKED, ELSEWHERE) == "mymodel/layers.py changed"
    looks.compared(USAGE.digest, "ab", None)
    assert looks.answers(ASKED, ELSEWHERE) is True
    assert looks.change(ASKED, ELSEWHERE) is None


def test_what_is_good_for_its_own_lock_alone_answers_in_no_other() -> None:
    usage = Usage(only_this_lock="it ran a subprocess")
    looks = Looks()
    looks.know(usage.digest, usage)
    looks.unchanged(usage.digest, now())
    assert looks.answers(ASKED, candidate("run", usage=usage.digest)) is True
    other = candidate("run", usage=usage.digest, lock_hash="cd")
    assert looks.answers(ASKED, other) is False
