"""The fork servers of a local engine: started on demand, few at a time, gone when unused."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from park.model.ids import JobId
from park.model.sizes import shown_size
from park.model.states import JobState
from park.runtime.lines import LineSocket
from park.runtime.order import PROTOCOL, ServerSettings
from park_server.jobs.engines.cages import Cage, Cages, prepare_for
from park_server.jobs.engines.claimants import Claimants
from park_server.jobs.engines.control_groups import (
    PREFIX,
    ControlGroups,
    almost_all_memory,
    end_before_others,
)
from park_server.jobs.engines.engine import AttemptExit, StartOrder
from park_server.jobs.engines.fork_server_client import (
    ServerKey,
    ServerLink,
    making_of,
    server_variables,
    spawn,
)
from park_server.jobs.engines.helper_process import connect, last_line
from park_server.jobs.engines.process_watch import ProcessWatches
from park_server.jobs.engines.runtime_copy import RuntimeCopy
from park_server.untrusted import remove_if_possible

__all__ = ["ForkServerPool", "LocalEngineSettings"]

_OWN_NAME = re.compile("[0-9a-f]{24}-[0-9]{1,4}")
"""The folder of a server: beside it are those of pilots' servers, which have longer names."""

_SHORT_S = 1.0
"""In less nothing fills a memory that is worth a limit, or so seldom that nobody is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalEngineSettings:
    """Limits of a local engine.

    ``max_servers``: fork servers that take orders at one time; the one unused for longest
    makes room. ``idle_s``: seconds without a job after which a fork server is closed.
    ``spares``: children that each keeps forked ahead. ``hello_s``: how long a recovery
    waits for a fork server that does not answer, since it may still be importing; its jobs are
    followed without it then, and nothing is served before that.
    ``processes``: how many processes and threads the jobs of one may have together, where
    control groups are to be had, and ``shared_bytes`` how much memory.
    What jobs can ask for at once: ``slots``, the devices ``gpus``, and ``memory_bytes``.
    """

    max_servers: int = 8
    idle_s: float = 600.0
    spares: int = 2
    hello_s: float = 1.0
    processes: int = 2048 + 1024 * (os.cpu_count() or 1)
    slots: int = 1
    gpus: tuple[str, ...] = ()
    memory_bytes: int | None = None
    shared_bytes: int = field(default_factory=almost_all_memory)

    @property
    def of_group(self) -> dict[str, int]:
        """The limits of the control group of each fork server."""
        limits = {"pids": self.processes, "memory": self.shared_bytes}
        processors = self.slots + 1  # and that which forks them
        if processors < (os.cpu_count() or 1):
            limits["cpu"] = processors
        return limits


class ForkServerPool:
    """Links to fork servers by what they serve. Belongs to the event loop.

    Below ``home`` are their own folders, their caches, and the folders of jobs.
    """

    def __init__(
        self,
        *,
        home: Path,
        cages: Cages,
        groups: ControlGroups,
        runtime: RuntimeCopy,
        settings: LocalEngineSettings,
        on_message: Callable[[ServerLink, dict[str, Any]], None],
        on_gone: Callable[[ServerLink], None],
    ) -> None:
        self._home = home
        self._root = home / "forkservers" / "v1"
        self._cache = home / "cache"
        self._jobs = home / "jobs"
        # the folders themselves, besides what the order has of them
        self._machinery = (home / "envs", home / "store", runtime.folder.parent)
        self._cages = cages
        self._groups = groups
        groups.sweep()
        self._runtime = runtime
        self._settings = settings
        self._on_message = on_message
        self._on_gone = on_gone
        self._links: dict[ServerKey, ServerLink] = {}  # least recently used first
        self._retiring: set[ServerLink] = set()
        self._abandoned: set[ServerLink] = set()
        self._silent: set[Path] = set()
        self._unforkable: set[ServerKey] = set()
        self._reasons: dict[tuple[str, str], str] = {}
        self._watches = ProcessWatches()

    @property
    def links(self) -> list[ServerLink]:
        """Every link, those that take no more orders included."""
        return [*self._links.values(), *self._retiring]

    def link_for(self, order: StartOrder) -> ServerLink:
        """Return the link for ``order``, its server started where there is none.

        Raises `OSError` where it cannot be started, and what `Cages.of` raises.
        """
        cage = self._cages.of(order.user)
        key = self._key(order, cage)
        link = self._links.pop(key, None) or self._start(key, order, cage)
        self._links[key] = link
        if link.idle_timer is not None:
            link.idle_timer.cancel()
            link.idle_timer = None
        return link

    def claimants(self, order: StartOrder) -> Claimants:
        """Return how the processes of a job are known; raises what `Cages.of` raises."""
        cage = self._cages.of(order.user)
        return Claimants(
            uid=os.geteuid() if cage.account is None else cage.account.uid,
            directory=os.path.realpath(order.directory) if cage.isolation.own_folders else None,
        )

    def _key(self, order: StartOrder, cage: Cage) -> ServerKey:
        key = ServerKey(
            lock_hash=order.lock_hash,
            module=cage.module_ahead(order),
            runtime=self._runtime.sha256,
            made=making_of(order.environment),
            user=order.user,
            cage=cage.digest,
        )
        return self._bare(key) if key in self._unforkable else key

    def _bare(self, key: ServerKey) -> ServerKey:
        return replace(key, module=None)

    def _start(self, key: ServerKey, order: StartOrder, cage: Cage) -> ServerLink:
        for other in [k for k in self._links if replace(k, made=key.made, cage=key.cage) == key]:
            self.retire(self._links[other])
        while len(self._links) >= self._settings.max_servers:
            self.retire(self._next_to_go())
        # compiled code is kept there: each user runs only what his own jobs compiled
        cache = self._cache / "numba" / (key.user or "_")
        folder = self._unused_folder(key)
        lent = self._lent_by(folder)
        tmp = lent / "tmp"
        prepare_for(cage.account, [cache, lent], tmp=tmp if cage.has_tmp else None)
        pid, connection = spawn(
            folder=folder,
            key=key,
            environment=order.environment,
            runtime=self._runtime,
            settings=ServerSettings(
                module=key.module,
                library=str(self._runtime.library),
                idle_s=self._settings.idle_s,
                spares=self._settings.spares,
                folder=str(lent),
                jobs=str(self._jobs) if cage.isolation.own_folders else None,
            ),
            read_only=(*self._machinery, *order.read_only),
            cage=cage.words_for(cache, tmp),
            variables=server_variables(
                os.environ, order.environment, self._runtime, cache, cage.variables()
            ),
        )
        end_before_others(pid)
        self._groups.take_in(pid, self._group_of(folder), self._settings.of_group)
        self._watches.watch(pid, lambda: _reap(pid))
        return self._linked(key, folder, connection, pid)

    def _unused_folder(self, key: ServerKey) -> Path:
        """Return a folder for a new server; one that retires, or is silent, keeps its own."""
        used = {link.folder for link in self._retiring} | self._silent
        names = (f"{key.folder_name}-{number}" for number in range(len(used) + 1))
        return next(self._root / name for name in names if self._root / name not in used)

    def _lent_by(self, folder: Path) -> Path:
        """Return where the server in ``folder`` writes what each of its jobs gets a link to.

        Beside these, since no link leads from one mount into another.
        """
        return self._jobs / ".lent" / folder.name

    def lent_to(self, job: str) -> Path | None:
        """Return what ``job`` is lent, with all jobs of its server; None where none is known."""
        link = self._link_of(job)
        return None if link is None else self._lent_by(link.folder)

    def retire_that_of(self, job: str) -> None:
        """Have the server of ``job`` leave after its last job, and with it what it lends."""
        link = self._link_of(job)
        if link is not None and link not in self._retiring:
            self.retire(link)

    def _link_of(self, job: str) -> ServerLink | None:
        return next((link for link in self.links if job in link.jobs), None)

    def _group_of(self, folder: Path) -> str:
        """Name the control group of the server in ``folder``, unlike those of other services."""
        home = hashlib.sha256(os.fsencode(self._home)).hexdigest()
        return f"{PREFIX}{home[:12]}-{folder.name}"

    def asked_for_memory(self, link: ServerLink, exited: AttemptExit) -> AttemptExit:
        """Return ``exited`` with a line if the kernel has ended something there for want of memory.

        Among the jobs of this fork server, which have a limit together, since the last that was
        asked about. Nothing is asked about jobs that completed in less time than it takes to fill
        a memory: to read the count is a part of what such a job costs.
        """
        completed = (exited.outcome or {}).get("state") == JobState.COMPLETED
        if completed and time.monotonic() - link.jobs.get(exited.job_id, 0.0) < _SHORT_S:
            return exited
        killed = self._groups.ended_for_memory(self._group_of(link.folder))
        if killed <= link.ended_for_memory:
            return exited
        link.ended_for_memory = killed
        limit = shown_size(self._settings.of_group["memory"])
        line = (
            f"for want of memory: the jobs of its environment had all of the {limit} that they may"
            " have together (--job-memory); ask for less at a time, or run fewer at once"
        )
        return replace(exited, short_of_memory=line)

    def _remove(self, folder: Path, *, jobs_go_on: bool) -> None:
        """Remove what is left of a server that is gone; not the /tmp of jobs that outlive it."""
        self._groups.remove(self._group_of(folder))
        remove_if_possible(folder)
        if not jobs_go_on:
            remove_if_possible(self._lent_by(folder))

    def _next_to_go(self) -> ServerLink:
        idle = (link for link in self._links.values() if not link.jobs)
        return next(idle, next(iter(self._links.values())))

    def _linked(
        self, key: ServerKey, folder: Path, connection: socket.socket, pid: int | None = None
    ) -> ServerLink:
        link = ServerLink(
            key=key,
            folder=folder,
            line=LineSocket(connection),
            on_message=self._on_message,
            on_gone=self._gone,
            pid=pid,
        )
        link.open()
        return link

    def _gone(self, link: ServerLink) -> None:
        """Forget a server that is gone; one that its import killed is not to import again."""
        died_by_itself = link.hello.result() is None and link not in self._abandoned
        if died_by_itself and link.key.module is not None:
            self._unforkable.add(link.key)
        self._abandoned.discard(link)
        self._forget(link)
        link.last_words = last_line(link.folder / "log")
        if link.key in self._unforkable:
            self.greeted(link, f"importing {link.key.module} ended the process that did it")
        self._remove(link.folder, jobs_go_on=bool(link.jobs))
        self._on_gone(link)

    def greeted(self, link: ServerLink, reason: str | None) -> None:
        """Note why a server does not fork what it was to import; None where it does."""
        if reason is not None and link.key.module is not None:
            self._reasons[link.key.lock_hash, link.key.module] = reason

    def why_fresh(self, lock_hash: str, module: str, user: str) -> str | None:
        """Return why jobs of ``module`` in an environment get fresh interpreters, where they do."""
        return self._cages.why_each(user) or self._reasons.get((lock_hash, module))

    def _forget(self, link: ServerLink) -> None:
        self._retiring.discard(link)
        if self._links.get(link.key) is link:
            del self._links[link.key]

    def job_ended(self, link: ServerLink, job: JobId) -> None:
        """Note that a job is over; the last one starts the server's idle time."""
        link.jobs.pop(job, None)
        if not link.jobs and link not in self._retiring and link.is_open:
            loop = asyncio.get_running_loop()
            link.idle_timer = loop.call_later(self._settings.idle_s, self.retire, link)

    def retire(self, link: ServerLink) -> None:
        """Have a server leave after its last job; it takes no more orders."""
        self._forget(link)
        self._retiring.add(link)
        link.send(do="shutdown")

    def abandon(self, link: ServerLink) -> None:
        """Kill a server that still imports while nobody waits for it any more."""
        if link.pid is not None and not link.is_ready and not link.jobs:
            self._forget(link)
            self._retiring.add(link)
            self._abandoned.add(link)
            with contextlib.suppress(ProcessLookupError):
                os.kill(link.pid, signal.SIGKILL)

    async def reconnect(self, *, jobs_go_on: bool) -> list[ServerLink]:
        """Connect to the servers that an earlier service started; return those that answer.

        The folders of those that are gone are removed; what jobs still use, if ``jobs_go_on``, at
        a later start.
        """
        folders = self._folders()
        found = [link for folder in folders if (link := self._found(folder, jobs_go_on))]
        if not jobs_go_on:
            self._sweep_lent({link.folder.name for link in found})
        if found:
            await asyncio.wait([link.hello for link in found], timeout=self._settings.hello_s)
        answering = [link for link in found if link.is_ready and link.is_open]
        for link in answering:
            self._adopt(link)
        for link in set(found) - set(answering):
            link.close()
            self._silent.add(link.folder)
        return answering

    def _folders(self) -> list[Path]:
        return sorted(self._root.iterdir()) if self._root.is_dir() else []

    def _sweep_lent(self, used: set[str]) -> None:
        """Remove what servers lent whose jobs outlived them."""
        around = self._lent_by(self._root).parent
        for each in around.iterdir() if around.is_dir() else ():
            if _OWN_NAME.fullmatch(each.name) and each.name not in used:
                remove_if_possible(each)

    def _found(self, folder: Path, jobs_go_on: bool) -> ServerLink | None:  # noqa: FBT001
        key = ServerKey.read(folder)
        connection = None if key is None else connect(folder)
        if key is None or connection is None:
            self._remove(folder, jobs_go_on=jobs_go_on)
            return None
        return self._linked(key, folder, connection)

    def _adopt(self, link: ServerLink) -> None:
        """Use a server again that runs the same machinery; let another one leave in time."""
        hello = link.hello.result() or {}
        link.jobs = dict.fromkeys((job["job"] for job in hello["running"]), 0.0)
        link.ended_for_memory = self._groups.ended_for_memory(self._group_of(link.folder))
        same = link.key.runtime == self._runtime.sha256 and hello["protocol"] == PROTOCOL
        if same and link.key not in self._links and hello["module"] == link.key.module:
            self._links[link.key] = link
        else:
            self.retire(link)

    def close(self) -> None:
        """Hang up; servers and jobs go on."""
        self._watches.close()
        for link in self.links:
            link.close()


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
