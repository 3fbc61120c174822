"""A child that is forked ahead, waits for its order, and becomes that job."""

from __future__ import annotations

import _socket
import gc
import json
import os
import select
import socket
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from . import child, descendants, fresh, processes, surroundings
from .again.reuse import Reuse
from .cage import own_folder
from .order import Order
from .rehearsal import rehearse_in_memory

__all__ = ["Spare", "fork_spare", "fork_waiting", "forked"]

_BUSY_S = 0.005
"""A child of a fork server that is busy has its order by then, and does all of it once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spare:
    """A waiting child, as its parent sees it. ``pidfd`` becomes readable when it ends.

    ``outside`` is its number where the service is, in a namespace of processes.
    """

    pid: int
    pidfd: int
    channel: socket.socket
    outside: int | None = None

    @property
    def service_pid(self) -> int:
        """The number by which the service knows it."""
        return self.pid if self.outside is None else self.outside

    def give(self, order: Order) -> None:
        """Hand the order over; raises `OSError` where the child is gone."""
        record = order.as_record()
        record["pid"] = self.outside
        self.channel.sendall(json.dumps(record).encode() + b"\n")

    def hear(self) -> bytes:
        """Return what the child has said since the last time; empty where it is ending."""
        try:
            return self.channel.recv(8, socket.MSG_DONTWAIT)
        except OSError:
            return b""

    def close(self) -> None:
        """Forget the child; one that still waits for an order leaves."""
        self.channel.close()
        os.close(self.pidfd)


def fork_spare(inherited: Iterable[int], jobs: str | None = None) -> Spare:
    """Fork a child that waits for its order; it closes the descriptors ``inherited``.

    Of the folder ``jobs`` it will see its own job's alone, if there is one to be covered. Raises
    `OSError`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid, channel, pidfd = fork_waiting(tuple(inherited), jobs)
    return Spare(pid=pid, pidfd=pidfd, channel=socket.socket(fileno=channel))


def fork_waiting(inherited: Sequence[int], jobs: str | None) -> tuple[int, int, int]:
    """Do what `fork_spare` does; return number, channel and pidfd of the child.

    The parent makes no object for it: each is on a page that is copied after the fork.
    """
    ours, theirs = _socket.socketpair()
    # what this process has made since the last fork is nothing for the child's first collection,
    # which would copy a quarter of all pages that a short job touches
    gc.freeze()
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
            _wait_and_run(socket.socket(fileno=theirs.detach()), jobs)
        finally:
            os._exit(1)
    theirs.close()
    return pid, ours.detach(), os.pidfd_open(pid)


def forked() -> int:
    """Fork as `os.fork` does, without a word about threads."""
    if sys.version_info < (3, 12):
        return os.fork()
    with warnings.catch_warnings():
        # BLAS has threads of its own and handles forks; Python threads were ruled out before
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _wait_and_run(channel: socket.socket, jobs: str | None) -> NoReturn:
    """Do ahead what needs no order, then wait for it."""
    os.setsid()
    descendants.adopt_orphans()
    surroundings.prepare_fork()
    own, me = own_folder.prepare(jobs), processes.identity(os.getpid())
    if not _is_readable(channel, within_s=_BUSY_S):
        rehearse_in_memory()
    order = _receive(channel)
    if order is None:
        os._exit(0)
    gc.enable()
    if own is not None:
        own.open(order.directory)
    if order.fresh:
        _become_fresh(order, channel)
    if order.reuse and own is None and not order.memo:
        _run_several(order, channel, me)
    child.run(order, channel, me)


def _run_several(order: Order, channel: socket.socket, me: processes.Identity | None) -> NoReturn:
    """Be one job after the other, while they leave this process as it was."""
    reuse, following = Reuse.of_this(), order
    while True:
        child.run_and_stay(following, channel, me, reuse)
        received = _receive(channel)
        if received is None:
            os._exit(0)
        following = received


def _is_readable(channel: socket.socket, *, within_s: float) -> bool:
    """Tell whether an order comes ``within_s`` seconds, or the fork server is gone."""
    return bool(select.select([channel], [], [], within_s)[0])


def _receive(channel: socket.socket) -> Order | None:
    """Return the order; None where the fork server went away without one."""
    data = bytearray()
    while not data.endswith(b"\n"):
        chunk = channel.recv(65_536)
        if not chunk:
            return None
        data += chunk
    return Order(**json.loads(data))


def _become_fresh(order: Order, channel: socket.socket) -> NoReturn:
    """Replace this process by a fresh interpreter that runs the same job.

    The order goes through an unlinked file: its variables may be secrets, which a command
    line would show to everybody.
    """
    import tempfile  # six libraries, for each of which every forked child would pay

    file = tempfile.TemporaryFile()  # noqa: SIM115 (the next program reads it)
    file.write(json.dumps(order.as_record()).encode())
    file.seek(0)
    descriptors: dict[str, Any] = {"order": file.fileno(), "channel": channel.fileno()}
    for descriptor in descriptors.values():
        os.set_inheritable(descriptor, True)
    fresh.execute("job", json.dumps(descriptors))
