import subprocess
import sys

import pytest

HARDENED = """
import os, resource
from park.agent.hardening import harden, is_dumpable
harden()
print(is_dumpable(), resource.getrlimit(resource.RLIMIT_CORE)[1], oct(os.umask(0)))
if os.fork() == 0:
    print(is_dumpable(), flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is of Linux")
def test_nobody_reads_its_memory_nor_that_of_its_child() -> None:
    argv = [sys.executable, "-u", "-c", HARDENED]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "0", "0o77", "False"]
