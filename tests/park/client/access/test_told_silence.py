"""What a person hears while a service does not answer."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from support.session.limits import LIMIT_S

from park.client.access.told_silence import Seldom, Silence

URL = "http://one.example"


class Heard(logging.Handler):
    """Keeps what is said, and lets a test wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.came.set()


@pytest.fixture
def heard() -> Any:
    handler = Heard()
    logger = logging.getLogger("park")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_it_is_told_once_with_the_reason_until_there_is_an_answer(heard: Heard) -> None:
    silence = Silence(URL)
    for _ in range(2):
        with silence.told_after(0.0, at_once=False) as told:
            assert not heard.came.is_set()
            told.because(f"nothing answers at {URL}: refused")
            assert heard.came.wait(LIMIT_S)
            told.because("again")
        heard.came.clear()
    line = f"park: nothing answers at {URL}: refused; it is tried again (Ctrl-C ends that)"
    assert heard.lines == [line, line]


def test_a_service_that_does_not_even_refuse_is_told(heard: Heard) -> None:
    with Silence(URL).told_after(0.0, at_once=True):
        assert heard.came.wait(LIMIT_S)
    assert heard.lines[0].startswith(f"park: {URL}: it has not answered yet; it is tried again")


def test_one_that_was_waited_for_already_is_told_at_once_and_once(heard: Heard) -> None:
    silence = Silence(URL)
    with silence.told_after(LIMIT_S, at_once=True) as told:
        told.lasts()
        told.lasts()
        told.because("again")
        assert silence._timer is None
        told.answered()
    assert heard.lines == [
        f"park: {URL} does not answer any more; it is asked again (Ctrl-C ends that)",
        f"park: {URL} answers now",
    ]


def test_who_gets_an_answer_in_time_hears_nothing(heard: Heard) -> None:
    silence = Silence(URL)
    with silence.told_after(LIMIT_S, at_once=True), silence.told_after(LIMIT_S, at_once=True):
        pass
    assert silence._timer is None
    assert heard.lines == []


def test_a_script_that_is_to_say_nothing_says_nothing_of_it_either(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.getLogger("park").setLevel(logging.DEBUG)
    levels: list[int] = []

    def noted(record: logging.LogRecord) -> bool:
        levels.append(record.levelno)
        return True

    heard.addFilter(noted)
    try:
        for said in ("none", ""):
            monkeypatch.setenv("PARK_REPORT", said)
            silence = Silence(URL)
            with silence.told_after(0.0, at_once=True):
                assert heard.came.wait(LIMIT_S)
                silence.answered()
            heard.came.clear()
    finally:
        logging.getLogger("park").setLevel(logging.NOTSET)
    assert levels == [logging.DEBUG] * 2 + [logging.WARNING] * 2


def test_a_line_that_stays_is_said_at_once_and_then_less_often() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    said = []
    for second in range(60):
        now = float(second)
        said += [second] * [seldom.may_be_said(), seldom.may_be_said()].count(True)
    assert said == [0, 2, 6, 14, 24, 34, 44, 54]
