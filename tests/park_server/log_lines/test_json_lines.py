from __future__ import annotations

import json
import logging
import sys
from typing import Any

from park_server.log_lines.json_lines import JsonLines
from park_server.log_lines.of_request import REQUEST


def line(message: str, *args: object, **more: Any) -> dict[str, Any]:
    record = logging.getLogger("park.x").makeRecord(
        "park.x", logging.WARNING, "f", 1, message, args, more.pop("exc_info", None), extra=more
    )
    text = JsonLines().format(record)
    assert "\n" not in text
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_a_record_is_one_line_whatever_is_in_it() -> None:
    found = line("a %s\nb", "x\n\x1b[31m", job="j1", request_id="r1", other="left out")
    time = found.pop("time")
    assert time.endswith("Z")
    assert found == {
        "level": "warning",
        "logger": "park.x",
        "message": "a x\n\x1b[31m\nb",
        "job": "j1",
        "request_id": "r1",
    }


def test_what_is_done_for_a_request_has_its_id() -> None:
    token = REQUEST.set("r2")
    try:
        assert line("x")["request_id"] == "r2"
        assert line("x", request_id="own")["request_id"] == "own"
    finally:
        REQUEST.reset(token)
    assert "request_id" not in line("x")


def test_a_traceback_is_in_the_record() -> None:
    try:
        int("no")
    except ValueError:
        found = line("failed", exc_info=sys.exc_info())
    assert found["traceback"].endswith("base 10: 'no'")
