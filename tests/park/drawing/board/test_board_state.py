"""What a key makes of the board, and what news do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.material.now import line, now

from park.drawing.board.board_state import Action, Board, Log, Wish, changes, news, pressed

NOW = now(
    running=[line("a", "running")],
    waiting=[line("b", "waiting")],
    failed=[line("c", "failed")],
)
BOARD = Board(where="lab", now=NOW, chosen="a")


def after(board: Board, *keys: str) -> Board:
    for key in keys:
        board, _ = pressed(board, key)
    return board


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        (["down"], "b"),
        (["j", "j"], "c"),
        (["j", "j", "j"], "c"),
        (["end"], "c"),
        (["G", "k"], "b"),
        (["up"], "a"),
        (["page-down", "home"], "a"),
        (["x"], "a"),
    ],
)
def test_keys_move_the_choice_and_stop_at_the_ends(keys: list[str], chosen: str) -> None:
    assert after(BOARD, *keys).chosen == chosen


@pytest.mark.parametrize("key", ["q", "escape", "ctrl-c"])
def test_one_key_quits(key: str) -> None:
    assert pressed(BOARD, key)[1] == Wish(action=Action.QUIT)


def test_a_job_is_cancelled_once_that_was_confirmed() -> None:
    asking, wish = pressed(BOARD, "c")
    assert wish is None
    assert asking.said == "Cancel label of a? y / n"
    assert pressed(asking, "y")[1] == Wish(action=Action.CANCEL, job="a")
    spared, wish = pressed(asking, "q")
    assert (spared.asked, spared.said, wish) == (None, "not cancelled", None)


def test_what_has_ended_is_not_cancelled() -> None:
    asked, wish = pressed(replace(BOARD, chosen="c"), "c")
    assert (asked.asked, wish) == (None, None)
    assert "has ended" in asked.said


def test_a_log_is_opened_scrolled_and_left() -> None:
    board, wish = pressed(BOARD, "enter")
    assert wish == Wish(action=Action.LOG, job="a", log=1)
    assert board.log is not None
    board = replace(board, log=board.log.wrote("one\ntwo\nth").wrote("ree\nfour"))
    assert board.log is not None
    assert board.log.lines == ("one", "two", "three", "four")
    up = after(board, "up", "up")
    assert up.log is not None
    assert up.log.back == 2
    assert after(up, "end").log == board.log
    assert after(up, "q").log is None
    assert after(up, "q").chosen == "a"
    assert pressed(after(up, "q"), "enter")[1] == Wish(action=Action.LOG, job="a", log=2)


def test_of_a_long_log_the_last_lines_are_kept() -> None:
    log = Log(number=1, label="x").wrote("".join(f"{n}\n" for n in range(6_000)))
    assert len(log.lines) == 5_000
    assert log.lines[-2] == "5999"


def test_nothing_is_chosen_where_there_is_nothing() -> None:
    empty = Board(where="lab", now=now())
    for key in ("down", "enter", "c", "x"):
        assert pressed(empty, key) == (empty, None)


def test_the_choice_stays_with_its_job() -> None:
    ended = now(ended=[line("a", "completed")], failed=NOW.failed, waiting=NOW.waiting)
    assert news(BOARD, ended).chosen == "a"


def test_or_goes_to_what_is_in_its_place() -> None:
    gone = now(waiting=NOW.waiting, failed=NOW.failed)
    assert news(BOARD, gone).chosen == "b"
    assert news(BOARD, now()).chosen is None
    assert news(Board(where="lab", now=now()), NOW).chosen == "a"


def test_changes_are_told_once_and_at_first_what_goes_on() -> None:
    assert [each.id for each in changes(None, NOW)] == ["a", "b"]
    later = now(running=[line("b", "running")], ended=[line("a", "completed")], failed=NOW.failed)
    assert [(each.id, each.status) for each in changes(NOW, later)] == [
        ("a", "completed"),
        ("b", "running"),
    ]
    assert list(changes(later, later)) == []
