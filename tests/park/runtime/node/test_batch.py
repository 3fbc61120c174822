"""A job on a node asks its file system for nothing that NFS lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import park.runtime
from park.runtime.cage.system_calls import is_available
from park.runtime.order import Order

WITHOUT = """
import ctypes, os, struct, sys
from park.runtime.cage.kernel import prctl
from park.runtime.cage.system_calls import refuse
ENOLCK, EPERM, OPEN = 37, 1, 0x7FFF0000
def line(code, yes, no, value):
    return struct.pack("<HBBI", code, yes, no, value)
here = os.uname().machine
flock, link, linkat, mknod = {"x86_64": (73, 86, 265, 133), "aarch64": (32, 37, 37, 33)}[here]
code = line(0x20, 0, 0, 0)
for number, error in ((flock, ENOLCK), (link, EPERM), (linkat, EPERM), (mknod, EPERM)):
    code += line(0x15, 0, 1, number) + line(0x06, 0, 0, 0x00050000 | error)
fcntl = {"x86_64": 72, "aarch64": 25}[os.uname().machine]
locks = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
code += line(0x15, 0, 1 + 2 * len(locks), fcntl) + line(0x20, 0, 0, 24)
for command in locks:
    code += line(0x15, 0, 1, command) + line(0x06, 0, 0, 0x00050000 | ENOLCK)
code += line(0x06, 0, 0, OPEN)
prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
refuse(code)
try:
    __import__("fcntl").flock(os.open("/", os.O_RDONLY), 2)
except OSError as error:
    assert error.errno == ENOLCK
else:
    sys.exit("locks are not refused")
os.execv(sys.executable, [sys.executable, "-I", "-B", *sys.argv[1:]])
"""


def test_a_job_needs_no_locks_and_no_hard_links(tmp_path: Path) -> None:
    if not is_available():
        pytest.skip("this kernel has no filters of system calls")
    order = Order(
        job_id="a",
        attempt=1,
        directory=str(tmp_path),
        entry_point="os.path:basename",
        set_hash=None,
        call=json.dumps({"args": ["/a/b"], "kwargs": {}}),
    )
    program = Path(park.runtime.__path__[0]) / "__main__.py"
    command = [sys.executable, "-c", WITHOUT, str(program), "batch", json.dumps(order.as_record())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "outcome.json").read_text())["result"] == "b"
    assert os.readlink(tmp_path / "attempt-1")  # noqa: PTH115 (no file is there)
