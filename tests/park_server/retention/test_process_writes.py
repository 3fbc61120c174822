"""What processes have open and have written: as the kernel counts it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from park.runtime.descendants import descendants
from park_server.retention.process_writes import open_files, written

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20

WRITER = """
import subprocess, sys
folder = sys.argv[1]
gone = open(folder + "/gone", "wb")
gone.write(bytes(3 << 20))
gone.flush()
subprocess.check_call(["rm", folder + "/gone"])
read = open(folder + "/read", "rb")
subprocess.check_call(["dd", "if=/dev/zero", f"of={folder}/child", "bs=1M", "count=5"])
named = open(folder + "/named", "wb")
named.write(bytes(1 << 20))
named.flush()
print("up", flush=True)
sys.stdin.read()
"""


def test_what_is_open_and_what_children_wrote_is_known(tmp_path: Path) -> None:
    (tmp_path / "read").write_bytes(bytes(MIB))
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"up\n"
        os.sync()
        processes = [writer.pid, *descendants(writer.pid)]
        there = open_files(processes, on=tmp_path)
        assert sorted((each.names, each.size) for each in there.values()) == [
            (0, 3 * MIB),
            (1, MIB),
        ]
        size = written(processes)
        assert size is not None
        assert 9 * MIB <= size < 10 * MIB
        assert writer.stdin is not None
        writer.stdin.close()
    assert written([writer.pid]) is None
    assert open_files([writer.pid], on=tmp_path) == {}


def test_of_an_absent_folder_nothing_is_known(tmp_path: Path) -> None:
    assert open_files([os.getpid()], on=tmp_path / "absent") == {}
