"""What a fork server is told: how to be, and which attempt of which job to start."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .folder import JobFolder

__all__ = ["PROTOCOL", "Order", "ServerSettings"]

PROTOCOL = 1
"""Version of the lines that a service and a fork server exchange."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """How a fork server behaves.

    ``module`` is imported ahead (None: nothing is, and each job starts a fresh
    interpreter). ``library`` holds the job-side ``park`` and goes behind the environment's
    own packages. ``idle_s``: seconds without connection and jobs after which the server
    leaves. ``spares``: children forked ahead. ``reason`` says why nothing is imported, where
    that was not asked for. ``folder`` is its own: what it had used before its first job is
    written down there. ``jobs`` is the folder of which each job sees its own alone, where the
    machine permits it.
    """

    module: str | None
    library: str | None = None
    idle_s: float = 300.0
    spares: int = 2
    reason: str | None = None
    folder: str | None = None
    jobs: str | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the JSON form: the keyword arguments of this class."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One attempt of one job.

    ``entry_point`` is ``package.module:qualname``; ``set_hash`` names the requirement set
    whose pickles may be read; ``variables`` go into the process's environment;
    ``memory_bytes`` limits its data; ``fresh`` asks for a fresh interpreter. ``call`` are its
    arguments as JSON (None: they are in the folder, as ``call.json``). ``memo``: the job says
    what it used. ``pid`` is the number by which its service knows the process, where that is
    another than the process sees. ``reuse``: it may have a process that had others before, and is
    to have others after it.
    """

    job_id: str
    attempt: int
    directory: str
    entry_point: str
    set_hash: str | None
    variables: dict[str, str] = field(default_factory=dict)
    memory_bytes: int | None = None
    fresh: bool = False
    call: str | None = None
    memo: bool = True
    pid: int | None = None
    reuse: bool = False

    @property
    def folder(self) -> JobFolder:
        """The job's folder."""
        return JobFolder(root=self.directory)

    def as_record(self) -> dict[str, Any]:
        """Return the JSON form: the keyword arguments of this class."""
        # not `asdict`, which copies deeply: this is on the way of every job
        return {name: getattr(self, name) for name in self.__slots__}
