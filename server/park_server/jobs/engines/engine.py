"""Where the process of a job starts: the seam between the scheduler and a machine or a queue.

An engine holds no truth. The database says what should run, the job's folder says what an
attempt did; an engine starts, cancels, finds again and reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from park.model.asked.resources import NOTHING_ASKED, Resources
from park.model.ids import JobId

__all__ = [
    "AttemptExit",
    "Engine",
    "ExitKind",
    "NothingForked",
    "ProcessorUse",
    "Sink",
    "StartOrder",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class StartOrder:
    """One attempt of one job.

    ``directory`` is the job's folder; ``call`` are its arguments as JSON, or None where they
    are in that folder, as ``call.json`` (see `park.runtime.folder`); ``memo``: it is to
    say what it used; ``environment`` the virtualenv that ``lock_hash`` names; ``entry_point`` is
    ``package.module:qualname``; ``set_hash`` names the requirement set whose pickles may be
    read, or is empty. ``variables`` go into the process's environment, ``memory_bytes``
    limits its data. ``fresh`` asks for a fresh interpreter in place of a forked one.
    ``modules`` are what is imported ahead for a function that travels by value.
    ``user`` is whose job it is: no process serves two.
    ``read_only`` are folders that the job may not write to, where the system can help it.
    ``resources`` are what it asks of the machine, with the engine that it is for.
    """

    job_id: JobId
    attempt: int
    directory: Path
    environment: Path
    lock_hash: str
    entry_point: str
    set_hash: str
    variables: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int | None = None
    fresh: bool = False
    read_only: tuple[Path, ...] = ()
    modules: tuple[str, ...] = ()
    user: str = ""
    call: str | None = None
    memo: bool = True
    resources: Resources = NOTHING_ASKED

    @property
    def module(self) -> str:
        """What is imported ahead: the module of the entry point, or several with commas."""
        return ",".join(self.modules) or self.entry_point.partition(":")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorUse:
    """Processor seconds of a job and its processes; ``is_forked``: it began as a fork."""

    cpu_s: float
    is_forked: bool


class ExitKind(StrEnum):
    """How an attempt exited."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    NEVER_STARTED = "never-started"
    """Proven: nothing of the user's ran, and nothing will under this attempt."""
    LOST = "lost"
    """The process is gone; nobody saw how, and it left no outcome."""
    CANCELLED = "cancelled"
    """Somebody ended it on purpose, with the means of its queue and not of this service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptExit:
    """How an attempt exited; its process is gone.

    ``outcome`` is the record that the job wrote (`park.runtime.outcome`), or None;
    ``detail`` one line for people; ``status`` and ``signal`` as the kernel reported them.
    ``short_of_memory`` is a line where the kernel ended a process for want of memory meanwhile:
    its own, one that it had started, or one of a job beside it that has a limit with it.
    """

    job_id: JobId
    attempt: int
    kind: ExitKind
    outcome: dict[str, Any] | None = None
    detail: str | None = None
    status: int | None = None
    signal: int | None = None
    short_of_memory: str | None = None


class Sink(Protocol):
    """Who hears from an engine. Called in the event loop; must return at once."""

    def on_started(self, job: JobId, attempt: int, pid: int) -> None:
        """Hear that an attempt has a process; again when a later service finds it again."""

    def on_begun(self, job: JobId, attempt: int, since: float) -> None:
        """Hear that an attempt is under way, ``since`` so many seconds after the epoch.

        What it waited in a queue elsewhere, or for an interpreter and its imports, is over.
        """

    def on_marked(self, job: JobId, attempt: int) -> None:
        """Hear that an attempt has written down what ``@park.job`` says of its callable."""

    def on_exited(self, exited: AttemptExit) -> None:
        """Hear that an attempt has exited: exactly once for each start or recovery."""


class Engine(Protocol):
    """Starts attempts and reports their exits to a `Sink`."""

    @property
    def takes_calls(self) -> bool:
        """Whether a small call comes with its order; else each is in the folder of its job."""

    async def start(self, order: StartOrder, sink: Sink) -> None:
        """Have ``order`` started, and ``sink`` hear of it.

        A failure to do so is reported as an exit, not raised.
        """

    async def cancel(self, job_id: JobId, grace_s: float) -> None:
        """End a job: SIGTERM, ``grace_s`` seconds, SIGKILL; return when all of it is gone.

        The exit is reported before this returns. Nothing happens for a job that is not here.
        """

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        """Take up attempts that an earlier service started, and have ``sink`` hear of them."""

    def processor_use(self, job_id: JobId) -> ProcessorUse | None:
        """Return what a job has used of the processor so far; None where that is not seen."""

    def why_fresh(self, lock_hash: str, entry_point: str, user: str) -> str | None:
        """Say why a user's jobs of an entry point get fresh interpreters unasked, if they do."""

    async def close(self) -> None:
        """Let go of everything; what runs goes on and can be recovered."""


class NothingForked:
    """What an engine answers that forks no process of the service's own."""

    def processor_use(self, job_id: JobId) -> ProcessorUse | None:
        """See `Engine.processor_use`: the process is none of the service's."""
        del job_id
        return None

    def why_fresh(self, lock_hash: str, entry_point: str, user: str) -> str | None:
        """See `Engine.why_fresh`: that is decided elsewhere, or each job has an interpreter."""
        del lock_hash, entry_point, user
        return None
