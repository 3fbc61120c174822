"""Processes: told from others with their number, ended with their session, explained in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from park.runtime import processes


def test_a_process_is_told_from_another_with_its_number() -> None:
    me = processes.identity(os.getpid())
    assert me is not None
    assert processes.Identity.from_record(me.as_record()) == me
    assert me.is_alive()
    assert not replace(me, started=me.started + 1).is_alive()
    assert not replace(me, boot="another").is_alive()


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen(["true"])
    identity = processes.identity(process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert identity is not None
    assert not identity.is_alive()
    assert processes.session_members(process.pid) == []
    process.wait()
    assert processes.identity(process.pid) is None


@pytest.mark.parametrize("record", [{}, {"claimed_by": "service"}, {"pid": "1", "started": 1}])
def test_a_claim_of_the_service_has_no_process(record: dict[str, object]) -> None:
    assert processes.Identity.from_record(record) is None


def test_a_session_ends_with_its_other_groups() -> None:
    code = (
        "import subprocess\n"
        "p = [subprocess.Popen(['sleep', '1000'], process_group=g) for g in (None, 0)]\n"
        "print(flush=True); p[0].wait()"
    )
    leader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    assert leader.stdout is not None
    leader.stdout.readline()
    assert len(processes.session_members(leader.pid)) == 3
    reaper = threading.Thread(target=leader.wait)
    reaper.start()
    assert processes.end_session(leader.pid, timeout_s=30)
    reaper.join()
    assert processes.session_members(leader.pid) == []
    leader.stdout.close()


def test_signalling_what_is_gone_is_nothing() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    processes.signal_group(process.pid, signal.SIGTERM)


@pytest.mark.parametrize(
    ("status", "number", "line"),
    [
        (3, None, "the process ended with exit status 3 and left no result"),
        (
            None,
            9,
            (
                "the process was killed by SIGKILL "
                "(somebody on the machine, or the kernel because memory ran out)"
            ),
        ),
        (None, 12, "the process was killed by SIGUSR2"),
        (None, 40, "the process was killed by signal 40"),
    ],
)
def test_an_end_is_said_in_one_line(status: int | None, number: int | None, line: str) -> None:
    assert processes.exit_line(status, number) == line


@pytest.mark.parametrize(
    ("wait_status", "status", "number"), [(3 << 8, 3, None), (signal.SIGKILL, None, 9)]
)
def test_an_end_is_a_status_or_a_signal(
    wait_status: int, status: int | None, number: int | None
) -> None:
    assert processes.exit_numbers(wait_status) == {"status": status, "signal": number}
