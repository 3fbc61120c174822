"""`park_server.installs.install_progress`: what is told at once, and what is passed over."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from park.wire import ProgressRecord
from park_server.bus import Bus
from park_server.installs.install_progress import Account, ProgressBoard


@dataclass
class Told:
    """A board with a clock that stands, the events that it wrote, and its wake-ups."""

    now: float = 100.0
    events: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.board = ProgressBoard(
            Bus(), lambda _, progress: self.events.append(progress.done), lambda: self.now
        )

    def note(self, done: int, *, stage: str = "download", after_s: float = 0.0) -> int:
        """Note a step; return the revision of then."""
        self.now += after_s
        self.board.note("i", ProgressRecord(stage=stage, done=done, total=100, unit="bytes"))
        return self.board.of("i").revision


@pytest.fixture
def told() -> Told:
    return Told()


def test_of_what_never_moved_there_is_nothing_to_say(told: Told) -> None:
    assert told.board.of("i") == Account()


def test_the_first_and_the_last_step_of_a_stage_are_told_at_once(told: Told) -> None:
    assert told.note(1) == 1
    assert told.note(100) == 2
    assert told.note(1, stage="unpack") == 3
    assert told.events == [1, 100, 1]


def test_steps_between_are_shown_ten_times_a_second_and_kept_once(told: Told) -> None:
    told.note(1)
    assert told.note(2, after_s=0.05) == 1
    assert told.note(3, after_s=0.06) == 2
    assert told.events == [1]
    assert told.note(4, after_s=1.0) == 3
    assert told.events == [1, 4]


def test_a_step_that_was_passed_over_is_seen_by_the_next_look(told: Told) -> None:
    told.note(1)
    told.note(2)
    account = told.board.of("i")
    assert account.last is not None
    assert account.last.done == 2


def test_each_stage_stands_at_its_newest_in_the_order_in_which_they_began(told: Told) -> None:
    told.note(1)
    told.note(1, stage="unpack")
    told.note(100)
    account = told.board.of("i")
    assert [(each.stage, each.done) for each in account.stages] == [
        ("download", 100),
        ("unpack", 1),
    ]
    assert account.last == account.stages[0]


def test_changes_of_state_and_of_bytecode_are_revisions(told: Told) -> None:
    told.board.changed("i")
    told.board.compiling("i", begins=True)
    assert told.board.of("i") == Account(revision=2, compiling=True)
    told.board.compiling("i", begins=False)
    assert told.board.of("i") == Account(revision=3)
    assert told.events == []
