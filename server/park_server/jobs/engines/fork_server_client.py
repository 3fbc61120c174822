"""One fork server, as the service sees it: how it is started, found again and talked to."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from park.runtime.compiled.shared_code import VARIABLE as SHARED_CODE
from park.runtime.order import ServerSettings
from park.runtime.view import enter_command
from park_server.envs.farm.shared_code import told_of
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.helper_process import HelperLink, make_folder, started
from park_server.jobs.engines.runtime_copy import RuntimeCopy

__all__ = [
    "ServerKey",
    "ServerLink",
    "making_of",
    "server_variables",
    "spawn",
]

_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")
"""Variables of the service that jobs see. The others may hold its secrets."""

_STATUS_S = 2.0
"""How long a fork server may take to answer; one that imports for longer is left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerKey:
    """What one fork server serves; ``module`` None: fresh interpreters of any module.

    It has one ``user``: what a job of his does to the process that forks it, or leaves in its
    memory, reaches nobody else.

    ``made`` names the making of its environment (see `making_of`): what a fork server has in
    view stays that, and an environment that was made again is another. So is another ``cage``.
    """

    lock_hash: str
    module: str | None
    runtime: str
    made: str = ""
    user: str = ""
    cage: str = ""

    @property
    def folder_name(self) -> str:
        """A short name: only its folder's path, not the socket's, is ever limited."""
        text = json.dumps([*asdict(self).values()])
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @classmethod
    def read(cls, folder: Path) -> ServerKey | None:
        """Return the key of the server in ``folder``; None where the record is damaged."""
        try:
            return cls(**json.loads((folder / "server.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None


def making_of(environment: Path) -> str:
    """Name the making of ``environment``: its folder's inode, and when that was left as it is.

    Raises `OSError` where there is none.
    """
    found = environment.stat()
    return f"{found.st_ino}-{found.st_ctime_ns}"


def server_variables(
    base: Mapping[str, str],
    environment: Path,
    runtime: RuntimeCopy,
    cache: Path,
    of_user: Mapping[str, str | None] | None = None,
) -> dict[str, str]:
    """Return the variables of a fork server, and so of its jobs.

    Nothing may be written into the environment, whose files are shared: bytecode is not,
    and numba's cache goes to ``cache``, where other environments find it, too. ``of_user`` are in
    place of the service's (None: none).
    """
    passed = {name: base[name] for name in _PASSED_ON if name in base} | {**(of_user or {})}
    variables = {name: value for name, value in passed.items() if value is not None}
    shared_code = told_of(environment)
    return variables | {
        **({} if shared_code is None else {SHARED_CODE: shared_code}),
        "PATH": f"{environment / 'bin'}:{variables.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(environment),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(cache),
        "PARK_RUNTIME": str(runtime.library),
    }


def spawn(
    *,
    folder: Path,
    key: ServerKey,
    environment: Path,
    runtime: RuntimeCopy,
    settings: ServerSettings,
    read_only: Sequence[Path],
    cage: Sequence[str],
    variables: Mapping[str, str],
) -> tuple[int, socket.socket]:
    """Start a fork server in a session of its own; return its pid and a connection to it.

    It enters the view of ``environment`` before the interpreter there begins, and neither it
    nor its jobs can write to the folders ``read_only``, as far as the machine permits; ``cage``
    says what else they are kept from (see `park.runtime.cage.way_in`). The
    listening socket is made here and handed over, so that orders can be sent at once
    and wait there while the server imports. Raises `OSError`.
    """
    make_folder(folder)
    (folder / "server.json").write_text(json.dumps(asdict(key)))
    return started(folder, _command(environment, runtime, settings, read_only, cage), variables)


def _command(
    environment: Path,
    runtime: RuntimeCopy,
    settings: ServerSettings,
    read_only: Sequence[Path],
    cage: Sequence[str],
) -> list[str]:
    """Return what becomes the fork server: the interpreter without `site`, then with it.

    One that imports no module stays without, since ``.pth`` files run code as well.
    """
    bare = () if settings.module is not None else ("-S",)
    python, program = str(environment / "bin" / "python"), str(runtime.program)
    folders = [str(path) for path in read_only]
    return [
        *enter_command(python, program, str(environment), folders, strict=False, cage=cage),
        *(python, "-I", *bare, "-B", program, "fork-server", json.dumps(settings.as_record())),
    ]


@dataclass(kw_only=True, eq=False)
class ServerLink(HelperLink):
    """A connection to one fork server.

    ``jobs`` are the ids that were sent there and have not ended, with the time since when (of the
    monotonic clock; 0: since before this service); ``pid`` is set where this service started it.
    ``hello`` resolves to its first line, or to None where it went away before (its import killed
    it); ``last_words`` is the last line of its log by then. ``ended_for_memory`` counts what the
    kernel has ended there for want of memory.
    """

    key: ServerKey
    on_message: Callable[[ServerLink, dict[str, Any]], None]
    on_gone: Callable[[ServerLink], None]
    pid: int | None = None
    jobs: dict[str, float] = field(default_factory=dict)
    idle_timer: asyncio.TimerHandle | None = None
    last_words: str | None = None
    ended_for_memory: int = 0
    _asked: list[asyncio.Future[dict[str, Any]]] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether the server has imported its module and said so."""
        return self.hello.done() and self.hello.result() is not None

    def forks(self, order: StartOrder) -> bool:
        """Tell whether what is ordered is forked here; else it has an interpreter of its own."""
        greeting = self.hello.result() if self.is_ready else None
        is_preloaded = greeting is not None and greeting["module"] is not None
        return is_preloaded and self.key.module is not None and not order.fresh

    async def status(self) -> dict[str, Any] | None:
        """Ask the server how it is; None where it is gone, or still imports after a while."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self.send(do="status")
        try:
            return await asyncio.wait_for(answer, _STATUS_S)
        except TimeoutError:
            return None

    def _answer(self, message: dict[str, Any]) -> None:
        asked, self._asked = self._asked, []
        for future in asked:
            if not future.done():
                future.set_result(message)

    def _heard(self, message: dict[str, Any]) -> None:
        if message.get("event") == "status":
            self._answer(message)
        self.on_message(self, message)

    def _went(self) -> None:
        self.on_gone(self)

    def close(self) -> None:
        """Hang up; the server goes on."""
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        super().close()
