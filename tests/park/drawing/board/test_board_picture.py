"""The board in lines: of any size, and each job to be seen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.material.now import line, now

from park.drawing.board.board_picture import board_lines, change_line, overview, shared
from park.drawing.board.board_state import Board, Log
from park.drawing.tree import ASCII, UNICODE

MOMENT = datetime(2026, 11, 27, 12, 1, tzinfo=UTC)
NOW = now(
    running=[line("a", "running", progress={"done": 3, "total": 60, "values": {"chisq": 1.5}})],
    waiting=[line(f"w{n}", "waiting", why=f"job …{n} is running") for n in range(30)],
    failed=[line("c", "failed", finished="2026-11-27T12:00:30Z", why="ValueError: too\nthick")],
)
BOARD = Board(where="http://lab", now=NOW, chosen="a")


def drawn(board: Board, width: int = 80, height: int = 24) -> list[str]:
    lines = board_lines(board, MOMENT, glyphs=UNICODE, width=width, height=height)
    return [each.plain for each in lines]


@pytest.mark.parametrize("width", [40, 80, 117, 118, 200])
@pytest.mark.parametrize("height", [10, 24, 60])
def test_it_has_the_size_of_the_screen(width: int, height: int) -> None:
    lines = board_lines(BOARD, MOMENT, glyphs=UNICODE, width=width, height=height)
    assert len(lines) == height
    assert max(each.cell_len for each in lines) <= width


def test_it_says_what_goes_on_and_how_busy_it_is() -> None:
    text = "\n".join(drawn(BOARD))
    assert "park  http://lab" in text
    assert "● 1 running" in text
    assert "slots ━━━╌╌╌╌╌╌╌╌╌ 1 of 4   beamtime ━━━━━━━━━━━━ 2 of 2" in text
    assert "> ● label of a" in text
    assert "3 of 60, chisq 1.5" in text
    assert "ValueError: too thick" in text
    assert "30.0 s ago" in text
    assert text.endswith("? help")


def test_the_chosen_one_is_seen_however_many_there_are() -> None:
    for chosen in ("w0", "w15", "w29", "c"):
        board = Board(where="lab", now=NOW, chosen=chosen)
        rows = [each for each in drawn(board, height=20) if each.startswith(">")]
        assert [f"label of {chosen}" in each for each in rows] == [True]


def test_two_columns_where_there_is_room() -> None:
    (title,) = [each for each in drawn(BOARD, width=160) if "Running" in each]
    assert "Failed lately" in title


def test_each_section_has_its_part_of_the_room() -> None:
    assert shared([1, 30, 1], 10) == [1, 8, 1]
    assert shared([5, 5], 1) == [1, 1]


def test_a_question_an_answer_and_silence_are_seen() -> None:
    asked = Board(where="lab", now=NOW, said="Cancel fit? y / n", silence="it does not answer")
    lines = drawn(asked)
    assert lines[-1] == "Cancel fit? y / n"
    assert "it does not answer" in lines[0]


def test_help_names_the_keys() -> None:
    text = "\n".join(drawn(Board(where="lab", now=NOW, helps=True)))
    assert "cancel it, once you have said y" in text


def test_a_log_shows_its_end_or_where_one_looks() -> None:
    log = Log(number=1, label="fit").wrote("".join(f"line {n}\n" for n in range(100)))
    end = drawn(Board(where="lab", now=NOW, log=log), height=10)
    assert "line 99" in end
    back = drawn(Board(where="lab", now=NOW, log=log.moved(50)), height=10)
    assert "line 99" not in back
    assert "line 49" in back
    assert end[0] == "fit  log, as it is written"
    assert "nothing yet" in drawn(Board(where="lab", now=NOW, log=Log(number=1, label="f")))


def test_all_of_it_at_once_has_no_keys_and_no_empty_end() -> None:
    lines = [each.plain for each in overview(BOARD, MOMENT, UNICODE, 80)]
    assert sum("label of w" in each for each in lines) == 30
    assert lines[-1].strip()
    assert not any("quit" in each for each in lines)


def test_nothing_is_said_in_words() -> None:
    lines = [each.plain for each in overview(Board(where="l", now=now()), MOMENT, UNICODE, 80)]
    assert "no jobs of yours" in lines[1]
    assert lines[-1] == "  nothing"


def test_a_change_is_a_line_of_ascii_where_that_is_all_there_is() -> None:
    job = line("0199aaaa7f3abc", "failed", finished="2026-11-27T12:00:30Z", why="no …")
    text = change_line(job, MOMENT, ASCII)
    assert text.isascii()
    assert "7f3abc  label of 0199aaaa7f3abc  30.0 s ago  no" in text


def test_labels_are_plain_and_states_have_their_colour() -> None:
    (row,) = [
        each
        for each in board_lines(BOARD, MOMENT, glyphs=UNICODE, width=80, height=24)
        if "label of c" in each.plain
    ]
    assert not row.style
    styles = {row.plain[span.start : span.end].strip(): span.style for span in row.spans}
    assert styles["✗"] == "bold red"
    assert styles["ValueError: too thick"] == "red"
