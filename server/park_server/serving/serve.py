"""Run a service whose home is taken: bind, take up what its home has, and have its web answer."""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from park.client.access.local_services import RunningService, withdraw
from park_server.assembly.ahead import Asked
from park_server.assembly.foundation import foundation_of
from park_server.assembly.service import AssembledService
from park_server.assembly.start_stages import Stages
from park_server.endpoints import Endpoints
from park_server.home import Home
from park_server.http.auth import Tokens
from park_server.process.listeners import Listeners, listening
from park_server.process.start_failure import in_words
from park_server.quotas.descriptors import leave_no_core, raise_descriptor_limit
from park_server.settings import Settings

if TYPE_CHECKING:
    from park_server.serving.web import Web

__all__ = ["loop_factory", "serve", "serve_at"]


def serve(
    settings: Settings, home: Home, asked: Asked, stages: Stages, *, web: Callable[[], type[Web]]
) -> None:
    """Serve on ``home``, which is taken; the stages of the start are told by ``stages``.

    ``web`` returns what answers; to load it takes a while, in which the database is asked for the
    jobs that wait. Raises `UsageError` where the address cannot be bound.
    """
    leave_no_core()
    raise_descriptor_limit()
    listeners = listening(settings.host, settings.port, settings.entrance)
    serve_at(listeners, settings, home, asked, stages, web=web)


def serve_at(
    listeners: Listeners,
    settings: Settings,
    home: Home,
    asked: Asked,
    stages: Stages,
    *,
    web: Callable[[], type[Web]],
) -> None:
    """Serve as `serve` does, at ``listeners``."""
    note = RunningService(url=listeners.url, pid=os.getpid(), token_file=str(home.token_file))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, home, listeners, note, asked=asked, stages=stages, web=web))


async def _serve(
    settings: Settings,
    home: Home,
    listeners: Listeners,
    note: RunningService,
    *,
    asked: Asked,
    stages: Stages,
    web: Callable[[], type[Web]],
) -> None:
    # the resolver is a child process that reads our own index: it gets a token of its own
    internal = secrets.token_urlsafe(32)
    tokens = Tokens.of_service(getpass.getuser(), home=home.token(), internal=internal)
    endpoints = Endpoints.of(note.url, internal, public=settings.url, inside=listeners.inside)
    foundation = foundation_of(settings, home, endpoints, tokens, asked=asked, stages=stages)
    service = AssembledService(foundation, stages)
    loading = asyncio.get_running_loop().run_in_executor(None, web)
    async with AsyncExitStack() as stack:
        with in_words():
            parts = await stack.enter_async_context(service.running())
        with stages.at("loading what answers for the service"):
            loaded = await loading
        stack.callback(withdraw, note.url)
        await loaded(settings, home, listeners, note).serve(service, parts)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop of a service; None: Python's own."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
