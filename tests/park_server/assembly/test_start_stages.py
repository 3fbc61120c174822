"""What a start says: the stage that it is at, once nothing was said for a while."""

from __future__ import annotations

import queue

import pytest
from support.session.limits import LIMIT_S

from park_server.assembly.start_stages import Stages, said


def test_a_stage_that_takes_long_is_told_while_it_lasts() -> None:
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    stages = Stages(say=heard.put, silent_s=0.01)
    with stages.at("looking for interpreters"):
        assert heard.get(timeout=LIMIT_S) == "looking for interpreters"
    with stages.at(lambda: f"reading {7} jobs"):
        assert heard.get(timeout=LIMIT_S) == "reading 7 jobs"


def test_stages_that_are_quick_say_nothing() -> None:
    heard: list[str] = []
    stages = Stages(say=heard.append, silent_s=LIMIT_S)
    with stages.at("one"):
        pass
    with stages.at(lambda: pytest.fail("nobody asked")):
        pass
    assert heard == []


def test_many_short_stages_are_no_long_silence() -> None:
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    now = [0.0]
    stages = Stages(say=heard.put, silent_s=LIMIT_S, clock=lambda: now[0])
    with stages.at("the first"):
        now[0] = LIMIT_S  # it took nearly all of what may be silent, and the second is at once told
    with stages.at("the second"):
        assert heard.get(timeout=LIMIT_S) == "the second"


def test_a_line_goes_to_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    said("starting on /srv/park")
    assert capsys.readouterr() == ("", "park serve: starting on /srv/park\n")
