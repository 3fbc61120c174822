from __future__ import annotations

import json
import logging
import warnings
from typing import TYPE_CHECKING

import pytest

from park_server.log_lines.setup import LogFormat, configure_logs, set_level, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("park", "uvicorn", "park.serve")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers = logging.root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in NAMES}
    with warnings.catch_warnings():
        yield
    logging.captureWarnings(capture=False)
    logging.root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_without_options_a_log_is_as_python_has_it() -> None:
    before = logging.root.handlers[:]
    configure_logs(LogFormat.TEXT, None)
    assert logging.root.handlers == before


def test_json_has_all_that_is_told_as_records(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.JSON, None)
    tell("park serve: starting on /x")
    logging.getLogger("park.jobs").info("job %s starts", "j")
    logging.getLogger("park.jobs").debug("no")
    logging.getLogger("other").info("no")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["logger"], each["message"]) for each in lines] == [
        ("park.serve", "starting on /x"),
        ("park.jobs", "job j starts"),
    ]


def test_a_start_is_told_at_any_level_which_can_be_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(LogFormat.JSON, "error")
    tell("here")
    logging.getLogger("park.x").warning("not yet")
    set_level("debug")
    logging.getLogger("park.x").debug("now")
    messages = [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()]
    assert messages == ["here", "now"]


def test_text_with_a_level_says_when_and_who(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.TEXT, "info")
    tell("park serves /x")
    logging.getLogger("park.x").info("y")
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "park serves /x"
    assert said[1].endswith("INFO park.x: y")
