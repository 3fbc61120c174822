r"""Text of others is shown, and never obeyed: escapes, 8-bit control, order, and forged lines."""

from __future__ import annotations

import json

import pytest

from park.inert_text import inert, inert_json, inert_line, inert_log, whole_part

C1_IN_BYTES = "\udcc2\udc9b2J"
"""Two bytes that are no UTF-8 each (PEP 383), and U+009B together: a control function."""

OVERRIDE_IN_BYTES = "\udce2\udc80\udcae"
"""U+202E likewise."""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("fit\x1b[2J", r"fit\x1b[2J"),
        ("\x9b2J\x85", r"\x9b2J\x85"),
        ("\r\x07\x00\x7f", r"\r\x07\x00\x7f"),
        ("a\u202eb\u2066c\u200fd\u061ce", r"a\u202eb\u2066c\u200fd\u061ce"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        (C1_IN_BYTES, r"\x9b2J"),
        (OVERRIDE_IN_BYTES, r"\u202e"),
        ("R\udce4z.dat", "R\udce4z.dat"),
        ("a\tb é 試", "a\tb é 試"),
    ],
)
def test_what_a_terminal_obeys_is_shown(said: str, shown: str) -> None:
    assert inert(said) == shown
    assert inert_line(said) == shown


def test_a_line_stays_one_and_a_text_keeps_its_lines() -> None:
    assert inert("a\nb") == "a\nb"
    assert inert_line("a\nb") == r"a\nb"


def test_it_is_done_once() -> None:
    text = "\x1b[2J\n\u202e\udcc2\udc9b"
    assert inert_line(inert_line(text)) == inert_line(text)


def test_json_means_the_same() -> None:
    document = {"\x1b\x9b\u202e": ["\x85\n\u2028é", "\udc9b", "R\udce4z"]}
    text = json.dumps(document, ensure_ascii=False, indent=2)
    shown = inert_json(text)
    assert json.loads(shown) == document
    assert not {"\x1b", "\x9b", "\x85", "\u202e", "\u2028", "\udc9b"} & set(shown)
    assert "R\udce4z" in shown  # comes out as the byte that it is
    assert json.loads(inert_json(json.dumps(C1_IN_BYTES, ensure_ascii=False))) == C1_IN_BYTES
    printed = inert_json(C1_IN_BYTES + OVERRIDE_IN_BYTES).encode("utf-8", "surrogateescape")
    assert not {"\x9b", "\u202e"} & set(printed.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "drawn",
    [
        "\x1b[32mgreen\x1b[0m",
        "\x1b[38;2;1;2;3mtrue\x1b[m",
        " 3 %\r",
        "\x1b[A\x1b[2K\x1b[1G",
        "|\b/",
    ],
)
def test_colours_and_bars_of_a_log_are_left_in_it(drawn: str) -> None:
    assert inert_log(drawn) == drawn


@pytest.mark.parametrize(
    "said",
    [
        "\x1b]0;owned\x07",  # names the window
        "\x1b]52;c;Y3VybA==\x07",  # writes to the clipboard
        "\x1b[6n\x1b[c\x1b[21t",  # asks, and is answered on the keyboard
        "\x1bP$qm\x1b\\",
        "\x1b[?1049h\x1b[2J\x1b[H",  # another screen
        "\x1bc",
        "\x9b2J",
        "\u202e",
    ],
)
def test_nothing_else_of_a_log_is_obeyed(said: str) -> None:
    assert inert_log(said).isprintable()


def test_a_colour_that_has_begun_is_waited_for() -> None:
    assert whole_part("a\x1b[3") == 1
    assert whole_part("a\x1b") == 1
    assert whole_part("a\x1b[32m") == 6
    assert whole_part("a\x1b[" + "1" * 40) == 43  # which is none
