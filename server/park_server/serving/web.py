"""The web of a service that runs: its application, and what listens and answers.

Most of what it imports is FastAPI and the modules of the routes, and none of that is needed to
take up the jobs of a home. So it is loaded in a thread while the database is asked for them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from copy import copy

import uvicorn
from fastapi import FastAPI

from park.atomic import write_atomically
from park.client.access.local_services import RunningService, announce
from park.wire import ServiceRecord
from park_server.assembly.service import AssembledService
from park_server.documents.front import DocumentsFiles
from park_server.home import Home
from park_server.http.app import application
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
from park_server.process.listeners import Listeners
from park_server.process.loop_watch import LoopWatch
from park_server.process.notify import notify
from park_server.process.silence import PatientProtocol
from park_server.process.tls import renew
from park_server.settings import Settings
from park_server.tasks import Tasks
from park_server.trust.audit import Actor

__all__ = ["RELOADED", "Web"]

RELOADED = ("the policy with its limits", "the level of the log", "the certificate")
"""What is read again on SIGHUP; the last where there is one."""

_log = logging.getLogger("park.serve")

_STOP_S = 1
"""What a stop grants to requests that are under way: polls answer at once, uploads come again."""


class Web:
    """What answers for a service, at the address of ``note``; ``home`` is what it serves on."""

    def __init__(
        self, settings: Settings, home: Home, listeners: Listeners, note: RunningService
    ) -> None:
        self._settings = settings
        self._home = home
        self._listeners = listeners
        self._note = note

    async def serve(self, service: AssembledService, parts: ServiceParts) -> None:
        """Answer for ``service``, whose ``parts`` run, until SIGTERM or SIGINT.

        uvicorn raises them again once it has stopped.
        """
        settings, listeners = self._settings, self._listeners

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.parts = parts
            app.state.metrics = Metrics(parts, traffic)
            with _watched(settings.watch_loop_s), _reloading(settings, parts, listeners):
                async with looking_ahead(app, self._home.workflows):
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
        traffic = Traffic(Marked(app))
        config = uvicorn.Config(
            traffic,
            http=PatientProtocol,
            lifespan="on",
            log_config=None,
            log_level=None,
            access_log=False,
            proxy_headers=False,  # those of proxies that the operator trusts are read at the gate
            ws="none",
            ssl_context_factory=listeners.context_factory,
            timeout_graceful_shutdown=_STOP_S,
        )
        server = _Server(
            config,
            on_ready=lambda: _report_ready(settings, self._note, service.about),
            on_exit=service.wake_waiters,
            inner=listeners.inner,
            from_standbys=leader_socket.bound(leader_socket.folder_of(self._home.path)),
        )
        await server.serve(sockets=[listeners.outer])


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
