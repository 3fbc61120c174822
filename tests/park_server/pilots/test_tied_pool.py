"""What a pool of Parsl's starts for itself ends with it, whatever ends the pool."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from support.faults.pipes import wait_for_exit

from park_server.pilots.tied_pool import command

if TYPE_CHECKING:
    from pathlib import Path

POOL = """
import multiprocessing, os, sys

if __name__ == "__main__":
    manager = multiprocessing.get_context("spawn").Manager()
    shared = manager.dict(said=sys.argv[1:])
    pid = manager._process.pid
    print(pid, *shared["said"], os.path.basename(sys.argv[0]), flush=True)
    sys.stdin.read()
"""


def test_a_kill_of_the_pool_ends_the_process_that_holds_what_its_workers_share(
    tmp_path: Path,
) -> None:
    program = tmp_path / "pool.py"
    program.write_text(POOL)
    with subprocess.Popen(
        [*command(str(program)), "--debug", "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as pool:
        assert pool.stdout is not None
        helper, *said = pool.stdout.readline().split()
        assert said == ["--debug", "2", "pool.py"]
        pool.kill()
    wait_for_exit(int(helper))
