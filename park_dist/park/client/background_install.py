"""An install in the background: what `park.install_service` returns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from park.blocks import current_block
from park.calling import service_named
from park.client.access.transport import patient
from park.client.connection import WithConnection
from park.client.installs.background import Installing
from park.client.installs.outcome import PAUSE_S, InstallOutcome, outcome_of
from park.client.jobs.phased import Phased
from park.client.jobs.placeholders import encoding_arguments
from park.client.report import Report
from park.client.submission.item import Item, State
from park.client.submission.seconds import deadline_said
from park.client.voice import background, drawn_while_waiting
from park.errors import UsageError, from_problem
from park.local.set_options import set_options
from park.model.conditions import InstallIs, Leaf, Phase
from park.model.ids import new_id
from park.model.states import InstallState
from park.wire import API, InstallRecord, decode

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["Install", "install_service"]

_LONG_POLL_S = 25.0


class Install(Phased):
    """An install on its way: its wheels are built and sent in the background."""

    def __init__(
        self,
        service: WithConnection,
        id: str,  # noqa: A002 (the field's name)
        target: str,
        *,
        item: Item | None = None,
        installing: Installing | None = None,
        report: Report = background,
    ) -> None:
        super().__init__(service, id, item)
        self._target = target
        self._installing = installing
        self._report = report

    def __repr__(self) -> str:
        return f"<Install {self._id} {self._target}>"

    def __reduce__(self) -> Any:
        if encoding_arguments.active:
            raise UsageError(
                f"{self!r} is no value for a job",
                hint="to wait for it: when=install.iscompleted",
            )
        self.confirm()
        return type(self), (self._service, self._id, self._target)

    def confirm(self, timeout: float | None = None) -> None:
        """Wait until the service has the request, and all that it lacks was sent.

        Raises what stopped that: `LocalSetError`, `BuildFailed`, `NotPermitted`, ….
        """
        if self._item is not None:
            with drawn_while_waiting(timeout):
                self._item.confirm(timeout)

    @property
    def record(self) -> InstallRecord:
        """The install as the service has it now."""
        self.confirm()
        return self._asked({})

    @property
    def status(self) -> InstallState:
        """The state of the install."""
        return self.record.state

    def leaf(self, phase: Phase) -> Leaf:
        """Return what says that the install is in ``phase``."""
        return InstallIs(install=self._id, phase=phase, service=self.connection.url)

    def wait(self, timeout: float | None = None) -> InstallRecord:
        """Wait until the install has ended; raises `TimeoutError` after ``timeout`` seconds."""
        with drawn_while_waiting(timeout):
            return self._waited(timeout)

    def _waited(self, timeout: float | None) -> InstallRecord:
        timeout, deadline = deadline_said(timeout)
        self.confirm(timeout)
        with patient(timeout):
            record = self._asked({})
        while not record.state.is_final:
            left = _LONG_POLL_S if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self!r} is {record.state} after {timeout:g} s")
            with patient(None if deadline is None else left):
                query = {"wait": min(left, _LONG_POLL_S), "pause": PAUSE_S}
                record = self._asked({"after": record.revision, **query})
            for stage in record.stages:
                self._report.progress(stage.stage, stage.done, stage.total, stage.unit)
        return record

    def result(self, timeout: float | None = None) -> InstallOutcome:
        """Wait for the environment and return what it came to; raises what stopped it."""
        record = self.wait(timeout)
        if record.error is not None:
            raise from_problem(record.error)
        sent = None if self._installing is None else self._installing.sent
        # it is not done in a process that was forked meanwhile: the parent has sent it
        return outcome_of(record, sent.result() if sent is not None and sent.done() else None)

    def __await__(self) -> Generator[Any, None, InstallOutcome]:
        return asyncio.to_thread(self.result).__await__()

    def _asked(self, query: dict[str, Any]) -> InstallRecord:
        path = f"{API}/installs/{quote(self._id, safe='')}"
        return decode(InstallRecord, self.connection.transport.json("GET", path, params=query))


def install_service(
    module: str | ModuleType,
    service: Service | str | None = None,
    *,
    with_: str | Sequence[str] = (),
    as_installed: bool = False,
    report: Report | None = None,
) -> Install:
    """Install what is installed here for ``module`` on ``service``, in the background.

    The service is that of the block where none is given. Jobs of the same code that are
    called after it run in its environment, and wait for it by themselves. ``with_`` and
    ``as_installed`` are those of `Service.install`. Raises `UsageError` where there is no
    service; other errors are told by the `Install`.
    """
    chosen: Service | None = service_named(service)
    target = module if isinstance(module, str) else module.__name__
    if chosen is None:
        raise UsageError(
            f"install {target} on which service?",
            hint="call it in the block of a service (with service: …), or with service=…",
        )
    if isinstance(module, str) and Path(module).is_file():
        raise UsageError(
            f"{module} is a file: a bundle is not installed in the background",
            hint="service.install(path) installs it, and waits for it",
        )
    connection = chosen.connection
    item = Item(connection.outbox, new_id(), target, target=target)
    connection.outbox.put([item])
    block = current_block()
    if block is not None:
        block.submitted.append(item)
    if item.state is State.PLANNED:
        return Install(chosen, item.id, target, item=item)
    heard = report or background
    installing = connection.bindings.install(
        target, item, heard, set_options(with_, as_installed=as_installed)
    )
    return Install(chosen, item.id, target, item=item, installing=installing, report=heard)


Install.__module__ = "park"  # pickles name what does not move when files do
