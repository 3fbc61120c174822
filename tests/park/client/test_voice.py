"""Whom a script and a command tell what goes on: a terminal, a logger, or nobody."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest

import park
from park.client.access.told_silence import Silence
from park.client.voice import Background, of_command, of_script


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal that is stderr now: pytest puts its own there after each fixture."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("PARK_REPORT", raising=False)
    return stream


def test_a_command_says_lines_on_stderr_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    voice = of_command()
    voice.show("the job is queued")
    voice.say("it does not answer")
    assert voice.is_heard
    assert capsys.readouterr() == ("", "the job is queued\nit does not answer\n")


def test_in_a_pipe_a_line_is_not_said_again_before_another_or_half_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]
    voice = of_command(clock=lambda: now[0])
    late = "https://one.example has not answered yet"
    for now[0] in (0.0, 5.0, 29.0, 31.0):
        voice.show(late)
    assert capsys.readouterr().err == f"{late}\n{late}\n"
    voice.say("it answers")
    voice.show(late)
    voice.show("the job is queued")
    voice.show(late)
    assert capsys.readouterr().err == f"it answers\n{late}\nthe job is queued\n{late}\n"


def test_on_a_terminal_what_was_shown_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    for voice in (of_command(), of_script()):
        voice.show("3 jobs come before it")
        voice.show("2 jobs come before it")
        voice.say("it does not answer")
        voice.clear()
        anew = "\r\x1b[2K"
        assert terminal.getvalue() == (
            f"{anew}3 jobs come before it{anew}2 jobs come before it{anew}it does not answer\n"
        )
        terminal.seek(0)
        terminal.truncate()


def test_a_script_in_a_pipe_tells_the_logger(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    voice = of_script()
    assert not voice.is_heard
    with caplog.at_level(logging.INFO, "park"):
        assert voice.is_heard
        voice.show("the job is queued")
        voice.say("it does not answer")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "the job is queued"),
        ("WARNING", "it does not answer"),
    ]
    assert capsys.readouterr().out == ""


def test_a_variable_switches_a_script_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terminal = a_terminal(monkeypatch)
    monkeypatch.setenv("PARK_REPORT", "none")
    background = Background()
    with caplog.at_level(logging.INFO, "park"), background.drawn():
        background.step("built film-1.0.whl")
        background.progress("fetching", 1, 3, "wheels")
        assert not of_script().is_heard
        of_script().say("it does not answer")
    assert terminal.getvalue() == ""
    assert caplog.records == []


def test_what_was_done_before_anybody_waited_is_told_to_who_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = a_terminal(monkeypatch)
    background = Background()
    background.step("built film-1.0.whl")
    background.progress("fetching", 1, 3, "wheels")
    assert terminal.getvalue() == ""  # the terminal is the script's
    with background.drawn(), background.drawn():
        assert "built film-1.0.whl\n" in terminal.getvalue()
        background.progress("fetching", 2, 3, "wheels")
        background.step("uploaded film-1.0.whl")
    assert "fetching" in terminal.getvalue()
    assert "uploaded film-1.0.whl" in terminal.getvalue()
    drawn = terminal.getvalue()
    background.step("later")
    assert terminal.getvalue() == drawn


def test_in_a_pipe_the_logger_hears_each_stage_once(caplog: pytest.LogCaptureFixture) -> None:
    background = Background()
    with caplog.at_level(logging.INFO, "park"), background.drawn():
        background.step("built film-1.0.whl")
        background.progress("fetching", 1, 3, "wheels")
        background.progress("fetching", 3, 3, "wheels")
    assert [record.message for record in caplog.records] == ["built film-1.0.whl", "fetching…"]


def test_the_page_says_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    page = (Path(__file__).parents[3] / "docs/how-to/follow-and-cancel.md").read_text("utf-8")
    silence = Silence("http://sns.example:8750")
    silence.because("nothing answers at http://sns.example:8750: connection refused")
    silence._tell()
    silence.answered()
    silence.answered()
    assert "\n".join(record.message for record in caplog.records) in page
    for word in ("PARK_REPORT=none", "report=park.Silence()", "`park`", "`INFO`", "`WARNING`"):
        assert word in page
    assert not park.Silence().step("built")  # type: ignore[func-returns-value]
