"""The page about functions of scripts says what the program says, and refuses what it says.

What such a function does as a job is seen in `tests/functional/scripts`.
"""

from __future__ import annotations

import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import called
from park.client.installs.stale import StaleModule
from park.client.submission.reach import Stale
from park.errors import StaleSessionWarning, UsageError

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "scripts-and-notebooks.md").read_text(
    "utf-8"
)
WORDS = " ".join(PAGE.split())


def of_script(name: str, value: Any) -> Callable[[], Any]:
    """Return a function called fit of a script, whose global ``name`` is ``value``."""
    namespace: dict[str, Any] = {name: value, "__name__": "__main__"}
    exec(f"def fit():\n    return {name}\n", namespace)  # noqa: S102 (a function of a script)
    made: Callable[[], Any] = namespace["fit"]
    return made


def numbers() -> Iterator[int]:
    yield 1


def refused(function: Callable[[], Any]) -> UsageError:
    with pytest.raises(UsageError) as told:
        called(function, Sending(ModuleWays()))
    return told.value


def test_the_refusal_on_the_page_is_that_of_the_program(tmp_path: Path) -> None:
    shown, hint = re.findall("^(fit cannot be sent: .+) <_io.+\n(hint: .+)$", PAGE, re.MULTILINE)[0]
    with (tmp_path / "data.txt").open("w") as handle:
        error = refused(of_script("CONFIG", SimpleNamespace(handle=handle)))
    assert error.message.startswith(shown)
    assert f"hint: {error.hint}" == hint


@pytest.mark.parametrize("what", ["lock", "socket", "database connection", "generator", "service"])
def test_what_the_page_says_belongs_to_this_process_is_refused(what: str) -> None:
    assert f"{what}, " in WORDS or f"the {what} itself" in WORDS
    makers: dict[str, Callable[[], Any]] = {
        "lock": threading.Lock,
        "socket": socket.socket,
        "database connection": lambda: sqlite3.connect(":memory:"),
        "generator": numbers,
        "service": lambda: JobService().service,
    }
    held = makers[what]()
    try:
        assert "fit cannot be sent: fit → HELD" in refused(of_script("HELD", held)).message
    finally:
        getattr(held, "close", lambda: None)()


@pytest.mark.parametrize("named", [{"lock": "1" * 64}, {"offer": "mymodel"}])
def test_a_named_environment_takes_functions_of_packages_only(named: dict[str, str]) -> None:
    assert "A job with `lock=` or `offer=` takes functions of packages only." in PAGE
    options: dict[str, Any] = named
    with pytest.raises(UsageError, match="travels by value"):
        JobService().service.submit(of_script("HELD", 1), **options)


def test_the_warning_of_a_stale_session_is_that_of_the_program() -> None:
    (said,) = re.findall("^(StaleSessionWarning: .+)$", PAGE, re.MULTILINE)
    at = time.mktime((2026, 11, 27, 14, 2, 31, 0, 0, -1))
    stale = StaleModule(name="mymodel.layers", shown="mymodel/layers.py", edited=at)
    assert said == f"{StaleSessionWarning.__name__}: {stale}"
    for word in ("error", "ignore"):
        assert f'stale="{word}"' in PAGE
        assert word in get_args(Stale)


def test_requirements_are_said_as_the_page_has_it() -> None:
    (said,) = re.findall(r"^park\.requires\((.+)\)$", PAGE, re.MULTILINE)
    (block,) = re.findall(r"^# dependencies = \[(.+)\]$", PAGE, re.MULTILINE)
    assert said == block
    with pytest.raises(UsageError):
        park.requires("not a requirement")
