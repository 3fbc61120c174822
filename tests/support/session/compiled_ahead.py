"""Bytecode of a fresh checkout, made once for all workers.

Each worker imports all tests; where nothing is compiled yet each would compile all of them, at
the same time as the others.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["compile_tests"]

_TESTS = Path(__file__).parents[2]
_SHARES = (("functional", "park"), ("park_repo", "park_server"))
"""Folders that take about as long as those beside them."""


def compile_tests() -> None:
    """Have pytest collect all tests, and so compile them, where most are not compiled."""
    files = sum(1 for _ in _TESTS.rglob("test_*.py"))
    compiled = sum(1 for _ in _TESTS.rglob("test_*-pytest-*.pyc"))
    if compiled > files / 2:
        return
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "--numprocesses=0"]
    collecting = [
        subprocess.Popen(
            [*command, *(str(_TESTS / folder) for folder in share)],
            cwd=_TESTS.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        for share in _SHARES
    ]  # fmt: skip
    for each in collecting:
        each.wait()  # what is wrong with a test, its worker says
