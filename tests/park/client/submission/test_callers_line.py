"""Where a warning about a submission belongs: the user's line, and not one of park's."""

from __future__ import annotations

import threading
import warnings
from functools import partial
from typing import Any

import pytest

from park.client.submission import callers_line as module
from park.client.submission.callers_line import CallersLine, callers_line
from park.errors import StaleSessionWarning


def test_the_line_is_the_first_outside_of_park() -> None:
    through_park: dict[str, Any] = {"__name__": "park.somewhere", "callers_line": callers_line}
    exec("def submit():\n    return callers_line()\n", through_park)  # noqa: S102 (as if it were there)
    found = partial(through_park["submit"])()
    assert (found.file, found.module) == (__file__, __name__)


def test_where_park_alone_calls_it_is_parks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_between", lambda _: True)
    assert callers_line().module == __name__  # whoever asked


def test_a_warning_of_another_thread_shows_that_line() -> None:
    line = CallersLine("fit.py", 7, "__main__")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        thread = threading.Thread(target=line.warn, args=("edited", StaleSessionWarning))
        thread.start()
        thread.join()
    (one,) = heard
    assert (one.filename, one.lineno, str(one.message)) == ("fit.py", 7, "edited")
