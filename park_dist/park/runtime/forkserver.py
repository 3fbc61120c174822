"""The fork server: one for each environment and entry module, beside the service.

It imports the module once, has children forked ahead by its zygote, and gives each order to one
of them. It belongs to a session of its own and outlives the service, which finds it again at
its socket. Lines of JSON go both ways:

=========  ================================  =========================================
to it      ``do``                            answered by ``event``
=========  ================================  =========================================
start      ``order``                         ``started`` (pid), later ``ended``
cancel     ``job``, ``attempt``, ``grace``   ``ended``, when its session is empty
status                                       ``status``: running jobs, memory
ping                                         ``pong``
shutdown                                     leaves after the last job; no new starts
=========  ================================  =========================================

The first line to every connection is ``hello``; events go to all connections. Nothing is
polled: sockets, pidfds and deadlines wake one loop.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from . import descendants, fresh, processes
from .cage.own_processes import OutsideNumbers
from .child import BEGUN, FINISHED, MARKED, READY, UNCLAIMED
from .compiled.shared_code import share_compiled_code
from .folder import read_claim, write_record
from .forking.supply import Supply
from .lines import LineSocket
from .order import PROTOCOL, Order, ServerSettings
from .preload import add_library, default_signals, preload
from .rehearsal import rehearse, rehearse_often
from .spare import Spare
from .surroundings import prepare_streams
from .used import recorder as used

__all__ = ["ForkServer", "main"]

_KILL_TIMEOUT_S = 5.0
"""How long killed processes may take to go: those that outlast it hang in the kernel."""

_QUIET_S = 0.02
"""Quiet before the next child is forked while jobs run. A fork takes milliseconds after a
large import, and right after an end the service and the ending child need the processors. Only
where no child is left, the next one is forked at once."""


@dataclass(kw_only=True, slots=True)
class _Running:
    """A child that has its order."""

    order: Order
    spare: Spare
    kill_at: float | None = None
    cancelled: bool = False

    @property
    def name(self) -> dict[str, Any]:
        return {"job": self.order.job_id, "attempt": self.order.attempt}


class ForkServer:
    """The loop and its state. ``listener`` listens; ``numbers`` are processes' outside of here."""

    def __init__(
        self,
        listener: socket.socket,
        settings: ServerSettings,
        numbers: OutsideNumbers | None = None,
    ) -> None:
        self._pid = os.getpid() if numbers is None else numbers.of_this()
        self._listener = listener
        self._settings = settings
        self._selector = selectors.DefaultSelector()
        self._connections: set[LineSocket] = set()
        self._supply = Supply(self._selector, settings, numbers)
        self._running: dict[tuple[str, int], _Running] = {}
        self._ending: set[int] = set()
        self._leaving = False
        self._quiet_s = _QUIET_S
        self._idle_since = time.monotonic()
        self._commands: dict[str, Callable[[LineSocket, dict[str, Any]], None]] = {
            "start": self._start,
            "cancel": self._cancel,
            "status": lambda line, _: self._tell(line, self._status()),
            "ping": lambda line, _: self._tell(line, {"event": "pong"}),
            "shutdown": lambda _line, _message: self._shut_down(),
        }

    def serve(self) -> None:
        """Serve until shut down, or idle for long with nobody connected."""
        self._listener.setblocking(False)
        self._supply.begin(inherited=[self._selector.fileno(), self._listener.fileno()])
        self._watch(self._listener, self._accept)
        self._refill()
        while not self._may_leave():
            events = self._selector.select(self._timeout())
            for key, _ in events:
                # an earlier reaction may have closed it, or given its number to another
                if self._selector.get_map().get(key.fd) is key:
                    key.data()
            self._kill_overdue()
            if not events:
                self._refill()
                self._quiet_s = 0.0 if self._wants_spares() else _QUIET_S
        self._supply.close()

    def _watch(self, thing: socket.socket | int, react: Callable[[], None]) -> None:
        self._selector.register(thing, selectors.EVENT_READ, react)

    # -- when to wake, when to leave

    def _may_leave(self) -> bool:
        if self._running or self._leaving:
            return not self._running
        idle = time.monotonic() - self._idle_since
        is_idle = not self._connections and idle >= self._settings.idle_s
        return is_idle and not self._selector.select(0)  # else somebody waits at the socket

    def _timeout(self) -> float | None:
        """Return the seconds until something is due; None while nothing is."""
        now = time.monotonic()
        due = [job.kill_at - now for job in self._running.values() if job.kill_at is not None]
        if self._wants_spares() or self._supply.is_untidy:
            due.append(self._quiet_s)
        if not self._connections and not self._running:
            due.append(self._idle_since + self._settings.idle_s - now)
        return max(0.0, min(due)) if due else None

    def _wants_spares(self) -> bool:
        return not self._leaving and self._supply.is_short

    def _refill(self) -> None:
        """Have one child forked ahead; the loop comes back for more when it is quiet."""
        if self._wants_spares():
            self._supply.refill()
        else:
            self._supply.clear_up()

    # -- connections

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            line = LineSocket(self._listener.accept()[0])
            self._connections.add(line)
            self._watch(line.connection, lambda: self._hear(line))
            self._tell(line, {**self._status(), "event": "hello"})

    def _status(self) -> dict[str, Any]:
        jobs = [{**job.name, "pid": job.spare.service_pid} for job in self._running.values()]
        return {
            "event": "status",
            "protocol": PROTOCOL,
            "pid": self._pid,
            "module": self._settings.module,
            "reason": self._settings.reason,
            "running": jobs,
            "spares": len(self._supply),
            "pss_bytes": processes.pss_bytes([os.getpid(), *self._supply.pids]),
        }

    def _hear(self, line: LineSocket) -> None:
        if line.has_output and not line.flush():
            self._drop(line)
            return
        self._listen_for(line)
        messages = line.receive()
        if messages is None:
            self._drop(line)
            return
        for message in messages:
            command = self._commands.get(message.get("do", ""))
            if command is not None:
                command(line, message)
        for each in [*self._connections]:  # what started together is told together
            self._flush(each)

    def _tell(self, line: LineSocket, message: dict[str, Any]) -> None:
        if line in self._connections:
            line.hold(message)
            self._flush(line)

    def _flush(self, line: LineSocket) -> None:
        if line.flush():
            self._listen_for(line)
        else:
            self._drop(line)

    def _listen_for(self, line: LineSocket) -> None:
        """Wake for input, and for room where output waits."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.has_output else 0)
        key = self._selector.get_key(line.connection)
        if key.events != events:
            self._selector.modify(line.connection, events, key.data)

    def _tell_all(self, message: dict[str, Any]) -> None:
        for line in list(self._connections):
            self._tell(line, message)

    def _drop(self, line: LineSocket) -> None:
        self._connections.discard(line)
        self._selector.unregister(line.connection)
        line.close()
        self._idle_since = time.monotonic()

    # -- jobs

    def _start(self, line: LineSocket, message: dict[str, Any]) -> None:
        order = Order(**message["order"])
        if self._settings.module is None:
            order = replace(order, fresh=True)
        key = (order.job_id, order.attempt)
        if key in self._running:
            return
        spare = None if self._leaving else self._supply.hand_over(order)
        if spare is None:
            self._tell(line, {"event": "refused", "job": key[0], "attempt": key[1]})
            return
        if order.memo and not order.fresh:  # a fresh interpreter tells all by itself
            used.lend_base(order.folder.used_base)
        job = self._running[key] = _Running(order=order, spare=spare)
        self._watch(job.spare.pidfd, lambda: self._on_exit(key))
        self._watch(job.spare.channel, lambda: self._on_word(key))
        for each in self._connections:
            each.hold({"event": "started", **job.name, "pid": spare.service_pid})

    def _cancel(self, _line: LineSocket, message: dict[str, Any]) -> None:
        job = self._running.get((message["job"], message["attempt"]))
        if job is not None and not job.cancelled:
            job.cancelled = True
            job.kill_at = time.monotonic() + float(message["grace"])
            processes.signal_group(job.spare.pid, signal.SIGTERM)
            processes.signal_group(job.spare.pid, signal.SIGCONT)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for job in self._running.values():
            if job.kill_at is not None and job.kill_at <= now:
                job.kill_at = None
                processes.signal_group(job.spare.pid, signal.SIGKILL)

    def _on_word(self, key: tuple[str, int]) -> None:
        """Hear from a child: that its call begins, of marks, that it has finished or is ending."""
        job = self._running[key]
        said = job.spare.hear()
        if MARKED in said:
            self._tell_all({"event": "marked", **job.name})
        if BEGUN in said:
            self._tell_all({"event": "begun", **job.name})
        if FINISHED in said or READY in said or not said:  # else its pidfd tells how it ends
            self._selector.unregister(job.spare.channel)
        if READY in said:
            self._keep(key, job)
        elif FINISHED in said:
            self._finish(key, job)

    def _keep(self, key: tuple[str, int], job: _Running) -> None:
        """Report the end of a job whose process is there for another one, unless it is ended."""
        if job.cancelled or not job.order.reuse:
            self._finish(key, job)
            return
        self._selector.unregister(job.spare.pidfd)
        self._supply.keep(job.spare)
        self._end(key, {"event": "ended", **job.name, "finished": True, "left": []})

    def _finish(self, key: tuple[str, int], job: _Running) -> None:
        """Report an end that the job itself announced; the kernel may still free its memory."""
        left = descendants.end_descendants(job.spare.pid, _KILL_TIMEOUT_S)
        if job.cancelled:
            processes.end_session(job.spare.pid, _KILL_TIMEOUT_S)
        else:
            # what the job left running in its group ends with it
            processes.signal_group(job.spare.pid, signal.SIGKILL)
        self._ending.add(job.spare.pid)
        self._end(key, {"event": "ended", **job.name, "finished": True, "left": left})
        self._selector.modify(job.spare.pidfd, selectors.EVENT_READ, lambda: self._leave(job.spare))

    def _on_exit(self, key: tuple[str, int]) -> None:
        """Report how a child ended that said nothing, after all of its session has ended."""
        job = self._running[key]
        if job.spare.channel in self._selector.get_map():
            self._selector.unregister(job.spare.channel)
        said = job.spare.hear()
        if FINISHED in said or READY in said:
            self._finish(key, job)
            return
        processes.end_session(job.spare.pid, _KILL_TIMEOUT_S)
        left = self._end_orphans(job.spare)
        status = self._supply.status_of(job.spare)
        attempt, pid = job.order.attempt, job.spare.service_pid
        ended = {"attempt": attempt, "pid": pid, **processes.exit_numbers(status)}
        if ended["status"] == UNCLAIMED and not _owns_attempt(job):
            self._end(key, {"event": "unclaimed", **job.name})
            return
        with contextlib.suppress(OSError):  # a full disk: the event still tells the service
            write_record(job.order.folder.exit, ended)
        self._end(key, {"event": "ended", **job.name, "finished": False, "left": left, **ended})

    def _leave(self, spare: Spare) -> None:
        """Let go of a job that is gone after it was reported, with what it has left."""
        self._end_orphans(spare)
        self._supply.release(spare)

    def _end_orphans(self, spare: Spare) -> list[int]:
        """End what a job has left that is gone; return what is left still.

        Its orphans are children of this process now, and no job that lives has any here.
        """
        self._ending.discard(spare.pid)
        # jobs are, too, where the zygote is gone
        known = {*self._supply.pids, *self._ending, spare.pid}
        known |= {job.spare.pid for job in self._running.values()}
        return descendants.end_strangers(known, _KILL_TIMEOUT_S)

    def _end(self, key: tuple[str, int], event: dict[str, Any]) -> None:
        del self._running[key]
        self._idle_since = time.monotonic()
        self._tell_all(event)
        self._quiet_s = _QUIET_S if len(self._supply) else 0.0

    def _shut_down(self) -> None:
        """Take no more orders, send the spares home, leave after the last job."""
        self._leaving = True
        self._supply.send_home()


def _owns_attempt(job: _Running) -> bool:
    claim = read_claim(job.order.folder.attempt(job.order.attempt))
    return claim is not None and claim.get("pid") == job.spare.service_pid


def main(argument: str) -> None:
    """Serve at the listening socket that is standard input; ``argument``: settings as JSON."""
    listener = fresh.taken_listener()
    numbers = OutsideNumbers.taken()
    settings = ServerSettings(**json.loads(argument))
    used.start()
    add_library(settings.library)
    share_compiled_code()
    reason = preload(settings.module) if settings.module is not None else None
    if reason is not None:
        if numbers is not None:
            numbers.hand_on()
        bare = replace(settings, module=None, reason=reason)
        fresh.begin_anew("fork-server", json.dumps(bare.as_record()), listener)
    default_signals()
    descendants.adopt_orphans()
    prepare_streams()
    rehearse()
    used.keep_base(settings.folder)
    rehearse_often()
    ForkServer(listener, settings, numbers).serve()
