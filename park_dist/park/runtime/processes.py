"""Processes of this machine: who they are, whether they live, how they are ended (Linux)."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = [
    "Identity",
    "boot_id",
    "cpu_s",
    "end_all",
    "end_session",
    "exit_line",
    "exit_numbers",
    "identity",
    "is_running",
    "kill_and_wait",
    "pss_bytes",
    "session_members",
    "signal_group",
]

_PROC = Path("/proc")

_STAT_BYTES = 4096
"""More than the 52 numbers and a name of 16 characters in proc_pid_stat(5) ever take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A process, told from any other that has or will have its number.

    ``started`` counts clock ticks since the boot ``boot`` (field 22 of proc_pid_stat(5)).
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Identity | None:
        """Read the identity in a claim; None where the claim is not a process's."""
        match record:
            case {"pid": int(pid), "started": int(started), "boot": str(boot)}:
                return cls(pid=pid, started=started, boot=boot)
        return None

    def as_record(self) -> dict[str, Any]:
        """Return the JSON form that `from_record` reads."""
        return {"pid": self.pid, "started": self.started, "boot": self.boot}

    def is_alive(self) -> bool:
        """Tell whether this very process still runs; a zombie does not."""
        if self.boot != boot_id():
            return False
        stat = _stat(self.pid)
        return stat is not None and stat.started == self.started and not stat.has_ended


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stat:
    """What the kernel says of a process: see proc_pid_stat(5), fields 3, 6, 22, and 14 with 15."""

    state: str
    session: int
    started: int
    ticks: int

    @property
    def has_ended(self) -> bool:
        return self.state in "ZX"


@cache
def boot_id() -> str:
    """Return the kernel's random name for the time since it booted; no process sees two."""
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def identity(pid: int) -> Identity | None:
    """Return who process ``pid`` is; None where there is none."""
    fields = _fields(pid)
    return None if fields is None else Identity(pid=pid, started=int(fields[19]), boot=boot_id())


def _stat(pid: int) -> _Stat | None:
    fields = _fields(pid)
    if fields is None:
        return None
    return _Stat(
        state=fields[0].decode(),
        session=int(fields[3]),
        started=int(fields[19]),
        # utime, stime and those of the children that it has waited for
        ticks=sum(int(each) for each in fields[11:15]),
    )


def _fields(pid: int) -> list[bytes] | None:
    """Return proc_pid_stat(5) of a process from its third field on; None where there is none."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        line = os.read(descriptor, _STAT_BYTES)
    except ProcessLookupError:  # it ended between the two calls
        return None
    finally:
        os.close(descriptor)
    # the second field is the program's name in parentheses and may hold anything
    return line.rpartition(b")")[2].split()


def is_running(pid: int) -> bool:
    """Tell whether there is a process ``pid`` that has not ended; a zombie has."""
    stat = _stat(pid)
    return stat is not None and not stat.has_ended


def session_members(session: int) -> list[int]:
    """Return the living processes of a session, its leader included."""
    found = []
    for entry in os.listdir(_PROC):  # noqa: PTH208 (names alone; this runs in the fork server)
        if entry.isdigit():
            stat = _stat(int(entry))
            if stat is not None and stat.session == session and not stat.has_ended:
                found.append(int(entry))
    return found


def cpu_s(session: int) -> float:
    """Return the processor seconds that the living processes of a session have used."""
    found = (_stat(pid) for pid in session_members(session))
    return sum(stat.ticks for stat in found if stat is not None) / os.sysconf("SC_CLK_TCK")


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the process group that ``pid`` leads; nothing where it is gone.

    A job leads its group from the moment it is forked; between the fork and its `setsid`
    there is only the process itself.
    """
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end_session(session: int, timeout_s: float) -> bool:
    """Kill every process of a session and wait until all are gone; False after ``timeout_s``.

    Repeats, because a process may fork while its session is listed. What made a session of
    its own is out of reach (see `descendants`), and a process that the kernel cannot
    interrupt outlives the timeout.
    """
    deadline = time.monotonic() + timeout_s
    while members := session_members(session):
        for pid in members:
            kill_and_wait(pid, deadline)
        if time.monotonic() >= deadline:
            return False
    return True


def end_all(those: list[Identity], timeout_s: float) -> None:
    """Kill those of ``those`` that still run, and wait until they have ended."""
    deadline = time.monotonic() + timeout_s
    for each in those:
        if each.is_alive():
            kill_and_wait(each.pid, deadline)


def kill_and_wait(pid: int, deadline: float) -> None:
    """Kill ``pid`` and wait until it has ended, or ``deadline`` (monotonic) has come."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
    finally:
        os.close(descriptor)


def pss_bytes(pids: list[int]) -> int:
    """Return the proportional memory of processes: each shared page counts once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in (_PROC / f"{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def exit_numbers(wait_status: int) -> dict[str, int | None]:
    """Return the exit ``status`` or the ``signal`` of a process that was waited for."""
    code = os.waitstatus_to_exitcode(wait_status)
    return {"status": code if code >= 0 else None, "signal": -code if code < 0 else None}


def exit_line(status: int | None, signal_number: int | None) -> str:
    """Say in one line how a process ended that left no outcome."""
    if signal_number is None:
        return f"the process ended with exit status {status} and left no result"
    try:
        name = signal.Signals(signal_number).name
    except ValueError:
        name = f"signal {signal_number}"
    why = _SIGNAL_CAUSES.get(name)
    return f"the process was killed by {name}" + (f" ({why})" if why else "")


_SIGNAL_CAUSES = {
    "SIGKILL": "somebody on the machine, or the kernel because memory ran out",
    "SIGSEGV": "an invalid memory access in compiled code",
    "SIGABRT": "compiled code gave up",
    "SIGBUS": "an invalid memory access, or a mapped file that was cut short",
    "SIGFPE": "an arithmetic error in compiled code",
    "SIGILL": "an instruction that this processor does not have",
    "SIGTERM": "somebody on the machine",
}
