"""Bytecode follows at a lower priority than jobs."""

import json
import os
import subprocess
import sys

import pytest

from park_repo.wheelstore import compile_modules


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="this system has no such class")
def test_whoever_compiles_gives_way_to_jobs() -> None:
    command = [sys.executable, "-I", "-S", "-B", compile_modules.__file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"root": "/", "files": []}) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "[]\n"
        assert os.sched_getscheduler(process.pid) == os.SCHED_BATCH
        process.stdin.close()
    assert process.returncode == 0
