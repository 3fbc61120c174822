"""A program that is tied to its parent goes with it."""

from __future__ import annotations

import subprocess
import sys

from support.faults.pipes import wait_for_exit

PARENT = """
import subprocess, sys
from park_server.pilots.tied import command
child = subprocess.Popen(command(sys.executable, "-c", "print('up', flush=True); input()"),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_kill_of_the_parent_ends_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    wait_for_exit(child)
