"""The process that forks for a fork server, and does nothing else.

What a process writes to between two forks is copied page by page, some microseconds each. A fork
server that hears, decides and tells writes to three hundred pages from one fork to the next; this
one to fifty. It also forks while its fork server goes on.

It is forked off once the module is imported, and is the parent of all jobs. Their ends are its to
wait for, so it is asked for them. Messages go both ways, each a word and numbers:

=======================  ==========================================================
to it                    answered by
=======================  ==========================================================
``fork`` pids            ``child`` pid, with its channel and its pidfd; or ``error``
                         and a number of errno
``reap`` pids            nothing
``status`` pid           ``status`` and the wait status of that child, once it has ended
=======================  ==========================================================

The ``pids`` have ended, and nobody asks how. It leaves when its fork server is gone. Where it is
gone itself, its children are the fork server's, which adopts orphans.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from array import array
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import NoReturn

from ..cage.own_processes import OutsideNumbers  # noqa: TID252 (named otherwise in environments)
from ..spare import Spare, fork_waiting, forked  # noqa: TID252 (named otherwise in environments)

__all__ = ["Zygote", "begin_zygote"]

_MOST_BYTES = 16_384
"""More than a message ever has: a thousand numbers."""

_MANY = 256
"""So many that have ended are told without waiting for the next fork."""

_LEAVE_S = 1.0
"""It leaves at once, but for one that somebody has stopped."""

_UNKNOWN = 1 << 8
"""The wait status of a child that somebody else has waited for: it ended with 1."""


class Zygote:
    """The zygote of a fork server, as that sees it: it answers in its order.

    ``expected`` counts the children that were asked for and have not come.
    """

    def __init__(
        self, *, pid: int, channel: socket.socket, numbers: OutsideNumbers | None = None
    ) -> None:
        self.pid = pid
        self.is_gone = False
        self.expected = 0
        self._channel = channel
        self._numbers = numbers
        self._came: deque[Spare | OSError] = deque()
        self._ended: list[int] = []

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a child comes, or this is gone."""
        return self._channel.fileno()

    @property
    def has_come(self) -> bool:
        """Whether a child came while something else was asked, so that no descriptor tells."""
        return bool(self._came)

    @property
    def has_ended(self) -> bool:
        """Whether children have ended of which it was not told."""
        return bool(self._ended)

    def ask(self) -> None:
        """Have a child forked, for `take`. Raises `OSError` where this is gone."""
        self._tell(b"fork")
        self.expected += 1

    def take(self) -> Spare:
        """Return the next child that was asked for, when it is there.

        Raises `OSError` where the machine does not let a process fork, or this is gone.
        """
        while not self._came:
            self._hear()
        self.expected = max(0, self.expected - 1)
        child = self._came.popleft()
        if isinstance(child, OSError):
            raise child
        return child

    def reap(self, pid: int) -> None:
        """Note that the child ``pid`` has ended, or will soon: `ask` and `clear_up` tell it."""
        self._ended.append(pid)
        if len(self._ended) >= _MANY:
            self.clear_up()

    def clear_up(self) -> None:
        """Have waited for what has ended."""
        if self._ended:
            with suppress(OSError):  # those are nobody's but the kernel's then
                self._tell(b"reap")

    def status_of(self, pid: int) -> int:
        """Return the wait status of the child ``pid``, which has ended."""
        try:
            self._channel.send(b"status %d" % pid)
            while (status := self._hear()) is None:
                pass
        except OSError:
            return _waited_for(pid)
        return status

    def close(self) -> None:
        """Have it leave, and wait for that for a moment."""
        self._channel.close()
        with suppress(OSError):
            pidfd = os.pidfd_open(self.pid)
            select.select([pidfd], [], [], _LEAVE_S)
            os.close(pidfd)
            os.waitpid(self.pid, os.WNOHANG)

    def _tell(self, word: bytes) -> None:
        try:
            self._channel.send(b" ".join([word, *(b"%d" % pid for pid in self._ended)]))
        except OSError:
            self.is_gone = True
            raise
        self._ended.clear()

    def _hear(self) -> int | None:
        """Take one message, a child to be taken; return the status where it tells one."""
        data, descriptors = self._received()
        if not data:
            self.is_gone = True
            raise ConnectionResetError("what forks for this fork server is gone")
        word, number = data.split()
        if word == b"status":
            return int(number)
        if word == b"error":
            self._came.append(OSError(int(number), os.strerror(int(number))))
            return None
        self._came.append(self._child(int(number), *descriptors))
        return None

    def _received(self) -> tuple[bytes, list[int]]:
        """Return the next message with its descriptors; empty where nobody sends any more."""
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self._channel, _MOST_BYTES, 2, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionError:  # killed before it had read all that was asked
            return b"", []
        return data, descriptors

    def _child(self, pid: int, channel: int, pidfd: int) -> Spare | OSError:
        theirs = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=channel)
        try:
            outside = None if self._numbers is None else self._numbers.of(pidfd)
        except OSError as error:
            theirs.close()  # it leaves, for nobody will give it an order
            os.close(pidfd)
            self.reap(pid)
            return error
        return Spare(pid=pid, pidfd=pidfd, channel=theirs, outside=outside)


def _waited_for(pid: int) -> int:
    """Return the wait status of a child that this process has adopted."""
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return _UNKNOWN


def begin_zygote(
    inherited: Iterable[int], jobs: str | None = None, numbers: OutsideNumbers | None = None
) -> Zygote:
    """Fork the zygote; neither it nor a child has the descriptors ``inherited``.

    Of the folder ``jobs`` each child will see its own job's alone, if there is one to be covered.
    ``numbers`` tell by which one it is known outside of its namespace. Raises `OSError`.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        pid = forked()
    except OSError:
        ours.close()
        theirs.close()
        raise
    if pid == 0:
        try:
            ours.close()
            for descriptor in inherited:
                os.close(descriptor)
            if numbers is not None:
                os.close(numbers.fileno())
            _serve(theirs, jobs)
        finally:
            os._exit(1)
    theirs.close()
    return Zygote(pid=pid, channel=ours, numbers=numbers)


def _serve(channel: socket.socket, jobs: str | None) -> NoReturn:
    """Do what is asked, until nobody asks; what is touched between two forks is kept small."""
    ended: list[int] = []
    while message := _received(channel):
        word, *numbers = message.split()
        if word == b"status":
            channel.send(b"status %d" % _waited_for(int(numbers[0])))
            continue
        if word == b"fork":
            _fork(channel, jobs)
        ended.extend(map(int, numbers))
        ended[:] = filter(_is_there, ended)
    os._exit(0)


def _received(channel: socket.socket) -> bytes:
    """Return the next message; empty when the fork server is gone."""
    try:
        return channel.recv(_MOST_BYTES)
    except ConnectionResetError:
        return b""


def _fork(channel: socket.socket, jobs: str | None) -> None:
    try:
        pid, ours, pidfd = fork_waiting((channel.fileno(),), jobs)
    except OSError as error:
        channel.send(b"error %d" % (error.errno or 0))
        return
    descriptors = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", (ours, pidfd)))
    with suppress(OSError):  # the fork server may be gone: then the child leaves as well
        channel.sendmsg((b"child %d" % pid,), (descriptors,))
    os.close(ours)
    os.close(pidfd)


def _is_there(pid: int) -> bool:
    """Tell whether a child is still there; one that has ended is waited for."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != pid
    except ChildProcessError:
        return False
