"""Run a service whose home is taken: bind, assemble, serve, and say when it is ready."""

from __future__ import annotations

import asyncio
import gc
import getpass
import json
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from functools import partial

import uvicorn
from fastapi import FastAPI
from filelock import BaseFileLock

from park.atomic import write_atomically
from park.client.access.local_services import RunningService, announce, withdraw
from park.errors import Conflict
from park.wire import ServiceRecord
from park_repo.sql.sole_writer import writer_watch
from park_server.assembly.ahead import Asked, Machine
from park_server.assembly.foundation import foundation_of
from park_server.assembly.service import AssembledService
from park_server.assembly.start_stages import Stages, said
from park_server.documents.front import DocumentsFiles
from park_server.endpoints import Endpoints
from park_server.home import Home
from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.http.gate.marked import Marked
from park_server.http.parts import ServiceParts
from park_server.log_lines.setup import set_level, tell
from park_server.operating import probe_routes
from park_server.operating.metrics import Metrics
from park_server.operating.reload import Part, Reload
from park_server.operating.traffic import Traffic
from park_server.page.front import PagesFiles
from park_server.page.live_routes import looking_ahead
from park_server.page.page_parts import page_routers
from park_server.process import leader_socket
from park_server.process.handed_on import HandedOn
from park_server.process.listeners import Listeners, listening
from park_server.process.loop_watch import LoopWatch
from park_server.process.notify import notify
from park_server.process.silence import PatientProtocol
from park_server.process.standby import stand_by
from park_server.process.start_failure import StartFailure
from park_server.process.tls import renew
from park_server.quotas.descriptors import leave_no_core, raise_descriptor_limit
from park_server.settings import Settings
from park_server.tasks import Tasks
from park_server.trust.audit import Actor

__all__ = ["RELOADED", "Standby", "serve"]

RELOADED = ("the policy with its limits", "the level of the log", "the certificate")
"""What is read again on SIGHUP; the last where there is one."""

_log = logging.getLogger("park.serve")

_STOP_S = 1
"""What a stop grants to requests that are under way: polls answer at once, uploads come again."""


class Standby:
    """A service that waits for the one that serves its home to end, and serves in its place."""

    def __init__(self, settings: Settings) -> None:
        leave_no_core()
        raise_descriptor_limit()
        url = settings.database
        self._is_unwritten = None if url is None else writer_watch(url)
        self._listeners = listening(settings.host, settings.port, settings.entrance)

    def take(self, home: Home, machine: Machine) -> BaseFileLock:
        """Return the lock of ``home``, once it is ours; says that it stands by where it must.

        It says so once the ``machine`` has answered, for which a take-over would wait.
        Raises `SystemExit` where it is told to stop before.
        """
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(self._taken(home, machine))

    def serve(self, settings: Settings, home: Home, asked: Asked, stages: Stages) -> None:
        """Serve on ``home``, at the address at which it stood by."""
        _run(settings, home, self._listeners, asked, stages)

    async def _taken(self, home: Home, machine: Machine) -> BaseFileLock:
        lock = await self._free(home)
        if lock is None:
            said(f"another service has {home.path}; this one takes it when that has ended")
            lock = await stand_by(
                self._listeners,
                partial(self._free, home),
                leader_socket.folder_of(home.path),
                prepared=[asyncio.wrap_future(each) for each in machine.questions],
                on_prepared=lambda: tell(
                    f"park stands by for {home.path} at {self._listeners.url}"
                ),
            )
            if lock is None:
                raise SystemExit(0)
            tell(f"park takes {home.path} over")
        return lock

    async def _free(self, home: Home) -> BaseFileLock | None:
        """Return the lock of ``home``; None where another has it, or writes to its database."""
        try:
            lock = home.lock()  # in this thread, whose it is
        except Conflict:
            return None
        if self._is_unwritten is None or await asyncio.to_thread(self._is_unwritten):
            return lock
        lock.release()
        return None


def serve(settings: Settings, home: Home, asked: Asked, stages: Stages) -> None:
    """Serve on ``home``, which is taken; the stages of the start are told by ``stages``.

    Raises `UsageError` where the address cannot be bound.
    """
    leave_no_core()
    raise_descriptor_limit()
    _run(settings, home, listening(settings.host, settings.port, settings.entrance), asked, stages)


def _run(
    settings: Settings, home: Home, listeners: Listeners, asked: Asked, stages: Stages
) -> None:
    note = RunningService(url=listeners.url, pid=os.getpid(), token_file=str(home.token_file))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, home, listeners, note, asked=asked, stages=stages))


async def _serve(
    settings: Settings,
    home: Home,
    listeners: Listeners,
    note: RunningService,
    *,
    asked: Asked,
    stages: Stages,
) -> None:
    # the resolver is a child process that reads our own index: it gets a token of its own
    internal = secrets.token_urlsafe(32)
    tokens = Tokens.of_service(getpass.getuser(), home=home.token(), internal=internal)
    endpoints = Endpoints.of(note.url, internal, public=settings.url, inside=listeners.inside)
    foundation = foundation_of(settings, home, endpoints, tokens, asked=asked, stages=stages)
    service = AssembledService(foundation, stages)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service.running() as parts:
            app.state.parts = parts
            app.state.metrics = Metrics(parts, traffic)
            with _watched(settings.watch_loop_s), _reloading(settings, parts, listeners):
                async with looking_ahead(app, home.workflows):
                    yield

    app = application(
        tokens=service.callers,
        grants_of_service=service.grants,
        under_way=service.trust.under_way,
        admit=service.quotas.ask,
        simple_routes=service.simple_routes,
        lifespan=lifespan,
        front=service.with_pages_in_front,
        page_routes=page_routers(),
        probe_routes=probe_routes.router,
        page_files=lambda app: DocumentsFiles(PagesFiles(app)),
        entrance=settings.entrance,
    )
    started = StartFailure(traffic := Traffic(Marked(app)))
    config = uvicorn.Config(
        started,
        http=PatientProtocol,
        lifespan="on",
        log_config=None,
        log_level=None,
        access_log=False,
        proxy_headers=False,  # those of the proxies that the operator trusts are read at the gate
        ws="none",
        ssl_context_factory=listeners.context_factory,
        timeout_graceful_shutdown=_STOP_S,
    )
    server = _Server(
        config,
        on_ready=lambda: _report_ready(settings, note, service.about),
        on_exit=service.wake_waiters,
        inner=listeners.inner,
        from_standbys=leader_socket.bound(leader_socket.folder_of(home.path)),
    )
    try:
        await server.serve(sockets=[listeners.outer])
    except SystemExit:
        started.tell()
        raise
    finally:
        withdraw(note.url)


@contextmanager
def _watched(limit_s: float | None) -> Iterator[None]:
    """Tell in the log what holds the loop for longer than ``limit_s``; None: nothing does."""
    watch = None if limit_s is None else LoopWatch(limit_s)
    try:
        yield
    finally:
        if watch is not None:
            watch.stop()


@contextmanager
def _reloading(settings: Settings, parts: ServiceParts, listeners: Listeners) -> Iterator[None]:
    """Read again, on SIGHUP, what can be changed while the service serves.

    On a terminal SIGHUP says that this is gone, and ends the service as it ends any program.
    """
    set_level(parts.trust.directory.policy.log_level)
    if sys.stdin is not None and sys.stdin.isatty():
        yield
        return
    loop = asyncio.get_running_loop()
    tasks = Tasks(_log, "reading again failed")
    reload = Reload(_reloaded(settings, parts, listeners))
    loop.add_signal_handler(signal.SIGHUP, lambda: tasks.spawn(reload.now()))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _reloaded(settings: Settings, parts: ServiceParts, listeners: Listeners) -> Mapping[str, Part]:
    directory, entrance = parts.trust.directory, settings.entrance

    async def policy() -> None:
        await directory.reload_policy(Actor(user=directory.operator, address="SIGHUP"))
        parts.jobs.look_again()

    async def level() -> None:
        set_level(directory.policy.log_level)

    async def certificate() -> None:
        if listeners.context is not None and entrance.certificate is not None:
            renew(listeners.context, entrance.certificate, entrance.key)

    found = dict(zip(RELOADED, (policy, level, certificate), strict=True))
    if listeners.context is None:
        del found[RELOADED[-1]]
    return found


class _Server(uvicorn.Server):
    """uvicorn, telling when it accepts requests and when it begins to stop."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        on_ready: Callable[[], None],
        on_exit: Callable[[], None],
        inner: socket.socket | None = None,
        from_standbys: socket.socket,
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_exit = on_exit
        self._inner = inner
        self._from_standbys = from_standbys

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            if self._inner is not None:
                self.servers.append(await self._listening_on(self._inner, self.config))
            handed = copy(self.config)
            handed.loaded_app = HandedOn(self.config.loaded_app)
            self.servers.append(await self._listening_on(self._from_standbys, handed))
            # what is there for good is not gone through by each full collection, in which
            # everybody waits: some hundred milliseconds
            gc.freeze()
            self._on_ready()

    async def _listening_on(self, inner: socket.socket, config: uvicorn.Config) -> asyncio.Server:
        """Serve ``inner`` as well, which uvicorn would give the certificate of the others."""

        def protocol() -> asyncio.Protocol:
            return PatientProtocol(
                config=config, server_state=self.server_state, app_state=self.lifespan.state
            )

        return await asyncio.get_running_loop().create_server(protocol, sock=inner)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let long polls answer what they know, then stop."""
        self._on_exit()
        await super().shutdown(sockets)


def _report_ready(settings: Settings, note: RunningService, about: ServiceRecord) -> None:
    """Say that the service is up: on this machine, in the ready file, and on the terminal."""
    try:
        announce(note)
    except OSError as error:  # only a convenience: clients can be told the token
        tell(f"not announced on this machine: {error}")
    if settings.ready_file is not None:
        write_atomically(
            settings.ready_file,
            json.dumps({"url": note.url, "pid": note.pid, "token_file": note.token_file}) + "\n",
        )
    warning = settings.entrance.warning(settings.host)
    if warning is not None:
        tell(f"park serve: {warning}")
    tell(f"environments: {about.environments_line}")
    tell(f"isolation: {about.isolation_line}")
    tell(f"park serves {settings.home} at {note.url}")
    notify("READY=1")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
