"""The peak of memory of a program, whatever the process was before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from park.runtime.machine import peak

LARGE = 300 << 20

BECOMES_ANOTHER = """
import os, sys
large = bytearray(b"x") * int(sys.argv[1])
os.execv(sys.executable, [sys.executable, "-c", sys.argv[2], sys.argv[3]])
"""

ASKS = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from park.runtime.machine.peak import peak_bytes
print(peak_bytes(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def test_a_process_that_became_another_program_has_the_peak_of_that() -> None:
    root = peak.__file__.split("/park/runtime/")[0]
    done = subprocess.run(
        [sys.executable, "-c", BECOMES_ANOTHER, str(LARGE), ASKS, root],
        check=True,
        capture_output=True,
        text=True,
    )
    own, of_all = map(int, done.stdout.split())
    assert 1 << 20 < own < LARGE < of_all


def test_it_counts_what_was_given_back() -> None:
    before = peak.peak_bytes()
    filled = bytearray(b"x") * LARGE
    del filled
    after = peak.peak_bytes()
    assert before is not None
    assert after is not None
    assert after > LARGE


@pytest.mark.parametrize("text", ["", "Name:\tx\nState:\tZ (zombie)\n", "Name:\tx\nVmHWM:\n"])
def test_a_kernel_that_does_not_say_it_has_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "status").write_text(text)
    assert peak.peak_bytes(str(tmp_path / "status")) is None
    assert peak.peak_bytes(str(tmp_path / "missing")) is None


def test_a_name_that_looks_like_the_line_is_none(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Name:\tVmHWM:\nVmHWM:\t   123 kB\n")
    assert peak.peak_bytes(str(tmp_path / "status")) == 123 * 1024
