"""The exit status of a script whose submissions failed: all else of its end stays as it is."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.session.limits import LIMIT_S

START = """
import atexit, sys
atexit.register(print, "before park")
from park.client.submission.exit_status import fail_the_exit
atexit.register(fail_the_exit)
atexit.register(print, "after park")
"""


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "sys.stdout.reconfigure(line_buffering=True)"])
def test_the_status_is_not_0_and_every_exit_handler_runs(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START + end],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 120
    assert done.stdout.splitlines() == ["after park", "before park"]
    assert done.stderr == "park: for that the exit status is 120\n"


def test_errors_of_others_are_told_as_ever() -> None:
    code = START + "atexit.register(lambda: 1 / 0)\nclass A:\n    def __del__(self): 1 / 0\na = A()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 120
    assert done.stderr.count("ZeroDivisionError") == 2


def test_a_process_without_standard_output_ends_as_ever() -> None:
    code = START.replace("print", "str") + "sys.stdout = None"
    done = subprocess.run([sys.executable, "-c", code], timeout=LIMIT_S, check=False)
    assert done.returncode == 0
