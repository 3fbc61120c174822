"""Processes that see one another and no others: a namespace of processes, with numbers of its own.

Two stay with it that run nothing but this file. The *first* in it (number 1) reaps those for whom
nobody else waits, and ends when all have ended. The *outer* one stays outside and ends as the
first does, or takes all along if it is killed; who starts the namespace knows that one. To what is
inside it tells by which number a process is known outside, since claims, and whatever a service
does with a job, go by that. See pid_namespaces(7).
"""

from __future__ import annotations

import array
import os
import signal
from _socket import (  # `socket` takes longer to import than all that is done here
    AF_UNIX,
    CMSG_SPACE,
    MSG_CMSG_CLOEXEC,
    SCM_RIGHTS,
    SOCK_SEQPACKET,
    SOL_SOCKET,
    socket,
    socketpair,
)

from ..protect import mount  # noqa: TID252 (named otherwise in environments)
from .kernel import libc, prctl
from .privileges import give_up, not_dumpable

__all__ = ["SECOND", "OutsideNumbers", "enter", "fresh_proc", "hide_others"]

TYPE_CHECKING = False  # `typing` costs milliseconds at the start of each fork server
if TYPE_CHECKING:
    from typing import NoReturn

SECOND = 2
"""The number of whoever has gone in: the first is this file's."""

_VARIABLE = "_OUTSIDE_NUMBERS"
"""Names the descriptor of the socket to the outer process, for the program that is started next."""

_CLONE_NEWPID = 0x20000000  # <sched.h>
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_NOSUID_NODEV_NOEXEC = 2 | 4 | 8  # <sys/mount.h>


def enter() -> None:
    """Go on as a process in a namespace of its own, with a ``/proc`` that shows that.

    In mounts of this process's own, by who may mount. Raises `OSError`.
    """
    if libc().unshare(_CLONE_NEWPID) != 0:
        import ctypes

        raise OSError(ctypes.get_errno(), "no namespace of processes is permitted here")
    outer, inner = socketpair(AF_UNIX, SOCK_SEQPACKET)
    numbers = os.open("/proc/self/fdinfo", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if first := os.fork():
        inner.close()
        _be_outside(first, outer, numbers)
    os.close(numbers)
    outer.close()
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if second := os.fork():
        inner.close()
        _be_first(second)
    fresh_proc()
    os.set_inheritable(inner.fileno(), True)
    os.environ[_VARIABLE] = str(inner.detach())


def fresh_proc() -> None:
    """Mount a ``/proc`` of this process's namespace; raises `OSError`.

    Of other accounts it shows no process, where root mounts it.
    """
    if os.geteuid() == 0:
        try:
            mount("proc", "/proc", _NOSUID_NODEV_NOEXEC, "proc", "hidepid=invisible")
        except OSError:  # before Linux 5.8
            pass
        else:
            return
    mount("proc", "/proc", _NOSUID_NODEV_NOEXEC, "proc")


def hide_others() -> None:
    """Have no process of another account in ``/proc``, where root may ask for that."""
    if os.geteuid() == 0:
        try:
            mount("proc", "/proc", _NOSUID_NODEV_NOEXEC, "proc", "hidepid=invisible")
        except OSError:  # before Linux 5.8, or not permitted in this container
            return


def _be_outside(first: int, channel: socket, numbers: int) -> NoReturn:
    """Tell numbers while somebody asks for them, and end as process ``first`` does."""
    try:
        _stay_behind()
        while asked := _received(channel):
            told = [_number(numbers, descriptor) for descriptor in asked]
            channel.send(b" ".join(told))
            for descriptor in asked:
                os.close(descriptor)
    finally:  # who asks lives no more, or goes on without an answer
        channel.close()
        os._exit(_exit_status(os.waitpid(first, 0)[1]))


def _be_first(second: int) -> NoReturn:
    """Reap whoever ends, until there is nobody; end as process ``second`` did."""
    status = 1
    try:
        _stay_behind()
        not_dumpable()
        while True:
            pid, found = os.wait()
            status = _exit_status(found) if pid == second else status
    except ChildProcessError:
        pass
    finally:
        os._exit(status)


def _stay_behind() -> None:
    """Hold nothing that is for the one who goes on: neither its socket nor any power."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    give_up()


def _received(channel: socket) -> array.array[int]:
    """Return the descriptors of processes in the next question; none when nobody can ask."""
    found = array.array("i")
    data, ancillary, _, _ = channel.recvmsg(1, CMSG_SPACE(found.itemsize), MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if data and (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
            found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return found


def _number(numbers: int, descriptor: int) -> bytes:
    """Return the number of the process of ``descriptor``, as the kernel says it outside."""
    file = os.open(str(descriptor), os.O_RDONLY | os.O_CLOEXEC, dir_fd=numbers)
    try:
        lines = os.read(file, 4096).splitlines()
    finally:
        os.close(file)
    return next((line.split()[1] for line in lines if line.startswith(b"Pid:")), b"-1")


def _exit_status(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


class OutsideNumbers:
    """By which numbers processes of this namespace are known outside of it."""

    def __init__(self, channel: socket) -> None:
        self._channel = channel

    @classmethod
    def taken(cls) -> OutsideNumbers | None:
        """Return those of the namespace that was entered before this program; None without one.

        It is asked for once: neither the variable nor the descriptor goes to programs from here.
        """
        descriptor = os.environ.pop(_VARIABLE, None)
        if descriptor is None:
            return None
        os.set_inheritable(int(descriptor), False)
        return cls(socket(fileno=int(descriptor)))

    def hand_on(self) -> None:
        """Let the program that this process becomes take them."""
        os.set_inheritable(self._channel.fileno(), True)
        os.environ[_VARIABLE] = str(self._channel.fileno())

    def fileno(self) -> int:
        """Return the descriptor, which a child has to close."""
        return self._channel.fileno()

    def of_this(self) -> int:
        """Return the number of this process; raises `OSError`."""
        me = os.pidfd_open(os.getpid())
        try:
            return self.of(me)
        finally:
            os.close(me)

    def of(self, pidfd: int) -> int:
        """Return the number of the process of ``pidfd``; raises `OSError`."""
        question = [(SOL_SOCKET, SCM_RIGHTS, array.array("i", [pidfd]))]
        self._channel.sendmsg([b"?"], question)
        return int(self._channel.recv(32) or b"-1")
